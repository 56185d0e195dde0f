"""Does registration agree with itself on real depth? A loop of frames of things moved by hand.

Four RGB-D frames show a carrot, a ball and a toy. There is no truth, and the masks are imperfect:
shadows belong to them, and pieces are missing. So each object is registered around the loop 0, 6,
12, 18, 0, and directly from 0 to 12.

  python bench/real_sequence.py FOLDER

The folder holds NNN_color.png, NNN_depth_mm.png, NNN_labels.png and NNN.json; the frames are from
the example data of the anygrasp_sdk repository and are not part of this one.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from matplotlib.axes import Axes

from mt3.alignment import Registrar, Registration
from mt3.geometry import SE3
from mt3.perception import RGBD, Intrinsics, ObjectView
from mt3.types import FloatArray, IntArray

FRAMES = (0, 6, 12, 18)
STEPS = ((0, 6), (6, 12), (12, 18), (18, 0))
DIRECT = (0, 12)
OBJECTS = ("carrot", "ball", "toy")
CROP_MARGIN_PX = 15
FLOOR_MARGIN_M = 0.008  # shadows in the masks lie on the floor

Views = Mapping[int, Mapping[str, ObjectView]]


@dataclass(frozen=True, slots=True, eq=False)
class Loop:
    """What registration makes of one object around the loop.

    Args:
        registrations: By pair of frames, the direct one included.
        residuals_m: Median distance of moved points to the live surface that both views see.
        closing: How far the loop ends from its start: metres at the object, and radians.
        direct: How far the direct way ends from the two steps, likewise.
    """

    registrations: Mapping[tuple[int, int], Registration]
    residuals_m: Mapping[tuple[int, int], float]
    closing: tuple[float, float]
    direct: tuple[float, float]


def load(folder: Path) -> Views:
    """Views of every object in every frame."""
    return {number: _load_frame(folder, number) for number in FRAMES}


def _load_frame(folder: Path, number: int) -> dict[str, ObjectView]:
    stem = folder / f"{number:03}"
    header = json.loads(stem.with_suffix(".json").read_text(encoding="utf-8"))
    color = cv2.cvtColor(cv2.imread(f"{stem}_color.png"), cv2.COLOR_BGR2RGB)
    depth_m = cv2.imread(f"{stem}_depth_mm.png", cv2.IMREAD_UNCHANGED).astype(np.float32) * 1e-3
    labels = cv2.imread(f"{stem}_labels.png", cv2.IMREAD_UNCHANGED)
    T_WC = SE3(np.array(header["T_world_camera"]))
    rgbd = RGBD(color, depth_m, Intrinsics(**header["intrinsics"]), T_WC, 0.0, "real")
    return {name: ObjectView(rgbd, labels == int(key)) for key, name in header["labels"].items()}


def build_registrar() -> Registrar:
    """The registrar with its defaults, for a floor at z = 0."""
    return Registrar(support_margin_m=FLOOR_MARGIN_M)


def go_around(views: Views, name: str, registrar: Registrar) -> Loop:
    """Register one object around the loop and directly."""
    found = {
        (a, b): registrar.register(views[a][name], views[b][name]) for a, b in (*STEPS, DIRECT)
    }
    residuals = {
        (a, b): residual_m(views[a][name], views[b][name], one.D_W) for (a, b), one in found.items()
    }
    D = {key: one.D_W for key, one in found.items()}
    around = D[18, 0] @ D[12, 18] @ D[6, 12] @ D[0, 6]
    middle_W = object_points(views[0][name]).mean(axis=0)
    return Loop(
        found,
        residuals,
        _apart(around, SE3.identity(), middle_W),
        _apart(D[DIRECT], D[6, 12] @ D[0, 6], middle_W),
    )


def shift_of_centroids(demo: ObjectView, live: ObjectView) -> SE3:
    """What a registrar without rotation would say: it must do worse."""
    shift = object_points(live).mean(axis=0) - object_points(demo).mean(axis=0)
    return SE3.from_translation(shift)


def object_points(view: ObjectView) -> FloatArray:
    """Points of the object above the floor, in W, (N, 3)."""
    p_W = view.points_W()
    points: FloatArray = p_W[p_W[:, 2] > FLOOR_MARGIN_M]
    return points


def residual_m(demo: ObjectView, live: ObjectView, D_W: SE3) -> float:
    """Median distance, along the live camera's rays, where both views see the object's surface."""
    return float(np.median(np.abs(_along_the_rays(demo, live, D_W)[2])))


def _along_the_rays(
    demo: ObjectView, live: ObjectView, D_W: SE3
) -> tuple[IntArray, IntArray, FloatArray]:
    """Moved points where the live view sees the object: column, row, metres behind what it saw."""
    k = live.rgbd.intrinsics
    p_C = live.rgbd.T_WC.inverse() @ D_W @ object_points(demo)
    u = np.round(k.fx * p_C[:, 0] / p_C[:, 2] + k.cx).astype(int)
    v = np.round(k.fy * p_C[:, 1] / p_C[:, 2] + k.cy).astype(int)
    inside = (u >= 0) & (u < k.width) & (v >= 0) & (v < k.height)
    u, v, z = u[inside], v[inside], p_C[inside, 2]
    seen = live.mask & (live.rgbd.depth_m > 0)
    seen[seen] = live.points_W()[:, 2] > FLOOR_MARGIN_M
    both = seen[v, u]
    u, v = u[both], v[both]
    return u, v, z[both] - live.rgbd.depth_m[v, u]


def _apart(a: SE3, b: SE3, middle_W: FloatArray) -> tuple[float, float]:
    return float(np.linalg.norm(a @ middle_W - b @ middle_W)), a.angle_to_rad(b)


def draw_step(demo: ObjectView, live: ObjectView, D_W: SE3, axes: Axes) -> None:
    """The live picture, and on it the demonstrated points as moved, coloured by their error.

    Red is in front of the surface that the camera saw, blue behind it, white on it.
    """
    rows, columns = np.nonzero(live.mask)
    (top, bottom), (left, right) = (
        (k.min() - CROP_MARGIN_PX, k.max() + CROP_MARGIN_PX) for k in (rows, columns)
    )
    u, v, error_m = _along_the_rays(demo, live, D_W)
    axes.imshow(live.rgbd.color)
    axes.scatter(u, v, s=1, c=-1e3 * error_m, cmap="bwr", vmin=-8, vmax=8, alpha=0.5)
    axes.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[])


def report(views: Views, say: Callable[[str], None] = print) -> None:
    """Print the loops of all objects, and what shifting centroids leaves."""
    for name in OBJECTS:
        loop = go_around(views, name, build_registrar())
        for (a, b), one in loop.registrations.items():
            shifted = shift_of_centroids(views[a][name], views[b][name])
            shifted_mm = 1e3 * residual_m(views[a][name], views[b][name], shifted)
            say(
                f"{name:6} {a:2} to {b:2}: residual {1e3 * loop.residuals_m[a, b]:.1f} mm "
                f"(centroids alone {shifted_mm:.1f} mm), "
                f"{'trusted' if one.trusted else 'refused'}, {one.describe()}"
            )
        for what, (off_m, off_rad) in (("loop closes", loop.closing), ("direct way", loop.direct)):
            say(f"{name:6} {what} within {1e3 * off_m:.1f} mm, {np.rad2deg(off_rad):.1f} deg")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    typed = parser.parse_args()
    if not (typed.folder / "000.json").is_file():
        parser.error(f"folder: got {typed.folder}, expected one with 000.json and its pictures")
    report(load(typed.folder))
