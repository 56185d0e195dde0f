"""An executor whose robot moves exactly as told and whose stages can be made to fail."""

from types import SimpleNamespace

import numpy as np
from fake_rig import FakeArm, FakeRig, demonstrate, view
from fake_trial import D_W

from mt3.alignment.registration import Registration, YawMode
from mt3.control.in_process import InProcessControl
from mt3.demonstration import DemoSummary
from mt3.errors import ConfigurationError, DemoNotFoundError
from mt3.execution.executor import ExecutionRules, Executor
from mt3.execution.grip import GripRules
from mt3.execution.interaction import TrackingRules
from mt3.execution.observer import Observation
from mt3.geometry import SE3
from mt3.interfaces import JointTrajectory
from mt3.motion.obstacles import Obstacles, TableGrid
from mt3.motion.tool_limits import ToolLimits
from mt3.retrieval import CylinderEncoder, DemoIndex, WordMatcher
from mt3.safety import SafetyLimits

NOTHING_STANDS = Obstacles.none(TableGrid((0.0, 0.1), (0.0, 0.1)))
FAR = SE3.from_rotation_translation(np.diag([1.0, -1.0, -1.0]), (0.3, 0.0, 0.5))


class FollowingArm(FakeArm):
    """Also follows a plan; ``miss`` is where it really ends, seen from where it should."""

    def __init__(self, rig, goals) -> None:
        super().__init__(rig)
        self.rig, self.goals = rig, goals
        self.miss = SE3.identity()
        self.interventions = {}
        self.surroundings = []

    def set_surroundings(self, surroundings) -> None:
        self.surroundings.append(surroundings)

    def follow(self, trajectory) -> None:
        self.goals.followed.append(trajectory)
        T_WE = SE3(self.goals.T_WE) @ self.miss
        self.rig.T_BE = (self.rig.T_WB.inverse() @ T_WE).matrix


class FakeStages:
    """Everything an executor is made of; ``before`` maps a stage's part to what happens there."""

    segmenter_name = "fake"

    def __init__(self, rules=None, trusted=True, backend="sim") -> None:
        self.demo = demonstrate()
        self.rig = FakeRig(FAR, SE3.identity())
        self.followed, self.T_WE = [], FAR.matrix
        self.arm = FollowingArm(self.rig, self)
        self.trusted = trusted
        self.before = {}
        self.loaded = []
        self.things = 1  # in view
        self.others = []  # further demonstrations of the same task
        self.probabilities = {}  # by demonstration
        self.refused = set()  # demonstrations whose registration is not trusted
        self.of_another_robot = set()
        self.scene = scene = SimpleNamespace(
            robot=self.demo.robot,
            backend=backend,
            tool=self.demo.tool,
            T_WB=self.rig.T_WB,
            gripper=self.rig.gripper,
            clock=self.rig,
        )
        limits = SafetyLimits(
            joint_margin_rad=0.0,
            joint_velocity_fraction=1.0,
            tool=ToolLimits(1.0, 4.0, 20.0, 60.0),
            workspace_lower_W=(-2.0, -2.0, -2.0),
            workspace_upper_W=(2.0, 2.0, 2.0),
            table_height_m=0.0,
            table_clearance_m=0.0,
            reduced_speed_override=True,
        )
        index = DemoIndex(self, CylinderEncoder(), WordMatcher())
        self.executor = Executor(
            scene=scene,
            control=InProcessControl(scene, self.arm),
            model=SimpleNamespace(velocity_limit=np.full(7, 100.0), condition=lambda q: 1.0),
            limits=limits,
            observer=self,
            source=self,
            index=index,
            registrar=self,
            planner=self,
            tracking=TrackingRules(),
            grip=GripRules(),
            rules=rules or ExecutionRules(),
            config={"seed": 1},
            software={"version": "0"},
        )

    @property
    def moved(self) -> bool:
        return bool(self.followed or self.rig.twists or self.rig.commands)

    def _enter(self, part: str) -> None:
        if part in self.before:
            self.before[part]()

    # the source
    def summaries(self):
        demos = [self.demo, *self.others]
        return [DemoSummary(demo.demo_id, demo.content_hash, demo.task) for demo in demos]

    def load(self, demo_id):
        self._enter("load")
        for demo in (self.demo, *self.others):
            if demo_id == demo.demo_id:
                return demo
        raise DemoNotFoundError(demo_id)

    # the observer
    def observe(self, _object_name):
        self._enter("observe")
        return tuple(Observation(view(), np.zeros(7), None) for _ in range(self.things))

    def obstacles(self, _seen):
        return NOTHING_STANDS

    def require_matches(self, demo) -> None:
        self._enter("require_matches")
        if demo.demo_id in self.of_another_robot:
            raise ConfigurationError(f"{demo.demo_id}: another robot")

    # the registrar
    def register(self, demo_views, _live_view):
        self._enter("register")
        (demo,) = (one for one in (self.demo, *self.others) if one.views is demo_views)
        trusted = self.trusted and demo.demo_id not in self.refused
        return Registration(
            D_W=D_W,
            converged=True,
            trusted=trusted,
            reason="" if trusted else "another yaw fits as well",
            probability=self.probabilities.get(demo.demo_id, 0.98),
            overlap=0.6,
            rmse_m=0.002,
            violation_m=0.0003,
            score=0.05,
            points=500,
            modes=(YawMode(D_W, 0.6, 0.05),),
            margin=0.2,
            symmetry="none",
            equivalent_motions=(D_W,),
            yaw_curve=np.zeros((4, 2)),
        )

    # the planner
    def plan(self, _joints, poses, _obstacles, _held_p_E):
        self._enter("plan")
        self.T_WE = poses[0][0]
        return SimpleNamespace(
            trajectory=JointTrajectory([0.0, 1.0], np.zeros((2, 7))),
            choice=0,
            q_bottleneck=np.zeros(7),
            T_WE_path=np.array([FAR.matrix, self.T_WE]),
            reference_joints=np.zeros((len(poses[0]), 7)),
        )
