"""Hollow objects: mug, pan and bowl. Fingers go inside, so their walls collide in segments."""

import numpy as np

from mt3.types import FloatArray
from sim.mesh import TriangleMesh, convex_hull, revolve, sweep, union
from sim.objects.grasp import across_x, around_wall
from sim.objects.shape import SECTIONS, Shape, frustum_hull, rounded_section, wall_hulls

_WALL_SEGMENTS = 12
_RIM_DEPTH_M = 0.016
_BOWL_DEPTH_M = 0.012  # deeper down the wall slants


def mug(rng: np.random.Generator) -> Shape:
    """A mug with a chunky handle along +x.

    Dimensions: ``rim_radius`` (outer), ``base_radius``, ``height``, ``wall``, ``floor``,
    ``handle_reach`` (from the axis to the handle's outermost point), ``handle_width`` (along y).
    """
    rim = rng.uniform(0.037, 0.044)
    height = rng.uniform(0.085, 0.105)
    base = rim * rng.uniform(0.86, 1.0)
    wall = rng.uniform(0.0042, 0.0055)
    floor = 0.006
    outer = [(base, 0.0), (rim, height)]
    inner = [(base - wall, floor), (rim - wall, height)]
    body = revolve([(0.0, 0.0), *outer, *reversed(inner), (0.0, floor)], SECTIONS)
    handle, handle_hulls, reach, width = _mug_handle(rng, base, rim, height, wall)
    walls = wall_hulls(outer, inner, _WALL_SEGMENTS)
    dimensions = {
        "rim_radius": rim,
        "base_radius": base,
        "height": height,
        "wall": wall,
        "floor": floor,
        "handle_reach": reach,
        "handle_width": width,
    }
    parts = (frustum_hull([(base, 0.0), (base, floor)], 16), *walls, *handle_hulls)
    mass = rng.uniform(0.18, 0.30)
    away_from_handle = np.deg2rad([105.0, 165.0, 195.0, 255.0])
    grasps = around_wall(rim - wall / 2, height - _RIM_DEPTH_M, away_from_handle)
    return Shape(union([body, handle]), parts, mass, dimensions, "none", grasps)


def _mug_handle(
    rng: np.random.Generator, base: float, rim: float, height: float, wall: float
) -> tuple[TriangleMesh, list[FloatArray], float, float]:
    """A bow from the lower to the upper wall: mesh, hulls, reach from the axis, width."""
    bow = rng.uniform(0.034, 0.042)
    width = rng.uniform(0.014, 0.018)
    thickness = rng.uniform(0.010, 0.012)
    z_low, z_high = height * rng.uniform(0.18, 0.26), height * rng.uniform(0.80, 0.86)
    angles = np.linspace(-np.pi / 2, np.pi / 2, 11)
    z = (z_low + z_high) / 2 + (z_high - z_low) / 2 * np.sin(angles)
    wall_x = base + (rim - base) * z / height - wall / 2
    x = wall_x + bow * np.cos(angles) ** 0.6
    path = np.stack([x, np.zeros_like(x), z], axis=1)
    mesh = sweep(rounded_section(width, thickness), path, np.ones(len(path)))
    rings = mesh.vertices.reshape(len(path), -1, 3)
    hulls = [rings[k : k + 3].reshape(-1, 3) for k in range(0, len(path) - 1, 2)]
    return mesh, hulls, float(mesh.vertices[:, 0].max()), width


def pan(rng: np.random.Generator) -> Shape:
    """A small frying pan with its handle along +x.

    Dimensions: ``rim_radius`` (outer), ``height``, ``wall``, ``floor``, ``handle_start_x``,
    ``handle_end_x``, ``handle_width`` (along y), ``handle_z`` (its axis), ``handle_thickness``.
    """
    rim = rng.uniform(0.060, 0.074)
    base = rim * rng.uniform(0.82, 0.92)
    height = rng.uniform(0.032, 0.042)
    wall, floor = 0.004, 0.005
    outer = [(base, 0.0), (rim, height)]
    inner = [(base - wall, floor), (rim - wall, height)]
    body = revolve([(0.0, 0.0), *outer, *reversed(inner), (0.0, floor)], SECTIONS)
    length, width = rng.uniform(0.100, 0.130), rng.uniform(0.018, 0.024)
    thickness = rng.uniform(0.013, 0.016)
    handle_z = height - thickness / 2
    start_x = base + (rim - base) * handle_z / height - wall / 2
    path = np.array([[start_x, 0.0, handle_z], [start_x + length, 0.0, handle_z]])
    handle = convex_hull(_bar(path, width, thickness))
    dimensions = {
        "rim_radius": rim,
        "height": height,
        "wall": wall,
        "floor": floor,
        "handle_start_x": rim,
        "handle_end_x": start_x + length,
        "handle_width": width,
        "handle_z": handle_z,
        "handle_thickness": thickness,
    }
    walls = wall_hulls(outer, inner, _WALL_SEGMENTS)
    parts = (frustum_hull([(base, 0.0), (base, floor)], 16), *walls, handle.vertices)
    grasps = across_x(rim + 0.030, 0.0, handle_z)
    mass = rng.uniform(0.15, 0.24)
    return Shape(union([body, handle]), parts, mass, dimensions, "none", grasps)


def _bar(path: FloatArray, width: float, thickness: float) -> FloatArray:
    """Corner points of a bar along x between two points, with rounded edges."""
    section = rounded_section(width, thickness)
    ring = np.column_stack([np.zeros(len(section)), section])
    return np.concatenate([end + ring for end in path])


def bowl(rng: np.random.Generator) -> Shape:
    """A round bowl whose wall is almost upright at the rim.

    Dimensions: ``rim_radius`` (outer), ``base_radius``, ``height``, ``wall``, ``floor``.
    """
    rim = rng.uniform(0.058, 0.072)
    base = rim * rng.uniform(0.45, 0.55)
    height = rng.uniform(0.045, 0.060)
    wall = rng.uniform(0.0042, 0.0055)
    floor = 0.006
    outer = _bowl_curve(base, rim, 0.0, height)
    inner = _bowl_curve(base - wall, rim - wall, floor, height)
    mesh = revolve([(0.0, 0.0), *outer, *reversed(inner), (0.0, floor)], SECTIONS)
    rings = [
        hull
        for k in (0, 3)
        for hull in wall_hulls(outer[k : k + 4], inner[k : k + 4], _WALL_SEGMENTS)
    ]
    dimensions = {
        "rim_radius": rim,
        "base_radius": base,
        "height": height,
        "wall": wall,
        "floor": floor,
    }
    parts = (frustum_hull([(base, 0.0), (base, floor)], 16), *rings)
    angles = np.deg2rad(np.arange(15.0, 360.0, 30.0))
    grasps = around_wall(rim - wall / 2, height - _BOWL_DEPTH_M, angles)
    return Shape(mesh, parts, rng.uniform(0.12, 0.25), dimensions, "full", grasps)


def _bowl_curve(base: float, rim: float, z_low: float, z_high: float) -> list[tuple[float, float]]:
    """Radius and height along a quarter of an ellipse from the base to the rim, 7 points."""
    angles = np.linspace(0.0, np.pi / 2, 7)
    r = base + (rim - base) * np.sin(angles)
    z = z_high - (z_high - z_low) * np.cos(angles)
    return [(float(a), float(b)) for a, b in zip(r, z, strict=True)]
