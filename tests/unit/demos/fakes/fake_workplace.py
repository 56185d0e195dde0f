"""What a test's configuration names by ``_target_``."""

from functools import partial
from types import SimpleNamespace

from fake_operator import FakeTeleop
from kinematic_scene import FixedJudge, KinematicScene, RedSegmenter, ScriptedOperator

from mt3.motion.tool_limits import ToolLimits
from mt3.safety import SafetyLimits


def model():
    return None


def limits():
    tool = ToolLimits(0.5, 2.0, 5.0, 20.0)
    box = ((0.0, -1.0, 0.0), (1.0, 1.0, 1.0))
    return SafetyLimits(0.05, 0.5, tool, *box, 0.0, 0.005, reduced_speed_override=True)


def scene(task, seed, backend="sim"):
    scene = KinematicScene(backend)
    scene.task, scene.seed = task, seed
    return scene


def operator(seed, interrupt_at=None, marks_of_seed=None):
    marks = (marks_of_seed or {}).get(seed, 1)
    return partial(ScriptedOperator, interrupt_at=interrupt_at, marks=marks)


def segmenter():
    return lambda scene: RedSegmenter()


def judge():
    return lambda scene: FixedJudge()


def control(scene):
    """Without a guard: the fake arm has no joints that it could watch."""
    return SimpleNamespace(arm=scene.arm)


def teleop():
    return lambda scene, arm: FakeTeleop()
