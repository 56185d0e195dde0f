"""Whether a controller is what the configuration says, and fit to be moved."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from hardware import ufactory_sdk
from hardware.arms.xarm_link import Mode, pose_from_mm_rpy
from mt3.errors import ConfigurationError, DeviceError
from mt3.geometry import SE3
from mt3.tool import ToolFrame
from mt3.types import FloatArray

# Axes and device type. Source: xarm-python-sdk 1.18.4, ``x_config.py`` and ``x3/base.py``.
MODELS = {"xarm6": (6, 6), "xarm7": (7, 7), "lite6": (6, 9), "uf850": (6, 12)}

_LEAST_FIRMWARE = (1, 9, 0)  # for joint velocities; the twist's time limit came with 1.8.0
_TCP_M, _TCP_RAD = 0.0005, 0.004
_PAYLOAD_KG, _CENTRE_OF_MASS_M = 0.05, 0.01
_LIMIT_RAD = 0.002  # descriptions round


def clear_errors(api: Any) -> None:  # noqa: ANN401
    """Clear the controller's error and warning, end its manual mode, and enable the motors.

    Raises:
        DeviceError: The controller refuses.
    """
    for what, call in (
        ("error", api.clean_error),
        ("warning", api.clean_warn),
        ("motors", api.motion_enable),
        ("mode", lambda: api.set_mode(int(Mode.POSITION))),
    ):
        code = call()
        if code != 1:  # the error is asked for below
            ufactory_sdk.require(api, code, f"clearing: {what}")
    ufactory_sdk.wait_for_report(api)
    ufactory_sdk.wait_for_report(api)


def require_fit(api: Any, model: str) -> None:  # noqa: ANN401
    """Refuse a controller that cannot be moved now, or is another arm's.

    Raises:
        ConfigurationError: It belongs to another arm.
        DeviceError: It has an error, its motors are off, or something else uses it.
    """
    if api.version_number < _LEAST_FIRMWARE:
        raise DeviceError(
            f"firmware: got {'.'.join(map(str, api.version_number))}, expected at least "
            f"{'.'.join(map(str, _LEAST_FIRMWARE))}; update it in UFACTORY Studio"
        )
    axes, device_type = MODELS[model]
    if (api.axis, api.device_type) != (axes, device_type):
        raise ConfigurationError(
            f"model: got {model} ({axes} axes, device type {device_type}), but the controller "
            f"drives {api.axis} axes, device type {api.device_type}; give the model of this arm"
        )
    ufactory_sdk.require_no_error(api)
    if api.is_simulation_robot:
        raise DeviceError(
            "controller: got a simulated robot, expected the real one; switch it in UFACTORY Studio"
        )
    off = [
        k + 1 for k in range(axes) if not (api.motor_enable_states[k] and api.motor_brake_states[k])
    ]
    if off:
        raise DeviceError(
            f"motors: got joints {off} switched off or braked, expected all on; enable the arm in "
            "UFACTORY Studio, or connect once with scene.arm.clear_errors=true"
        )
    _require_idle(api)


def require_tool(api: Any, tool: ToolFrame) -> None:  # noqa: ANN401
    """Refuse a controller that has another tool.

    Raises:
        ConfigurationError: Tool centre point, payload, or the base's frame differ.
    """
    T_flange_tool = pose_from_mm_rpy(api.tcp_offset)
    if not T_flange_tool.is_close(tool.T_flange_tool, _TCP_M, _TCP_RAD):
        raise ConfigurationError(
            f"TCP offset: the controller has {_describe(T_flange_tool)}, the configuration "
            f"{_describe(tool.T_flange_tool)}; set the one that is right in UFACTORY Studio "
            "(Settings, TCP settings) or in the configuration"
        )
    payload_kg, com_mm = api.tcp_load[0], np.array(api.tcp_load[1])
    apart_m = np.abs(com_mm / 1000.0 - np.array(tool.p_com_flange)).max()
    if abs(payload_kg - tool.payload_kg) > _PAYLOAD_KG or apart_m > _CENTRE_OF_MASS_M:
        raise ConfigurationError(
            f"payload: the controller has {payload_kg} kg at {com_mm.tolist()} mm, the "
            f"configuration {tool.payload_kg} kg at {[1000 * x for x in tool.p_com_flange]} mm; "
            "set the one that is right in UFACTORY Studio (Settings, TCP settings) or in the "
            "configuration"
        )
    T_world_base = pose_from_mm_rpy(api.world_offset)
    if not T_world_base.is_close(SE3.identity(), _TCP_M, _TCP_RAD):
        raise ConfigurationError(
            f"base coordinates: the controller has an offset of {_describe(T_world_base)}, "
            "expected none; clear it in UFACTORY Studio (Settings, Coordinate system)"
        )


def require_limits(api: Any, lower: FloatArray, upper: FloatArray) -> None:  # noqa: ANN401
    """Refuse joint limits wider than the arm's own.

    Raises:
        ConfigurationError: A joint's range is wider; the message names it and both ranges.
    """
    limits = ufactory_sdk.joint_limits(api.axis, api.device_type, api.sn or "")
    own = _narrowed(limits, api.reduced_joint_limits if api.is_reduced_mode else ())
    for k, (least, most) in enumerate(own):
        if lower[k] < least - _LIMIT_RAD or upper[k] > most + _LIMIT_RAD:
            raise ConfigurationError(
                f"joint {k + 1}: the arm turns from {least:.4f} to {most:.4f} rad, the "
                f"configuration says {lower[k]:.4f} to {upper[k]:.4f} rad; take the limits of "
                "this arm's description, or widen the controller's reduced mode"
            )


def _require_idle(api: Any) -> None:  # noqa: ANN401
    code, state = api.get_state()
    ufactory_sdk.require(api, code, "state")
    if state in (1, 3):
        doing = "moving" if state == 1 else "pausing in"
        raise DeviceError(
            f"controller: it is {doing} a program of somebody else, expected it idle; stop it in "
            "UFACTORY Studio, and close other clients"
        )
    if api.mode == Mode.MANUAL and state == 2:
        raise DeviceError(
            "controller: got manual mode, expected nobody to guide the arm by hand; end it in "
            "UFACTORY Studio, or connect once with scene.arm.clear_errors=true"
        )


def _narrowed(
    limits: Sequence[Sequence[float]], reduced: Sequence[Sequence[float]]
) -> list[tuple[float, float]]:
    if not reduced:
        return [(limit[0], limit[1]) for limit in limits]
    pairs = zip(limits, reduced, strict=False)  # the library always lists seven
    return [(max(a[0], b[0]), min(a[1], b[1])) for a, b in pairs]


def _describe(T: SE3) -> str:
    rotation_deg = np.rad2deg(T.as_twist()[3:])
    return f"{np.round(1000 * T.t, 1).tolist()} mm turned {np.round(rotation_deg, 1).tolist()} deg"
