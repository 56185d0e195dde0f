"""An arm whose states are recorded wrongly, in each way that public recorders were seen to be."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mt3.geometry import SE3
from mt3.interfaces import ArmState, OperatorEvent


class LyingArm:
    """Passes the states of an arm on, changed; for the recorder, which only reads."""

    def __init__(self, arm, lie) -> None:
        self._arm, self._lie = arm, lie
        self._first_s = self._newest_s = None

    def state(self) -> ArmState:
        state = self._arm.state()
        self._first_s = state.t_s if self._first_s is None else self._first_s
        dt_s = 1.0 / 60.0 if self._newest_s is None else state.t_s - self._newest_s
        if dt_s > 0.0:
            self._newest_s = state.t_s
        return self._lie(state, self._first_s, dt_s)


def timed(factor):
    """Times that run slower or faster than they should."""
    return lambda s, t0_s, _: ArmState(t0_s + (s.t_s - t0_s) * factor, s.joints, s.T_BE, s.V_BE_E)


def twisted(change):
    """Another reported twist; ``change(V, R_BE, dt_s)``."""
    return lambda s, _, dt_s: ArmState(s.t_s, s.joints, s.T_BE, change(s.V_BE_E, s.T_BE, dt_s))


def posed(change):
    """Another pose."""
    return lambda s, *_: ArmState(s.t_s, s.joints, change(s.T_BE), s.V_BE_E)


def _zeroed(V, part):
    V = np.array(V)
    V[part] = 0.0
    return V


def _each(V, turn):
    return np.concatenate([turn @ V[:3], turn @ V[3:]])


OFFSET_E = np.array([0.018, -0.024, 0.0])  # 30 mm


@dataclass(frozen=True)
class Lie:
    """What is recorded wrongly, and words of the reason that names it."""

    change: Callable
    reason: str


LIES = {
    "50 Hz timed as 30": Lie(timed(50 / 30), "sampled at 60 Hz and timed as if at 36 Hz"),
    "15 Hz timed as 60": Lie(timed(15 / 60), "sampled at 60 Hz and timed as if at 240 Hz"),
    "base axes": Lie(twisted(lambda V, T, dt_s: _each(V, T.R)), "in the axes of the base or world"),
    "spatial twists": Lie(
        twisted(
            lambda V, T, dt_s: np.concatenate(
                [T.R @ V[:3] - np.cross(T.R @ V[3:], T.t), T.R @ V[3:]]
            )
        ),
        "spatial twists",
    ),
    "poses of base in tool": Lie(posed(lambda T: T.inverse()), "the poses are inverted"),
    "no division by dt": Lie(
        twisted(lambda V, T, dt_s: V * dt_s), "never divided by the time step"
    ),
    "base axes and no dt": Lie(
        twisted(lambda V, T, dt_s: _each(V, T.R) * dt_s),
        "expected those of E, and they are differences",
    ),
    "rotation reported as zero": Lie(
        twisted(lambda V, T, dt_s: _zeroed(V, slice(3, 6))),
        "the reported angular part is zero while the poses rotate",
    ),
    "poses that never rotate": Lie(
        posed(lambda T: SE3.from_translation(T.t)),
        "the poses do not rotate while the reported angular part is not zero",
    ),
    "angular part first": Lie(twisted(lambda V, T, dt_s: np.roll(V, 3)), "the angular part first"),
    "sign inverted": Lie(twisted(lambda V, T, dt_s: -V), "sign is inverted"),
    "deg/s": Lie(twisted(lambda V, T, dt_s: V * np.repeat([1.0, 180 / np.pi], 3)), "in deg/s"),
    "a tool offset of 30 mm": Lie(
        twisted(lambda V, T, dt_s: V + np.append(np.cross(V[3:], OFFSET_E), np.zeros(3))),
        "the arm's tool offset differs",
    ),
    "a pose of another tool": Lie(
        posed(lambda T: T @ SE3.from_translation(OFFSET_E)), "the arm's tool offset differs"
    ),
    "the flange's frame": Lie(
        twisted(lambda V, T, dt_s: _each(V, SE3.from_yaw(np.pi / 4).R)),
        "deg about (0.0, 0.0, -1.0) of E: another tool frame",
    ),
}


class WanderingOperator:
    """Moves and turns the tool about all axes, smoothly, as hands do."""

    def __init__(self, scene, seed=0, samples=150, speed_mps=0.1, turn_radps=0.5) -> None:
        self._scene, self._samples = scene, samples
        rng = np.random.default_rng(seed)
        self._rates = rng.uniform(0.3, 0.9, 6)
        self._phases = rng.uniform(0.0, 2.0 * np.pi, 6)
        self._size = np.repeat([speed_mps, turn_radps], 3) / np.sqrt(3.0)

    def perform(self):
        clock = self._scene.clock
        for k in range(self._samples):
            t_s = k / 60.0
            V = self._size * np.sin(2.0 * np.pi * self._rates * t_s + self._phases)
            self._scene.arm.command_twist(V)
            clock.sleep_until(clock.now_s() + 1.0 / 60.0)
            if k == self._samples // 3:
                yield OperatorEvent.BOTTLENECK
            elif k == self._samples - 1:
                yield OperatorEvent.END
            else:
                yield OperatorEvent.TICK
