"""Images are checked once, when made; what passes can be used without further questions."""

import pickle

import numpy as np
import pytest

from mt3.errors import ImageError
from mt3.geometry import SE3
from mt3.perception import RGBD, Intrinsics, ObjectView

INTRINSICS = Intrinsics(fx=50.0, fy=50.0, cx=19.5, cy=14.5, width=40, height=30)
DEPTH_M = np.full((30, 40), 0.8, dtype=np.float32)
COLOR = np.zeros((30, 40, 3), dtype=np.uint8)
MASK = np.zeros((30, 40), dtype=bool)
MASK[5:15, 10:20] = True


def image(**changes):
    fields = {
        "color": COLOR,
        "depth_m": DEPTH_M,
        "intrinsics": INTRINSICS,
        "T_WC": SE3.identity(),
        "t_s": 0.0,
        "camera": "front",
    }
    return RGBD(**(fields | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"depth_m": (DEPTH_M * 1000).astype(np.uint16)}, "divide by 1000"),
        ({"depth_m": DEPTH_M * 1000}, "is it in millimetres"),
        ({"depth_m": DEPTH_M / 1000}, "in metres already"),
        ({"depth_m": DEPTH_M[:-1]}, "aligned"),
        ({"depth_m": np.where(MASK, np.nan, DEPTH_M)}, "NaN"),
        ({"depth_m": -DEPTH_M}, "negative"),
        ({"color": COLOR[..., 0]}, "color: got"),
        ({"color": COLOR.astype(float)}, "uint8"),
        ({"T_WC": np.eye(4)}, "expected SE3"),
        ({"t_s": float("nan")}, "t_s: got nan"),
    ],
)
def test_image_refused(changes, message):
    with pytest.raises(ImageError, match=message):
        image(**changes)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (MASK.astype(np.uint8), "expected bool"),
        (MASK[:-1], "shape"),
        (np.zeros_like(MASK), "at least 50"),
    ],
)
def test_mask_refused(mask, message):
    with pytest.raises(ImageError, match=message):
        ObjectView(image(), mask)


def test_mask_without_depth_is_refused():
    with pytest.raises(ImageError, match="0 of them with depth"):
        ObjectView(image(depth_m=np.where(MASK, 0.0, DEPTH_M)), MASK)


@pytest.mark.parametrize(
    ("field", "value"),
    [("fx", 0.0), ("fy", float("inf")), ("cx", float("nan")), ("width", 40.5), ("height", "30")],
)
def test_intrinsics_refused(field, value):
    fields = {"fx": 50.0, "fy": 50.0, "cx": 19.5, "cy": 14.5, "width": 40, "height": 30}
    with pytest.raises(ImageError, match=f"intrinsics.{field}"):
        Intrinsics(**(fields | {field: value}))


def test_projection_inverts_deprojection():
    u, v = np.array([0.0, 39.0]), np.array([29.0, 3.0])
    p_C = INTRINSICS.deproject(u, v, np.array([0.5, 2.0]))
    np.testing.assert_allclose(INTRINSICS.project(p_C), np.stack([u, v], axis=-1), atol=1e-12)


def test_points_come_in_world_frame_without_missing_depth():
    depth_m = DEPTH_M.copy()
    depth_m[5, 10:20] = 0.0
    T_WC = SE3.from_quat_xyzw([1.0, 0.0, 0.0, 0.0], [0.4, 0.0, 1.0])  # looks straight down
    view = ObjectView(image(depth_m=depth_m, T_WC=T_WC), MASK)
    points_W = view.points_W()
    assert points_W.shape == (90, 3)
    np.testing.assert_allclose(points_W[:, 2], 0.2, atol=1e-6)


def test_view_survives_pickle_and_stays_read_only():
    view = pickle.loads(pickle.dumps(ObjectView(image(), MASK)))
    np.testing.assert_array_equal(view.mask, MASK)
    for array in (view.mask, view.rgbd.color, view.rgbd.depth_m):
        assert not array.flags.writeable
