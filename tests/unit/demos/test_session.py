import io
import json
from dataclasses import replace

import numpy as np
import pytest
from fake_operator import FakeTeleop, HandGuided, PlannedKeys
from kinematic_scene import KinematicScene, RedSegmenter
from rich.console import Console

from demos.recovery import recover
from demos.session.key_map import KeyMap
from demos.session.recording_session import RecordingSession
from demos.session.rig import Rig
from demos.session.session_log import SessionLog, hold_session
from demos.session.session_screen import draw_session
from demos.session.session_step import Step
from demos.session.task_recording import LoopRules, SessionStoppedError
from mt3.errors import ConfigurationError, DeviceError, SafetyViolation, SegmentationError
from mt3.interfaces import TeleopCommand
from mt3.task import TaskDescription

KEYS = {
    "picture": "p",
    "accept": "enter",
    "mark": "b",
    "end": "n",
    "keep": "k",
    "redo": "z",
    "discard": "x",
    "replay": "v",
    "quit": "Q",
}
TASKS = [TaskDescription.parse(f"pick up the {name}") for name in ("mug", "can", "box")]


class Blind:
    name = "blind"

    def segment(self, rgbd, object_name):
        raise SegmentationError("object: got 2 candidates, expected one")


@pytest.fixture
def sessions(library, settings):
    """Runs sessions in fresh kinematic workplaces; remembers what the operator saw."""
    return _Sessions(library, replace(settings, camera_hz=30.0))


class _Sessions:
    def __init__(self, library, settings):
        self.library, self.settings = library, settings
        self.teleop = FakeTeleop()
        self.segmenter = RedSegmenter()
        self.replays = []
        self.recording = None

    def run(self, plan=None, tasks=TASKS, name="morning"):
        self.keys = PlannedKeys(plan)
        log = SessionLog.open(self.library, name, tasks)
        session = RecordingSession(
            self.library,
            log,
            tasks,
            self._open_rig,
            self.keys,
            KeyMap(KEYS),
            self.keys,
            LoopRules(60.0, real_time=False),
        )
        original = session._loop

        def loop(number, recording):
            self.keys.recording = lambda: (number + 1, recording.step)
            original(number, recording)

        session._loop = loop
        return session.run()

    def _open_rig(self, task, number):
        self.scene = KinematicScene()
        self.teleop.arm = self.scene.arm
        rig = Rig(
            scene=self.scene,
            arm=self.scene.arm,
            teleop=self.teleop,
            segmenter=self.segmenter,
            find_objects=_red_and_grey,
            replay=self._replay,
        )
        return rig, self.settings

    def _replay(self, recording):
        self.replays.append(recording.as_demonstration("x", "y"))
        return "replay check: task done"

    def ids(self):
        return [summary.demo_id for summary in self.library.summaries()]


def _red_and_grey(rgbd):
    red = rgbd.color[..., 0] > 150
    grey = np.zeros_like(red)
    grey[:8, :16] = True
    return [grey, red]


def test_a_list_of_tasks_takes_five_keys_each(sessions):
    done = sessions.run()
    assert sessions.ids() == ["pick_up-box-1", "pick_up-can-1", "pick_up-mug-1"]
    assert [item.keys for item in done] == [5, 5, 5]
    assert all(0.0 < item.tool_seconds < item.seconds for item in done)
    recording, _ = sessions.library.read("pick_up-mug-1")
    assert recording.events.judge == "operator"
    assert recording.events.success is True
    assert len(recording.stream.t_s) > 10


def test_keys_of_the_device_reach_it_and_the_others_do_not(sessions):
    sessions.run({(1, Step.APPROACH): ["w", "b"]})
    assert sessions.teleop.pressed == ["w"]


def test_an_arm_moved_by_hand_is_let_go_again_after_each_stop(sessions):
    """The stop for the picture ended free-drive, and the next turn the session."""
    sessions.teleop = HandGuided()
    done = sessions.run({(1, Step.REVIEW): ["v", "z"]}, tasks=TASKS[:1])
    assert [item.demo_id for item in done] == ["pick_up-mug-2"]


def test_a_button_without_a_meaning_is_named(sessions, monkeypatch):
    """It was an unexpected error, to be reported."""
    monkeypatch.setattr(
        FakeTeleop, "read", lambda self: TeleopCommand(np.zeros(6), None, ("jump",))
    )
    with pytest.raises(ConfigurationError, match="got 'jump', expected one of picture"):
        sessions.run(tasks=TASKS[:1])


