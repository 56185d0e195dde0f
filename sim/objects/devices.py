"""Objects with one moving part, their bodies fixed to the table: drawers, doors, switches, zips.

Every front is at +x. A fin or knob is as wide as fingers hold, and stands clear of the body, so
that a hand that points down can take it; where a part turns about y it turns between the fingers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from mt3.types import FloatArray
from sim.mesh import TriangleMesh, box_corners, convex_hull, union
from sim.objects.grasp import LOWEST_E_M, tool_pose_down
from sim.objects.mechanism import Handle, Mechanism
from sim.objects.shape import Builder, Range, Shape, draw, draw_albedo

_FIN_WIDTH = 0.018
_FIN_REACH = 0.025  # from an edge to the axis of the fin at it
_FIN_RADIUS = 0.010
_FIN_TIP = 0.003
_PLATE = 0.008
_HALF_FINGER = 0.011
_FINGER_BELOW_E = 0.007
_SIDES = 12
_OFF_TABLE = 0.004  # a moving part that rubbed on the table would jump
_FRICTION_N = 1.5
_FRICTION_NM = 0.25
_BODY_MASS_KG = 1.0  # of a body that does not move
_AHEAD = (0.0, 0.0, 0.08)  # where the hand comes from: above


@dataclass(frozen=True, slots=True)
class Size:
    """Ranges in metres that a body's sides are drawn from: along x, along y, and up."""

    x: Range
    y: Range
    z: Range

    def draw(self, rng: np.random.Generator) -> tuple[float, float, float]:
        """One size."""
        x, y, z = draw(rng, self.x, self.y, self.z)
        return x, y, z


def drawer(rng: np.random.Generator, size: Size) -> Shape:
    """An open-fronted case with a drawer that comes out along +x by a fin.

    Dimensions: ``length``, ``width``, ``height`` (of the case), ``travel``.
    """
    length, width, height = size.draw(rng)
    travel = float(rng.uniform(0.55, 0.65)) * length
    x, y, wall = length / 2, width / 2, 0.006
    case = (
        box_corners((-x, -y, 0.0), (x, y, wall)),
        box_corners((-x, -y, height - wall), (x - 0.02, y, height)),
        box_corners((-x, -y, 0.0), (x, -y + wall, height)),
        box_corners((-x, y - wall, 0.0), (x, y, height)),
        box_corners((-x, -y, 0.0), (-x + wall, y, height + 0.02)),
    )
    inner, low, top = y - wall - 0.002, wall + 0.002, height - wall - 0.004
    fin_z = height - 0.022
    tray = (
        box_corners((x - _PLATE, -y, low), (x, y, top)),
        box_corners((-x + 0.012, -inner, low), (x, inner, low + 0.004)),
        box_corners((-x + 0.012, -inner, low), (x, -inner + 0.004, top * 0.7)),
        box_corners((-x + 0.012, inner - 0.004, low), (x, inner, top * 0.7)),
        box_corners((-x + 0.012, -inner, low), (-x + 0.016, inner, top * 0.7)),
        _fin_along_x(x - 0.001, 0.0, fin_z),
    )
    handle = Handle(tool_pose_down(x + _FIN_REACH + 0.006, 0.0, fin_z, np.pi / 2))
    part = _part(rng, tray, "prismatic", (0, 0, 0), (1, 0, 0), travel, _FRICTION_N, handle)
    sizes = {"length": length, "width": width, "height": height, "travel": travel}
    return Shape(_solid(case), case, _BODY_MASS_KG, sizes, "none", (), part)


def door(rng: np.random.Generator, size: Size) -> Shape:
    """A case whose front swings open about its edge at -y, by a fin at its other edge.

    Dimensions: ``length``, ``width``, ``height``.
    """
    length, width, height = size.draw(rng)
    x, y = length / 2, width / 2
    back = box_corners((-x, -y, 0.0), (-x + 0.02, y * 0.4, height + 0.015))
    case = (box_corners((-x, -y, 0.0), (x, y, height)), back)
    fin_z, fin_y = height - 0.022, y - _FIN_WIDTH
    leaf = (
        box_corners((x + 0.001, -y, 0.004), (x + _PLATE, y, height)),
        _fin_along_x(x + _PLATE - 0.001, fin_y, fin_z),
    )
    handle = Handle(tool_pose_down(x + _PLATE + _FIN_REACH + 0.006, fin_y, fin_z, np.pi / 2))
    hinge = (x + _PLATE / 2, -y, 0.0)
    travel = float(rng.uniform(1.05, 1.25))
    part = _part(rng, leaf, "revolute", hinge, (0, 0, -1), travel, _FRICTION_NM, handle)
    sizes = {"length": length, "width": width, "height": height}
    return Shape(_solid(case), case, _BODY_MASS_KG, sizes, "none", (), part)


