"""The first stage of a trial: look at the workplace, with the arm out of the way."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from mt3.demonstration import UNKNOWN_ROBOT, Demonstration
from mt3.errors import ConfigurationError, ImageError, SegmentationError
from mt3.execution.grip import is_grasp
from mt3.interfaces import Arm, GripperState, Scene
from mt3.motion.obstacles import ObstacleRules, Obstacles
from mt3.motion.planner import MotionPlanner
from mt3.motion.robot_model import RobotModel
from mt3.perception import RGBD, CandidateSegmenter, ObjectView, Segmenter
from mt3.perception.table_plane import TablePlane, fit_table_plane
from mt3.types import BoolArray, FloatArray, require_positive

_MAX_HIDDEN_PIXELS = 50
_MIN_HELD_POINTS = 50
_NEIGHBOURHOOD_M, _MIN_NEIGHBOURS = 0.008, 12  # a surface this near has many more points


@dataclass(frozen=True, slots=True)
class ObservationRules:
    """How to look, and which workplace is refused.

    Args:
        observe_joints: Where the arm leaves the workplace visible, (n,), rad.
        workspace_x_m: Part of the table that has to be visible, along x of W.
        workspace_y_m: Likewise along y of W.
        max_frame_age_s: Oldest frame that is used.
        max_table_tilt_rad: Between the table's normal and z of W.
        max_table_offset_m: Of the table's height from the configured one.
        held_radius_m: Points this close to E that are not the robot's are in the hand.
        max_tool_offset_m: Between the demonstration's tool centre point and this one.
        max_tool_angle_rad: Likewise in rotation.
        seed: Of the fit of the table's plane.

    Raises:
        ConfigurationError: A tolerance or radius that is not a positive number, or an empty range.
    """

    observe_joints: tuple[float, ...]
    workspace_x_m: tuple[float, float] = (0.35, 0.68)
    workspace_y_m: tuple[float, float] = (-0.32, 0.32)
    max_frame_age_s: float = 0.1
    max_table_tilt_rad: float = float(np.deg2rad(2.0))
    max_table_offset_m: float = 0.015
    held_radius_m: float = 0.15
    max_tool_offset_m: float = 0.001
    max_tool_angle_rad: float = float(np.deg2rad(0.5))
    seed: int = 0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if name.startswith(("max_", "held_")):
                require_positive(name, getattr(self, name))
        for name in ("workspace_x_m", "workspace_y_m"):
            low, high = getattr(self, name)
            require_positive(f"{name}: upper less lower end", high - low)


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """What was seen.

    Args:
        view: The object that is acted on.
        joints: Of the arm when it was seen, (n,), rad.
        held_p_E: Points of what is in the hand, (N, 3), metres in E; None with an empty hand.
    """

    view: ObjectView
    joints: FloatArray
    held_p_E: FloatArray | None


class Observer:
    """Looks at the workplace through the scene's default camera.

    Args:
        scene: The robot in its workplace.
        arm: Its guarded arm.
        model: The arm's kinematics and shape.
        planner: Plans the way to the observe pose.
        segmenter: Finds the object in the image.
        obstacle_rules: How an image becomes obstacles; names the table.
        rules: How to look.
    """

    def __init__(
        self,
        scene: Scene,
        arm: Arm,
        model: RobotModel,
        planner: MotionPlanner,
        segmenter: Segmenter,
        obstacle_rules: ObstacleRules,
        rules: ObservationRules,
    ) -> None:
        self._scene, self._arm, self._model = scene, arm, model
        self._planner, self._segmenter = planner, segmenter
        self._obstacle_rules, self._rules = obstacle_rules, rules
        self._camera = next(iter(scene.cameras.values()))

    @property
    def segmenter_name(self) -> str:
        """What found the object, for the record."""
        return self._segmenter.name

    def observe(self, object_name: str) -> tuple[Observation, ...]:
        """Check the table, clear the view if the arm hides the workplace, find the object.

        Returns:
            The object; or everything that may be meant, where the segmenter knows no names.

        Raises:
            ImageError: The table is not where it is configured, or the arm hides the workplace
                at the observe pose too.
            SegmentationError: The object is not in the image.
            PlanningError: There is no way to the observe pose.
        """
        rgbd = self._camera.read(self._rules.max_frame_age_s)
        if self._hides_workspace(rgbd):
            self._check_table_behind_arm(rgbd)
            self._clear_view(rgbd)
            rgbd = self._camera.read(self._rules.max_frame_age_s)
            if self._hides_workspace(rgbd):
                raise ImageError(
                    "workspace: the arm hides it at the observe pose too, expected a clear view; "
                    "correct observe_joints"
                )
        self._require_table(self._table(rgbd))
        masks = self._masks(rgbd, object_name)
        joints = self._arm.state().joints
        return tuple(
            Observation(ObjectView(rgbd, mask), joints, self._held_points(rgbd, mask, joints))
            for mask in masks
        )

    def obstacles(self, seen: Observation) -> Obstacles:
        """What stands around the arm, the object that is acted on kept apart."""
        return self._obstacles(seen.view.rgbd, seen.joints, seen.view.mask, seen.held_p_E)

    def require_matches(self, demo: Demonstration) -> None:
        """Refuse a demonstration of another robot or tool, or with another start of the hand.

        A simulated robot is another one than a real one of the same kind. An imported
        demonstration may name no robot: its tool frame then says whether it can be replayed.

        Raises:
            ConfigurationError: What differs, got and expected.
        """
        scene, rules, tool = self._scene, self._rules, demo.tool
        if tool is None:
            raise ConfigurationError(
                f"demonstration {demo.demo_id}: its tool frame is unknown, expected the one of "
                f"{scene.tool.gripper}; import it again with --tool-frame FILE"
            )
        if demo.robot not in (scene.robot, UNKNOWN_ROBOT) or tool.gripper != scene.tool.gripper:
            raise ConfigurationError(
                f"demonstration {demo.demo_id}: got robot {demo.robot} with {tool.gripper}, "
                f"expected {scene.robot} with {scene.tool.gripper}; record it on this robot"
            )
        if demo.backend != scene.backend:
            raise ConfigurationError(
                f"demonstration {demo.demo_id}: got one of a {demo.backend} robot, expected one of "
                f"a {scene.backend} robot; record it here"
            )
        T_demo, T_live = tool.T_flange_tool, scene.tool.T_flange_tool
        if not T_demo.is_close(T_live, rules.max_tool_offset_m, rules.max_tool_angle_rad):
            raise ConfigurationError(
                f"demonstration {demo.demo_id}: its tool centre point is "
                f"{T_demo.translation_to_m(T_live) * 1e3:.1f} mm and "
                f"{np.rad2deg(T_demo.angle_to_rad(T_live)):.1f} deg from this one, expected at "
                f"most {rules.max_tool_offset_m * 1e3:.1f} mm and "
                f"{np.rad2deg(rules.max_tool_angle_rad):.1f} deg"
            )
        if demo.holds_object != _holds(scene.gripper.state()):
            now, then = ("empty", "holds something") if demo.holds_object else ("full", "is empty")
            raise ConfigurationError(
                f"hand: got {now}, but the hand {then} at the start of demonstration {demo.demo_id}"
            )

    def _masks(self, rgbd: RGBD, object_name: str) -> tuple[BoolArray, ...]:
        """Of the object, or of everything that may be meant and is not in the hand."""
        if not isinstance(self._segmenter, CandidateSegmenter):
            return (self._segmenter.segment(rgbd, object_name),)
        masks = self._segmenter.candidates(rgbd)
        if not _holds(self._scene.gripper.state()):
            return masks
        p_W_hand = (self._scene.T_WB @ self._arm.state().T_BE).t
        away_m = [np.linalg.norm(rgbd.points_W(mask).mean(axis=0) - p_W_hand) for mask in masks]
        free = [m for m, d in zip(masks, away_m, strict=True) if d > self._rules.held_radius_m]
        if not free:
            raise SegmentationError(
                f"{object_name}: got nothing but what is in the hand, expected it on the table"
            )
        return tuple(free)

    def _obstacles(
        self,
        rgbd: RGBD,
        joints: FloatArray,
        mask: BoolArray | None,
        held_p_E: FloatArray | None,
    ) -> Obstacles:
        return Obstacles.from_view(
            rgbd, self._obstacle_rules, self._model, self._scene.T_WB, joints, mask, held_p_E
        )

    def _hides_workspace(self, rgbd: RGBD) -> bool:
        """Whether the robot, or what it holds, stands before a visible part of the table."""
        p_W = rgbd.points_W(rgbd.depth_m > 0)
        height_m = self._obstacle_rules.table.height_m
        eye_W = rgbd.T_WC.t
        raised = p_W[:, 2] > height_m + self._rules.max_table_offset_m
        p_W = p_W[raised]
        reach = (eye_W[2] - height_m) / np.maximum(eye_W[2] - p_W[:, 2], 1e-6)
        on_table = eye_W + (p_W - eye_W) * reach[:, None]
        (x0, x1), (y0, y1) = self._rules.workspace_x_m, self._rules.workspace_y_m
        x, y = on_table[:, 0], on_table[:, 1]
        before = (x > x0) & (x < x1) & (y > y0) & (y < y1)
        p_B = self._scene.T_WB.inverse() @ p_W[before]
        joints = self._arm.state().joints
        margin_m = self._obstacle_rules.robot_margin_m
        return int(self._model.contains(joints, p_B, margin_m).sum()) > _MAX_HIDDEN_PIXELS

    def _clear_view(self, rgbd: RGBD) -> None:
        joints = self._arm.state().joints
        held_p_E = self._held_points(rgbd, np.zeros(rgbd.depth_m.shape, np.bool_), joints)
        obstacles = self._obstacles(rgbd, joints, None, held_p_E)
        goal = np.array(self._rules.observe_joints)
        plan = self._planner.plan_to_joints(joints, goal, obstacles, held_p_E)
        self._arm.follow(plan.trajectory)

    def _check_table_behind_arm(self, rgbd: RGBD) -> None:
        """Refuse a wrong camera pose before anything is planned from its image.

        Where the arm leaves too little of the table to be measured, it is only checked afterwards.
        """
        try:
            plane = self._table(rgbd)
        except ImageError:
            return
        self._require_table(plane)

    def _table(self, rgbd: RGBD) -> TablePlane:
        rng = np.random.default_rng(self._rules.seed)
        return fit_table_plane(rgbd, rng, self._obstacle_rules.table.height_m)

    def _require_table(self, plane: TablePlane) -> None:
        offset_m = plane.height_m - self._obstacle_rules.table.height_m
        tilted = plane.tilt_rad > self._rules.max_table_tilt_rad
        if tilted or abs(offset_m) > self._rules.max_table_offset_m:
            raise ImageError(
                f"table: got a plane tilted by {np.rad2deg(plane.tilt_rad):.1f} deg and "
                f"{offset_m * 1e3:.0f} mm off its height, expected at most "
                f"{np.rad2deg(self._rules.max_table_tilt_rad):.1f} deg and "
                f"{self._rules.max_table_offset_m * 1e3:.0f} mm; calibrate the camera or correct "
                "the configured height"
            )

    def _held_points(self, rgbd: RGBD, mask: BoolArray, joints: FloatArray) -> FloatArray | None:
        """Points near E that belong to neither robot, table nor the object that is acted on."""
        if not _holds(self._scene.gripper.state()):
            return None
        T_WE = self._scene.T_WB @ self._model.forward(joints)
        p_W = rgbd.points_W(~mask)
        p_W = p_W[p_W[:, 2] > self._obstacle_rules.table.height_m + self._rules.max_table_offset_m]
        p_W = p_W[np.linalg.norm(p_W - T_WE.t, axis=1) < self._rules.held_radius_m]
        own = self._model.contains(joints, self._scene.T_WB.inverse() @ p_W, 0.01)
        held_W = _without_stray_points(p_W[~own])
        if len(held_W) < _MIN_HELD_POINTS:
            raise ImageError(
                "hand: the gripper holds something, but the camera does not see it; move the "
                "observe pose into its view"
            )
        p_E: FloatArray = T_WE.inverse() @ held_W
        return p_E


def _holds(state: GripperState) -> bool:
    """Whether the fingers were told to close and stopped at something."""
    return is_grasp(state.command, state.opening)


def _without_stray_points(p_W: FloatArray) -> FloatArray:
    """Points of a surface; those that fly off an edge have few neighbours."""
    if not len(p_W):
        return p_W
    tree = cKDTree(p_W)
    neighbours = tree.query_ball_point(p_W, _NEIGHBOURHOOD_M, return_length=True)
    kept: FloatArray = p_W[neighbours > _MIN_NEIGHBOURS]
    return kept
