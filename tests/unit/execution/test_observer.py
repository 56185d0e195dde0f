"""What the observer looks at, does first, and refuses; the arm is a ball, the table a plane."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from fake_rig import demonstrate

from mt3.demonstration import UNKNOWN_ROBOT
from mt3.errors import ConfigurationError, ImageError, PlanningError, SegmentationError
from mt3.execution.observer import ObservationRules, Observer
from mt3.geometry import SE3
from mt3.interfaces import ArmState, GripperState
from mt3.motion.obstacles import ObstacleRules, TableGrid
from mt3.perception import RGBD, Intrinsics
from mt3.tool import ToolFrame

CAMERA = Intrinsics(160.0, 160.0, 79.5, 59.5, 160, 120)
T_WC = SE3.from_rotation_translation(np.diag([1.0, -1.0, -1.0]), (0.5, 0.0, 0.8))
AWAY, IN_THE_WAY = np.array([0.0, -0.55, 0.2]), np.array([0.55, 0.0, 0.2])
BALL_M, HELD_M = 0.06, 0.03
TOOL = ToolFrame(SE3.identity(), "hand", 0.7, (0.0, 0.0, 0.0))


class BallWorld:
    """Scene, arm, model, planner, camera and segmenter of an arm that is a ball at its joints."""

    robot, backend, tool, T_WB = "panda", "sim", TOOL, SE3.identity()
    name = "fake"

    def __init__(self, joints=AWAY, tilt_rad=0.0, height_m=0.0) -> None:
        self.joints = joints
        self.tilt_rad, self.height_m = tilt_rad, height_m
        self.fingers = GripperState(0.0, 1.0, 1.0)
        self.held_p_E = np.zeros((0, 3))
        self.reads, self.segmented, self.planned, self.followed = 0, [], [], []
        self.arm = SimpleNamespace(
            state=lambda: ArmState(0.0, self.joints, SE3.from_translation(self.joints), [0.0] * 6),
            follow=self._follow,
        )
        self.gripper = SimpleNamespace(state=lambda: self.fingers)
        self.cameras = {"front": self}
        self.model = self
        self.observer = self.watching(AWAY)

    def watching(self, observe_joints):
        """An observer with this observe pose."""
        table = TableGrid((-0.1, 1.1), (-0.6, 0.6))
        return Observer(
            scene=self,
            arm=self.arm,
            model=self,
            planner=self,
            segmenter=self,
            obstacle_rules=ObstacleRules(table),
            rules=ObservationRules(observe_joints=tuple(observe_joints)),
        )

    # the camera: a plane, one box on it, and the ball with what it holds
    def read(self, _max_age_s):
        self.reads += 1
        v, u = np.mgrid[:120, :160].astype(float)
        rays_W = CAMERA.deproject(u, v, np.ones_like(u)) @ T_WC.R.T
        normal = np.array([np.sin(self.tilt_rad), 0.0, np.cos(self.tilt_rad)])
        on_table = np.array([0.5, 0.0, self.height_m])
        depth_m = ((on_table - T_WC.t) @ normal) / (rays_W @ normal)
        depth_m[40:50, 60:75] -= 0.06
        solid = [(self.joints, BALL_M), *((self.joints + p, HELD_M) for p in self.held_p_E)]
        for centre, radius in solid:
            offset = T_WC.t - centre
            a, b = (rays_W**2).sum(-1), rays_W @ offset
            root = b**2 - a * (offset @ offset - radius**2)
            hit = np.where(root > 0, (-b - np.sqrt(np.maximum(root, 0))) / a, np.inf)
            depth_m = np.minimum(depth_m, hit)
        color = np.zeros((120, 160, 3), np.uint8)
        return RGBD(color, depth_m.astype(np.float32), CAMERA, T_WC, 0.0, "front")

    # the segmenter
    def segment(self, rgbd, object_name):
        self.segmented.append(object_name)
        mask = np.zeros(rgbd.depth_m.shape, np.bool_)
        mask[40:50, 60:75] = True
        return mask

    # the model
    shoulder_radius_m = 0.0

    def forward(self, joints):
        return SE3.from_translation(joints)

    def contains(self, joints, p_B, margin_m):
        return np.linalg.norm(p_B - joints, axis=-1) < BALL_M + margin_m

    # the planner
    def plan_to_joints(self, q_start, q_goal, _obstacles, held_p_E):
        self.planned.append((q_start, q_goal, held_p_E))
        return SimpleNamespace(trajectory=q_goal)

    def _follow(self, trajectory) -> None:
        self.followed.append(trajectory)
        self.joints = np.array(trajectory)


def holding(world):
    world.fingers = GripperState(0.0, 0.4, 0.0)
    world.held_p_E = np.array([[0.0, 0.08, 0.0], [0.02, 0.08, 0.0], [-0.02, 0.08, 0.0]])
    return world


def test_the_object_is_found_by_its_name():
    world = BallWorld()
    (seen,) = world.observer.observe("red mug")
    assert world.segmented == ["red mug"]
    assert world.observer.segmenter_name == "fake"
    assert seen.view.mask.sum() == 150
    assert seen.held_p_E is None
    assert np.allclose(seen.joints, AWAY)
    assert not world.followed
    assert world.reads == 1


def test_an_arm_that_hides_the_workplace_first_goes_to_the_observe_pose():
    world = BallWorld(joints=IN_THE_WAY)
    (seen,) = world.observer.observe("mug")
    ((start, goal, held),) = world.planned
    assert np.allclose(start, IN_THE_WAY)
    assert np.allclose(goal, AWAY)
    assert held is None
    assert len(world.followed) == 1
    assert world.reads == 2
    assert np.allclose(seen.joints, AWAY)
    p_W = seen.view.rgbd.points_W(np.ones((120, 160), np.bool_))
    assert np.linalg.norm(p_W - IN_THE_WAY, axis=1).min() > BALL_M


def test_an_arm_that_cannot_get_out_of_the_way_is_not_moved():
    world = BallWorld(joints=IN_THE_WAY)

    def no_way(*_):
        raise PlanningError("no way", "no_path")

    world.plan_to_joints = no_way
    with pytest.raises(PlanningError):
        world.observer.observe("mug")
    assert not world.followed


def test_an_arm_that_hides_the_workplace_at_the_observe_pose_too_is_refused():
    """The object was then searched for behind the arm."""
    world = BallWorld(joints=IN_THE_WAY)
    world.observer = world.watching(IN_THE_WAY + np.array([0.0, 0.05, 0.0]))
    with pytest.raises(ImageError, match="observe_joints"):
        world.observer.observe("mug")
    assert not world.segmented


def test_a_camera_out_of_place_is_refused_before_the_arm_moves():
    """The arm went round obstacles that were not where the camera's pose had put them."""
    world = BallWorld(joints=IN_THE_WAY, tilt_rad=np.deg2rad(3.0))
    with pytest.raises(ImageError, match="tilted"):
        world.observer.observe("mug")
    assert not world.followed


