"""Each robot of the simulator: its frames, its gripper, and one setting that chooses it."""

import sys

import numpy as np
import pytest
from hydra.utils import instantiate
from kinematic_arm import DenavitHartenberg

from demos.cli.record import record_episode
from mt3.cli.assembly import build_workplace
from mt3.cli.run import run_trial
from mt3.errors import ConfigurationError
from mt3.geometry import SE3
from mt3.task import TaskDescription
from sim.robots import ROBOTS, robot_named
from sim.scene import PyBulletScene
from sim.workplace import build_model

ELBOW = np.arctan2(0.2845, 0.0535)
MAKERS_TABLES = {
    # Universal Robots, "DH parameters for calculations of kinematics and dynamics", UR5e.
    "ur5e": DenavitHartenberg(
        a=np.array([0.0, -0.425, -0.3922, 0.0, 0.0, 0.0]),
        d=np.array([0.1625, 0.0, 0.0, 0.1333, 0.0997, 0.0996]),
        alpha=np.array([1.0, 0.0, 0.0, 1.0, -1.0, 0.0]) * np.pi / 2,
        offset=np.zeros(6),
    ),
    # UFACTORY, "Kinematic and Dynamic Parameters", xArm 6.
    "xarm6": DenavitHartenberg(
        a=np.array([0.0, 0.0, np.hypot(0.2845, 0.0535), 0.0775, 0.0, 0.076]),
        d=np.array([0.267, 0.0, 0.0, 0.3425, 0.0, 0.097]),
        alpha=np.array([0.0, -1.0, 0.0, -1.0, 1.0, -1.0]) * np.pi / 2,
        offset=np.array([0.0, -ELBOW, ELBOW, 0.0, 0.0, 0.0]),
        modified=True,
    ),
}
TASK = "pick up the hammer"


@pytest.fixture(scope="module", params=ROBOTS)
def name(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def model(name):
    return build_model(name)


@pytest.fixture(scope="module")
def scene(name):
    return PyBulletScene(ROBOTS[name].T_WB, ROBOTS[name])


def draw_joints(model, count):
    rng = np.random.default_rng(0)
    return rng.uniform(model.lower + 0.1, model.upper - 0.1, (count, model.joint_count))


def test_planning_and_physics_know_the_same_arm(model, scene):
    """The description is read by two libraries that share no code."""
    kinematics = scene.sim_robot.kinematics
    for q in draw_joints(model, 20):
        assert model.forward(q).is_close(kinematics.forward(q), 2e-5, 2e-5)
        np.testing.assert_allclose(model.jacobian_E(q), kinematics.jacobian_E(q), atol=5e-5)
    assert model.T_flange_tool.is_close(scene.tool.T_flange_tool, 1e-6, 1e-6)
    np.testing.assert_allclose([model.lower, model.upper], [kinematics.lower, kinematics.upper])


@pytest.mark.parametrize("name", MAKERS_TABLES)
def test_base_and_flange_are_those_of_the_makers_controller(name):
    model = build_model(name)
    for q in draw_joints(model, 20):
        T_BE = SE3(MAKERS_TABLES[name].frames(q)[-1]) @ model.T_flange_tool
        assert model.forward(q).is_close(T_BE, 5e-5, 2e-5)  # the tables are rounded to 0.1 mm


def test_it_looks_down_at_the_table_with_the_fingers_apart_along_y(model, scene):
    assert np.allclose(scene.tool_pose().R, np.diag([1.0, -1.0, -1.0]), atol=1e-4)
    assert not model.self_collides(model.reference_joints)
    fingers = [hull.points for hull in model.chain.hulls if hull.movable]
    p_E = [model.chain.T_joint_E.inverse() @ points for points in fingers]
    travel_m = scene.sim_robot.description.finger_travel_m
    for points in p_E:
        assert points[:, 2].max() == pytest.approx(0.007, abs=1e-3)
        assert np.abs(points[:, 1]).max() > travel_m
        assert np.abs(points[:, 1]).min() < 1e-3


def test_its_fingers_are_as_far_apart_as_the_opening_says(scene):
    before = scene.save()
    robot, opening = scene.sim_robot, 0.03 / (2 * scene.sim_robot.description.finger_travel_m)
    with scene:
        scene.gripper.command(opening)
        scene.clock.sleep_until(scene.clock.now_s() + 1.5)
        left, right = robot.world.bullet.link_poses(robot.body, robot.finger_joints)
        assert (left.inverse() @ right).t[1] == pytest.approx(-0.03, abs=1e-3)
    scene.restore(before)


@pytest.mark.parametrize("name", ["ur5e", "xarm6"])
def test_one_demonstration_is_enough_for_it_too(name, configured_in, tmp_path):
    chosen = f"scene.robot={name}"
    record_episode(configured_in("record", TASK, tmp_path, "seed=0", "recorder=steady", chosen))
    cfg = configured_in("run", TASK, tmp_path, "seed=2", chosen)
    workplace = build_workplace(cfg)
    record = run_trial(workplace, TaskDescription.parse(TASK))
    assert record.success, record.reason
    assert record.robot == name


def test_demonstrations_of_another_robot_are_refused(configured):
    cfg = configured(TASK, "seed=2", "scene.robot=xarm6")
    record = run_trial(build_workplace(cfg), TaskDescription.parse(TASK))
    assert record.outcome == "failed"
    assert "franka_panda" in record.reason
    assert "xarm6" in record.reason


def test_one_setting_chooses_the_robot_everywhere(configured):
    cfg = configured(TASK, "scene.robot=ur5e")
    model, observation = instantiate(cfg.model), instantiate(cfg.observation, _convert_="all")
    assert model.joint_names == ROBOTS["ur5e"].arm_joints
    assert list(observation.observe_joints) == ROBOTS["ur5e"].observe_joints.tolist()
    assert instantiate(cfg.scene, _convert_="all").robot == "ur5e"


def test_an_unknown_robot_is_named_with_those_there_are():
    with pytest.raises(ConfigurationError, match="got 'ur10', expected one of panda, ur5e, xarm6"):
        robot_named("ur10")


def test_a_missing_description_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "airo_models", None)
    with pytest.raises(ConfigurationError, match=r"mt3-robot\[ur\]"):
        build_model("ur5e")