def lid(rng: np.random.Generator, size: Size) -> Shape:
    """A chest whose lid turns up about its edge at -x, by a fin at its edge at +x.

    Dimensions: ``length``, ``width``, ``height`` (without the lid).
    """
    length, width, height = size.draw(rng)
    x, y = length / 2, width / 2
    chest = (
        box_corners((-x, -y, 0.0), (x, y, height)),
        box_corners((-x - 0.018, -y * 0.5, 0.0), (-x + 0.001, y * 0.8, height)),
    )
    plate = box_corners((-x, -y, height + 0.001), (x, y, height + 0.001 + _PLATE))
    part = _flap(rng, plate, (-x, height + _PLATE / 2), x, float(rng.uniform(1.5, 1.7)))
    sizes = {"length": length, "width": width, "height": height}
    return Shape(_solid(chest), chest, _BODY_MASS_KG, sizes, "none", (), part)


def folding(rng: np.random.Generator, size: Size) -> Shape:
    """Two stiff panels that stand side by side; the one at +x folds about the edge between them.

    Dimensions: ``length`` (of one panel), ``width`` (thickness), ``height``.
    """
    length, thickness, height = size.draw(rng)
    y = thickness / 2
    base = (
        box_corners((-length, -y, 0.0), (0.0, y, height)),
        box_corners((-length * 0.9, -0.03, 0.0), (-length * 0.4, 0.02, 0.010)),
    )
    panel = box_corners((0.002, -y, _OFF_TABLE), (length, y, height))
    travel = float(rng.uniform(2.05, 2.20))
    handle = Handle(tool_pose_down(length - 0.020, 0.0, height - 0.014, np.pi / 2))
    part = _part(
        rng, (panel,), "revolute", (0.0, 0.0, 0.0), (0, 0, 1), travel, _FRICTION_NM, handle
    )
    sizes = {"length": length, "width": thickness, "height": height}
    return Shape(_solid(base), base, _BODY_MASS_KG, sizes, "none", (), part)


def _flap(
    rng: np.random.Generator,
    plate: FloatArray,
    hinge_xz: tuple[float, float],
    edge_x: float,
    travel: float,
) -> Mechanism:
    """A plate that turns up about an axis along y, with a round fin beyond its edge."""
    fin_x = edge_x + _FIN_REACH
    fin_z = max(float(plate[:, 2].mean()), LOWEST_E_M)
    half = _FIN_WIDTH / 2
    slim = half - 0.003
    stem = box_corners((edge_x - 0.002, -slim, fin_z - 0.004), (fin_x, slim, fin_z + 0.004))
    # Its ends are small: what turns between fingers must not be held against turning.
    center = (fin_x, 0.0, fin_z)
    pin = np.concatenate(
        [
            _cylinder(center, _FIN_RADIUS, _FIN_WIDTH - 0.008, axis=1),
            _cylinder(center, _FIN_TIP, _FIN_WIDTH, axis=1),
        ]
    )
    handle = Handle(tool_pose_down(fin_x, 0.0, fin_z, np.pi / 2), turns=False)
    hinge = (hinge_xz[0], 0.0, hinge_xz[1])
    return _part(rng, (plate, stem, pin), "revolute", hinge, (0, -1, 0), travel, 0.15, handle)


