"""Plans around obstacles, and why there are none."""

import gc
import weakref

import numpy as np
import pytest

from mt3.errors import GeometryError, PlanningError
from mt3.geometry import SE3
from mt3.motion.clearance import Clearance
from mt3.motion.failure import PlanFailure
from mt3.motion.ik import solve_ik
from mt3.motion.obstacles import Obstacles, TableGrid
from mt3.motion.plan_query import PlanningRules
from mt3.motion.planner import MotionPlanner
from mt3.motion.timing import TimingLimits
from mt3.motion.tool_limits import ToolLimits

TABLE = TableGrid((-0.3, 0.9), (-0.6, 0.6))
T_WB = SE3.from_yaw(0.3, [0.02, -0.01, 0.0])
LIMITS = TimingLimits(0.8, 5.0, ToolLimits(0.5, 2.0, 2.0, 8.0))
DOWN = SE3.from_rotation_translation(np.diag([1.0, -1.0, -1.0]), np.zeros(3))
NOTHING = Obstacles.none(TABLE)


def pose(x, y, z, yaw=0.0):
    return SE3.from_translation([x, y, z]) @ SE3.from_yaw(yaw) @ DOWN


def descent(x, y, top_m, bottom_m, yaw=0.0):
    poses = np.tile(pose(x, y, top_m, yaw).matrix, (60, 1, 1))
    poses[:, 2, 3] = np.linspace(top_m, bottom_m, 60)
    return poses


def standing(rest=(), target=()):
    """Obstacles from blocks (x, y, half x, half y, height) in W."""
    layers = []
    for blocks in (rest, target):
        heights = np.zeros(TABLE.shape)
        x, y = np.meshgrid(*TABLE.centres(), indexing="ij")
        for cx, cy, a, b, height in blocks:
            heights[(np.abs(x - cx) <= a) & (np.abs(y - cy) <= b)] = height
        layers.append(heights)
    return Obstacles(TABLE, *layers)


@pytest.fixture(scope="module")
def planner(panda):
    return MotionPlanner(panda, T_WB, LIMITS, PlanningRules(search_budget=2000))


@pytest.fixture(scope="module")
def q_start(panda):
    T_BE = T_WB.inverse() @ pose(0.35, 0.0, 0.32)
    return solve_ik(panda, T_BE, panda.reference_joints, np.random.default_rng(0))[0]


def touches(panda, obstacles, q, held_p_E=None):
    checks = Clearance(panda, T_WB, obstacles, held_p_E, 0.0, tips_above_table=True)
    blocked = checks.links_blocked(q) or checks.tool_blocked(q) or checks.target_blocked(q)
    return panda.self_collides(q) or blocked


def test_free_scene_ends_at_the_bottleneck_and_can_go_on(panda, planner, q_start):
    reference = descent(0.5, 0.1, 0.2, 0.05)
    plan = planner.plan(q_start, [reference], NOTHING)
    np.testing.assert_allclose(plan.trajectory.joints[0], q_start)
    np.testing.assert_allclose(plan.trajectory.joints[-1], plan.q_bottleneck, atol=1e-9)
    assert SE3(plan.T_WE_path[-1]).is_close(SE3(reference[0]), 1e-4, 1e-4)
    end = T_WB @ panda.forward(plan.reference_joints[-1])
    assert end.is_close(SE3(reference[-1]), 1e-3, 1e-3)


def test_wall_between_is_gone_around(panda, planner, q_start):
    wall = standing(rest=[(0.5, 0.15, 0.12, 0.02, 0.3)])
    plan = planner.plan(q_start, [descent(0.5, 0.3, 0.15, 0.1)], wall)
    assert not any(touches(panda, wall, q) for q in plan.trajectory.joints)


def test_same_question_same_plan(planner, q_start):
    wall = standing(rest=[(0.5, 0.15, 0.12, 0.02, 0.3)])
    first, second = (planner.plan(q_start, [descent(0.5, 0.3, 0.15, 0.1)], wall) for _ in range(2))
    np.testing.assert_array_equal(first.trajectory.joints, second.trajectory.joints)
    np.testing.assert_array_equal(first.trajectory.t_s, second.trajectory.t_s)


def test_target_may_be_touched_near_the_bottleneck_only(panda, planner, q_start):
    target = standing(target=[(0.5, 0.1, 0.03, 0.03, 0.15)])
    plan = planner.plan(q_start, [descent(0.5, 0.1, 0.14, 0.1)], target)
    assert touches(panda, target, plan.q_bottleneck)
    goal = plan.T_WE_path[-1, :3, 3]
    far = np.linalg.norm(plan.T_WE_path[:, :3, 3] - goal, axis=1) > 0.12
    assert not any(touches(panda, target, q) for q in plan.trajectory.joints[far])


def test_approach_to_a_clear_bottleneck_passes_round_the_target(panda, planner, q_start):
    """It swept through the target wherever it was near, though it could go round it."""
    target = standing(target=[(0.5, 0.1, 0.02, 0.02, 0.15)])
    across = planner.plan(q_start, [descent(0.5, 0.04, 0.2, 0.19, np.pi / 2)], NOTHING)
    reference = descent(0.5, 0.16, 0.12, 0.1, np.pi / 2)
    plan = planner.plan(across.q_bottleneck, [reference], target)
    assert not any(touches(panda, target, q) for q in plan.trajectory.joints)


