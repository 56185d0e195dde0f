"""What stands on a table is taken apart: noise, holes, neighbours, walls, the robot, the border."""

from dataclasses import replace

import numpy as np
import pytest

from mt3.errors import ConfigurationError, SegmentationError
from mt3.perception import fit_table_plane
from mt3.perception.cluster_segmenter import ClusterSegmenter
from mt3.perception.clusters import ClusterRules, find_clusters
from mt3.perception.pointing import Pointing

BALLS = (((0.5, -0.15, 0.04), 0.04), ((0.45, 0.15, 0.05), 0.05))
BOX = ((0.5, -0.03, 0.0), (0.58, 0.05, 0.1))


def iou(a, b):
    return float((a & b).sum() / (a | b).sum())


def clusters_of(rgbd, **options):
    table = fit_table_plane(rgbd, np.random.default_rng(0), search_m=0.03)
    return find_clusters(rgbd, table, **options)


@pytest.mark.parametrize("size", [(320, 240), (640, 480), (1280, 720)])
def test_every_object_is_one_cluster_from_left_to_right(tabletop, size):
    rgbd, labels = tabletop(*size).see(BALLS, [BOX], noise_m=0.0015)
    clusters = clusters_of(rgbd)
    assert len(clusters) == 3
    for cluster, label in zip(clusters, (1, 3, 2), strict=True):
        assert iou(cluster.mask, labels == label) > 0.8
        u0, v0, u1, v1 = cluster.box
        assert cluster.mask[v0 : v1 + 1, u0 : u1 + 1].sum() == cluster.mask.sum()
        u, v = cluster.middle
        assert cluster.mask[v, u]
        assert cluster.points == (cluster.mask & (rgbd.depth_m > 0)).sum()
    assert np.allclose(clusters[1].p_W_centre, (0.55, 0.01, 0.06), atol=0.04)


def test_the_same_image_gives_the_same_clusters(tabletop):
    rgbd, _ = tabletop().see(BALLS, [BOX], noise_m=0.0015)
    first, second = clusters_of(rgbd), clusters_of(rgbd)
    assert all((a.mask == b.mask).all() for a, b in zip(first, second, strict=True))


def test_a_bare_noisy_table_has_none(tabletop):
    rgbd, _ = tabletop().see(noise_m=0.002)
    assert clusters_of(rgbd) == ()


def test_things_behind_each_other_are_two_though_their_pixels_touch(tabletop):
    """In the image one stands before the other; in space there is a hand's breadth between."""
    front, behind = ((0.6, -0.03, 0.0), (0.63, 0.03, 0.2)), ((0.44, -0.07, 0.0), (0.48, 0.07, 0.13))
    rgbd, labels = tabletop().see(boxes=[front, behind], noise_m=0.0015)
    behind_above_front = (labels[:-1] == 2) & (labels[1:] == 1)
    assert behind_above_front.any(), "their pixels must touch"
    clusters = clusters_of(rgbd)
    assert len(clusters) == 2
    for label in (1, 2):
        assert max(iou(cluster.mask, labels == label) for cluster in clusters) > 0.7


def test_a_gap_without_depth_does_not_split_an_object(tabletop):
    rgbd, labels = tabletop(640, 480).see(boxes=[BOX], noise_m=0.001)
    depth_m = rgbd.depth_m.copy()
    rows = np.flatnonzero((labels == 1).any(axis=1))
    depth_m[int(rows.mean()) : int(rows.mean()) + 3] = 0.0
    (cluster,) = clusters_of(replace(rgbd, depth_m=depth_m))
    assert iou(cluster.mask, labels == 1) > 0.8


def test_holes_in_an_object_belong_to_it(tabletop):
    rgbd, labels = tabletop(640, 480).see([((0.5, 0.0, 0.07), 0.07)])
    u, v = (int(k.mean()) for k in np.nonzero(labels == 1)[::-1])
    depth_m = rgbd.depth_m.copy()
    depth_m[v - 6 : v + 6, u - 6 : u + 6] = 0.0
    (cluster,) = clusters_of(replace(rgbd, depth_m=depth_m))
    assert cluster.mask[v, u]


def test_what_the_border_cuts_off_is_no_candidate(tabletop):
    world = tabletop()
    rgbd, labels = world.see([((0.5, -0.42, 0.06), 0.06), *BALLS])
    assert (labels[:, 0] == 1).any(), "the scene must have one on the border"
    assert len(clusters_of(rgbd)) == 2


