"""Pairs of views to register, with the truth: shapes, placements, and what can go wrong with them.

A pair follows from its pool, condition, bin and number alone. Shapes of the pool ``develop`` may be
looked at while the registrar is built; those of ``figures`` only measure it.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import cv2
import numpy as np

from mt3.errors import Mt3Error
from mt3.geometry import SE3
from mt3.perception import RGBD, Intrinsics, ObjectView
from mt3.types import BoolArray, FloatArray
from sim.objects import CATEGORIES, ObjectModel, instance, random_shape
from sim.snapshots import SnapshotStudio, scatter_around
from sim.staging import Circle, Region

Pool: TypeAlias = Literal["develop", "figures"]
Condition: TypeAlias = Literal["clean", "occluded", "imperfect", "instance"]

BINS_DEG = ((0, 45), (45, 90), (90, 135), (135, 180))
CONDITIONS: tuple[Condition, ...] = ("clean", "occluded", "imperfect", "instance")
DISTRACTORS = 3
MASK_DEFECTS = ("eroded", "dilated", "bitten", "neighbour")

_SHAPES = {"develop": (0, 800), "figures": (800, 900)}
_INSTANCES = {"develop": (0, 10_000), "figures": (100_000, 110_000)}
_CATEGORY_SHARE = 0.4  # of the pairs; the others are random shapes
_HIDDEN_SHARE = (0.30, 0.40)
_DEFECT_SHARE = 0.15
_MOST_DEFECT_PX = 4
_OCCLUDERS = ("box", "bottle", "can", "mug")
_OCCLUDER_DRAWS = 25
_ON_TABLE_M = 0.012
_SALT = {"develop": 31, "figures": 47}


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two views of one object, or of two of one category, and the truth.

    Args:
        demo_model, live_model: The same but for the condition ``instance``.
        defect: What is wrong with the live view, or an empty text.
    """

    demo_model: ObjectModel
    live_model: ObjectModel
    T_WO_demo: SE3
    T_WO_live: SE3
    demo_view: ObjectView
    live_view: ObjectView
    defect: str

    @property
    def truth(self) -> SE3:
        """The motion ``D_W`` between the objects' own frames."""
        return self.T_WO_live @ self.T_WO_demo.inverse()


def draw_pair(
    studio: SnapshotStudio, pool: Pool, condition: Condition, which_bin: int, number: int
) -> Pair:
    """The pair of a number; scenes in which the object cannot be seen are drawn again."""
    rng = np.random.default_rng([_SALT[pool], CONDITIONS.index(condition), which_bin, number])
    while True:
        try:
            return _draw(studio, pool, condition, which_bin, number, rng)
        except Mt3Error:
            continue


def _draw(
    studio: SnapshotStudio,
    pool: Pool,
    condition: Condition,
    which_bin: int,
    number: int,
    rng: np.random.Generator,
) -> Pair:
    demo_model, live_model = _draw_models(pool, condition, which_bin, number, rng)
    difference_deg = float(rng.uniform(*BINS_DEG[which_bin]) * rng.choice([-1.0, 1.0]))
    yaw = float(rng.uniform(-np.pi, np.pi))
    yaws = (yaw, yaw + np.deg2rad(difference_deg))
    poses = [Region(yaw_rad=(angle, angle)).draw(rng) for angle in yaws]
    demo_view = studio.take(scatter_around(demo_model, poses[0], DISTRACTORS, rng), rng)
    objects = scatter_around(live_model, poses[1], DISTRACTORS, rng)
    live_view, defect = studio.take(objects, rng), ""
    if condition == "occluded":
        live_view, defect = _hide(studio, objects, live_view, rng)
    elif condition == "imperfect":
        defect = MASK_DEFECTS[number % len(MASK_DEFECTS)]
        live_view = _spoil_mask(live_view, defect, rng)
    return Pair(demo_model, live_model, *poses, demo_view, live_view, defect)


def _draw_models(
    pool: Pool, condition: Condition, which_bin: int, number: int, rng: np.random.Generator
) -> tuple[ObjectModel, ObjectModel]:
    seeds = rng.integers(*_INSTANCES[pool], size=2).tolist()
    category = CATEGORIES[(number + 2 * which_bin) % len(CATEGORIES)]
    if condition == "instance":
        return instance(category, seeds[0]), instance(category, seeds[1])
    if rng.random() < _CATEGORY_SHARE:
        model = instance(category, seeds[0])
    else:
        model = random_shape(int(rng.integers(*_SHAPES[pool])))
    return model, model


def _hide(
    studio: SnapshotStudio,
    objects: list[tuple[ObjectModel, SE3]],
    view: ObjectView,
    rng: np.random.Generator,
) -> tuple[ObjectView, str]:
    """Hide 30 to 40 % of the object behind another one, or beyond the border of the image."""
    if rng.random() < 0.5:
        found = _put_occluder(studio, objects, view, rng)
        if found is not None:
            return found, "behind another object"
    share = float(rng.uniform(*_HIDDEN_SHARE))
    return _cut_at_border(view, share, int(rng.integers(4))), "cut by the border"


