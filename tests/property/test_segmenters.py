"""Wherever somebody points: a mask of one thing that is there, or an error that says why not."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mt3.errors import SegmentationError
from mt3.perception.cluster_segmenter import ClusterSegmenter
from mt3.perception.grabcut_segmenter import GrabCutSegmenter
from mt3.perception.object_view import MIN_MASK_PIXELS
from mt3.perception.pointing import Pointing

WIDTH, HEIGHT = 320, 240
GAP_PX = 7  # pieces of one thing are no further apart in the image

places = st.tuples(st.floats(0.35, 0.62), st.floats(-0.2, 0.2), st.floats(0.02, 0.05))


@pytest.fixture(scope="module")
def scene(tabletop):
    balls = (((0.5, -0.15, 0.04), 0.04), ((0.45, 0.15, 0.05), 0.05))
    boxes = [((0.5, -0.03, 0.0), (0.58, 0.05, 0.1))]
    rgbd, _ = tabletop(WIDTH, HEIGHT).see(balls, boxes, noise_m=0.0015)
    return rgbd, ClusterSegmenter().clusters(rgbd)


def is_one_piece(mask):
    near = cv2.dilate(mask.astype(np.uint8), np.ones((GAP_PX, GAP_PX), np.uint8))
    return cv2.connectedComponents(near)[0] == 2


@settings(max_examples=30)
@given(u=st.integers(-20, WIDTH + 20), v=st.integers(-20, HEIGHT + 20))
def test_a_click_anywhere_gives_the_thing_there_or_an_error(scene, u, v):
    rgbd, clusters = scene
    segmenter = ClusterSegmenter(pointing=Pointing(click=[u, v]))
    try:
        mask = segmenter.segment(rgbd, "thing")
    except SegmentationError:
        inside = 0 <= u < WIDTH and 0 <= v < HEIGHT
        assert not (inside and any(cluster.mask[v, u] for cluster in clusters))
        return
    (meant,) = (cluster for cluster in clusters if (cluster.mask == mask).all())
    others = [cluster for cluster in clusters if cluster is not meant]
    assert not any(cluster.mask[v, u] for cluster in others)
    assert is_one_piece(mask)


@settings(max_examples=25)
@given(
    corners=st.tuples(
        *(st.integers(-30, WIDTH + 30), st.integers(-30, HEIGHT + 30)),
        *(st.integers(-30, WIDTH + 30), st.integers(-30, HEIGHT + 30)),
    ).filter(lambda box: box[0] != box[2] and box[1] != box[3])
)
@pytest.mark.parametrize("refined", [False, True])
def test_a_box_anywhere_gives_one_thing_or_an_error(scene, refined, corners):
    rgbd, clusters = scene
    by_depth = ClusterSegmenter(pointing=Pointing(box=corners))
    segmenter = GrabCutSegmenter(by_depth) if refined else by_depth
    try:
        mask = segmenter.segment(rgbd, "thing")
    except SegmentationError:
        return
    overlaps = [(cluster.mask & mask).sum() / mask.sum() for cluster in clusters]
    assert max(overlaps) > (0.5 if refined else 0.99)
    assert mask.sum() >= MIN_MASK_PIXELS
    assert is_one_piece(mask)


@settings(max_examples=25)
@given(things=st.lists(places, min_size=1, max_size=4), seed=st.integers(0, 1000))
def test_every_cluster_is_one_thing_of_its_own(tabletop, things, seed):
    balls = [((x, y, radius), radius) for x, y, radius in things]
    rgbd, labels = tabletop(WIDTH, HEIGHT).see(balls, noise_m=0.001, seed=seed)
    clusters = ClusterSegmenter().clusters(rgbd)
    total = np.zeros(labels.shape, int)
    for cluster in clusters:
        assert is_one_piece(cluster.mask)
        assert cluster.points >= MIN_MASK_PIXELS
        assert (labels[cluster.mask] > 0).mean() > 0.8, "a cluster is things, not table"
        total += cluster.mask
    assert total.max(initial=0) <= 1, "no pixel is of two"


@settings(max_examples=6)
@given(place=places)
def test_the_size_of_the_image_does_not_matter(tabletop, place):
    x, y, radius = place
    centres = []
    for size in ((320, 240), (640, 480)):
        rgbd, labels = tabletop(*size).see([((x, y, radius), radius)], noise_m=0.001)
        (cluster,) = ClusterSegmenter().clusters(rgbd)
        found = (cluster.mask & (labels == 1)).sum() / (cluster.mask | (labels == 1)).sum()
        assert found > 0.6
        centres.append(cluster.p_W_centre)
    assert np.ptp(centres, axis=0).max() < 0.006