def lever(rng: np.random.Generator, size: Size) -> Shape:
    """A box with a stick that stands either towards -x (off) or towards +x (on).

    Dimensions: ``length``, ``width``, ``height`` (of the box), ``stick``.
    """
    length, width, height = size.draw(rng)
    stick = float(rng.uniform(0.055, 0.070))
    tilt = float(rng.uniform(0.40, 0.50))
    x, y = length / 2, width / 2
    body = (
        box_corners((-x, -y, 0.0), (x, y, height)),
        box_corners((-x - 0.02, -y, 0.0), (-x, y * 0.3, height * 0.6)),
    )
    pivot = np.array([0.0, 0.0, height - 0.005])
    along, across = np.array([-np.sin(tilt), 0, np.cos(tilt)]), np.array([np.cos(tilt), 0, 0])
    bar = np.concatenate(
        [
            pivot + along * way + side * across * 0.007 + np.array([0, out * 0.009, 0])
            for way in (0.0, stick)
            for side in (-1, 1)
            for out in (-1, 1)
        ]
    ).reshape(-1, 3)
    p_touch = pivot + along * (stick - 0.010)
    aside = 0.007 + _HALF_FINGER + 0.003
    pushes = [
        Handle(
            tool_pose_down(p_touch[0] + offset, 0.0, p_touch[2], np.pi / 2),
            grips=False,
            turns=False,
            offset_O=(offset, 0.0, 0.0),
            approach_O=(np.sign(offset) * 0.03, 0.0, 0.06),
        )
        for offset in (-aside, aside)
    ]
    part = _part(
        rng, (bar,), "revolute", pivot, (0, 1, 0), 2 * tilt, 0.12, pushes[0], backward=pushes[1]
    )
    sizes = {"length": length, "width": width, "height": height, "stick": stick}
    return Shape(_solid(body), body, _BODY_MASS_KG, sizes, "none", (), part)


def knob(rng: np.random.Generator, size: Size) -> Shape:
    """A box with a bar on top that turns about z.

    Dimensions: ``length``, ``width``, ``height`` (of the box), ``bar``.
    """
    length, width, height = size.draw(rng)
    bar = float(rng.uniform(0.042, 0.052))
    x, y = length / 2, width / 2
    body = (
        box_corners((-x, -y, 0.0), (x, y, height)),
        box_corners((-x - 0.015, -y, 0.0), (-x, y * 0.5, height + 0.012)),
    )
    top = height + 0.030
    turning = (
        _cylinder((0, 0, height + 0.005), 0.022, 0.010, axis=2),
        box_corners((-bar / 2, -_FIN_WIDTH / 2, height + 0.004), (bar / 2, _FIN_WIDTH / 2, top)),
    )
    handle = Handle(tool_pose_down(0.0, 0.0, top - 0.010, np.pi / 2))
    travel = float(rng.uniform(1.3, 1.5))
    part = _part(rng, turning, "revolute", (0, 0, 0), (0, 0, 1), travel, 0.10, handle)
    sizes = {"length": length, "width": width, "height": height, "bar": bar}
    return Shape(_solid(body), body, _BODY_MASS_KG, sizes, "none", (), part)


def crank(rng: np.random.Generator, size: Size) -> Shape:
    """A box with a disc on top that turns about z by a peg near its rim.

    Dimensions: ``length``, ``width``, ``height`` (of the box), ``peg_radius`` (from the axis).
    """
    length, width, height = size.draw(rng)
    reach = float(rng.uniform(0.040, 0.048))
    x, y = length / 2, width / 2
    body = (
        box_corners((-x, -y, 0.0), (x, y, height)),
        box_corners((-x - 0.02, -y, 0.0), (-x, y * 0.2, height + 0.01)),
    )
    travel = float(rng.uniform(1.4, 1.6))
    start = -travel / 2
    peg = reach * np.array([np.cos(start), np.sin(start)])
    tall = 0.040
    disc_z = height + 0.006
    disc = _cylinder((0, 0, disc_z), reach + 0.012, 0.010, axis=2)
    turning = (
        disc,
        _cylinder((*peg, disc_z + 0.004 + tall / 2), 0.009, tall, axis=2),
    )
    tangent = np.array([-np.sin(start), np.cos(start)])
    z = disc_z + tall - 0.010
    handles = []
    for side in (-1.0, 1.0):
        p = peg + side * tangent * (0.009 + _HALF_FINGER + 0.002)
        handles.append(
            Handle(
                tool_pose_down(float(p[0]), float(p[1]), z, start),
                grips=False,
                approach_O=(*(side * tangent * 0.03), 0.06),
            )
        )
    part = _part(
        rng,
        turning,
        "revolute",
        (0, 0, 0),
        (0, 0, 1),
        travel,
        0.08,
        handles[0],
        backward=handles[1],
    )
    sizes = {"length": length, "width": width, "height": height, "peg_radius": reach}
    return Shape(_solid(body), body, _BODY_MASS_KG, sizes, "none", (), part)


