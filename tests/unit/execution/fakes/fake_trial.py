"""A trial that went well, from stages without a robot."""

from types import SimpleNamespace

import numpy as np
from fake_rig import FakeRig, demonstrate, view

from mt3.alignment.registration import Registration, YawMode
from mt3.demonstration import DemoSummary
from mt3.execution.interaction import Interaction
from mt3.execution.reference import transfer
from mt3.execution.trial_record import FailureStage, TrialNotes
from mt3.execution.trial_stages import (
    ArrivalRecord,
    InteractionRecord,
    ObservationRecord,
    PlanRecord,
    RegistrationRecord,
    RetrievalRecord,
)
from mt3.geometry import SE3
from mt3.retrieval import Candidate, Ranking

D_W = SE3.from_yaw(0.6, (0.05, -0.1, 0.0))
STAGES = tuple(FailureStage)


def notes_until(last: FailureStage) -> TrialNotes:
    """Notes of a trial that got through every stage up to and including one."""
    demo = demonstrate()
    notes = TrialNotes(
        task=demo.task,
        robot="panda",
        backend="sim",
        config={"seed": 3, "limits": {"tool": [0.25, 1.2]}},
        software={"version": "0.1.0", "git_revision": "abc"},
    )
    for stage in STAGES[: STAGES.index(last) + 1]:
        with notes.during(stage):
            _note(notes, stage, demo)
    return notes


def _note(notes, stage, demo) -> None:
    reference = transfer(demo, D_W)
    match stage:
        case FailureStage.OBSERVE:
            notes.observation = ObservationRecord.from_view(view(), "simulator")
        case FailureStage.RETRIEVE:
            notes.retrieval = RetrievalRecord.from_ranking(_ranking(demo))
        case FailureStage.ALIGN:
            notes.registration = RegistrationRecord.from_registration(_registration())
        case FailureStage.PLAN:
            plan = SimpleNamespace(
                choice=np.int64(1),
                trajectory=SimpleNamespace(t_s=np.linspace(0.0, 2.0, 500)),
                q_bottleneck=np.zeros(7),
                T_WE_path=np.tile(reference.T_WE[:1], (500, 1, 1)),
            )
            notes.plan = PlanRecord.from_plan(plan, 2, 1.25, 0.017)
        case FailureStage.ARRIVE:
            at = reference.T_WE_bottleneck
            notes.arrival = ArrivalRecord.from_poses(at, at @ SE3.from_translation((1e-3, 0, 0)))
        case FailureStage.INTERACT:
            rig = FakeRig(reference.T_WE_bottleneck, SE3.identity())
            log = Interaction(reference.slowed(1.5)).run(rig.arm, rig.gripper, rig, rig.T_WB)
            notes.interaction = InteractionRecord.from_log(log)
            notes.interventions = {"tool_acceleration": 4}


def _ranking(demo) -> Ranking:
    best = DemoSummary(demo.demo_id, demo.content_hash, demo.task)
    other = DemoSummary("pick_up-mug-2", "f", demo.task)
    candidates = (Candidate(best, 1.0, 0.9, 0.92), Candidate(other, 1.0, 0.8, 0.84))
    return Ranking(candidates, (("pick_up-mug-3", "damaged"),))


def _registration() -> Registration:
    yaws = np.linspace(0.0, 2 * np.pi, 24, endpoint=False)
    return Registration(
        D_W=D_W,
        converged=True,
        trusted=True,
        reason="",
        probability=0.98,
        overlap=0.6,
        rmse_m=0.002,
        violation_m=0.0003,
        score=0.05,
        points=500,
        modes=(YawMode(D_W, 0.6, 0.05), YawMode(D_W, -2.0, 0.12)),
        margin=0.07,
        symmetry="none",
        equivalent_motions=(D_W,),
        yaw_curve=np.stack([yaws, 0.2 - 0.1 * np.cos(yaws - 0.6)], axis=1),
    )
