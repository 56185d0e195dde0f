"""The likeliest reason why reported twists and poses disagree: what, undone, makes them agree."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from scipy.spatial.transform import Rotation

from demos.twist_check import Motion, TwistComparison, advance, compare_twists, estimate_lag
from mt3.geometry import compute_body_twists, invert_poses
from mt3.types import FloatArray

_ZERO = 1e-3  # share of the other source's speed
_SHIFTS_S = np.array(sorted(np.arange(-50, 51, 2) / 100.0, key=abs))
_UNKNOWN = "no single known cause explains it"


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One mistake.

    Args:
        words: What would be wrong.
        undo: The motion without it.
    """

    words: str
    undo: Callable[[Motion], Motion]

    def explains(self, motions: Sequence[Motion]) -> bool:
        """Whether all parts of a recording agree once it is undone."""
        return all(compare_twists(self.undo(motion)).ok for motion in motions)

    def after(self, first: "Hypothesis") -> "Hypothesis":
        """Both mistakes; the other is undone first."""
        words = f"{first.words}, and {self.words}" if first.words else self.words
        return Hypothesis(words, lambda motion: self.undo(first.undo(motion)))


def name_culprit(motions: Sequence[Motion]) -> str:
    """The first known mistake that, undone, makes all parts of a recording agree, in words.

    Args:
        motions: The parts; at least one disagrees, and the first that does is looked at first.
    """
    comparisons = [compare_twists(motion) for motion in motions]
    worst = next(k for k, comparison in enumerate(comparisons) if not comparison.ok)
    if _IN_OTHER_ORDER.explains(motions):
        return _IN_OTHER_ORDER.words
    if zeroed := list(dict.fromkeys(words for one in comparisons for words in _zeroed(one))):
        return "; ".join(zeroed)
    suspects = chain(_KNOWN, _scaled(motions[worst]), _fitted(motions[worst], comparisons[worst]))
    return next((one.words for one in suspects if one.explains(motions)), _UNKNOWN)


def _zeroed(comparison: TwistComparison) -> Iterator[str]:
    verbs = {"linear": "translate", "angular": "rotate"}
    for name, part in (("linear", comparison.linear), ("angular", comparison.angular)):
        if part is not None and part.scale < _ZERO:
            yield f"the reported {name} part is zero while the poses {verbs[name]}"
        elif part is not None and part.scale > 1.0 / _ZERO:
            yield f"the poses do not {verbs[name]} while the reported {name} part is not zero"


def _scaled(motion: Motion) -> Iterator[Hypothesis]:
    """A common factor alone, or after one of the other mistakes."""
    for first in (Hypothesis("", lambda motion: motion), _IN_OTHER_ORDER, *_KNOWN[1:]):
        if first.words:
            yield _NOT_DIVIDED.after(first)
        comparison = compare_twists(first.undo(motion))
        part = comparison.linear or comparison.angular
        if part is not None:
            words = _describe_rate(motion, part.scale)
            yield Hypothesis(words, _division(part.scale, part.scale)).after(first)


def _fitted(motion: Motion, comparison: TwistComparison) -> Iterator[Hypothesis]:
    """Mistakes whose size is estimated from the motion."""
    yield from _UNITS
    yield _other_point(comparison)
    yield _other_clock(motion)
    yield _turned_frame(motion)


def _describe_rate(motion: Motion, factor: float) -> str:
    stored_hz = 1.0 / float(np.median(np.diff(motion.t_s)))
    return (
        f"they are {factor:.2f} times too fast for the stored times: sampled at "
        f"{factor * stored_hz:.0f} Hz and timed as if at {stored_hz:.0f} Hz?"
    )


def _other_point(comparison: TwistComparison) -> Hypothesis:
    p_E = np.array(comparison.offset_E_m)
    place = ", ".join(f"{1e3 * value:.0f}" for value in p_E)

    def undo(motion: Motion) -> Motion:
        V = np.array(motion.V_BE_E)
        V[:, :3] -= np.cross(V[:, 3:], p_E)
        return motion._replace(V_BE_E=V)

    return Hypothesis(
        f"they are of a point {1e3 * np.linalg.norm(p_E):.0f} mm from E, at ({place}) mm in E: the "
        "arm's tool offset differs from that of the poses",
        undo,
    )


