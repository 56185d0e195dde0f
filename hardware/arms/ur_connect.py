"""How a Universal Robots controller is connected: everything is checked before anything moves."""

import logging
import re
import socket

import numpy as np

from hardware.arms.ur_client import UrClient
from hardware.arms.ur_configuration import UrConfiguration, read_configuration
from hardware.arms.ur_link import UrLink
from hardware.arms.ur_pose import se3_from_ur
from hardware.arms.ur_receiver import UrReceiver
from hardware.arms.ur_status import program_runs, require_fit
from hardware.extra import import_extra
from mt3.errors import ConfigurationError, DeviceError, NotConnectedError
from mt3.tool import ToolFrame
from mt3.types import FloatArray

_log = logging.getLogger(__name__)

_RTDE_PORT = 30004
_PATIENCE_S = 2.0
_FASTEST = -1.0  # what ur_rtde takes for the rate of the series
_FIELDS = [
    "timestamp",
    "actual_q",
    "actual_TCP_pose",
    "actual_TCP_speed",
    "actual_TCP_force",
    "robot_mode",
    "robot_status_bits",
    "safety_status_bits",
    "payload",
    "payload_cog",
]
_TCP_M, _TCP_RAD = 0.0005, 0.005
_PAYLOAD_KG, _COG_M = 0.05, 0.005
_LIMIT_RAD = 0.001
_E_SERIES = 5  # major version of PolyScope
_DIMENSION_M = 0.002  # a calibrated arm differs from the table by about one millimetre


def connect(host: str, tool: ToolFrame, model: UrConfiguration, state_hz: float | None) -> UrLink:
    """Connect to a controller that fits the configuration and may move.

    Args:
        host: Its address.
        tool: The tool as the configuration has it.
        model: Joint limits and dimensions as the model has them.
        state_hz: How often the controller tells its state; None for as often as it can.

    Raises:
        NotConnectedError: Nothing answers there.
        ConfigurationError: The controller's arm or tool is another one.
        DeviceError: The robot may not move now, or cannot be told to.
    """
    _require_listening(host)
    rate_hz = _FASTEST if state_hz is None else state_hz
    receive = _receive_client(host, rate_hz)
    try:
        polyscope = _require_ready(host, tool, model, receive)
        control = _control_client(host, rate_hz)
    except BaseException:
        receive.drop()
        raise
    link = UrLink(host, UrReceiver(host, receive, _sensed_point(tool, polyscope)), control)
    try:
        require_same_tcp(host, tool, control.getTCPOffset())
        link.open()
    except BaseException:
        link.close()
        raise
    return link


def _require_ready(
    host: str, tool: ToolFrame, model: UrConfiguration, receive: UrClient
) -> tuple[int, int]:
    """Check all that can be checked before a program runs; tells the version of PolyScope."""
    require_fit(host, receive)
    polyscope = _require_remote(host)
    if program_runs(receive):
        raise DeviceError(
            f"{host}: a program is running on the controller, ours or somebody else's; stop it on "
            "the pendant, or close the other client"
        )
    require_same_arm(host, model, read_configuration(host))
    require_same_payload(host, tool, receive.getPayload(), receive.getPayloadCog())
    return polyscope


def require_same_arm(host: str, model: UrConfiguration, found: UrConfiguration) -> None:
    """Check joint count, joint limits and dimensions.

    The model's limits may be the narrower ones, never the wider.

    Raises:
        ConfigurationError: They differ.
    """
    n, expected = len(found.lower), len(model.lower)
    if n != expected:
        raise ConfigurationError(
            f"{host}: got a robot of {n} joints, expected {expected}; choose its own arm="
        )
    too_wide = np.maximum(found.lower - model.lower, model.upper - found.upper) > _LIMIT_RAD
    if too_wide.any():
        j = int(too_wide.argmax())
        raise ConfigurationError(
            f"{host}: got limits of joint {j + 1} of {found.lower[j]:.4f} to {found.upper[j]:.4f} "
            f"rad on the controller, expected them to include the model's {model.lower[j]:.4f} to "
            f"{model.upper[j]:.4f} rad; narrow the model's, or widen those on the pendant"
        )
    for name, got, wanted in (
        ("a", found.dh_a, model.dh_a),
        ("d", found.dh_d, model.dh_d),
    ):
        if np.abs(got - wanted).max() > _DIMENSION_M:
            raise ConfigurationError(
                f"{host}: got Denavit-Hartenberg {name} {got.round(4).tolist()} m on the "
                f"controller, expected {wanted.round(4).tolist()}; choose the robot's own arm="
            )