def button(rng: np.random.Generator, size: Size) -> Shape:
    """A box with a round button on a spring.

    Dimensions: ``length``, ``width``, ``height`` (of the box), ``travel``.
    """
    length, width, height = size.draw(rng)
    travel = float(rng.uniform(0.012, 0.015))
    radius = float(rng.uniform(0.016, 0.022))
    x, y = length / 2, width / 2
    body = (
        box_corners((-x, -y, 0.0), (x, y, height)),
        box_corners((-x - 0.02, -y, 0.0), (-x, y * 0.3, height * 0.7)),
    )
    top = height + travel + 0.004
    cap = _cylinder((0, 0, (height - 0.01 + top) / 2), radius, top - height + 0.01, axis=2)
    touch = Handle(
        tool_pose_down(0.0, 0.0, top + _FINGER_BELOW_E, np.pi / 2), grips=False, approach_O=_AHEAD
    )
    part = _part(rng, (cap,), "prismatic", (0, 0, 0), (0, 0, -1), travel, 0.5, touch, spring=4.0)
    sizes = {"length": length, "width": width, "height": height, "travel": travel}
    return Shape(_solid(body), body, _BODY_MASS_KG, sizes, "none", (), part)


def zipper(rng: np.random.Generator, size: Size) -> Shape:
    """A plate with a rail, and on it a slider with a tab: open at -x, closed at +x.

    Dimensions: ``length``, ``width``, ``height`` (of the plate), ``travel``.
    """
    length, width, height = size.draw(rng)
    x, rail_y = length / 2, width * float(rng.uniform(0.15, 0.25))
    travel = length - 0.075
    rail_top = height + 0.008
    plate = (
        box_corners((-x, -width / 2, 0.0), (x, width / 2, height)),
        box_corners((-x, rail_y - 0.008, height - 0.001), (x, rail_y + 0.008, rail_top)),
    )
    start = -x + 0.035
    half = _FIN_WIDTH / 2
    tab = (
        box_corners(
            (start - 0.016, rail_y - 0.014, rail_top), (start + 0.016, rail_y + 0.014, 0.032)
        ),
        box_corners((start - 0.014, rail_y - half, 0.030), (start + 0.014, rail_y + half, 0.055)),
    )
    handle = Handle(tool_pose_down(start, rail_y, 0.045, np.pi / 2))
    part = _part(rng, tab, "prismatic", (0, 0, 0), (1, 0, 0), travel, _FRICTION_N, handle)
    sizes = {"length": length, "width": width, "height": height, "travel": travel}
    return Shape(_solid(plate), plate, _BODY_MASS_KG, sizes, "none", (), part)


def _part(
    rng: np.random.Generator,
    pieces: Sequence[FloatArray],
    kind: str,
    p_O: Sequence[float] | FloatArray,
    axis_O: Sequence[float],
    travel: float,
    friction: float,
    handle: Handle,
    *,
    backward: Handle | None = None,
    spring: float = 0.0,
) -> Mechanism:
    """A moving part made of convex pieces; its handle serves both ways unless another is given."""
    return Mechanism(
        mesh=_solid(pieces),
        collision_parts=tuple(pieces),
        mass_kg=0.10,
        albedo=draw_albedo(rng),
        kind="revolute" if kind == "revolute" else "prismatic",
        p_O=np.asarray(p_O, dtype=np.float64),
        axis_O=np.asarray(axis_O, dtype=np.float64),
        travel=travel,
        friction=friction,
        spring=spring,
        forward=(handle,),
        backward=(handle if backward is None else backward,),
    )


def _fin_along_x(x: float, y: float, z: float) -> FloatArray:
    """A fin that sticks out along +x from a front, for fingers that close along y."""
    half, out = _FIN_WIDTH / 2, _FIN_REACH + 0.018
    return box_corners((x, y - half, z - 0.012), (x + out, y + half, z + 0.012))


def _cylinder(center: Sequence[float], radius: float, length: float, axis: int) -> FloatArray:
    """Points of a cylinder's hull about an axis through a point."""
    angles = np.arange(_SIDES) * 2 * np.pi / _SIDES
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radius
    points = np.empty((2, _SIDES, 3))
    points[:, :, [k for k in range(3) if k != axis]] = circle
    points[0, :, axis], points[1, :, axis] = -length / 2, length / 2
    return np.asarray(points.reshape(-1, 3) + np.asarray(center, dtype=np.float64))


def _solid(pieces: Sequence[FloatArray]) -> TriangleMesh:
    return union([convex_hull(points) for points in pieces])


def _kinds(
    build: Callable[[np.random.Generator, Size], Shape], **sizes: Size
) -> dict[str, Builder]:
    """Categories of one build, each with its own proportions."""
    return {name: partial(_sized, build, size) for name, size in sizes.items()}