def test_a_session_file_names_no_folder_outside(sessions):
    """``..`` as the take under way counted as a demonstration."""
    with pytest.raises(SessionStoppedError):
        sessions.run({(1, Step.PICTURE): ["Q"]})
    path = sessions.library.path / "sessions/morning.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"current": [0, ".."]}))
    assert len(sessions.run()) == 3


def test_a_key_out_of_turn_says_what_is_due_and_changes_nothing(sessions):
    sessions.run({(1, Step.PICTURE): ["k", "p"]}, tasks=TASKS[:1])
    assert any("keep is of no use now" in status.message for status in sessions.keys.seen)
    assert sessions.ids() == ["pick_up-mug-1"]


def test_redo_sets_the_take_aside_and_records_the_task_again(sessions):
    sessions.run({(1, Step.REVIEW): ["z", "k"]}, tasks=TASKS[:1])
    assert sessions.ids() == ["pick_up-mug-2"]
    (kept,) = sessions.library.quarantined()
    assert kept.demo_id == "pick_up-mug-1"
    assert "recorded it again" in kept.reason


def test_redo_before_the_bottleneck_leaves_nothing_behind(sessions):
    sessions.run({(1, Step.APPROACH): ["z", "b"]}, tasks=TASKS[:1])
    assert sessions.library.quarantined() == sessions.library.unfinished() == []


def test_discard_goes_on_to_the_next_task(sessions):
    done = sessions.run({(1, Step.REVIEW): ["x"], (2, Step.PICTURE): ["x"]})
    assert sessions.ids() == ["pick_up-box-1"]
    assert [item.demo_id for item in done] == ["", "", "pick_up-box-1"]


def test_a_refused_take_says_why_and_the_task_is_recorded_again(sessions):
    sessions.settings = replace(
        sessions.settings, speed_limits=replace(sessions.settings.speed_limits, linear_mps=0.01)
    )
    with pytest.raises(SessionStoppedError):
        sessions.run({(1, Step.PICTURE): ["p", "Q"]}, tasks=TASKS[:1])
    assert any("linear speed: got 0.050" in status.message for status in sessions.keys.seen)
    assert len(sessions.library.quarantined()) == 1


def test_an_object_is_chosen_by_its_number_where_none_was_found(sessions):
    sessions.segmenter = Blind()
    sessions.run({(1, Step.MASK): ["enter", "7", "2", "enter"]}, tasks=TASKS[:1])
    messages = {status.message for status in sessions.keys.seen}
    assert "which of 2 is the mug? press its number" in messages
    assert "no object is chosen: press its number" in messages
    assert "got number 7, expected 1 to 2" in messages
    recording, _ = sessions.library.read("pick_up-mug-1")
    assert recording.views[0].segmenter == "operator, cluster 2"
    assert recording.views[0].mask.sum() == 12 * 16


def test_the_replay_check_gets_the_take_before_it_is_kept(sessions):
    sessions.run({(1, Step.REVIEW): ["v", "k"]}, tasks=TASKS[:1])
    (demo,) = sessions.replays
    assert demo.bottleneck_index > 0
    assert any(status.message == "replay check: task done" for status in sessions.keys.seen)


def test_a_session_that_was_stopped_goes_on_where_it_stopped(sessions):
    with pytest.raises(SessionStoppedError):
        sessions.run({(2, Step.DEMONSTRATE): ["Q"]})
    assert sessions.ids() == ["pick_up-mug-1"]
    assert sessions.scene.arm.stopped
    done = sessions.run()
    assert [item.number for item in done] == [1, 2]
    assert sessions.ids() == ["pick_up-box-1", "pick_up-can-2", "pick_up-mug-1"]


def test_a_session_that_was_interrupted_leaves_its_take_for_recovery(sessions):
    with pytest.raises(KeyboardInterrupt):
        sessions.run({(2, Step.DEMONSTRATE): [KeyboardInterrupt()]})
    assert sessions.scene.arm.stopped
    assert [item.outcome for item in recover(sessions.library)] == ["quarantined"]
    assert len(sessions.run()) == 2


def test_a_take_that_ended_survives_a_kill_before_it_was_kept(sessions):
    """The end was noted only with the verdict, and a crash in the review lost the take."""
    with pytest.raises(KeyboardInterrupt):
        sessions.run({(2, Step.REVIEW): [KeyboardInterrupt()]})
    assert [item.outcome for item in recover(sessions.library)] == ["finished"]
    done = sessions.run()
    assert [item.number for item in done] == [2]


