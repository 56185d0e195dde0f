"""Objects grasped from outside: bottle, can, box, hammer and banana."""

import numpy as np

from sim.mesh import TriangleMesh, box_corners, convex_hull, revolve, sweep, union
from sim.objects.grasp import LOWEST_E_M, across_x, on_axis, tool_pose_down
from sim.objects.shape import SECTIONS, Shape, frustum_hull, rounded_section

_HULL_SECTIONS = 20
_BODY_DEPTH_M = 0.028  # how far below its top a body is taken


def bottle(rng: np.random.Generator) -> Shape:
    """A bottle with a neck that fingers can close on from above.

    Dimensions: ``body_radius``, ``body_height``, ``neck_radius``, ``neck_z`` (where the neck
    begins), ``height``.
    """
    body = rng.uniform(0.026, 0.032)
    body_height = rng.uniform(0.075, 0.100)
    neck = rng.uniform(0.012, 0.015)
    neck_z = body_height + rng.uniform(0.018, 0.032)
    height = neck_z + rng.uniform(0.038, 0.048)
    bevel = 0.003
    barrel = [(body - bevel, 0.0), (body, bevel), (body, body_height)]
    spout = [(neck, neck_z), (neck, height)]
    mesh = revolve([(0.0, 0.0), *barrel, *spout, (0.0, height)], SECTIONS)
    parts = (
        frustum_hull(barrel, _HULL_SECTIONS),
        frustum_hull([barrel[-1], spout[0]], _HULL_SECTIONS),
        frustum_hull(spout, _HULL_SECTIONS),
    )
    dimensions = {
        "body_radius": body,
        "body_height": body_height,
        "neck_radius": neck,
        "neck_z": neck_z,
        "height": height,
    }
    grasps = on_axis(height - 0.55 * (height - neck_z))
    return Shape(mesh, parts, rng.uniform(0.12, 0.30), dimensions, "full", grasps)


def can(rng: np.random.Generator) -> Shape:
    """An upright cylinder with bevelled edges.

    Dimensions: ``radius``, ``height``.
    """
    radius = rng.uniform(0.026, 0.032)
    height = rng.uniform(0.080, 0.120)
    bevel = 0.003
    side = [(radius - bevel, 0.0), (radius, bevel), (radius, height - bevel)]
    profile = [*side, (radius - bevel, height)]
    mesh = revolve([(0.0, 0.0), *profile, (0.0, height)], SECTIONS)
    parts = (frustum_hull(profile, _HULL_SECTIONS),)
    dimensions = {"radius": radius, "height": height}
    grasps = on_axis(height - _BODY_DEPTH_M)
    return Shape(mesh, parts, rng.uniform(0.15, 0.35), dimensions, "full", grasps)


def box(rng: np.random.Generator) -> Shape:
    """A cuboid with three different sides.

    Dimensions: ``length`` (along x, the longest), ``width`` (along y, graspable), ``height``.
    """
    length = rng.uniform(0.100, 0.140)
    width = rng.uniform(0.040, 0.055)
    height = rng.uniform(0.065, 0.085)
    corners = box_corners((-length / 2, -width / 2, 0.0), (length / 2, width / 2, height))
    dimensions = {"length": length, "width": width, "height": height}
    mass = rng.uniform(0.12, 0.30)
    grasps = across_x(0.0, 0.0, height - _BODY_DEPTH_M)
    return Shape(convex_hull(corners), (corners,), mass, dimensions, "2-fold", grasps)


def hammer(rng: np.random.Generator) -> Shape:
    """A hammer lying flat: handle along x, head at its +x end, striking face towards +y.

    Dimensions: ``handle_start_x``, ``handle_end_x`` (at the head), ``handle_width`` (along y),
    ``handle_height``, ``head_length`` (along y), ``head_width`` (along x), ``head_height``.
    """
    length, width = rng.uniform(0.140, 0.180), rng.uniform(0.022, 0.030)
    handle_height = rng.uniform(0.022, 0.027)
    head_width, head_height = rng.uniform(0.026, 0.034), rng.uniform(0.028, 0.034)
    face, claw = rng.uniform(0.038, 0.046), rng.uniform(0.055, 0.068)
    left = -(length + head_width) / 2
    head_x = left + length
    section = rounded_section(width, handle_height) + np.array([0.0, handle_height / 2])
    handle = np.concatenate(
        [np.column_stack([np.full(len(section), x), section]) for x in (left, head_x + 0.002)]
    )
    block = box_corners((head_x, -0.020, 0.0), (head_x + head_width, face, head_height))
    claw_root = box_corners((head_x, -0.020, 0.0), (head_x + head_width, -0.018, head_height))
    tip_x = head_x + head_width * 0.3
    claw_tip = box_corners((tip_x, -claw, 0.0), (tip_x + 0.010, -claw + 0.002, head_height * 0.5))
    prongs = np.concatenate([claw_root, claw_tip])
    middle = np.array([0.0, (face - claw) / 2, 0.0])
    parts = tuple(points - middle for points in (handle, block, prongs))
    dimensions = {
        "handle_start_x": left,
        "handle_end_x": head_x,
        "handle_y": -float(middle[1]),
        "handle_width": width,
        "handle_height": handle_height,
        "head_length": face + claw,
        "head_width": head_width,
        "head_height": head_height,
    }
    mesh = union([convex_hull(points) for points in parts])
    grasp_x = min(float(mesh.center_of_mass()[0]), head_x - 0.025)
    grasps = across_x(grasp_x, -float(middle[1]), handle_height / 2)
    return Shape(mesh, parts, rng.uniform(0.15, 0.30), dimensions, "none", grasps)


def banana(rng: np.random.Generator) -> Shape:
    """A curved tube lying flat, thick in the middle, with a thin stem at its +y end.

    The bow's middle is at +x, its ends at -x. Dimensions: ``radius`` (of the tube), ``bow_x``
    (x of the tube's axis at the middle of the bow), ``bend_radius``, ``length`` (along y).
    """
    radius = rng.uniform(0.0155, 0.0190)
    bend, half_angle = rng.uniform(0.085, 0.115), rng.uniform(0.75, 0.95)
    angles = np.linspace(-half_angle, half_angle, 19)
    along = angles / half_angle
    scale = np.clip(1.0 - np.abs(along) ** 5 * np.where(along < 0, 0.62, 0.72), 0.0, 1.0)
    path = np.stack([bend * np.cos(angles), bend * np.sin(angles), 0 * angles], axis=1)
    tube = sweep(rounded_section(2 * radius, 2 * radius, 12), path, scale)
    offset = -(tube.vertices.min(axis=0) + tube.vertices.max(axis=0)) / 2
    rings = (tube.vertices + offset).reshape(len(path), -1, 3)
    rings[:, :, 2] += radius * scale[:, None]  # thinner ends lie on the table, too
    mesh = TriangleMesh(rings.reshape(-1, 3), tube.faces)
    parts = tuple(rings[k : k + 4].reshape(-1, 3) for k in range(0, len(path) - 1, 3))
    dimensions = {
        "radius": radius,
        "bow_x": bend + float(offset[0]),
        "bend_radius": bend,
        "length": float(np.ptp(mesh.vertices[:, 1])),
    }
    grasps = (tool_pose_down(dimensions["bow_x"], 0.0, max(radius, LOWEST_E_M), 0.0),)
    return Shape(mesh, parts, rng.uniform(0.10, 0.18), dimensions, "none", grasps)
