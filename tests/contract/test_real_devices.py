"""The contracts on real devices: those of a scene's configuration, named on the command line.

See docs/hardware.md. A real device has no back door. Joints and openings are those that it reports
itself; the pose of the tool is computed from the joints by the arm's description, and depth from
the table. So units, frames, signs and times are proven, and the person beside it sees the rest.
"""

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from device_contracts import ArmContract, CameraContract, GripperContract
from hydra import compose, initialize_config_module
from hydra.core.utils import setup_globals

from hardware.cameras.wrist_camera import WristCamera
from mt3.cli.assembly import build
from mt3.control.monotonic_clock import MonotonicClock
from mt3.errors import NotConnectedError
from mt3.interfaces import JointTrajectory

pytestmark = [pytest.mark.device, pytest.mark.alone, pytest.mark.usefixtures("priority")]

_RETURN_RAD_S = 0.3


class Devices:
    """What a configuration names, built anew for every test."""

    def __init__(self, scene: str, config_dir: str | None) -> None:
        typed = [f"scene={scene}", "task=push the box", "execute=true", "calibrations=unchecked"]
        if config_dir is not None:
            typed.append(f"hydra.searchpath=[file://{Path(config_dir).resolve()}]")
        setup_globals()
        with initialize_config_module("mt3.configs", version_base=None):
            self._cfg = compose("run", overrides=typed)
        self.model = build(self._cfg.model)
        self.tool, self.T_WB = build(self._cfg.tool), build(self._cfg.scene.T_WB)
        self.table_height_m = float(self._cfg.limits.table_height_m)

    def arm(self):
        limits = {"lower": self.model.lower.tolist(), "upper": self.model.upper.tolist()}
        return build(self._cfg.scene.arm)(tool=self.tool, clock=MonotonicClock(), **limits)

    def gripper(self):
        return build(self._cfg.scene.gripper)()

    def camera(self, arm):
        first = next(iter(self._cfg.scene.cameras.values()))
        return build(first)(arm=arm, T_WB=self.T_WB)


@pytest.fixture(scope="module")
def devices(request):
    option = request.config.getoption
    return Devices(option("device_scene"), option("config_dir"))


@pytest.fixture
def clock():
    return MonotonicClock()


class TestRealArm(ArmContract):
    max_age_s = 0.3
    lag_s = 0.05
    twist_slack = 0.05
    joint_slack_rad = 1e-3
    pose_slack = 5e-3

    @pytest.fixture
    def arm(self, devices):
        """Each test ends where it began: motions must not add up."""
        self.devices, self.driver = devices, devices.arm()
        start = self.true_joints()
        yield self.driver
        with devices.arm() as arm:
            joints = arm.state().joints
            u = np.linspace(0.0, 1.0, 100)[:, None]
            path = joints + (3 * u**2 - 2 * u**3) * (start - joints)
            duration_s = 0.2 + 1.5 * np.abs(start - joints).max() / _RETURN_RAD_S
            arm.follow(JointTrajectory(u[:, 0] * duration_s, path))

    def true_joints(self):
        try:
            return self.driver.state().joints
        except NotConnectedError:
            with self.devices.arm() as witness:
                return witness.state().joints

    def true_T_BE(self):
        return self.devices.model.forward(self.true_joints())


class TestRealGripper(GripperContract):
    full_width_m = 1.0  # openings are compared
    time_to_move_s = 3.0
    max_age_s = 0.5
    stop_slack_m = 0.1  # of openings, as old as the newest state

    @pytest.fixture
    def gripper(self, devices):
        self.driver = devices.gripper()
        return self.driver

    def true_width_m(self):
        return self.driver.state().opening


class TestRealCamera(CameraContract):
    """The table must be empty where the probes look."""

    depth_tolerance_m = 0.02

    @pytest.fixture
    def camera(self, devices):
        self.table_height_m = devices.table_height_m
        arm = devices.arm()
        camera = devices.camera(arm)
        with arm if isinstance(camera, WristCamera) else nullcontext():
            with camera:
                self.seen = camera.read(1.0)
            yield camera

    def true_T_WC(self):
        return self.seen.T_WC

    def true_depth_m(self, u, v):
        ray_C = self.seen.intrinsics.deproject(np.array(u), np.array(v), np.array(1.0))
        T_WC = self.seen.T_WC
        return (self.table_height_m - T_WC.t[2]) / (T_WC.R @ ray_C)[2]