def _other_clock(motion: Motion) -> Hypothesis:
    shift_s = estimate_lag(motion, _SHIFTS_S)
    late = "late" if shift_s > 0 else "early"
    return Hypothesis(
        f"they come about {abs(shift_s):.2f} s {late}: another clock than the poses'?",
        lambda motion: advance(motion, shift_s),
    )


def _turned_frame(motion: Motion) -> Hypothesis:
    """The one rotation that takes the reported twists to those of the poses."""
    differenced = _as_vectors(compute_body_twists(motion.T_BE, motion.t_s))
    reported = _as_vectors(0.5 * (motion.V_BE_E[:-1] + motion.V_BE_E[1:]))
    U, _, Vt = np.linalg.svd(differenced.T @ reported)  # Kabsch
    R = U @ np.diag([1.0, 1.0, np.linalg.det(U @ Vt)]) @ Vt
    turn = Rotation.from_matrix(R).as_rotvec()
    angle_rad = float(np.linalg.norm(turn))
    direction = np.round(turn / max(angle_rad, 1e-9), 1) + 0.0
    axis = ", ".join(f"{value:.1f}" for value in direction)
    return Hypothesis(
        f"they are in a frame turned by {np.rad2deg(angle_rad):.0f} deg about ({axis}) of E: "
        "another tool frame than that of the poses (the flange's?)",
        lambda motion: _turned(motion, np.tile(R, (len(motion.t_s), 1, 1))),
    )


def _as_vectors(twists: FloatArray) -> FloatArray:
    """Linear and angular parts below each other, (2N, 3), of like size."""
    return np.concatenate([twists[:, :3] / 0.1, twists[:, 3:] / 0.5])


def _turned(motion: Motion, R: FloatArray) -> Motion:
    parts = [np.einsum("kij,kj->ki", R, part) for part in np.split(motion.V_BE_E, 2, axis=1)]
    return motion._replace(V_BE_E=np.concatenate(parts, axis=1))


def _division(linear: float, angular: float) -> Callable[[Motion], Motion]:
    factors = np.repeat([linear, angular], 3)
    return lambda motion: motion._replace(V_BE_E=motion.V_BE_E / factors)


def _divided_by_dt(motion: Motion) -> Motion:
    dt_s = np.diff(motion.t_s)
    return motion._replace(V_BE_E=motion.V_BE_E / np.append(dt_s, dt_s[-1])[:, None])


def _in_other_order(motion: Motion) -> Motion:
    return motion._replace(V_BE_E=np.roll(motion.V_BE_E, 3, axis=1))


def _from_base_axes(motion: Motion) -> Motion:
    return _turned(motion, np.swapaxes(motion.T_BE[:, :3, :3], 1, 2))


def _from_spatial_twist(motion: Motion) -> Motion:
    """From the velocity of the tool's point that passes the base's origin, in the base's axes."""
    v, w = np.split(motion.V_BE_E, 2, axis=1)
    at_tool = v + np.cross(w, motion.T_BE[:, :3, 3])
    return _from_base_axes(motion._replace(V_BE_E=np.concatenate([at_tool, w], axis=1)))


_NOT_DIVIDED = Hypothesis(
    "they are differences that were never divided by the time step", _divided_by_dt
)
_IN_OTHER_ORDER = Hypothesis(
    "they have the angular part first, expected the linear one", _in_other_order
)
_KNOWN = (
    _NOT_DIVIDED,
    Hypothesis("they are in the axes of the base or world, expected those of E", _from_base_axes),
    Hypothesis("they are spatial twists (of the base's origin), expected E", _from_spatial_twist),
    Hypothesis(
        "the poses are inverted: base in tool, expected tool in base",
        lambda motion: motion._replace(T_BE=invert_poses(motion.T_BE)),
    ),
    Hypothesis("their sign is inverted", _division(-1.0, -1.0)),
)
_UNITS = (
    Hypothesis("the angular part is in deg/s, expected rad/s", _division(1.0, 57.29578)),
    Hypothesis("the linear part is in mm/s, expected m/s", _division(1000.0, 1.0)),
    Hypothesis("they are in mm/s and deg/s, expected m/s, rad/s", _division(1000.0, 57.29578)),
)