def _sized(
    build: Callable[[np.random.Generator, Size], Shape], size: Size, rng: np.random.Generator
) -> Shape:
    return build(rng, size)


DRAWERS: Final = _kinds(
    drawer,
    drawer=Size((0.13, 0.15), (0.13, 0.16), (0.070, 0.090)),
    dresser=Size((0.11, 0.13), (0.16, 0.19), (0.090, 0.110)),
)
DOORS: Final = _kinds(
    door,
    cabinet=Size((0.09, 0.11), (0.11, 0.13), (0.10, 0.12)),
    microwave=Size((0.10, 0.12), (0.15, 0.17), (0.08, 0.10)),
    safe=Size((0.11, 0.13), (0.11, 0.13), (0.09, 0.11)),
    fridge=Size((0.09, 0.10), (0.09, 0.11), (0.14, 0.16)),
)
LIDS: Final = _kinds(
    lid,
    chest=Size((0.10, 0.12), (0.12, 0.15), (0.050, 0.065)),
    laptop=Size((0.11, 0.13), (0.16, 0.19), (0.018, 0.024)),
    toolbox=Size((0.08, 0.10), (0.16, 0.19), (0.060, 0.075)),
    bin=Size((0.09, 0.11), (0.09, 0.11), (0.090, 0.110)),
)
FOLDS: Final = _kinds(
    folding,
    napkin=Size((0.080, 0.090), (0.014, 0.017), (0.060, 0.070)),
    towel=Size((0.090, 0.100), (0.018, 0.021), (0.080, 0.095)),
    shirt=Size((0.095, 0.105), (0.015, 0.018), (0.100, 0.115)),
    map=Size((0.070, 0.080), (0.012, 0.014), (0.050, 0.060)),
)
LEVERS: Final = _kinds(
    lever,
    switch=Size((0.07, 0.09), (0.06, 0.08), (0.035, 0.045)),
    lamp=Size((0.08, 0.10), (0.09, 0.11), (0.055, 0.070)),
    fan=Size((0.10, 0.12), (0.10, 0.12), (0.045, 0.055)),
    radio=Size((0.07, 0.09), (0.14, 0.17), (0.060, 0.075)),
)
LIGHTERS: Final = _kinds(
    lever,
    lighter=Size((0.055, 0.065), (0.045, 0.055), (0.070, 0.085)),
    lantern=Size((0.08, 0.09), (0.08, 0.09), (0.090, 0.105)),
    torch=Size((0.06, 0.07), (0.12, 0.15), (0.035, 0.045)),
)
KNOBS: Final = _kinds(
    knob,
    knob=Size((0.07, 0.09), (0.07, 0.09), (0.030, 0.040)),
    valve=Size((0.06, 0.07), (0.11, 0.14), (0.045, 0.060)),
    stove=Size((0.12, 0.14), (0.14, 0.17), (0.040, 0.050)),
    tap=Size((0.06, 0.07), (0.06, 0.07), (0.080, 0.100)),
)
CRANKS: Final = _kinds(
    crank,
    wheel=Size((0.11, 0.13), (0.11, 0.13), (0.030, 0.040)),
    crank=Size((0.09, 0.11), (0.13, 0.15), (0.050, 0.065)),
    dial=Size((0.12, 0.14), (0.15, 0.17), (0.040, 0.050)),
)
BUTTONS: Final = _kinds(
    button,
    button=Size((0.07, 0.09), (0.07, 0.09), (0.035, 0.045)),
    bell=Size((0.06, 0.07), (0.09, 0.11), (0.050, 0.065)),
    buzzer=Size((0.09, 0.11), (0.11, 0.13), (0.030, 0.040)),
    dispenser=Size((0.07, 0.08), (0.06, 0.07), (0.090, 0.110)),
)
ZIPPERS: Final = _kinds(
    zipper,
    zipper=Size((0.17, 0.20), (0.06, 0.08), (0.008, 0.012)),
    bag=Size((0.18, 0.20), (0.11, 0.13), (0.014, 0.018)),
    jacket=Size((0.20, 0.22), (0.14, 0.16), (0.008, 0.011)),
)

DEVICES: Final[Mapping[str, Builder]] = {
    **DRAWERS,
    **DOORS,
    **LIDS,
    **FOLDS,
    **LEVERS,
    **LIGHTERS,
    **KNOBS,
    **CRANKS,
    **BUTTONS,
    **ZIPPERS,
}
