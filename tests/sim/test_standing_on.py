"""An object that stands on another one: seen, and its motion trusted."""

import numpy as np
import pytest

from mt3.alignment.evidence import LEAST_SURROUNDINGS, ViewEvidence
from mt3.perception import Intrinsics, ObjectView
from mt3.task import TaskDescription
from sim.mounting import mount
from sim.staging import Region, stage
from sim.workplace import build_camera, build_segmenter

MARGIN_M = 0.004


def look(text: str) -> tuple[ViewEvidence, float]:
    task = TaskDescription.parse(text)
    region = Region((0.5, 0.5), (0.0, 0.0), (0.3, 0.3))
    scene = stage(task, 1, instance_seed=0, held_instance_seed=0, distractors=0, region=region)
    intrinsics = Intrinsics(615.0, 615.0, 319.5, 239.5, 640, 480)
    mount(scene, build_camera("front", (1.05, 0.0, 0.75), (0.42, 0.0, 0.05), intrinsics, None), 1)
    with scene:
        rgbd = scene.cameras["front"].read(0.0)
        mask = build_segmenter(scene, 0.0, 0.0, 1).segment(rgbd, task.target_object)
    evidence = ViewEvidence.from_view(ObjectView(rgbd, mask), 0.0, MARGIN_M)
    return evidence, scene.roles.start_poses[scene.roles.target].t[2]


@pytest.mark.parametrize(
    "text", ["pick up the brick from the board", "remove the plug from the lock"]
)
def test_what_stands_on_a_board_or_in_a_block_is_seen_against_it(text: str) -> None:
    """Seven of seventeen were refused: around them no table was seen."""
    evidence, stands_m = look(text)
    assert evidence.surroundings >= LEAST_SURROUNDINGS
    assert evidence.p_W[:, 2].min() > stands_m


def test_what_stands_on_the_table_is_seen_as_before() -> None:
    evidence, _ = look("pick up the brick")
    assert evidence.p_W[:, 2].min() == pytest.approx(MARGIN_M, abs=0.004)
    assert np.isfinite(evidence.maps).all()
