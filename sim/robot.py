"""A robot in the simulator: its body, and the numbers of its joints and links."""

from itertools import pairwise

import numpy as np

from mt3.geometry import SE3
from mt3.types import FloatArray
from sim.kinematics import ChainKinematics
from sim.robots import RobotDescription
from sim.world import World

_FINGER_FRICTION = 1.2
_FINGER_SPINNING_FRICTION = 0.01


class SimRobot:
    """A robot's body in a world, shared by the arm and the gripper.

    Args:
        world: Gets the robot.
        description: Which robot it is.
        T_WB: Pose of its base.
    """

    def __init__(self, world: World, description: RobotDescription, T_WB: SE3) -> None:
        self.world = world
        self.description = description
        self.T_WB = T_WB
        self.T_W_root = T_WB @ description.T_B_root
        self.body = world.bullet.load_robot(description.urdf(), self.T_W_root)
        infos = world.bullet.joints(self.body)
        self.links = {info.link: info.index for info in infos}
        by_name = {info.name: info for info in infos}
        arm = [by_name[name] for name in description.arm_joints]
        self.arm_joints = [info.index for info in arm]
        self.finger_joints = [by_name[name].index for name in description.finger_joints]
        self.max_torque = np.array([info.max_force for info in arm])
        self.kinematics = self._read_kinematics(
            np.array([info.lower for info in arm]),
            np.array([info.upper for info in arm]),
            np.array([info.max_velocity for info in arm]),
        )
        self.T_flange_tool = self.link_pose(description.flange_link).inverse() @ self.tool_pose()
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
        return float(np.clip(joints.sum() / (2 * self.description.finger_travel_m), 0.0, 1.0))

    def link_pose(self, link: str) -> SE3:
        """Pose in W of a link's frame, by its name in the URDF."""
        return self.world.bullet.link_poses(self.body, [self.links[link]])[0]

    def tool_pose(self) -> SE3:
        """Pose of E in W."""
        return self.link_pose(self.description.tool_link)

    def link_poses(self) -> dict[str, SE3]:
        """Poses in W of all links but the fixed root, by name."""
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
            T_last_E=frames[-1].inverse() @ self.tool_pose(),
            lower=lower,
            upper=upper,
            max_velocity=max_velocity,
        )
