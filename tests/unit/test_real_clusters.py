"""Real depth, where it is at hand: things in a tray are found, and colour sharpens their outlines.

The labels are made by colour thresholds, with shadows in them and pieces missing: a perfect mask
does not reach 1. In frame 0 the toy leans on the carrot, in frame 18 the ball on the carrot.
"""

import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from mt3.errors import SegmentationError
from mt3.perception.cluster_segmenter import ClusterSegmenter
from mt3.perception.grabcut_segmenter import GrabCutSegmenter
from mt3.perception.pointing import Pointing

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "bench"))
FOLDER = Path(os.environ.get("MT3_REAL_SEQUENCE", ROOT.parent / "shared/data/real_sequence"))

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"no real frames in {FOLDER}; MT3_REAL_SEQUENCE names their folder"
)

APART = [(frame, name) for frame in (6, 12) for name in ("carrot", "ball", "toy")]
APART += [(0, "ball"), (18, "toy")]
TOUCHING = [(0, "carrot", 0.65), (0, "toy", 0.75), (18, "ball", 0.65)]


@pytest.fixture(scope="module")
def views():
    from real_sequence import load

    return load(FOLDER)


def iou(a, b):
    return float((a & b).sum() / (a | b).sum())


def box_around(mask, margin=8):
    v, u = np.nonzero(mask)
    return [
        int(k) for k in (u.min() - margin, v.min() - margin, u.max() + margin, v.max() + margin)
    ]


def edge(view, mask):
    """Mean change of colour along an outline: high where it follows an edge of the picture."""
    lab = cv2.cvtColor(view.rgbd.color, cv2.COLOR_RGB2LAB).astype(np.float32)
    slopes = np.stack([cv2.Sobel(lab, -1, 1, 0), cv2.Sobel(lab, -1, 0, 1)])
    rim = mask & (cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0)
    return float(np.sqrt((slopes**2).sum(axis=(0, 3)))[rim].mean())


@pytest.mark.parametrize("frame", [0, 6, 12, 18])
def test_walls_and_shadows_are_no_candidates(views, frame):
    expected = 3 if frame in (6, 12) else 2  # two of the three touch
    assert len(ClusterSegmenter().clusters(views[frame]["ball"].rgbd)) == expected


@pytest.mark.parametrize(("frame", "name"), APART)
def test_a_click_or_a_box_finds_the_thing_and_colour_sharpens_it(views, frame, name):
    view = views[frame][name]
    u, v = view.middle
    for pointing in (Pointing(click=[u, v]), Pointing(box=box_around(view.mask))):
        clusters = ClusterSegmenter(pointing=pointing)
        by_depth = clusters.segment(view.rgbd, name)
        by_color = GrabCutSegmenter(clusters).segment(view.rgbd, name)
        assert iou(by_depth, view.mask) > 0.62
        assert iou(by_color, view.mask) > iou(by_depth, view.mask) - 0.02
        assert edge(view, by_color) > 1.3 * edge(view, by_depth)


@pytest.mark.parametrize(("frame", "name", "least"), TOUCHING)
def test_a_box_takes_things_that_touch_apart(views, frame, name, least):
    view = views[frame][name]
    clusters = ClusterSegmenter(pointing=Pointing(box=box_around(view.mask)))
    assert iou(GrabCutSegmenter(clusters).segment(view.rgbd, name), view.mask) > least


def test_a_click_on_the_floor_names_the_things_on_it(views):
    with pytest.raises(SegmentationError, match=r"no candidate there.*3: click="):
        ClusterSegmenter(pointing=Pointing(click=[300, 620])).segment(views[6]["toy"].rgbd, "toy")