def require_same_payload(host: str, tool: ToolFrame, kg: float, p_com_flange: list[float]) -> None:
    """Check the mass of the tool and where it is.

    Raises:
        ConfigurationError: They differ.
    """
    offset_m = float(np.linalg.norm(np.subtract(p_com_flange, tool.p_com_flange)))
    if abs(kg - tool.payload_kg) > _PAYLOAD_KG or offset_m > _COG_M:
        raise ConfigurationError(
            f"{host}: got a payload of {kg:.3f} kg at {np.round(p_com_flange, 4).tolist()} m on "
            f"the controller, expected {tool.payload_kg:.3f} kg at {list(tool.p_com_flange)}; "
            "change it in the installation on the pendant, or the tool in the configuration"
        )


def require_same_tcp(host: str, tool: ToolFrame, pose: list[float]) -> None:
    """Check the tool centre point; six numbers of the controller.

    Raises:
        ConfigurationError: They differ.
    """
    found = se3_from_ur(pose)
    if not found.is_close(tool.T_flange_tool, _TCP_M, _TCP_RAD):
        raise ConfigurationError(
            f"{host}: got a tool centre point of {np.round(pose, 4).tolist()} on the controller "
            f"(m, rotation vector), {found.translation_to_m(tool.T_flange_tool) * 1e3:.1f} mm and "
            f"{found.angle_to_rad(tool.T_flange_tool):.3f} rad from the configuration's; change "
            "it in the installation on the pendant, or the tool in the configuration"
        )


def _require_listening(host: str) -> None:
    try:
        socket.create_connection((host, _RTDE_PORT), _PATIENCE_S).close()
    except OSError as error:
        raise NotConnectedError(
            f"{host}:{_RTDE_PORT}: nothing answers ({error}); check the address, the cable, that "
            "the controller is on, and that RTDE is allowed under Settings, Security, Services"
        ) from error


def _receive_client(host: str, rate_hz: float) -> UrClient:
    module = import_extra("rtde_receive", "ur")
    try:
        receive = UrClient(module.RTDEReceiveInterface(host, rate_hz, _FIELDS))
    except RuntimeError as error:
        raise NotConnectedError(f"{host}: RTDE does not work ({error})") from error
    if not receive.isConnected():
        receive.drop()
        raise NotConnectedError(f"{host}: RTDE was closed at once; restart the controller")
    return receive


def _sensed_point(tool: ToolFrame, polyscope: tuple[int, int]) -> FloatArray:
    """Point of E about which the controller tells the torque on the tool, (3,), metres.

    Source: Universal Robots, *Script manual* of the e-Series, ``get_tcp_force``: about the flange.
    That a CB3 tells it about the tool centre point is said by their ROS driver's users only.
    """
    return tool.T_flange_tool.inverse().t if polyscope[0] >= _E_SERIES else np.zeros(3)


def _require_remote(host: str) -> tuple[int, int]:
    """Check that the robot obeys the network, and tell the version of its PolyScope.

    Source: Universal Robots, "Dashboard server e-Series": asked for since PolyScope 5.6; a CB3 has
    no local mode.
    """
    dashboard = import_extra("dashboard_client", "ur").DashboardClient(host)
    try:
        dashboard.connect()
        text = dashboard.polyscopeVersion()
        found = re.match(r"(\d+)\.(\d+)", text)
        version = (int(found[1]), int(found[2])) if found else None
        asked = version is not None and (5, 6) <= version < (6, 0)
        remote = not asked or dashboard.isInRemoteControl()
        dashboard.disconnect()
    except RuntimeError as error:
        raise NotConnectedError(
            f"{host}: the dashboard server does not answer ({error}); allow it on the pendant "
            "under Settings, Security, Services"
        ) from error
    if version is None:
        raise DeviceError(
            f"{host}: got {text!r} as the version of PolyScope, expected numbers; is this the "
            "controller of a CB3 or e-Series robot?"
        )
    if not remote:
        raise DeviceError(
            f"{host}: the robot is in local mode; choose Remote Control at the top right of the "
            "pendant (allow it once under Settings, System, Remote Control)"
        )
    return version


def _control_client(host: str, rate_hz: float) -> UrClient:
    interface = import_extra("rtde_control", "ur").RTDEControlInterface
    flags = interface.FLAG_UPLOAD_SCRIPT | interface.FLAG_NO_EXT_FT
    try:
        return UrClient(interface(host, rate_hz, flags))
    except RuntimeError as error:
        raise DeviceError(
            f"{host}: the control program did not start ({error}); look for a message on the "
            "pendant, and switch off EtherNet/IP, PROFINET, MODBUS and other RTDE clients, which "
            "take the same registers"
        ) from error
