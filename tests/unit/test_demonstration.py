"""What a demonstration in memory promises to the method."""

import pickle

import numpy as np
import pytest

from mt3.demonstration import Demonstration
from mt3.errors import GeometryError
from mt3.geometry import SE3
from mt3.perception import RGBD, Intrinsics, ObjectView
from mt3.task import TaskDescription
from mt3.tool import ToolFrame

N = 12


def demonstration(**changes):
    rgbd = RGBD(
        color=np.zeros((10, 10, 3), np.uint8),
        depth_m=np.ones((10, 10), np.float32),
        intrinsics=Intrinsics(10.0, 10.0, 4.5, 4.5, 10, 10),
        T_WC=SE3.identity(),
        t_s=0.0,
        camera="front",
    )
    T_WE = np.tile(np.eye(4), (N, 1, 1))
    T_WE[:, 2, 3] = np.linspace(0.3, 0.1, N)
    fields = {
        "demo_id": "demo",
        "content_hash": "0",
        "task": TaskDescription.parse("pick up the mug"),
        "views": (ObjectView(rgbd, np.ones((10, 10), bool)),),
        "t_s": np.arange(N) / 60.0,
        "T_WE": T_WE,
        "opening": np.ones(N),
        "command": np.ones(N),
        "bottleneck_index": 4,
        "robot": "panda",
        "tool": ToolFrame(SE3.identity(), "hand", 0.7, (0.0, 0.0, 0.0)),
        "backend": "sim",
    }
    return Demonstration(**(fields | changes))


def scaled_pose(index):
    T_WE = np.tile(np.eye(4), (N, 1, 1))
    T_WE[index, :3, :3] *= 1.01
    return T_WE


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"t_s": np.zeros(N)}, "increasing"),
        ({"t_s": np.arange(N) + 1.0}, "from 0"),
        ({"t_s": np.zeros(0)}, "bottleneck_index"),
        ({"bottleneck_index": N - 1}, "bottleneck_index"),
        ({"bottleneck_index": -1}, "bottleneck_index"),
        ({"views": ()}, "views"),
        ({"T_WE": np.tile(np.eye(4), (N - 1, 1, 1))}, "T_WE"),
        ({"T_WE": scaled_pose(7)}, r"T_WE\[7\]"),
        ({"opening": np.ones(N + 1)}, "opening"),
        ({"command": np.full(N, np.nan)}, "command"),
    ],
)
def test_refused(changes, message):
    with pytest.raises(GeometryError, match=message):
        demonstration(**changes)


def test_bottleneck_pose_is_the_sample_it_names():
    assert demonstration().T_WE_bottleneck.t[2] == pytest.approx(np.linspace(0.3, 0.1, N)[4])


def test_gripper_events_say_when_what_and_where_the_fingers_stopped():
    command = np.ones(N)
    command[7:] = 0.0
    opening = np.linspace(1.0, 0.4, N)
    (event,) = demonstration(command=command, opening=opening).gripper_events()
    assert (event.index, event.command, event.opening) == (3, 0.0, pytest.approx(0.4))


def test_each_event_ends_where_the_next_begins():
    command = np.ones(N)
    command[6:9] = 0.0
    opening = np.arange(N) / N
    first, second = demonstration(command=command, opening=opening).gripper_events()
    assert first.opening == pytest.approx(8 / N)
    assert (second.index, second.command) == (5, 1.0)
    assert second.opening == pytest.approx((N - 1) / N)


def test_noise_of_the_command_is_no_event():
    """A demonstration without gripper events, such as a push, raised ValueError here."""
    assert demonstration(command=1.0 - 0.01 * (np.arange(N) % 2)).gripper_events() == ()


@pytest.mark.parametrize(
    ("command", "opening", "holds"), [(0.0, 0.3, True), (0.0, 0.0, False), (1.0, 1.0, False)]
)
def test_holding_means_fingers_stopped_before_closing(command, opening, holds):
    demo = demonstration(command=np.full(N, command), opening=np.full(N, opening))
    assert demo.holds_object is holds


def test_survives_pickle_read_only():
    twin = pickle.loads(pickle.dumps(demonstration()))
    np.testing.assert_array_equal(twin.T_WE, demonstration().T_WE)
    assert not twin.T_WE.flags.writeable


@pytest.mark.parametrize(
    ("text", "held"), [("put the cup on the tray", True), ("push the box", False)]
)
def test_where_the_opening_was_not_measured_the_skill_says_what_closed_fingers_hold(text, held):
    demo = demonstration(
        opening=None, command=np.zeros(N), task=TaskDescription.parse(text), bottleneck_index=0
    )
    assert demo.holds_object is held


def test_gripper_events_without_a_measured_opening_name_the_command_alone():
    demo = demonstration(opening=None, command=np.where(np.arange(N) < 8, 1.0, 0.0))
    (event,) = demo.gripper_events()
    assert (event.index, event.command, event.opening) == (4, 0.0, None)
