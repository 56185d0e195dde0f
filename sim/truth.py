"""How an object really moved between two scenes: for judging a method, never for its use."""

import numpy as np

from mt3.demonstration import Demonstration
from mt3.errors import PlanningError
from mt3.execution.reference import transfers
from mt3.geometry import SE3, wrap_angle, yaw_of
from mt3.motion.obstacles import ObstacleRules, Obstacles
from mt3.motion.planner import MotionPlanner
from mt3.motion.robot_model import RobotModel
from mt3.perception import RGBD
from mt3.types import BoolArray, FloatArray
from sim.camera import RaycastCamera
from sim.objects import Symmetry
from sim.scene import PyBulletScene
from sim.scene_view import instance_ids

_TURNS: dict[Symmetry, int] = {"none": 1, "2-fold": 2, "full": 24}


class TransferTruth:
    """A demonstrated scene and a live one, each as its task began.

    Args:
        demo_scene: Staged as it was for the demonstration.
        live_scene: Staged with an object of the same category; connected by whoever asks.
    """

    def __init__(self, demo_scene: PyBulletScene, live_scene: PyBulletScene) -> None:
        self._live = live_scene
        self._target = live_scene.roles.target
        self._T_WO_demo = demo_scene.roles.start_poses[demo_scene.roles.target]
        self._T_WO_live = live_scene.roles.start_poses[self._target]
        self._symmetry: Symmetry = live_scene.world.objects[self._target].model.symmetry

    def motions(self) -> tuple[SE3, ...]:
        """Every true ``D_W``: one for each turn about z of O that leaves the shape as it is."""
        turns = _TURNS[self._symmetry]
        return tuple(
            self._T_WO_live @ SE3.from_yaw(2 * np.pi * k / turns) @ self._T_WO_demo.inverse()
            for k in range(turns)
        )

    def is_feasible(
        self,
        demo: Demonstration,
        model: RobotModel,
        planner: MotionPlanner,
        obstacle_rules: ObstacleRules,
    ) -> bool:
        """Whether the truly transferred interaction has a collision-free joint path.

        The obstacles are what the scene's camera sees, with a perfect mask. See ``transfers`` for
        which motions of the hand are as good.

        Args:
            demo: What is transferred.
            model: The arm.
            planner: Decides what can be reached; of the benchmark, whatever the method's is.
            obstacle_rules: Of the benchmark, likewise.
        """
        with self._live:
            rgbd, mask = self._look()
            joints = self._live.arm.state().joints
        held_p_E = self._held_points_E()
        obstacles = Obstacles.from_view(
            rgbd, obstacle_rules, model, self._live.T_WB, joints, mask, held_p_E
        )
        references = [one.T_WE for one in transfers(demo, self.motions())]
        try:
            planner.plan(joints, references, obstacles, held_p_E)
        except PlanningError:
            return False
        return True

    def error_of(self, D_W: SE3) -> tuple[float, float]:
        """How far an estimated motion takes the object from where it is.

        Args:
            D_W: Estimated motion of the object in W.

        Returns:
            Distance of its origin, metres, and difference in yaw, rad, to the nearest true motion;
            a round object has no yaw.
        """
        distance_m = (D_W @ self._T_WO_demo).translation_to_m(self._T_WO_live)
        if self._symmetry == "full":
            return distance_m, 0.0
        yaws = [float(wrap_angle(yaw_of(D_W) - yaw_of(true))) for true in self.motions()]
        return distance_m, min(abs(yaw) for yaw in yaws)

    def _look(self) -> tuple[RGBD, BoolArray]:
        """An image, and the target's true mask in it."""
        camera = next(iter(self._live.cameras.values()))
        if not isinstance(camera, RaycastCamera):
            raise TypeError(f"camera: got {type(camera).__name__}, expected RaycastCamera")
        rgbd = camera.read(0.0)
        target = instance_ids(self._live.world.objects[self._target])
        return rgbd, np.isin(camera.instance_ids(rgbd.t_s), target)

    def _held_points_E(self) -> FloatArray | None:
        """The true shape of what is in the hand, in E."""
        held = self._live.roles.held
        if held is None:
            return None
        T_EO = self._live.tool_pose().inverse() @ self._live.world.pose(held)
        p_E: FloatArray = T_EO @ self._live.world.objects[held].model.mesh.vertices
        return p_E