def _put_occluder(
    studio: SnapshotStudio,
    objects: list[tuple[ObjectModel, SE3]],
    view: ObjectView,
    rng: np.random.Generator,
) -> ObjectView | None:
    target = Circle.around(*objects[0])
    toward = view.rgbd.T_WC.t[:2] - target.p_W
    toward = toward / np.linalg.norm(toward)
    aside = np.array([-toward[1], toward[0]])
    names = [name for name in _OCCLUDERS if name != objects[0][0].category]
    for _ in range(_OCCLUDER_DRAWS):
        model = instance(names[int(rng.integers(len(names)))], int(rng.integers(10_000)))
        reach = target.radius_m + Circle.around(model, SE3.identity()).radius_m
        nearer, sideways = rng.uniform(0.9, 1.6), rng.uniform(-1.0, 1.0)
        xy = target.p_W + reach * (nearer * toward + sideways * aside)
        T_WO = SE3.from_yaw(float(rng.uniform(-np.pi, np.pi)), (*xy, 0.0))
        if Circle.around(model, T_WO).gap_m(target) < 0.0:
            continue
        others = [item for item in objects[1:] if item[0].category != model.category]
        hidden_view = studio.take([objects[0], *others, (model, T_WO)], rng)
        hidden = 1.0 - hidden_view.mask.sum() / view.mask.sum()
        if _HIDDEN_SHARE[0] <= hidden <= _HIDDEN_SHARE[1]:
            return hidden_view
    return None


def _cut_at_border(view: ObjectView, share: float, side: int) -> ObjectView:
    """The part of the image that leaves a share of the mask out, at one of its four sides."""
    rows, columns = np.nonzero(view.mask)
    height, width = view.mask.shape
    u0, v0, u1, v1 = 0, 0, width, height
    if side == 0:
        u0 = int(np.quantile(columns, share))
    elif side == 1:
        u1 = int(np.quantile(columns, 1.0 - share))
    elif side == 2:
        v0 = int(np.quantile(rows, share))
    else:
        v1 = int(np.quantile(rows, 1.0 - share))
    k, rgbd, crop = view.rgbd.intrinsics, view.rgbd, np.s_[v0:v1, u0:u1]
    inner = Intrinsics(k.fx, k.fy, k.cx - u0, k.cy - v0, u1 - u0, v1 - v0)
    image = RGBD(rgbd.color[crop], rgbd.depth_m[crop], inner, rgbd.T_WC, rgbd.t_s, rgbd.camera)
    return ObjectView(image, view.mask[crop])


def _spoil_mask(view: ObjectView, defect: str, rng: np.random.Generator) -> ObjectView:
    """The view with a worse mask."""
    mask = view.mask.astype(np.uint8)
    disc = cv2.getStructuringElement(
        cv2.MORPH_ELLIPSE, (2 * int(rng.integers(1, _MOST_DEFECT_PX + 1)) + 1,) * 2
    )
    if defect == "eroded":
        spoilt = cv2.erode(mask, disc).astype(bool)
    elif defect == "dilated":
        spoilt = cv2.dilate(mask, disc).astype(bool)
    elif defect == "bitten":
        spoilt = view.mask & ~_nearest(view.mask, _rim_pixel(view.mask, rng), view.mask)
    else:
        spoilt = view.mask | _neighbour(view)
    return ObjectView(view.rgbd, spoilt)


def _rim_pixel(mask: BoolArray, rng: np.random.Generator) -> FloatArray:
    """A pixel (row, column) at the outline."""
    rim = mask & ~cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    return np.argwhere(rim)[int(rng.integers(rim.sum()))].astype(np.float64)


def _nearest(among: BoolArray, pixel: FloatArray, mask: BoolArray) -> BoolArray:
    """As many pixels as the share of a defect of the mask, nearest to one."""
    candidates = np.argwhere(among)
    distance = np.linalg.norm(candidates - pixel, axis=1)
    chosen = candidates[np.argsort(distance, kind="stable")[: int(_DEFECT_SHARE * mask.sum())]]
    patch = np.zeros_like(mask)
    patch[tuple(chosen.T)] = True
    return patch


def _neighbour(view: ObjectView) -> BoolArray:
    """A patch of the thing nearest in the image, as large as the share of a defect."""
    rgbd = view.rgbd
    height, width = view.mask.shape
    v, u = np.mgrid[0:height, 0:width].astype(np.float64)
    p_W = rgbd.T_WC @ rgbd.intrinsics.deproject(u, v, rgbd.depth_m.astype(np.float64))
    other = ~view.mask & (rgbd.depth_m > 0) & (p_W[..., 2] > _ON_TABLE_M)
    if not other.any():
        return np.zeros_like(view.mask)
    distance_px = cv2.distanceTransform((~view.mask).astype(np.uint8), cv2.DIST_L2, 5)
    nearest = np.unravel_index(int(np.where(other, distance_px, np.inf).argmin()), other.shape)
    return _nearest(other, np.array(nearest, dtype=np.float64), view.mask)
