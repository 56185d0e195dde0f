"""Nobody said which thing is meant: the only trusted one is taken, and nothing is guessed."""

import numpy as np
from fake_rig import view
from fake_stages import FakeStages

from mt3.errors import GeometryError
from mt3.execution.executor import ExecutionRules
from mt3.execution.observer import Observation
from mt3.execution.picture import draw_things
from mt3.execution.trial_record import FailureStage
from mt3.perception import ObjectView
from mt3.task import TaskDescription

MUG = TaskDescription.parse("pick up the mug")


def beside(shift):
    """The block of the fake view, its mask moved by so many pixels."""
    seen = view()
    return ObjectView(seen.rgbd, np.roll(seen.mask, shift, axis=1))


def stages_with(probabilities, trusted_from=0.9, **rules):
    """Stages that see one thing for each probability, None for one that cannot be registered."""
    stages = FakeStages(ExecutionRules(**rules))
    things = [beside(4 * k) for k in range(len(probabilities))]
    stages.observe = lambda name: tuple(Observation(seen, np.zeros(7), None) for seen in things)
    register = stages.register

    def registered(demo_views, live_view):
        (number,) = (k for k, seen in enumerate(things) if seen is live_view)
        if probabilities[number] is None:
            raise GeometryError("far larger than what was demonstrated")
        stages.probabilities[stages.demo.demo_id] = probabilities[number]
        stages.trusted = probabilities[number] >= trusted_from
        return register(demo_views, live_view)

    stages.register = registered
    stages.obstacles = lambda seen: stages.obstacles_of.append(seen.view)
    stages.obstacles_of = []
    stages.things_seen = things
    return stages


def test_the_only_trusted_thing_is_taken():
    stages = stages_with([0.4, 0.98, None, 0.1])
    record = stages.executor.run(MUG)
    assert record.outcome == "completed", record.reason
    scored = [(one.number, one.probability, one.trusted) for one in record.clusters]
    assert scored == [(1, 0.4, False), (2, 0.98, True), (3, 0.0, False), (4, 0.1, False)]
    assert "far larger" in record.clusters[2].reason
    assert record.clusters[2].demo_id == ""
    assert record.registration.probability == 0.98
    assert record.observation.mask_pixels == int(stages.things_seen[1].mask.sum())
    assert record.retrieval.demo_id == stages.demo.demo_id
    evidence = stages.executor.evidence
    assert evidence.live_view is stages.things_seen[1]
    assert evidence.things == tuple(stages.things_seen)
    assert stages.obstacles_of == [stages.things_seen[1]], "the other things are in the way"


def test_if_none_is_trusted_nothing_moves_and_all_are_named():
    stages = stages_with([0.4, 0.6])
    record = stages.executor.run(MUG)
    assert (record.outcome, record.failure_stage) == ("failed", FailureStage.ALIGN)
    assert "mug: got 2 things on the table and none that fits" in record.reason
    for one, seen in zip(record.clusters, stages.things_seen, strict=True):
        u, v = one.pixel
        assert seen.mask[v, u]
        said = f"{one.number}: segmenter.click=[{u},{v}], probability {one.probability:.2f}"
        assert said in record.reason
    assert not stages.moved


def test_two_trusted_things_are_not_guessed_between():
    """Even the more probable one of two could be the wrong one."""
    stages = stages_with([0.91, 0.2, 0.999])
    record = stages.executor.run(MUG)
    assert (record.outcome, record.failure_stage) == ("failed", FailureStage.ALIGN)
    assert "got 3 things on the table and 2 that fit" in record.reason
    assert "1: segmenter.click" in record.reason
    assert "2: segmenter.click" not in record.reason
    assert not stages.moved


def test_an_untrusted_one_of_several_is_never_taken():
    record = stages_with([0.4, 0.6], accept_untrusted=True).executor.run(MUG)
    assert record.failure_stage == FailureStage.ALIGN


def test_if_nothing_can_be_registered_it_says_why():
    record = stages_with([None, None]).executor.run(MUG)
    assert record.failure_stage == FailureStage.ALIGN
    assert "far larger" in record.reason


def test_a_single_thing_is_as_if_it_had_been_named():
    record = stages_with([0.98]).executor.run(MUG)
    assert record.outcome == "completed"
    assert record.clusters == ()


def test_things_of_which_no_demonstration_is_of_this_robot_end_at_observe():
    stages = stages_with([0.98, 0.98])
    stages.of_another_robot = {stages.demo.demo_id}
    record = stages.executor.run(MUG)
    assert (record.outcome, record.failure_stage) == ("failed", FailureStage.OBSERVE)
    assert "another robot" in record.reason


def test_the_picture_shows_every_thing(tmp_path):
    draw_things([beside(0), beside(8)], tmp_path / "things.png", chosen=1)
    assert (tmp_path / "things.png").read_bytes().startswith(b"\x89PNG")
