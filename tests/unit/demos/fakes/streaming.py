"""Recording with a camera stream in the workplace without physics."""

from pathlib import Path

import numpy as np
from kinematic_scene import FixedJudge, KinematicScene, RedSegmenter, ScriptedOperator
from moving_camera import CountingCamera, picture

from demos.library import DemoLibrary
from demos.recorder import RecorderSettings, record
from demos.recording import CameraStream
from mt3.demonstration import DemoSummary
from mt3.task import TaskDescription

MUG = TaskDescription("pick_up", "mug", None, "pick up the mug")


def scene_with(camera=CountingCamera, **options: object) -> KinematicScene:
    """The scene with a second camera, ``top``, whose every frame is another."""
    scene = KinematicScene()
    scene.cameras = {"front": scene.cameras["front"], "top": camera(scene.clock, **options)}
    return scene


def record_stream(
    library: DemoLibrary,
    settings: RecorderSettings,
    scene: KinematicScene | None = None,
    **operator: object,
) -> DemoSummary:
    scene = scene or scene_with()
    with scene:
        operator = ScriptedOperator(scene, scene.arm, **operator)
        return record(
            scene, scene.arm, operator, library, MUG, RedSegmenter(), FixedJudge(), settings
        )


def assert_frames_right(stream: CameraStream, exact_color: bool, count: int = 30) -> None:
    assert len(stream.t_s) == count
    for k in range(count):
        color, depth_mm = picture(k)
        np.testing.assert_array_equal(stream.depth_mm(k), depth_mm)
        worst = np.abs(stream.color(k).astype(int) - color).max()
        assert worst == 0 if exact_color else worst < 16


def cut(path: Path, count: int) -> None:
    """Cut bytes off the end of a file."""
    path.write_bytes(path.read_bytes()[:-count])
