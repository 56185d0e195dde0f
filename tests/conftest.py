"""Settings of every test: hypothesis draws the same examples in every run."""

import signal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pybullet_data
import pytest
from hypothesis import HealthCheck, settings

from mt3.errors import DeviceError
from mt3.geometry import SE3
from mt3.interfaces import ArmState
from mt3.motion.robot_model import RobotModel
from mt3.perception import RGBD, Intrinsics, ObjectView

# A shell's background job starts with Ctrl-C ignored, and so would all its children.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "repeatable",
    deadline=None,
    derandomize=True,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeatable")

HOME = (0.0, -0.4, 0.0, -2.2, 0.0, 1.8, 0.785)


@pytest.fixture(scope="session")
def panda() -> RobotModel:
    """The Panda, E between its finger tips."""
    return RobotModel(
        urdf=Path(pybullet_data.getDataPath()) / "franka_panda" / "panda.urdf",
        joint_names=[f"panda_joint{k}" for k in range(1, 8)],
        base_link="panda_link0",
        flange_link="panda_link8",
        T_flange_tool=SE3.from_yaw(-np.pi / 4, [0.0, 0.0, 0.105]),
        reference_joints=HOME,
    )


class KinematicArm:
    """An arm without mass: it moves exactly along the last twist while its clock advances."""

    def __init__(self, model: RobotModel, joints) -> None:
        self.model = model
        self.joints = np.array(joints, dtype=np.float64)
        self.t_s = 0.0
        self.state_age_s = 0.0
        self.twist = np.zeros(6)
        self.sent = []
        self.followed = []
        self.stops = 0
        self.connected = False

    def __enter__(self):
        self.connected = True
        return self

    def __exit__(self, *_):
        self.connected = False

    def now_s(self) -> float:
        return self.t_s

    def sleep_until(self, t_s: float) -> None:
        dt_s = t_s - self.t_s
        self.joints = self.joints + np.linalg.pinv(self.model.jacobian_E(self.joints)) @ (
            self.twist * dt_s
        )
        self.t_s = t_s

    def state(self) -> ArmState:
        T_BE = self.model.forward(self.joints)
        return ArmState(self.t_s - self.state_age_s, self.joints, T_BE, self.twist)

    def command_twist(self, V_BE_E) -> None:
        self.twist = np.array(V_BE_E)
        self.sent.append(self.twist)

    def follow(self, trajectory) -> None:
        self.followed.append(trajectory)
        self.joints = trajectory.joints[-1].copy()

    def stop(self) -> None:
        self.twist = np.zeros(6)
        self.stops += 1


class GuidedArm(KinematicArm):
    """One that a hand can move; the tests are the hand."""

    in_freedrive = False
    begins_badly = False
    ends_badly = False

    def begin_freedrive(self) -> None:
        self.in_freedrive = True
        if self.begins_badly:
            raise DeviceError("broke off half-way")

    def end_freedrive(self) -> None:
        if self.ends_badly:
            raise DeviceError("ends badly")
        self.in_freedrive = False


@pytest.fixture
def guided_arm(panda) -> GuidedArm:
    return GuidedArm(panda, HOME)


@pytest.fixture
def kinematic_arm(panda) -> KinematicArm:
    return KinematicArm(panda, HOME)


@pytest.fixture(scope="session")
def golden_pair() -> SimpleNamespace:
    """Two views of one object, its true motion, and the motion that was found when it was stored.

    Written by ``tests/golden/make_registration_pair.py``.
    """
    with np.load(Path(__file__).parent / "golden" / "registration_pair.npz") as stored:
        fields = dict(stored)
    intrinsics = Intrinsics(*fields["intrinsics"][:4], *fields["intrinsics"][4:].astype(int))

    def view(name: str) -> ObjectView:
        depth_m = (fields[f"depth_{name}"] * 1e-4).astype(np.float32)
        color = np.zeros((*depth_m.shape, 3), np.uint8)
        T_WC = SE3(fields["T_world_camera"])
        mask = np.unpackbits(fields[f"mask_{name}"]).reshape(depth_m.shape).astype(bool)
        return ObjectView(RGBD(color, depth_m, intrinsics, T_WC, 0.0, "front"), mask)

    return SimpleNamespace(
        demo=view("demo"),
        live=view("live"),
        truth=SE3(fields["D_world_true"]),
        found=SE3(fields["D_world_found"]),
    )


class Tabletop:
    """A camera over a table with balls and upright boxes on it, and what each pixel truly shows."""

    def __init__(self, width=320, height=240, tilt_rad=0.7) -> None:
        focal = width * 0.95
        self.intrinsics = Intrinsics(focal, focal, width / 2 - 0.5, height / 2 - 0.5, width, height)
        forward = np.array([-np.sin(tilt_rad), 0.0, -np.cos(tilt_rad)])
        right = np.array([0.0, 1.0, 0.0])
        R_WC = np.stack([right, np.cross(forward, right), forward], axis=1)
        self.T_WC = SE3.from_rotation_translation(R_WC, np.array([0.5, 0.0, 0.0]) - 0.8 * forward)

    def see(self, balls=(), boxes=(), noise_m=0.0, seed=0):
        """Image and labels, (H, W): 0 table, then balls and boxes in order.

        Args:
            balls: Centre and radius of each.
            boxes: Lower and upper corner of each.
            noise_m: Standard deviation of depth; with it, one reading in a hundred is lost.
            seed: Of the noise.
        """
        k = self.intrinsics
        v, u = np.mgrid[: k.height, : k.width].astype(float)
        rays_W = k.deproject(u, v, np.ones_like(u)) @ self.T_WC.R.T
        eye = self.T_WC.t
        depths = [-eye[2] / np.minimum(rays_W[..., 2], -1e-9)]
        for centre, radius in balls:
            offset = eye - np.array(centre)
            a, b = (rays_W**2).sum(-1), rays_W @ offset
            root = b**2 - a * (offset @ offset - radius**2)
            depths.append(np.where(root > 0, (-b - np.sqrt(np.maximum(root, 0))) / a, np.inf))
        for low, high in boxes:
            with np.errstate(divide="ignore", invalid="ignore"):
                sides = np.stack([(np.array(c) - eye) / rays_W for c in (low, high)])
            near, far = sides.min(axis=0).max(axis=-1), sides.max(axis=0).min(axis=-1)
            depths.append(np.where(near < far, near, np.inf))
        stack = np.stack(depths)
        labels, depth_m = stack.argmin(axis=0), stack.min(axis=0)
        if noise_m:
            rng = np.random.default_rng(seed)
            depth_m = depth_m + rng.normal(0.0, noise_m, depth_m.shape)
            depth_m[rng.uniform(size=depth_m.shape) < 0.01] = 0.0
        paint = np.array([(150, 130, 110), (200, 40, 30), (40, 60, 190), (30, 160, 60)], np.uint8)
        color = paint[np.where(labels == 0, 0, 1 + (labels - 1) % 3)]
        return RGBD(color, depth_m.astype(np.float32), k, self.T_WC, 0.0, "front"), labels


@pytest.fixture(scope="session")
def tabletop():
    """Makes a table under a camera; arguments are the image's size and the camera's tilt."""
    return Tabletop
