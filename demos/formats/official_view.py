"""The object's view in a folder of the official layout: images, mask, intrinsics, camera pose."""

from pathlib import Path

import cv2
import numpy as np
from scipy.spatial import cKDTree

from demos.formats.official_layout import (
    CAMERA,
    COLOR_NAME,
    DEPTH_NAME,
    INTRINSICS_NAME,
    MASK_NAME,
    OWN_CAMERA_POSE_NAME,
    SHARED_CAMERA_POSE_NAME,
    CameraPoseConvention,
    read_array,
    read_image,
)
from demos.recording import DepthImage, StoredView
from mt3.errors import DemoFormatError, GeometryError, ImageError
from mt3.geometry import SE3
from mt3.perception import Intrinsics
from mt3.perception.object_view import MIN_MASK_PIXELS
from mt3.perception.rgbd import PLAUSIBLE_DEPTH_M
from mt3.types import BoolArray, ColorImage, FloatArray

_ROUNDING = 1e-4  # of rotations that were saved in single precision, or printed
_CENTRE_SHARE = (0.3, 0.7)  # of the image, where a principal point lies
_MIN_BLOB_SHARE = 0.2  # of the largest; smaller ones are specks
_MIN_GAP_M = 0.05  # between two things; what hides part of one thing leaves less
_MAX_REACH_M = 0.6  # from the bottleneck to the object, with room for a tool in the hand


def read_view(folder: Path, convention: CameraPoseConvention, T_WE_bottleneck: SE3) -> StoredView:
    """Read and check the view of a demonstration.

    The layout does not say when the image was taken, nor where the tool was: the view gets the
    time of the bottleneck, and no tool pose.

    Args:
        folder: Of one demonstration.
        convention: Which way its camera pose maps.
        T_WE_bottleneck: Where the tool was near the object; shows a camera pose the wrong way.

    Raises:
        DemoFormatError: A file is missing or wrong; the message names it and the remedy.
    """
    color = _read_color(folder / COLOR_NAME)
    size = (color.shape[0], color.shape[1])
    depth_mm = _read_depth(folder / DEPTH_NAME, size)
    intrinsics = _read_intrinsics(folder / INTRINSICS_NAME, size)
    mask = _read_mask(folder / MASK_NAME, depth_mm, intrinsics)
    path = camera_pose_path(folder)
    p_C = _points_C(mask, depth_mm, intrinsics)
    T_WC = _checked_camera_pose(path.name, read_pose(path), convention, p_C, T_WE_bottleneck)
    return StoredView(
        color=color,
        depth_mm=depth_mm,
        mask=mask,
        intrinsics=intrinsics,
        T_WC=T_WC,
        T_BE=None,
        t_s=0.0,
        camera=CAMERA,
        segmenter="official segmap",
    )


def camera_pose_path(folder: Path) -> Path:
    """The camera pose of one demonstration: its own, else the one that all in a folder share.

    Raises:
        DemoFormatError: There is none.
    """
    own, shared = folder / OWN_CAMERA_POSE_NAME, folder / SHARED_CAMERA_POSE_NAME
    for path in (own, shared, folder.parent / SHARED_CAMERA_POSE_NAME):
        if path.is_file():
            return path
    raise DemoFormatError(
        f"{own.name}: missing, and so is {shared.name} here and in the folder above; save the "
        "camera's pose of this demonstration as (4, 4) in one of them"
    )


def read_pose(path: Path) -> SE3:
    """Read a rigid pose; rotations rounded to single precision are made orthonormal again.

    Raises:
        DemoFormatError: Missing, of another shape, or not rigid.
    """
    matrix = read_array(path, (4, 4)).astype(np.float64)
    u, _, vt = np.linalg.svd(matrix[:3, :3])
    nearest = matrix.copy()
    nearest[:3, :3] = u @ vt
    off = float(np.abs(nearest - matrix).max())
    try:
        return SE3(nearest if off <= _ROUNDING else matrix)
    except GeometryError as error:
        raise DemoFormatError(
            f"{path.name}: {error}; save a (4, 4) pose of rotation and metres"
        ) from error


def _read_color(path: Path) -> ColorImage:
    color = read_image(path)
    if color.dtype != np.uint8 or color.ndim != 3 or color.shape[2] != 3:
        raise DemoFormatError(
            f"{path.name}: got {color.dtype} {color.shape}, expected uint8 (H, W, 3); "
            "save it as an 8 bit colour PNG without transparency"
        )
    return color


def _read_depth(path: Path, size: tuple[int, int]) -> DepthImage:
    depth_mm = read_image(path)
    if depth_mm.dtype != np.uint16 or depth_mm.ndim != 2:
        raise DemoFormatError(
            f"{path.name}: got {depth_mm.dtype} {depth_mm.shape}, expected uint16 (H, W); "
            "save depth in millimetres as a 16 bit PNG"
        )
    if depth_mm.shape != size:
        raise DemoFormatError(
            f"{path.name}: got {depth_mm.shape}, expected {size} as {COLOR_NAME}; "
            "align depth to colour before saving"
        )
    readings = depth_mm[depth_mm > 0]
    if not readings.size:
        raise DemoFormatError(f"{path.name}: got no reading at all, expected a depth image")
    median = float(np.median(readings))
    low, high = (1e3 * limit_m for limit_m in PLAUSIBLE_DEPTH_M)
    if not low <= median <= high:
        metres, finer = "was it saved in metres? multiply by 1000", "is its unit a finer one?"
        hint = metres if median < low else finer
        raise DemoFormatError(
            f"{path.name}: got a median of {median:.0f}, expected {low:.0f} to {high:.0f} "
            f"millimetres ({hint})"
        )
    return depth_mm


