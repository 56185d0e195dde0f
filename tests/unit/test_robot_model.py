"""Kinematics, limits and shape of the arm."""

from pathlib import Path

import numpy as np
import pybullet_data
import pytest

from mt3.errors import ConfigurationError
from mt3.geometry import SE3, log_se3
from mt3.motion.robot_model import RobotModel

URDF = Path(pybullet_data.getDataPath()) / "franka_panda" / "panda.urdf"


def build(**changes):
    values = {
        "urdf": URDF,
        "joint_names": [f"panda_joint{k}" for k in range(1, 8)],
        "base_link": "panda_link0",
        "flange_link": "panda_link8",
        "T_flange_tool": SE3.identity(),
        "reference_joints": (0.0, -0.4, 0.0, -2.2, 0.0, 1.8, 0.785),
    }
    return RobotModel(**(values | changes))


def test_tool_points_down_in_the_home_posture(panda):
    T_BE = panda.forward(panda.reference_joints)
    np.testing.assert_allclose(T_BE.R @ [0, 0, 1], [0, 0, -1], atol=1e-3)
    np.testing.assert_allclose(T_BE.t, [0.434, 0.0, 0.437], atol=2e-3)


def test_jacobian_is_the_derivative_of_the_pose_in_E(panda):
    q = np.array([0.3, -0.5, 0.2, -1.9, 0.4, 1.7, -0.6])
    T_EB = panda.forward(q).inverse().matrix
    step = 1e-6
    columns = [log_se3(T_EB @ panda.forward(q + step * unit).matrix) / step for unit in np.eye(7)]
    np.testing.assert_allclose(panda.jacobian_E(q), np.stack(columns, axis=1), atol=1e-5)


def test_base_frame_is_the_named_link(panda):
    on_link1 = build(base_link="panda_link1", T_flange_tool=panda.T_flange_tool)
    q = np.zeros(7)
    lifted = panda.forward(q).t - on_link1.forward(q).t
    np.testing.assert_allclose(lifted, [0, 0, 0.333], atol=1e-6)


def test_limits_come_from_the_description_unless_given(panda):
    np.testing.assert_allclose(panda.upper[0], 2.9671)
    narrow = build(upper=np.full(7, 2.5), lower=np.full(7, -2.5))
    np.testing.assert_allclose(narrow.upper, 2.5)
    assert not narrow.within_limits(np.full(7, 2.6))


def test_folded_arm_touches_itself_and_home_does_not(panda):
    folded = np.array([0.0, 1.7, 0.0, -3.0, 0.0, 0.0, 0.0])
    assert panda.self_collides(folded)
    assert "panda_" in panda.describe_self_collision(folded)
    assert not panda.self_collides(panda.reference_joints)


def test_points_on_the_robot_are_told_from_points_beside_it(panda):
    q = panda.reference_joints
    in_hand, beside, below = panda.forward(q) @ np.array(
        [[0.0, 0.0, -0.1], [0.0, 0.3, -0.1], [0.0, 0.0, 0.05]]
    )
    points = np.array([in_hand, beside, [0.0, 0.0, 0.1], below])
    assert panda.contains(q, points, 0.02).tolist() == [True, False, True, False]
    assert panda.contains(q, points, 0.06).tolist() == [True, False, True, True]


def test_fingers_fill_their_whole_travel(panda):
    q = panda.reference_joints
    open_tip = panda.forward(q) @ np.array([[0, 0.04, -0.01], [0, -0.04, -0.01], [0, 0, -0.01]])
    assert panda.contains(q, open_tip, 0.003).all()


SHAPES = """<robot name="shapes">
  <link name="base"><collision><geometry><sphere radius="0.1"/></geometry></collision></link>
  <link name="arm">
    <collision><geometry><cylinder radius="0.1" length="0.4"/></geometry></collision>
  </link>
  <link name="hand"><collision><geometry><box size="0.2 0.4 0.6"/></geometry></collision></link>
  <joint name="turn" type="revolute">
    <parent link="base"/><child link="arm"/><origin xyz="1 0 0"/><axis xyz="0 0 1"/>
    <limit lower="-1" upper="1" effort="1" velocity="1"/>
  </joint>
  <joint name="end" type="fixed">
    <parent link="arm"/><child link="hand"/><origin xyz="1 0 0"/>
  </joint>
</robot>"""


def test_shapes_that_are_no_meshes_take_up_room_too(tmp_path):
    """A sphere at a UR's base ended in an AttributeError."""
    (tmp_path / "shapes.urdf").write_text(SHAPES)
    model = RobotModel(
        tmp_path / "shapes.urdf", ["turn"], "base", "hand", SE3.identity(), np.zeros(1)
    )
    inside = [[0.0, 0.0, 0.09], [1.0, 0.0, 0.19], [2.09, -0.19, 0.29]]
    outside = [[0.0, 0.0, 0.11], [1.0, 0.0, 0.21], [2.11, -0.19, 0.29], [2.0, 0.21, 0.0]]
    assert model.contains(np.zeros(1), np.array(inside), 0.0).all()
    assert not model.contains(np.zeros(1), np.array(outside), 0.0).any()


@pytest.mark.parametrize(
    "changes",
    [
        {"urdf": "nowhere.urdf"},
        {"joint_names": ["panda_joint9"]},
        {"joint_names": [f"panda_joint{k}" for k in range(7, 0, -1)]},
        {"flange_link": "flange"},
        {"lower": np.full(7, 3.0)},
        {"reference_joints": np.full(7, 2.0)},
    ],
)
def test_contradictions_are_refused(changes):
    with pytest.raises(ConfigurationError, match=r"expected|no file"):
        build(**changes)
