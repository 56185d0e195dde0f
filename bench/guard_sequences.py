"""Sequences of commands for a guarded arm, hostile ones among them, as hypothesis draws them."""

from typing import Any

from guard_trial import PERIOD_S, POSTURES, SENSELESS, Sequence
from hypothesis import strategies as st

ROOM_M = (0.01, 0.03, 0.1, 2.0)  # from the tool to the walls of its workspace

_part = st.one_of(
    st.floats(-0.3, 0.3),
    st.floats(-0.3, 0.3),
    st.sampled_from([0.0, 1.0, -1.0, 100.0, -1e300, 5e-324]),
)
_twist = st.one_of(
    st.lists(_part, min_size=6, max_size=6),
    st.builds(
        lambda axis, speed: [speed if k == axis else 0.0 for k in range(6)],
        st.integers(0, 5),
        st.sampled_from([0.05, -0.05, 0.25, -0.25, 3.0, -3.0]),
    ),
)
_pause_s = st.sampled_from(
    [PERIOD_S, PERIOD_S, PERIOD_S, 0.0, 1e-4, 0.002, 1 / 120, 1 / 30, 0.09, 0.2]
)
_small = st.floats(-0.15, 0.15)


def _action(name: str, *parts: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.tuples(st.just(name), *parts)


_count = st.sampled_from([10, 25, 4, 1])
_stream = _action("stream", _twist, _pause_s, _count, st.sampled_from([1.0, 1.0, -1.0]))
_actions = st.one_of(
    _stream,
    _stream,
    _stream,
    _action("senseless", st.integers(0, len(SENSELESS) - 1)),
    _action("silence", st.sampled_from([0.01, 0.05, 0.099, 0.15, 1.0])),
    _action("strange_clock", st.sampled_from([0.0, 0.1, 3.0, 20.0, -1.0]), _twist, _count),
    _action("clock_jump", st.sampled_from([-10.0, -0.001, 0.001, 0.05, 1e6])),
    _action("old_states", st.sampled_from([0.01, 0.05, 0.09, 0.15]), _twist, _count),
    _action("frozen_states", _twist, _count),
    _action("bad_state", st.integers(0, 5), st.floats(0.0, 0.99)),
    _action(
        "follow",
        st.lists(_small, min_size=7, max_size=7),
        st.sampled_from([0.001, 0.2, 1.0, 3.0]),
        st.sampled_from([2, 20]),
        st.sampled_from([0.0, 0.0, 0.0, 0.01, 0.05]),
    ),
    _action("wrong_trajectory", st.sampled_from([0, 1, 6, 8])),
    _action("freedrive", st.lists(_small, min_size=7, max_size=7), _twist, st.booleans()),
    _action(
        "surround",
        st.lists(_small, min_size=3, max_size=3),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
    _action("alone"),
    _action("stop"),
)
hostile_sequences = st.builds(
    Sequence,
    st.integers(0, POSTURES - 1),
    st.lists(st.sampled_from(ROOM_M), min_size=7, max_size=7).map(tuple),
    st.one_of(st.none(), st.tuples(_small, _small, _small)),
    st.booleans(),
    st.lists(_actions, min_size=2, max_size=5).map(tuple),
)
