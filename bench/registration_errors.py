"""How far a registration is off, and which errors make it wrong."""

from collections.abc import Iterable

import numpy as np
from ambiguity import least_motion_m, surface_distance_m
from registration_pairs import Condition, Pair

from mt3.geometry import SE3, wrap_angle, yaw_of

SAME = {"yaw_deg": 5.0, "position_mm": 10.0, "surface_mm": 5.0}
OTHER = {"yaw_deg": 10.0, "position_mm": 15.0}
LIMITS = {"clean": SAME, "occluded": SAME, "imperfect": SAME, "instance": OTHER}
WRONG = {"yaw_deg": 10.0, "position_mm": 10.0, "surface_mm": 5.0}
SYMMETRY = (10.0, 0.003)  # from so many degrees on, some turn moves the surface less than metres
STRICT_SYMMETRY = (30.0, 0.0015)


def errors_of(D_W: SE3, pair: Pair) -> dict[str, float]:
    """How far a motion is off: yaw, the object's middle, the same on the level, its surface."""
    truth, vertices = pair.truth, pair.demo_model.mesh.vertices
    centre_W = pair.T_WO_demo @ ((vertices.min(axis=0) + vertices.max(axis=0)) / 2)
    off_m = D_W @ centre_W - truth @ centre_W
    T_OO = pair.T_WO_live.inverse() @ D_W @ pair.T_WO_demo
    return {
        "yaw_deg": abs(float(np.rad2deg(wrap_angle(yaw_of(D_W) - yaw_of(truth))))),
        "position_mm": 1e3 * float(np.linalg.norm(off_m)),
        "level_mm": 1e3 * float(np.linalg.norm(off_m[:2])),
        "surface_mm": 1e3 * surface_distance_m(pair.live_model.mesh, T_OO),
    }


def is_symmetric(pair: Pair, from_deg: float, below_m: float) -> bool:
    """Whether some turn of the live object hardly moves its surface."""
    return least_motion_m(pair.live_model.mesh, from_deg) < below_m


def is_wrong(errors: dict[str, float], names: Iterable[str], limits: dict[str, float]) -> bool:
    """Whether an answer is beyond what a trusted one must keep."""
    return any(errors[name] > max(WRONG[name], limits[name]) for name in names)


def judged_by(symmetric: bool, condition: Condition) -> tuple[str, ...]:
    """Which errors count; the surfaces of two instances differ anyway."""
    if not symmetric:
        return "yaw_deg", "position_mm"
    return ("position_mm",) if condition == "instance" else ("surface_mm",)
