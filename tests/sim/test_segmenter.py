"""The simulator's segmenter: right object, right frame, and as imperfect as asked."""

from collections.abc import Callable

import numpy as np
import pytest

from mt3.errors import ConfigurationError, SegmentationError, StaleDataError
from mt3.geometry import SE3
from mt3.perception import RGBD, Intrinsics
from sim.camera import RaycastCamera
from sim.objects import instance
from sim.raycast_renderer import RaycastRenderer
from sim.segmenter import SimSegmenter

INTRINSICS = Intrinsics(300.0, 300.0, 159.5, 119.5, 320, 240)
# Looks straight down from 0.6 m above the origin; image right is x of W.
T_WC = SE3.from_rotation_translation(np.diag([1.0, -1.0, -1.0]), (0.0, 0.0, 0.6))
CATEGORIES = {1: "mug", 2: "can", 3: "can", 4: "pan"}
PLACES = {1: (-0.12, 0.0), 2: (0.15, 0.15), 3: (0.1, -0.05), 4: (3.0, 0.0)}


class CountingClock:
    t_s = 0.0

    def now_s(self) -> float:
        self.t_s += 1.0
        return self.t_s

    def sleep_until(self, t_s: float) -> None:
        self.t_s = t_s


@pytest.fixture
def camera() -> RaycastCamera:
    renderer = RaycastRenderer(INTRINSICS, T_WC)
    for body, category in CATEGORIES.items():
        renderer.add_body(body, instance(category, 0).mesh, (0.5, 0.5, 0.5))
    poses = {body: SE3.from_translation((x, y, 0.0)) for body, (x, y) in PLACES.items()}
    rng = np.random.default_rng(0)
    return RaycastCamera("front", renderer, lambda: poses, CountingClock(), None, rng)


@pytest.fixture
def segmenter(camera: RaycastCamera) -> Callable[..., SimSegmenter]:
    def build(offset_px: float = 0.0, boundary_px: float = 0.0, seed: int = 0) -> SimSegmenter:
        rng = np.random.default_rng(seed)
        return SimSegmenter({"front": camera}, CATEGORIES, offset_px, boundary_px, rng)

    return build


def frame(camera: RaycastCamera) -> RGBD:
    with camera:
        return camera.read(max_age_s=0.0)


def test_without_errors_the_mask_is_the_truth(camera, segmenter) -> None:
    rgbd = frame(camera)
    mask = segmenter().segment(rgbd, "blue Mug")
    np.testing.assert_array_equal(mask, camera.instance_ids(rgbd.t_s) == 1)
    assert mask.dtype == np.bool_


@pytest.mark.parametrize("words", ["mugs", "cup", "red cup with a handle", "MUG from the can"])
def test_every_word_for_the_object_finds_it(camera, segmenter, words) -> None:
    """Only the category's own name did, though retrieval knew the others."""
    rgbd = frame(camera)
    mask = segmenter().segment(rgbd, words)
    np.testing.assert_array_equal(mask, camera.instance_ids(rgbd.t_s) == 1)


def test_one_instance_the_one_seen_best(camera, segmenter) -> None:
    rgbd = frame(camera)
    ids = camera.instance_ids(rgbd.t_s)
    best = max((2, 3), key=lambda body: (ids == body).sum())
    np.testing.assert_array_equal(segmenter().segment(rgbd, "can"), ids == best)


def test_what_is_not_in_view_is_an_error_that_says_what_is(camera, segmenter) -> None:
    rgbd = frame(camera)
    with pytest.raises(SegmentationError, match=r"'pan'.*in view: can, mug"):
        segmenter().segment(rgbd, "pan")
    with pytest.raises(SegmentationError, match="'candle'"):
        segmenter().segment(rgbd, "candle")


def test_errors_stay_near_the_outline_and_repeat_with_the_seed(camera, segmenter) -> None:
    rgbd = frame(camera)
    truth = camera.instance_ids(rgbd.t_s) == 1
    a, b, c = (segmenter(2.0, 1.0, seed).segment(rgbd, "mug") for seed in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert (a != c).any()
    for mask in (a, c):
        assert (mask != truth).any()
        assert (mask & truth).sum() / (mask | truth).sum() > 0.75


def test_the_mask_belongs_to_the_image_given(camera, segmenter) -> None:
    old = frame(camera)
    newer = frame(camera)
    assert segmenter().segment(old, "mug").any()
    assert segmenter().segment(newer, "mug").any()
    for _ in range(10):
        frame(camera)
    with pytest.raises(StaleDataError):
        segmenter().segment(old, "mug")
    other = RGBD(old.color, old.depth_m, old.intrinsics, old.T_WC, old.t_s, "wrist")
    with pytest.raises(SegmentationError, match="'wrist', expected one of"):
        segmenter().segment(other, "mug")


def test_it_says_what_it_is(segmenter) -> None:
    assert "ground-truth" in segmenter().name
    with pytest.raises(ConfigurationError, match="max_offset_px"):
        segmenter(offset_px=-1.0)
