"""Where a person would take hold of each category, from above."""

from collections.abc import Callable, Mapping

import numpy as np

from mt3.geometry import SE3
from sim.objects import ObjectModel
from sim.skills.skill import tool_pose_down, with_half_turns

_TURNS = 8
_LOWEST_E_M = 0.013  # finger tips reach 7 mm below E
_RIM_DEPTH_M = 0.016
_BOWL_DEPTH_M = 0.012  # deeper down the wall slants
_BODY_DEPTH_M = 0.028


def grasps_O(model: ObjectModel) -> list[SE3]:
    """Grasps ``T_OE`` of an object, all pointing down, half turns included."""
    return with_half_turns(_FAMILIES[model.category](model))


def _around(radius: float, z: float, angles: np.ndarray) -> list[SE3]:
    """Straddling a round wall, fingers closing across it."""
    return [tool_pose_down(radius * np.cos(a), radius * np.sin(a), z, float(a)) for a in angles]


def _mug(model: ObjectModel) -> list[SE3]:
    size = model.dimensions
    angles = np.deg2rad([105.0, 165.0, 195.0, 255.0])  # away from the handle at 0
    return _around(size["rim_radius"] - size["wall"] / 2, size["height"] - _RIM_DEPTH_M, angles)


def _bowl(model: ObjectModel) -> list[SE3]:
    size = model.dimensions
    angles = np.deg2rad(np.arange(15.0, 360.0, 30.0))
    return _around(size["rim_radius"] - size["wall"] / 2, size["height"] - _BOWL_DEPTH_M, angles)


def _upright(height: float) -> list[SE3]:
    """A round thing on the axis, taken near its top."""
    angles = np.arange(_TURNS) * np.pi / _TURNS
    return [tool_pose_down(0.0, 0.0, height - _BODY_DEPTH_M, float(a)) for a in angles]


def _bottle(model: ObjectModel) -> list[SE3]:
    size = model.dimensions
    neck = size["height"] - size["neck_z"]
    return _upright(size["height"] - 0.55 * neck + _BODY_DEPTH_M)


def _can(model: ObjectModel) -> list[SE3]:
    return _upright(model.dimensions["height"])


def _box(model: ObjectModel) -> list[SE3]:
    return [tool_pose_down(0.0, 0.0, model.dimensions["height"] - _BODY_DEPTH_M, np.pi / 2)]


def _pan(model: ObjectModel) -> list[SE3]:
    size = model.dimensions
    x = size["handle_start_x"] + 0.030
    return [tool_pose_down(x, 0.0, size["handle_z"], np.pi / 2)]


def _hammer(model: ObjectModel) -> list[SE3]:
    size = model.dimensions
    x = min(float(model.center_of_mass_O()[0]), size["handle_end_x"] - 0.025)
    z = max(size["handle_height"] / 2, _LOWEST_E_M)
    return [tool_pose_down(x, size["handle_y"], z, np.pi / 2)]


def _banana(model: ObjectModel) -> list[SE3]:
    size = model.dimensions
    return [tool_pose_down(size["bow_x"], 0.0, max(size["radius"], _LOWEST_E_M), 0.0)]


def _tray(model: ObjectModel) -> list[SE3]:
    size = model.dimensions
    x = size["handle_reach"] - 0.015
    return [tool_pose_down(x, 0.0, _LOWEST_E_M, np.pi / 2)]


_FAMILIES: Mapping[str, Callable[[ObjectModel], list[SE3]]] = {
    "mug": _mug,
    "pan": _pan,
    "bottle": _bottle,
    "bowl": _bowl,
    "box": _box,
    "hammer": _hammer,
    "can": _can,
    "banana": _banana,
    "tray": _tray,
}