def test_other_choice_is_taken_where_the_first_is_blocked(planner, q_start):
    crowded = standing(rest=[(0.5, 0.3, 0.03, 0.03, 0.2)])
    references = [descent(0.5, 0.3, 0.15, 0.1), descent(0.5, 0.0, 0.15, 0.1)]
    assert planner.plan(q_start, references, crowded).choice == 1


def test_occupied_bottleneck_is_a_collision(planner, q_start):
    crowded = standing(rest=[(0.5, 0.1, 0.05, 0.05, 0.25)])
    with pytest.raises(PlanningError, match="obstacle") as caught:
        planner.plan(q_start, [descent(0.5, 0.1, 0.2, 0.18)], crowded)
    assert caught.value.reason == PlanFailure.COLLISION


def test_out_of_reach_is_named(planner, q_start):
    with pytest.raises(PlanningError, match="1 references") as caught:
        planner.plan(q_start, [descent(1.4, 0.0, 0.2, 0.1)], NOTHING)
    assert caught.value.reason == PlanFailure.NO_IK_SOLUTION


def test_reference_through_a_singular_posture_is_refused_before_moving(panda, q_start):
    """The safety gate would hold the arm there, in the middle of an interaction."""
    reference = descent(0.5, 0.1, 0.2, 0.1)
    planner = MotionPlanner(panda, T_WB, LIMITS, PlanningRules(max_condition=5.0))
    with pytest.raises(PlanningError, match="singular") as caught:
        planner.plan(q_start, [reference], NOTHING)
    assert caught.value.reason == PlanFailure.SINGULAR


def test_reference_that_leaves_the_reach_is_refused_before_moving(planner, q_start):
    away = np.tile(pose(0.5, 0.0, 0.3).matrix, (80, 1, 1))
    away[:, 0, 3] += np.linspace(0.0, 0.9, 80)
    with pytest.raises(PlanningError, match=r"pose \d+ of 80") as caught:
        planner.plan(q_start, [away], NOTHING)
    assert caught.value.reason in (PlanFailure.NO_IK_SOLUTION, PlanFailure.JOINT_LIMIT)


def test_search_that_ends_without_a_path_says_so(panda, q_start):
    planner = MotionPlanner(panda, T_WB, LIMITS, PlanningRules(search_budget=1, restarts=0))
    wall = standing(rest=[(0.5, 0.15, 0.12, 0.02, 0.3)])
    with pytest.raises(PlanningError, match="1 steps") as caught:
        planner.plan(q_start, [descent(0.5, 0.3, 0.15, 0.1)], wall)
    assert caught.value.reason == PlanFailure.NO_PATH


def test_held_object_is_kept_off_the_obstacles(panda, planner, q_start):
    block = standing(rest=[(0.5, 0.1, 0.06, 0.06, 0.14)])
    reference = [descent(0.5, 0.1, 0.2, 0.19)]
    planner.plan(q_start, reference, block)
    stick = np.array([[x, y, z] for x in (-0.01, 0.01) for y in (-0.01, 0.01) for z in (0, 0.12)])
    with pytest.raises(PlanningError, match="held object") as caught:
        planner.plan(q_start, reference, block, stick)
    assert caught.value.reason == PlanFailure.COLLISION


def test_tool_that_touches_something_at_the_start_may_leave_it(panda, planner, q_start):
    low = planner.plan(q_start, [descent(0.5, 0.1, 0.2, 0.05)], NOTHING).reference_joints[-1]
    beside = standing(rest=[(0.5, 0.1, 0.02, 0.02, 0.08)])
    plan = planner.plan_to_joints(low, q_start, beside)
    np.testing.assert_allclose(plan.trajectory.joints[-1], q_start, atol=1e-9)


def test_goal_under_the_table_is_a_collision(planner, q_start):
    with pytest.raises(PlanningError, match="table") as caught:
        planner.plan(q_start, [descent(0.5, 0.0, -0.02, -0.03)], NOTHING)
    assert caught.value.reason == PlanFailure.COLLISION


def test_flat_held_object_is_refused(planner, q_start):
    with pytest.raises(GeometryError, match="volume"):
        planner.plan(q_start, [descent(0.5, 0.0, 0.2, 0.1)], NOTHING, np.eye(3))


class Scene:
    """Stands for what a caller of the planner holds."""


def test_a_refused_plan_keeps_nothing_of_its_caller(planner, q_start) -> None:
    """Tracebacks of refused goals kept whole scenes until the garbage collector ran."""

    def ask() -> weakref.ref[Scene]:
        scene = Scene()
        with pytest.raises(PlanningError) as refused:
            planner.plan(q_start, [descent(0.5, 0.0, -0.05, -0.1)], NOTHING)
        assert refused.value.reason == PlanFailure.COLLISION
        del refused
        return weakref.ref(scene)

    gc.disable()
    try:
        assert ask()() is None
    finally:
        gc.enable()
