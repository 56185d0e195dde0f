import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from kinematic_scene import FixedJudge, KinematicScene, RedSegmenter, ScriptedOperator

from demos.intake import begin
from demos.library import DemoLibrary
from demos.recorder import Recorder, record, take_view
from demos.recovery import recover
from demos.staging import read_staging
from mt3.errors import ConfigurationError, DemoFormatError, DeviceError, SegmentationError
from mt3.geometry import compute_body_twists
from mt3.task import TaskDescription


def test_what_was_done_is_what_is_loaded(library, record_mug):
    summary = record_mug()
    demo = library.load(summary.demo_id)
    assert demo.content_hash == summary.content_hash
    assert demo.task.text == "pick up the mug"
    assert len(demo.t_s) == 60
    assert demo.t_s[0] == 0.0
    assert demo.bottleneck_index == 15
    V_WE_E = compute_body_twists(demo.T_WE, demo.t_s)
    np.testing.assert_allclose(V_WE_E[0], [0, 0, 0.1, 0, 0, 0.3], atol=1e-9)
    (event,) = demo.gripper_events()
    assert (event.index, event.command) == (15, 0.0)
    assert event.opening == pytest.approx(0.4)


def test_poses_are_in_the_world(library, record_mug):
    scene = KinematicScene()
    demo = library.load(record_mug().demo_id)
    T_WE_start = scene.T_WB @ scene.arm.state().T_BE
    assert np.linalg.norm(demo.T_WE[0, :3, 3] - T_WE_start.t) < 0.003


def test_the_view_survives_to_the_millimetre(library, record_mug, scene):
    seen = scene.cameras["front"].read(1.0)
    view = library.load(record_mug().demo_id).view
    np.testing.assert_array_equal(view.rgbd.color, seen.color)
    np.testing.assert_allclose(view.rgbd.depth_m, seen.depth_m, atol=0.0005)
    np.testing.assert_array_equal(view.mask, RedSegmenter().segment(seen, "mug"))
    assert view.rgbd.T_WC.is_close(seen.T_WC, 1e-12, 1e-9)
    assert view.rgbd.t_s < 0.0  # before the first sample


def test_recording_twice_the_same_stores_the_same_bytes(record_mug):
    first, second = record_mug(), record_mug()
    assert first.demo_id != second.demo_id
    assert first.content_hash == second.content_hash


def test_the_record_says_where_it_came_from(library, record_mug):
    attributes = json.loads((library.folder(record_mug().demo_id) / "zarr.json").read_text())
    attributes = attributes["attributes"]
    assert attributes["software"]["git_revision"] == "abc"
    assert attributes["resolved_config"] == {"seed": 1}
    assert attributes["twist_check"]["status"] == "passed"
    assert attributes["events"]["verdict"] == {"success": True, "judge": "fixed judge"}
    assert attributes["tool_frame"]["gripper"] == "jaw"


def test_the_recorder_sends_no_motion(library, settings, scene):
    before = scene.arm.state().T_BE
    view = take_view(scene, scene.arm, MUG, RedSegmenter(), 1.0)
    with Recorder(scene, scene.arm, library, MUG, [view], settings) as recorder:
        for _ in range(5):
            recorder.sample()
    assert scene.arm.state().T_BE.is_close(before, 0.0, 1e-9)
    assert not scene.arm.stopped


def test_an_interrupted_recording_leaves_only_staging(library, record_mug):
    first = record_mug()
    with pytest.raises(KeyboardInterrupt):
        record_mug(interrupt_at=40)
    assert [summary.demo_id for summary in library.summaries()] == [first.demo_id]
    assert [folder.name for folder in library.unfinished()] == ["pick_up-mug-2"]


def test_a_killed_recorder_loses_no_acknowledged_sample(library, record_mug):
    first = record_mug()
    script = (
        "import os, sys; sys.path[:0] = sys.argv[1:3]; import conftest, kinematic_scene as k\n"
        "from pathlib import Path; from demos.library import DemoLibrary\n"
        "class Killer(k.FixedJudge):\n"
        "    def success(self): os.kill(os.getpid(), 9)\n"
        "conftest._record(DemoLibrary.open(Path(sys.argv[3])), judge=Killer())\n"
    )
    here = Path(__file__).parent
    arguments = [str(here), str(here / "fakes"), str(library.path)]
    done = subprocess.run([sys.executable, "-c", script, *arguments], check=False)
    assert done.returncode == -signal.SIGKILL
    (staging,) = library.unfinished()
    assert len(read_staging(staging).samples.t_s) == 60
    assert [summary.content_hash for summary in library.summaries()] == [first.content_hash]
    assert recover(library)[0].outcome == "quarantined"


def test_recovery_puts_a_broken_off_recording_into_quarantine(library, record_mug):
    with pytest.raises(KeyboardInterrupt):
        record_mug(interrupt_at=40)
    (recovery,) = recover(library)
    assert recovery.outcome == "quarantined"
    assert "never marked" in recovery.reason
    assert library.unfinished() == []
    (kept,) = library.quarantined()
    assert kept.demo_id == "pick_up-mug-1"
    assert "never marked" in kept.reason


