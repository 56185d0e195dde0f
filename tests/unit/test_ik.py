"""Inverse kinematics of one pose and of a path."""

from pathlib import Path

import numpy as np
import pybullet_data
import pytest

from mt3.errors import PlanningError
from mt3.geometry import SE3
from mt3.motion.failure import PlanFailure
from mt3.motion.ik import follow_poses, solve_ik
from mt3.motion.robot_model import RobotModel

DOWN = SE3.from_rotation_translation(np.diag([1.0, -1.0, -1.0]), np.zeros(3))


def grasp_pose(x, y, z, yaw=0.0):
    return SE3.from_translation([x, y, z]) @ SE3.from_yaw(yaw) @ DOWN


def test_solutions_reach_the_pose_within_the_limits_nearest_first(panda):
    T_BE = grasp_pose(0.5, 0.1, 0.2, 0.8)
    found = solve_ik(panda, T_BE, panda.reference_joints, np.random.default_rng(0), 0.02)
    assert len(found) > 2
    distances = [np.linalg.norm(q - panda.reference_joints) for q in found]
    assert distances == sorted(distances)
    for q in found:
        assert panda.forward(q).is_close(T_BE, 1e-4, 1e-4)
        assert panda.within_limits(q, 0.02)


def test_nearly_every_reachable_pose_is_solved(panda):
    rng = np.random.default_rng(1)
    lower, upper = panda.lower + 0.1, panda.upper - 0.1
    solved = 0
    for q in rng.uniform(lower, upper, (40, 7)):
        try:
            solve_ik(panda, panda.forward(q), panda.reference_joints, rng, solutions=1)
        except PlanningError:
            continue
        solved += 1
    assert solved >= 38


def test_same_seed_same_solutions(panda):
    T_BE = grasp_pose(0.6, -0.2, 0.1)
    first, second = (
        solve_ik(panda, T_BE, panda.reference_joints, np.random.default_rng(7)) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


def test_out_of_reach_has_no_solution(panda):
    with pytest.raises(PlanningError) as caught:
        solve_ik(panda, grasp_pose(1.5, 0.0, 0.2), panda.reference_joints, np.random.default_rng(0))
    assert caught.value.reason == PlanFailure.NO_IK_SOLUTION


def test_pose_behind_a_joint_limit_says_so(panda):
    q = panda.reference_joints
    stiff = RobotModel(
        urdf=Path(pybullet_data.getDataPath()) / "franka_panda" / "panda.urdf",
        joint_names=panda.joint_names,
        base_link="panda_link0",
        flange_link="panda_link8",
        T_flange_tool=panda.T_flange_tool,
        reference_joints=q,
        lower=q - 0.1,
        upper=q + 0.1,
    )
    with pytest.raises(PlanningError, match="panda_joint") as caught:
        solve_ik(stiff, grasp_pose(0.5, 0.3, 0.2), q, np.random.default_rng(0))
    assert caught.value.reason == PlanFailure.JOINT_LIMIT


def descent(count, depth_m):
    poses = np.tile(grasp_pose(0.5, 0.0, 0.25).matrix, (count, 1, 1))
    poses[:, 2, 3] -= np.linspace(0.0, depth_m, count)
    return poses


def test_followed_joints_stay_on_the_path_without_jumps(panda):
    poses = descent(180, 0.2)
    q = solve_ik(panda, SE3(poses[0]), panda.reference_joints, np.random.default_rng(0))[0]
    joints = follow_poses(panda, q, poses)
    assert joints.shape == (180, 7)
    assert np.abs(np.diff(joints, axis=0)).max() < 0.02
    for k in (0, 7, 93, 179):
        assert panda.forward(joints[k]).is_close(SE3(poses[k]), 5e-4, 1e-3)


def test_path_out_of_reach_is_reported_with_its_pose(panda):
    poses = descent(100, 0.0)
    poses[:, 0, 3] += np.linspace(0.0, 0.8, 100)
    q = solve_ik(panda, SE3(poses[0]), panda.reference_joints, np.random.default_rng(0))[0]
    with pytest.raises(PlanningError, match=r"pose \d+ of 100") as caught:
        follow_poses(panda, q, poses)
    assert caught.value.reason in (PlanFailure.NO_IK_SOLUTION, PlanFailure.JOINT_LIMIT)


def test_turning_without_end_meets_a_joint_limit(panda):
    turns = [grasp_pose(0.5, 0.0, 0.3, yaw).matrix for yaw in np.linspace(0.0, 7.0, 200)]
    q = solve_ik(panda, SE3(turns[0]), panda.reference_joints, np.random.default_rng(0))[0]
    with pytest.raises(PlanningError, match="panda_joint") as caught:
        follow_poses(panda, q, np.stack(turns))
    assert caught.value.reason == PlanFailure.JOINT_LIMIT
