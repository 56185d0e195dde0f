"""OMPL, typed: a collision-free line of joint positions between two others."""

from collections.abc import Callable

import numpy as np
from ompl import base, geometric, util

from mt3.types import FloatArray

_STEP_RAD = 0.04  # between checked positions; the largest change of any joint
_RANGE_RAD = 1.0  # longest branch of a search tree
_SEARCHES = 3  # of which the shortest is taken
_SHORTCUTS = 40

Blocked = Callable[[FloatArray], bool]


def search_path(
    blocked: Blocked,
    bounds: tuple[FloatArray, FloatArray],
    q_start: FloatArray,
    q_goal: FloatArray,
    rng: np.random.Generator,
    budget: int,
) -> FloatArray | None:
    """A polyline through free joint positions, from start to goal.

    The straight line if that is free, else RRT-Connect and random shortcuts.

    Args:
        blocked: Whether joints (n,) collide.
        bounds: Lower and upper joint limits, (n,) each, rad.
        q_start: (n,), rad, free.
        q_goal: (n,), rad, free.
        rng: Seeds the search and draws the shortcuts.
        budget: Steps the search may take, so that the result never depends on the clock.

    Returns:
        (K, n), rad, or None if the budget ended first.
    """
    if line_is_free(blocked, q_start, q_goal):
        return np.stack([q_start, q_goal])
    found = []
    for _ in range(_SEARCHES):
        path = _rrt_connect(blocked, bounds, q_start, q_goal, int(rng.integers(1, 2**31)), budget)
        if path is None:
            break
        found.append(_shortened(blocked, path, rng))
    return min(found, key=_length, default=None)


def _length(path: FloatArray) -> float:
    return float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())


def line_is_free(blocked: Blocked, q_from: FloatArray, q_to: FloatArray) -> bool:
    """Whether the straight line between two joint positions is free, ends excepted.

    The middle is tried first, then the middles of the halves: what blocks is found sooner.
    """
    steps = int(np.ceil(np.abs(q_to - q_from).max() / _STEP_RAD))
    fractions = np.arange(1, steps) / max(steps, 1)
    order = np.argsort([_bit_reversed(k) for k in range(1, steps)], kind="stable")
    return not any(blocked(q_from + f * (q_to - q_from)) for f in fractions[order])


def _bit_reversed(k: int) -> int:
    return int(f"{k:016b}"[::-1], 2)


def _rrt_connect(
    blocked: Blocked,
    bounds: tuple[FloatArray, FloatArray],
    q_start: FloatArray,
    q_goal: FloatArray,
    seed: int,
    budget: int,
) -> FloatArray | None:
    n = len(q_start)
    joints = range(n)
    util.noOutputHandler()
    util.RNG.setSeed(seed)
    space = base.RealVectorStateSpace(n)
    box = base.RealVectorBounds(n)
    for j in joints:
        box.setLow(j, float(min(bounds[0][j], q_start[j])))
        box.setHigh(j, float(max(bounds[1][j], q_start[j])))
    space.setBounds(box)
    info = base.SpaceInformation(space)
    info.setStateValidityChecker(lambda state: not blocked(np.array([state[j] for j in joints])))
    info.setStateValidityCheckingResolution(_STEP_RAD / space.getMaximumExtent())
    info.setup()
    problem = base.ProblemDefinition(info)
    problem.setStartAndGoalStates(_state(info, q_start), _state(info, q_goal))
    planner = geometric.RRTConnect(info)
    planner.setRange(_RANGE_RAD)
    planner.setProblemDefinition(problem)
    planner.setup()
    calls = iter(range(budget))
    planner.solve(base.PlannerTerminationCondition(lambda: next(calls, None) is None))
    if not problem.hasExactSolution():
        return None
    states = problem.getSolutionPath().getStates()
    return np.array([[state[j] for j in joints] for state in states])


def _state(info: base.SpaceInformation, q: FloatArray) -> base.State:
    state = info.allocState()
    for j, value in enumerate(q):
        state[j] = float(value)
    return state


def _shortened(blocked: Blocked, path: FloatArray, rng: np.random.Generator) -> FloatArray:
    """The path with detours cut by free straight lines between random points of it."""
    for _ in range(_SHORTCUTS):
        if len(path) == 2:
            break
        lengths = np.linalg.norm(np.diff(path, axis=0), axis=1)
        at = np.concatenate([[0.0], np.cumsum(lengths)])
        ends = np.sort(rng.uniform(0.0, at[-1], 2))
        i, j = np.clip(np.searchsorted(at, ends, side="right") - 1, 0, len(path) - 2)
        if i == j:
            continue
        a, b = (
            path[k] + (s - at[k]) / max(lengths[k], 1e-12) * (path[k + 1] - path[k])
            for k, s in zip((i, j), ends, strict=True)
        )
        if line_is_free(blocked, a, b):
            path = np.concatenate([path[: i + 1], [a, b], path[j + 1 :]])
    return path
