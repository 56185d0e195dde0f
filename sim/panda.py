"""The Franka Panda in the simulator: names, indices and what its links are made of."""

from itertools import pairwise

import numpy as np

from mt3.geometry import SE3
from mt3.types import FloatArray
from sim.kinematics import ChainKinematics
from sim.world import World

ARM_JOINTS = tuple(f"panda_joint{k}" for k in range(1, 8))
FINGER_JOINTS = ("panda_finger_joint1", "panda_finger_joint2")
FLANGE_LINK = "panda_link8"
TOOL_LINK = "panda_grasptarget"
FINGER_TRAVEL_M = 0.04

# E at (0.30, 0, 0.32) in B, pointing straight down, fingers moving along y of B.
OBSERVE_JOINTS = np.array([0.0, -0.81337986, 0.0, -2.79586137, 0.0, 1.98248149, 0.78539816])

_FINGER_FRICTION = 1.2
_FINGER_SPINNING_FRICTION = 0.01


class Panda:
    """The robot's body in a world, shared by the arm and the gripper."""

    def __init__(self, world: World, T_WB: SE3) -> None:
        self.world = world
        self.T_WB = T_WB
        self.body = world.bullet.load_panda(T_WB)
        infos = world.bullet.joints(self.body)
        self.links = {info.link: info.index for info in infos}
        by_name = {info.name: info for info in infos}
        arm = [by_name[name] for name in ARM_JOINTS]
        self.arm_joints = [info.index for info in arm]
        self.finger_joints = [by_name[name].index for name in FINGER_JOINTS]
        self.max_torque = np.array([info.max_force for info in arm])
        self.kinematics = self._read_kinematics(
            np.array([info.lower for info in arm]),
            np.array([info.upper for info in arm]),
            np.array([info.max_velocity for info in arm]),
        )
        self.T_flange_tool = self.link_pose(FLANGE_LINK).inverse() @ self.link_pose(TOOL_LINK)
        for finger in self.finger_joints:
            world.bullet.change_dynamics(
                self.body,
                finger,
                lateralFriction=_FINGER_FRICTION,
                spinningFriction=_FINGER_SPINNING_FRICTION,
            )

    def opening(self) -> float:
        """Measured opening: sum of both fingers over their full travel."""
        joints, _ = self.world.bullet.joint_states(self.body, self.finger_joints)
        return float(np.clip(joints.sum() / (2 * FINGER_TRAVEL_M), 0.0, 1.0))

    def link_pose(self, link: str) -> SE3:
        """Pose in W of a link's frame, by its name in the URDF."""
        return self.world.bullet.link_poses(self.body, [self.links[link]])[0]

    def link_poses(self) -> dict[str, SE3]:
        """Poses in W of all links but the fixed base ``panda_link0``, by name."""
        poses = self.world.bullet.link_poses(self.body, list(self.links.values()))
        return dict(zip(self.links, poses, strict=True))

    def _read_kinematics(
        self, lower: FloatArray, upper: FloatArray, max_velocity: FloatArray
    ) -> ChainKinematics:
        bullet = self.world.bullet
        bullet.reset_joints(self.body, self.arm_joints, np.zeros(len(self.arm_joints)))
        frames = [self.T_WB, *bullet.link_poses(self.body, self.arm_joints)]
        local = [a.inverse() @ b for a, b in pairwise(frames)]
        return ChainKinematics(
            T_parent_link=np.stack([T.matrix for T in local]),
            T_last_E=frames[-1].inverse() @ self.link_pose(TOOL_LINK),
            lower=lower,
            upper=upper,
            max_velocity=max_velocity,
        )