def test_an_arm_that_hides_the_table_too_first_goes_away():
    world = BallWorld(joints=IN_THE_WAY)
    read = world.read

    def only_the_arm(max_age_s):
        rgbd = read(max_age_s)
        far = rgbd.depth_m > 0.7
        return rgbd if world.followed else replace(rgbd, depth_m=np.where(far, 0.0, rgbd.depth_m))

    world.read = only_the_arm
    world.observer.observe("mug")
    assert len(world.followed) == 1


@pytest.mark.parametrize("tilt_deg", [-3.0, 3.0])
def test_a_tilted_table_is_refused(tilt_deg):
    world = BallWorld(tilt_rad=np.deg2rad(tilt_deg))
    with pytest.raises(ImageError, match=r"tilted by 3\.\d deg.*at most 2\.0 deg"):
        world.observer.observe("mug")
    assert not world.segmented


@pytest.mark.parametrize("height_m", [-0.02, 0.02])
def test_a_table_at_another_height_is_refused(height_m):
    world = BallWorld(height_m=height_m)
    with pytest.raises(ImageError, match=f"{height_m * 1e3:.0f} mm off its height.*at most.*15 mm"):
        world.observer.observe("mug")


@pytest.mark.parametrize(("tilt_deg", "height_m"), [(1.5, 0.0), (-1.5, 0.0), (0.0, 0.01)])
def test_small_errors_of_calibration_are_accepted(tilt_deg, height_m):
    world = BallWorld(tilt_rad=np.deg2rad(tilt_deg), height_m=height_m)
    world.observer.observe("mug")


