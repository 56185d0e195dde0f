"""Objects that others are placed on: the tray."""

import numpy as np

from sim.mesh import box_corners, convex_hull, union
from sim.objects.grasp import LOWEST_E_M, across_x
from sim.objects.shape import Shape


def tray(rng: np.random.Generator) -> Shape:
    """A slab with a low rim and a broad handle at its +x end.

    Dimensions: ``length`` (along x, without the handle), ``width`` (along y), ``floor``,
    ``rim_height`` (above the table), ``rim_width``, ``handle_reach`` (from the origin to the
    handle's end), ``handle_width`` (along y).
    """
    length, width = rng.uniform(0.205, 0.235), rng.uniform(0.130, 0.150)
    floor, rim_height = rng.uniform(0.005, 0.007), rng.uniform(0.014, 0.018)
    rim_width = 0.006
    reach, grip = length / 2 + rng.uniform(0.035, 0.045), rng.uniform(0.055, 0.070)
    x, y = length / 2, width / 2
    overlap = 0.001
    corners = (
        box_corners((-x, -y, 0.0), (x, y, floor)),
        box_corners((-x, -y, 0.0), (x, -y + rim_width, rim_height)),
        box_corners((-x, y - rim_width, 0.0), (x, y, rim_height)),
        box_corners((-x, -y, 0.0), (-x + rim_width, y, rim_height)),
        box_corners((x - rim_width, -y, 0.0), (x, y, rim_height)),
        box_corners((x - overlap, -grip / 2, 0.0), (reach, grip / 2, rim_height)),
    )
    dimensions = {
        "length": length,
        "width": width,
        "floor": floor,
        "rim_height": rim_height,
        "rim_width": rim_width,
        "handle_reach": reach,
        "handle_width": grip,
    }
    mesh = union([convex_hull(points) for points in corners])
    grasps = across_x(reach - 0.015, 0.0, LOWEST_E_M)
    return Shape(mesh, corners, rng.uniform(0.30, 0.40), dimensions, "none", grasps)
