"""A demonstration replayed in its own scene: the reference is followed and the task done again."""

import numpy as np
import pytest

from mt3.demonstration import GripperEvent
from mt3.execution.interaction import Interaction
from mt3.execution.reference import Reference
from mt3.geometry import compute_body_twists
from mt3.interfaces import OperatorEvent
from mt3.task import TaskDescription
from sim.demonstrator import Demonstrator
from sim.skills import skill_named
from sim.staging import stage


def demonstrate(scene, skill):
    """What the demonstrator did from the bottleneck on, and the scene as it was there."""
    operator = Demonstrator(scene, scene.arm, scene.gripper, skill, np.random.default_rng(0))
    state, samples = None, []
    for event in operator.perform():
        if event is OperatorEvent.BOTTLENECK:
            state = scene.save()
        if state is not None:
            now, fingers = scene.arm.state(), scene.gripper.state()
            T_WE = (scene.T_WB @ now.T_BE).matrix
            samples.append((now.t_s, T_WE, fingers.opening, fingers.command))
    t_s, T_WE, opening, command = (np.array(column) for column in zip(*samples, strict=True))
    kept = np.concatenate([[True], np.diff(t_s) > 0])
    return state, t_s[kept] - t_s[0], T_WE[kept], opening[kept], command[kept]


@pytest.mark.parametrize(
    ("text", "seed"), [("pick up the mug", 3), ("place the can on the tray", 7)]
)
def test_a_replayed_demonstration_does_the_task_again(text, seed):
    task = TaskDescription.parse(text)
    scene, skill = stage(task, seed, distractors=0), skill_named(task.skill)
    with scene:
        state, t_s, T_WE, opening, command = demonstrate(scene, skill)
        assert skill.success(scene)
        scene.restore(state)
        assert not skill.success(scene)
        index = int(np.flatnonzero(np.diff(command))[0]) + 1
        reference = Reference(
            t_s=t_s,
            T_WE=T_WE,
            V_WE_E=np.pad(compute_body_twists(T_WE, t_s), ((0, 1), (0, 0))),
            command=command,
            opening=opening,
            events=(GripperEvent(index, float(command[index]), float(opening[-1])),),
        )
        log = Interaction(reference).run(scene.arm, scene.gripper, scene.clock, scene.T_WB)
        assert log.completed, log.reason
        assert log.max_error_m < 2e-3
        assert log.final_error[0] < 1e-3
        assert skill.success(scene)