def test_what_is_held_is_seen_and_belongs_to_the_hand():
    world = holding(BallWorld(joints=np.array([0.27, 0.0, 0.2])))
    (seen,) = world.observer.observe("tray")
    assert len(seen.held_p_E) >= 10
    to_held = np.linalg.norm(seen.held_p_E[:, None] - world.held_p_E, axis=2).min(axis=1)
    assert to_held.max() < HELD_M + 1e-3


class Candidates:
    """A segmenter that knows no names."""

    name = "candidates"

    def __init__(self, *masks) -> None:
        self.masks = masks

    def segment(self, rgbd, object_name):
        raise AssertionError("the observer asks for all")

    def candidates(self, rgbd):
        return self.masks


def test_every_candidate_is_seen_but_what_is_in_the_hand():
    """What is held looks like one more thing on the table."""
    world = holding(BallWorld(joints=np.array([0.27, 0.0, 0.2])))
    rgbd = world.read(0.0)
    block = world.segment(rgbd, "block")
    p_W = rgbd.points_W(np.ones((120, 160), np.bool_)).reshape(120, 160, 3)
    held = (np.linalg.norm(p_W - world.joints - [0.0, 0.08, 0.0], axis=2) < 0.06) & ~block
    world.observer._segmenter = Candidates(held, block)
    (seen,) = world.observer.observe("tray")
    assert (seen.view.mask == block).all()
    assert seen.held_p_E is not None
    world.observer._segmenter = Candidates(held)
    with pytest.raises(SegmentationError, match="in the hand"):
        world.observer.observe("tray")
    world.fingers = GripperState(0.0, 1.0, 1.0)
    world.observer._segmenter = Candidates(held, block)
    assert len(world.observer.observe("tray")) == 2


def test_a_full_hand_out_of_sight_is_refused():
    world = holding(BallWorld())
    with pytest.raises(ImageError, match="does not see it"):
        world.observer.observe("tray")


def test_the_demonstration_of_this_robot_and_tool_is_accepted():
    BallWorld().observer.require_matches(demonstrate())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"robot": "ur5"}, "ur5"),
        ({"backend": "real"}, "got one of a real robot, expected one of a sim robot"),
        ({"tool": ToolFrame(SE3.identity(), "suction", 0.7, (0.0, 0.0, 0.0))}, "suction"),
        ({"tool": ToolFrame(SE3.from_translation((0, 0, 2e-3)), "hand", 0.7, (0, 0, 0))}, "2.0 mm"),
        ({"tool": ToolFrame(SE3.from_yaw(np.deg2rad(0.7)), "hand", 0.7, (0, 0, 0))}, "0.7 deg"),
    ],
)
def test_the_demonstration_of_another_robot_or_tool_is_refused(change, said):
    with pytest.raises(ConfigurationError, match="pick_up-mug-1") as error:
        BallWorld().observer.require_matches(replace(demonstrate(), **change))
    assert said in str(error.value)


def test_an_imported_demonstration_needs_its_tool_frame_but_no_robot():
    """The official layout names neither; replay without a tool frame would shift every pose."""
    imported = replace(demonstrate(), robot=UNKNOWN_ROBOT)
    BallWorld().observer.require_matches(imported)
    with pytest.raises(ConfigurationError, match="--tool-frame FILE"):
        BallWorld().observer.require_matches(replace(imported, tool=None))


def test_a_tool_measured_a_little_differently_is_the_same_tool():
    tool = ToolFrame(SE3.from_yaw(np.deg2rad(0.3), (0.0, 0.0, 5e-4)), "hand", 0.9, (0.0, 0.0, 0.01))
    BallWorld().observer.require_matches(replace(demonstrate(), tool=tool))


def test_a_full_hand_is_refused_where_the_demonstration_began_with_an_empty_one():
    with pytest.raises(ConfigurationError, match="got full"):
        holding(BallWorld()).observer.require_matches(demonstrate())


def test_an_empty_hand_is_refused_where_the_demonstration_began_with_a_full_one():
    count = len(demonstrate().t_s)
    held = replace(demonstrate(), command=np.zeros(count), opening=np.full(count, 0.4))
    with pytest.raises(ConfigurationError, match="got empty"):
        BallWorld().observer.require_matches(held)
    holding(BallWorld()).observer.require_matches(held)