def _read_intrinsics(path: Path, size: tuple[int, int]) -> Intrinsics:
    K = read_array(path, (3, 3)).astype(np.float64)
    height, width = size
    if np.abs(K[[1, 2, 2, 2], [0, 0, 1, 2]] - (0.0, 0.0, 0.0, 1.0)).max() > 1e-9 or K[0, 1] != 0.0:
        raise DemoFormatError(
            f"{path.name}: got {K.round(3).tolist()}, expected "
            "[[fx, 0, cx], [0, fy, cy], [0, 0, 1]] without skew; is it transposed?"
        )
    fx, fy, cx, cy = (float(K[i, j]) for i, j in ((0, 0), (1, 1), (0, 2), (1, 2)))
    try:
        intrinsics = Intrinsics(fx, fy, cx, cy, width, height)
    except ImageError as error:
        raise DemoFormatError(f"{path.name}: {error}") from error
    low, high = _CENTRE_SHARE
    if not (low * width <= cx <= high * width and low * height <= cy <= high * height):
        raise DemoFormatError(
            f"{path.name}: got a principal point ({cx:.1f}, {cy:.1f}), expected one near "
            f"the middle of {width}x{height}; save the intrinsics of this resolution"
        )
    return intrinsics


def _read_mask(path: Path, depth_mm: DepthImage, intrinsics: Intrinsics) -> BoolArray:
    """The mask as bool; a number image is one only where it holds 0 and one other value."""
    labels = read_array(path, (None, None))
    if labels.shape != depth_mm.shape:
        raise DemoFormatError(
            f"{path.name}: got {labels.shape}, expected {depth_mm.shape} as {COLOR_NAME}; "
            "segment the image of this demonstration"
        )
    values = np.unique(labels[labels != 0])
    if not values.size:
        raise DemoFormatError(f"{path.name}: empty, expected the object acted on; segment it again")
    if values.size > 1:
        first = ", ".join(f"{value:g}" for value in values[:3].astype(float))
        raise DemoFormatError(
            f"{path.name}: got {values.size} values besides 0 ({first}, ...), expected one object; "
            "save mask = labels == the instance acted on"
        )
    mask: BoolArray = np.asarray(labels != 0)
    _require_enough(path.name, mask, depth_mm)
    _require_one_instance(path.name, mask, depth_mm, intrinsics)
    return mask


def _require_enough(name: str, mask: BoolArray, depth_mm: DepthImage) -> None:
    with_depth = int((mask & (depth_mm > 0)).sum())
    if with_depth < MIN_MASK_PIXELS:
        raise DemoFormatError(
            f"{name}: got {int(mask.sum())} pixels, {with_depth} of them with depth, expected at "
            f"least {MIN_MASK_PIXELS} with depth; segment the whole object"
        )


def _require_one_instance(
    name: str, mask: BoolArray, depth_mm: DepthImage, intrinsics: Intrinsics
) -> None:
    """Refuse a mask of several large parts that lie apart in space."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    large = [k for k in range(1, count) if areas[k - 1] >= _MIN_BLOB_SHARE * areas.max()]
    clouds = [_points_C(parts == k, depth_mm, intrinsics) for k in large]
    clouds = [cloud for cloud in clouds if len(cloud) >= MIN_MASK_PIXELS]
    for k, cloud in enumerate(clouds):
        others = [other for j, other in enumerate(clouds) if j != k]
        if others and _distance_m(cloud, np.concatenate(others)) > _MIN_GAP_M:
            raise DemoFormatError(
                f"{name}: got {len(clouds)} parts, one over {_MIN_GAP_M * 1e3:.0f} mm from the "
                "others, expected one object; keep only the instance acted on"
            )


def _distance_m(p_C: FloatArray, q_C: FloatArray) -> float:
    """Between the two nearest points of two clouds."""
    distances, _ = cKDTree(q_C).query(p_C)
    return float(np.min(distances))


def _points_C(mask: BoolArray, depth_mm: DepthImage, intrinsics: Intrinsics) -> FloatArray:
    v, u = np.nonzero(mask & (depth_mm > 0))
    return intrinsics.deproject(u.astype(float), v.astype(float), depth_mm[v, u] / 1e3)


def _checked_camera_pose(
    name: str,
    stored: SE3,
    convention: CameraPoseConvention,
    p_C: FloatArray,
    T_WE_bottleneck: SE3,
) -> SE3:
    """The camera's pose in W; refused where it puts the object out of reach of the bottleneck."""
    to_world = convention is CameraPoseConvention.CAMERA_TO_WORLD
    T_WC = stored if to_world else stored.inverse()
    gap_m = _gap_m(T_WC, p_C, T_WE_bottleneck)
    if gap_m <= _MAX_REACH_M:
        return T_WC
    if _gap_m(T_WC.inverse(), p_C, T_WE_bottleneck) <= _MAX_REACH_M:
        remedy = (
            f"the other way round it fits: is it {convention.opposite.value}? "
            f"Add --camera-pose {convention.opposite.value}"
        )
    else:
        remedy = "save the camera's pose of this demonstration, in metres, in the frame of the arm"
    raise DemoFormatError(
        f"{name}: as {convention.value} it puts the object {gap_m:.2f} m from the bottleneck, "
        f"expected at most {_MAX_REACH_M:.2f} m; {remedy}"
    )


def _gap_m(T_WC: SE3, p_C: FloatArray, T_WE: SE3) -> float:
    return float(np.linalg.norm(T_WC @ p_C - T_WE.t, axis=1).min())