def test_the_name_of_a_take_that_was_left_may_go_to_another_session(sessions):
    """A demonstration of another session passed for the task that was stopped, which was lost."""
    with pytest.raises(SessionStoppedError):
        sessions.run({(1, Step.APPROACH): ["Q"]})
    sessions.run(tasks=TASKS[:1], name="other")
    assert [item.number for item in sessions.run()] == [0, 1, 2]


def test_one_session_is_recorded_by_one_process(sessions):
    """Two on one list recorded the same tasks, and the file kept only what one of them did."""
    with hold_session(sessions.library, "morning"):
        again = hold_session(sessions.library, "morning")
        with pytest.raises(ConfigurationError, match="by another mt3-record"):
            again.__enter__()
        with hold_session(sessions.library, "evening"):
            pass
    with hold_session(sessions.library, "morning"):
        pass


def test_a_session_of_other_tasks_is_not_mixed_up(sessions):
    sessions.run(tasks=TASKS[:1])
    with pytest.raises(
        ConfigurationError, match="task 1 was 'pick up the mug', got 'pick up the can'"
    ):
        sessions.run(tasks=TASKS[1:])


def test_a_damaged_session_file_is_named(sessions):
    sessions.run(tasks=TASKS[:1])
    path = sessions.library.path / "sessions/morning.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"done": [{"number": 1}]}))
    with pytest.raises(ValueError, match=r"morning\.json"):
        sessions.run(tasks=TASKS[:1])


def test_a_device_that_fails_stops_the_arm_and_keeps_what_was_saved(sessions):
    sessions.teleop.unplug_at = 150
    with pytest.raises(DeviceError, match="unplugged"):
        sessions.run()
    assert sessions.scene.arm.stopped
    assert sessions.ids() == ["pick_up-mug-1"]


def test_at_a_limit_the_operator_may_move_back(sessions, monkeypatch):
    """A push against the workspace's wall ended the session."""
    refusals = iter([SafetyViolation("workspace: too far", "workspace")])

    def wall(arm, twist):
        for refusal in refusals:
            raise refusal
        arm.V_BE_E = np.array(twist)

    monkeypatch.setattr("kinematic_scene.KinematicArm.command_twist", wall)
    sessions.run(tasks=TASKS[:1])
    assert any("too far: move back" in status.message for status in sessions.keys.seen)


def test_a_stale_arm_ends_the_session(sessions, monkeypatch):
    def stale(arm, twist):
        raise SafetyViolation("state: got none", "stale_state")

    monkeypatch.setattr("kinematic_scene.KinematicArm.command_twist", stale)
    with pytest.raises(SafetyViolation):
        sessions.run()


def test_the_screen_lists_every_key_the_rates_and_what_to_do(sessions):
    sessions.run(tasks=TASKS[:1])
    for status in sessions.keys.seen:
        console = Console(width=100, height=60, record=True, file=io.StringIO())
        console.print(draw_session(status, 60))
        text = console.export_text()
        assert "task 1 of 1: pick up the mug" in text
        assert status.prompt[:40] in text or status.busy in text
        assert all(key in text and meaning in text for key, meaning in status.choices)
        assert "GiB free" in text
        if status.progress is not None:
            assert "0 frames dropped" in text


def test_a_small_terminal_cuts_off_anything_but_the_keys(sessions):
    """The keys were what a terminal of 12 rows left out."""
    sessions.run(tasks=TASKS[:1])
    for status in sessions.keys.seen:
        console = Console(width=100, height=12, record=True, file=io.StringIO())
        console.print(draw_session(status, 12))
        rows = console.export_text().splitlines()[:11]
        assert all(any(meaning in row for row in rows) for _, meaning in status.choices)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mark": "p"}, "key 'p' for mark and for picture"),
        ({"mark": "3"}, "an object's number"),
        ({"jump": "j"}, "got jump"),
        ({"mark": None}, "no key for mark"),
        ({"mark": "mm"}, "which no key sends"),
        ({"mark": " "}, "which no key sends"),
    ],
)
def test_keys_that_contradict_each_other_are_refused(change, message):
    keys = {name: key for name, key in (KEYS | change).items() if key is not None}
    with pytest.raises(ConfigurationError, match=message):
        KeyMap(keys)


def test_a_take_that_was_set_aside_is_not_taken_for_done_after_a_kill(sessions):
    """Its name was kept, and another session's demonstration of that name counted as this task."""
    with pytest.raises(KeyboardInterrupt):
        sessions.run({(1, Step.APPROACH): ["z"], (1, Step.PICTURE): ["p", KeyboardInterrupt()]})
    log = json.loads((sessions.library.path / "sessions/morning.json").read_text())
    assert log["current"] is None