def test_a_wall_is_no_candidate_and_hides_none(tabletop):
    """A tray's side is larger than what stands in front of it; its plane is removed like a table's.

    Without that, whatever touches the wall became part of it.
    """
    wall = ((0.2, -0.6, 0.0), (0.3, 0.6, 0.3))
    ball = ((0.35, 0.0, 0.05), 0.05)
    rgbd, labels = tabletop(640, 480).see([ball], [wall], noise_m=0.001)
    (cluster,) = clusters_of(rgbd)
    assert iou(cluster.mask, labels == 1) > 0.7


def test_the_robot_is_left_out(tabletop):
    rgbd, labels = tabletop().see(BALLS)
    (cluster,) = clusters_of(rgbd, excluded=labels == 1)
    assert iou(cluster.mask, labels == 2) > 0.8


def test_rules_that_are_no_numbers_are_refused():
    with pytest.raises(ConfigurationError, match="link_m"):
        ClusterRules(link_m=0.0)


@pytest.fixture(scope="module")
def scene(tabletop):
    return tabletop(640, 480).see(BALLS, [BOX], noise_m=0.0015)


def pick(rgbd, **pointing):
    return ClusterSegmenter(pointing=Pointing(**pointing)).segment(rgbd, "thing")


@pytest.mark.parametrize("label", [1, 2, 3])
def test_a_click_or_a_box_means_the_thing_there(scene, label):
    rgbd, labels = scene
    v, u = np.nonzero(labels == label)
    click = [int(np.median(u)), int(np.median(v))]
    box = [int(u.max()) + 9, int(v.min()) - 9, int(u.min()) - 9, int(v.max()) + 9]
    for pointing in ({"click": click}, {"box": box}):
        assert iou(pick(rgbd, **pointing), labels == label) > 0.8


def test_a_click_beside_a_thing_still_means_it_and_one_far_away_means_none(scene):
    rgbd, labels = scene
    v, u = np.nonzero(labels == 1)
    beside = [int(u.min()) - 4, int(np.median(v[u == u.min()]))]
    assert iou(pick(rgbd, click=beside), labels == 1) > 0.8
    with pytest.raises(SegmentationError, match=r"click: got \[5, 470\].*1: click=\[.*3: click="):
        pick(rgbd, click=[5, 470])


def test_the_centre_of_the_image_means_what_is_there(tabletop):
    rgbd, labels = tabletop().see([((0.5, 0.0, 0.05), 0.05), *BALLS])
    assert iou(pick(rgbd, click="centre"), labels == 1) > 0.8


def test_without_pointing_only_a_single_thing_is_taken(scene, tabletop):
    with pytest.raises(SegmentationError, match=r"3 candidates, expected one.*segmenter\.click"):
        pick(scene[0])
    rgbd, labels = tabletop().see(BALLS[:1])
    assert iou(pick(rgbd), labels == 1) > 0.8
    with pytest.raises(SegmentationError, match="nothing on it"):
        pick(tabletop().see()[0])


def test_a_box_around_two_things_is_refused(scene):
    with pytest.raises(SegmentationError, match="with 3 candidates, expected one"):
        pick(scene[0], box=[0, 0, 639, 479])
    with pytest.raises(SegmentationError, match="with 0 candidates"):
        pick(scene[0], box=[0, 0, 20, 20])
    with pytest.raises(SegmentationError, match="overlaps the image"):
        pick(scene[0], box=[700, 0, 800, 20])


def test_every_candidate_is_told_where_nobody_points(scene):
    assert len(ClusterSegmenter().candidates(scene[0])) == 3
    clicked = ClusterSegmenter(pointing=Pointing(click=scene_middle(scene, 2)))
    (mask,) = clicked.candidates(scene[0])
    assert iou(mask, scene[1] == 2) > 0.8


def scene_middle(scene, label):
    v, u = np.nonzero(scene[1] == label)
    return [int(np.median(u)), int(np.median(v))]


def test_without_a_table_in_view_it_says_so(tabletop):
    rgbd, _ = tabletop().see(BALLS)
    with pytest.raises(SegmentationError, match="table in view"):
        ClusterSegmenter(table_height_m=0.5).segment(rgbd, "thing")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"click": [1, 2], "box": [0, 0, 9, 9]}, "got click .* and box"),
        ({"click": [1]}, "click: got"),
        ({"click": "middle"}, "click: got 'middle'"),
        ({"click": [float("nan"), 2]}, "click: got"),
        ({"box": [1, 2, 3]}, "box: got"),
        ({"box": [1, 2, 1, 9]}, "two corners"),
        ({"click": [True, 2]}, "click: got"),
    ],
)
def test_pointing_that_says_nothing_or_two_things_is_refused(given, said):
    with pytest.raises(ConfigurationError, match=said):
        Pointing(**given)