def test_recovery_finishes_a_whole_recording(library, record_mug, monkeypatch):
    """A kill between the end of the demonstration and the rename."""
    with monkeypatch.context() as patch:
        patch.setattr("demos.intake.write_manifest", _killed)
        with pytest.raises(KeyboardInterrupt):
            record_mug()
    assert library.summaries() == []
    (recovery,) = recover(library)
    assert recovery.outcome == "finished"
    assert library.load("pick_up-mug-1").bottleneck_index == 15
    assert library.unfinished() == []


def test_recovery_drops_a_line_cut_short_but_refuses_a_damaged_one(library, record_mug):
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            record_mug(interrupt_at=40)
    first, second = (folder / "journal.log" for folder in library.unfinished())
    first.write_bytes(first.read_bytes()[:-20])
    bytes_ = bytearray(second.read_bytes())
    bytes_[200] ^= 1
    second.write_bytes(bytes_)
    reasons = [recovery.reason for recovery in recover(library)]
    assert "never marked" in reasons[0]
    assert "line 1 is damaged" in reasons[1]


def test_recovery_leaves_a_live_recording_alone(library, settings, scene):
    view = take_view(scene, scene.arm, MUG, RedSegmenter(), 1.0)
    with Recorder(scene, scene.arm, library, MUG, [view], settings) as recorder:
        recorder.sample()
        assert [recovery.outcome for recovery in recover(library)] == ["recording"]
        assert len(library.unfinished()) == 1


def test_a_failed_demonstration_goes_into_quarantine(library, record_mug):
    with pytest.raises(DemoFormatError, match=r"quarantine.*judged"):
        record_mug(judge=FixedJudge(False))
    assert library.summaries() == []
    assert "fixed judge" in library.quarantined()[0].reason


def test_an_unjudged_demonstration_is_kept(library, record_mug):
    record_mug(judge=FixedJudge(None))
    assert len(library.summaries()) == 1


@pytest.mark.parametrize(
    ("misbehaviour", "reason"),
    [
        ({"marks": 2}, "bottleneck: got 2 marks"),
        ({"speed_mps": 0.7}, "linear speed: got 0.700"),
    ],
)
def test_a_wrong_demonstration_is_refused_with_the_reason(
    library, record_mug, misbehaviour, reason
):
    with pytest.raises(DemoFormatError, match=reason):
        record_mug(**misbehaviour)
    assert library.summaries() == []
    assert len(library.quarantined()) == 1


def test_ids_are_readable_unique_and_never_reused_beside_quarantine(library, record_mug):
    assert record_mug().demo_id == "pick_up-mug-1"
    with pytest.raises(DemoFormatError):
        record_mug(marks=2)
    assert record_mug().demo_id == "pick_up-mug-3"
    cup = TaskDescription("place_on", "tea cup", "Saucer!", "put the saucer on the tea cup")
    assert record_mug(task=cup).demo_id == "place_on-tea-cup-saucer-1"


def test_two_recorders_never_get_the_same_folder(library):
    assert begin(library, MUG).name == "pick_up-mug-1"
    assert begin(library, MUG).name == "pick_up-mug-2"


def test_a_hostile_object_name_stays_inside_the_library(library, record_mug):
    task = TaskDescription("pick_up", "../../mug", None, "pick up the ../../mug")
    assert record_mug(task=task).demo_id == "pick_up-mug-1"


def test_sim_and_real_are_kept_apart(library, settings):
    scene = KinematicScene(backend="real")
    with pytest.raises(ConfigurationError, match="never mixed"):
        Recorder(scene, scene.arm, library, MUG, [], settings)
    with pytest.raises(ConfigurationError, match="never mixed"):
        DemoLibrary.open_for_recording(library.path, "kinematic", "real")


def test_an_object_that_is_not_there_begins_nothing(library, settings, scene):
    unicorn = TaskDescription("pick_up", "unicorn", None, "pick up the unicorn")
    operator = ScriptedOperator(scene, scene.arm)
    judge = FixedJudge()
    with pytest.raises(SegmentationError):
        record(scene, scene.arm, operator, library, unicorn, RedSegmenter(), judge, settings)
    assert library.unfinished() == []


def test_a_state_that_was_sampled_already_is_not_sampled_again(library, settings, scene):
    with Recorder(scene, scene.arm, library, MUG, [], settings) as recorder:
        recorder.sample()
        recorder.sample()
        assert recorder.samples == 1
        scene.clock.sleep_until(scene.clock.now_s() + 0.01)
        recorder.sample()
        assert recorder.samples == 2


def test_sampling_outside_the_block_is_refused(library, settings, scene):
    recorder = Recorder(scene, scene.arm, library, MUG, [], settings)
    with pytest.raises(DeviceError, match="with block"):
        recorder.sample()


def _killed(_):
    raise KeyboardInterrupt


MUG = TaskDescription("pick_up", "mug", None, "pick up the mug")
