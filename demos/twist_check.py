"""Whether recorded poses and times agree with the velocities the arm itself reports.

Twists computed from poses and times return those poses whatever the clock, so only a second source
can show a wrong rate or frame.
"""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from mt3.geometry import invert_poses, log_se3
from mt3.types import FloatArray, IntArray

_SCALE_TOLERANCE = 0.05
_ANGLE_TOLERANCE_RAD = np.deg2rad(5.0)
# A window is long enough to move well beyond the noise of a measured pose, about 0.1 mm.
_WINDOWS_S = (0.05, 0.1, 0.2, 0.4, 0.8)
_MOST_WINDOWS = 500
_LEAST_MOTION = {"linear": 0.006, "angular": 0.02}  # m, rad
_MOST_SCALE_DOUBT, _MOST_ANGLE_DOUBT_RAD = 0.10, np.deg2rad(5.0)
_DEVIATION_OF_MAD, _MEDIAN_OF_RAYLEIGH = 1.483, 1.177  # of normal noise of deviation 1
_LEAST_MOVING_S, _LEAST_MOVING_WINDOWS, _LEAST_APART = 0.15, 5, 3.0
_LAGS_S = np.array(sorted(np.arange(-30, 31, 5) / 1000.0, key=abs))  # what filters and buses cost
_PARTS = {"linear": slice(0, 3), "angular": slice(3, 6)}
_TYPICAL_SPEED = np.repeat([0.1, 0.5], 3)  # m/s and rad/s that weigh the same
_MAX_OFFSET_M = 0.010
_OFFSET_STD_M, _OFFSET_SIGMAS, _OUTLIER = 0.004, 4.0, 4.0
_NO_OFFSET = (0.0, 0.0, 0.0)


class Motion(NamedTuple):
    """Times (T,), tool poses ``T_BE`` (T, 4, 4), and reported twists ``V_BE_E`` (T, 6) in E."""

    t_s: FloatArray
    T_BE: FloatArray
    V_BE_E: FloatArray

    def cut(self, start: int, stop: int) -> "Motion":
        """Some of the samples."""
        return Motion(*(array[start:stop] for array in self))


@dataclass(frozen=True, slots=True)
class TwistAgreement:
    """How far one part of the reported twists agrees with the poses' differences.

    Args:
        samples: Windows that moved well above noise, and were compared.
        scale: Median of reported over differenced speed.
        angle_rad: Median angle between the two directions.
        scale_doubt: Three standard errors of the scale, as its scatter shows them, at most 10 %.
        angle_doubt_rad: Median angle that noise of that scatter alone would give, at most 5 deg.
    """

    samples: int
    scale: float
    angle_rad: float
    scale_doubt: float
    angle_doubt_rad: float

    @property
    def ok(self) -> bool:
        """Whether both are within tolerance."""
        scale_fits = abs(self.scale - 1.0) <= _SCALE_TOLERANCE + self.scale_doubt
        return scale_fits and self.angle_rad <= _ANGLE_TOLERANCE_RAD + self.angle_doubt_rad


@dataclass(frozen=True, slots=True)
class TwistComparison:
    """Reported twists held against poses over a part of a recording.

    Args:
        linear: None where hardly anything moved, or nothing was reported.
        angular: None where hardly anything turned, or nothing was reported.
        lag_s: By which the reports come late; compensated up to 30 ms.
        offset_E_m: Point of E, beside its origin, whose velocity seems to be reported, (3,),
            metres, as far as the tool's turning shows it; 0 where it shows none.
    """

    linear: TwistAgreement | None = None
    angular: TwistAgreement | None = None
    lag_s: float = 0.0
    offset_E_m: tuple[float, float, float] = _NO_OFFSET

    @property
    def possible(self) -> bool:
        """Whether anything could be compared."""
        return self.linear is not None or self.angular is not None

    @property
    def ok(self) -> bool:
        """Whether nothing disagrees."""
        parts = (self.linear, self.angular)
        return all(part is None or part.ok for part in parts) and not any(self.offset_E_m)

    def describe(self) -> str:
        """The figures in words."""
        words = [
            f"{name} {part.scale:.2f} times the speed and {np.rad2deg(part.angle_rad):.1f} deg off "
            f"over {part.samples} samples"
            for name, part in (("linear", self.linear), ("angular", self.angular))
            if part is not None
        ]
        if any(self.offset_E_m):
            words.append(f"of a point {1e3 * np.linalg.norm(self.offset_E_m):.0f} mm beside E")
        return "; ".join(words)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "offset_E_m": list(self.offset_E_m)}


def compare_twists(motion: Motion) -> TwistComparison:
    """Compare reported twists with differences of poses.

    A difference is a mean over its window and a reported twist a moment's, so each difference is
    held against the mean of the reports in its window. Medians over the windows that moved keep a
    few samples of contact from deciding.
    """
    if len(motion.t_s) < 2:
        return TwistComparison()
    lag_s = estimate_lag(motion, _LAGS_S)
    motion = advance(motion, lag_s)
    angular = _agreement(motion, "angular")
    turning_known = angular is not None and angular.ok
    return TwistComparison(
        linear=_agreement(motion, "linear"),
        angular=angular,
        lag_s=lag_s,
        offset_E_m=_estimate_offset(motion) if turning_known else _NO_OFFSET,
    )


class _Windows(NamedTuple):
    """Stretches of a motion: first and last samples, and how many of them overlap, on average."""

    starts: IntArray
    ends: IntArray
    dt_s: FloatArray
    overlap: float

    @classmethod
    def of_length(cls, t_s: FloatArray, length_s: float) -> "_Windows":
        """Beginning at every sample, or evenly thinned."""
        ends = np.searchsorted(t_s, t_s + length_s - 1e-6)
        starts = np.flatnonzero(ends < len(t_s))
        stride = -(-len(starts) // _MOST_WINDOWS) or 1
        starts = starts[::stride]
        ends = np.maximum(ends[starts], starts + 1)
        overlap = float(np.mean(ends - starts)) / stride if len(starts) else 1.0
        return cls(starts, ends, t_s[ends] - t_s[starts], max(overlap, 1.0))

    def differenced(self, T_BE: FloatArray) -> FloatArray:
        """Mean twists by the poses, (N, 6)."""
        return log_se3(invert_poses(T_BE[self.starts]) @ T_BE[self.ends]) / self.dt_s[:, None]

    def reported(self, t_s: FloatArray, V_BE_E: FloatArray) -> FloatArray:
        """Mean reported twists, (N, 6)."""
        travelled = np.zeros_like(V_BE_E)
        steps = 0.5 * (V_BE_E[:-1] + V_BE_E[1:]) * np.diff(t_s)[:, None]
        np.cumsum(steps, axis=0, out=travelled[1:])
        return np.asarray((travelled[self.ends] - travelled[self.starts]) / self.dt_s[:, None])


class _MovingWindows(NamedTuple):
    """Mean twists of the poses and as reported, (N, 6), in the windows that moved."""

    differenced: FloatArray
    reported: FloatArray
    overlap: float


def _moving_windows(motion: Motion, part: str) -> _MovingWindows | None:
    """The shortest windows of which enough moved well above noise, by either source."""
    least_s = _LEAST_MOVING_S / float(np.median(np.diff(motion.t_s)))
    for length_s in _WINDOWS_S:
        windows = _Windows.of_length(motion.t_s, length_s)
        both = windows.differenced(motion.T_BE), windows.reported(motion.t_s, motion.V_BE_E)
        speeds = np.maximum(*(np.linalg.norm(V[:, _PARTS[part]], axis=1) for V in both))
        moved = speeds * windows.dt_s >= _LEAST_MOTION[part]
        least = max(_LEAST_MOVING_WINDOWS, min(least_s, _MOST_WINDOWS / 10))
        if moved.sum() >= max(least, _LEAST_APART * windows.overlap):
            return _MovingWindows(both[0][moved], both[1][moved], windows.overlap)
    return None


def _agreement(motion: Motion, part: str) -> TwistAgreement | None:
    windows = _moving_windows(motion, part)
    if windows is None:
        return None
    differenced, reported = (V[:, _PARTS[part]] for V in windows[:2])
    floor = 1e-3 * _LEAST_MOTION[part]
    speeds = np.maximum(np.linalg.norm(differenced, axis=1), floor)
    reported_speeds = np.maximum(np.linalg.norm(reported, axis=1), floor)
    dots = np.einsum("ij,ij->i", differenced, reported)
    angles = np.arccos(np.clip(dots / (speeds * reported_speeds), -1.0, 1.0))
    ratios = reported_speeds / speeds
    scale = float(np.median(ratios))
    noise = _DEVIATION_OF_MAD * float(np.median(np.abs(ratios - scale)))
    standard_error = 1.25 * noise / np.sqrt(len(ratios) / windows.overlap)
    return TwistAgreement(
        samples=len(ratios),
        scale=scale,
        angle_rad=float(np.median(angles)),
        scale_doubt=min(3.0 * float(standard_error), _MOST_SCALE_DOUBT),
        angle_doubt_rad=min(_MEDIAN_OF_RAYLEIGH * noise, _MOST_ANGLE_DOUBT_RAD),
    )


def estimate_lag(motion: Motion, lags_s: FloatArray) -> float:
    """The lag of the reports, of those given, with the smallest mean disagreement; else 0."""
    windows = _Windows.of_length(motion.t_s, _WINDOWS_S[0])
    if not len(windows.starts):
        return 0.0
    differenced = windows.differenced(motion.T_BE)
    misfits = []
    for lag_s in lags_s:
        reported = windows.reported(motion.t_s, advance(motion, lag_s).V_BE_E)
        misfits.append(np.linalg.norm((reported - differenced) / _TYPICAL_SPEED, axis=1).mean())
    return float(lags_s[int(np.argmin(misfits))])


def advance(motion: Motion, lag_s: float) -> Motion:
    """The motion with its reports taken from later by a lag."""
    t_s, T_BE, V = motion
    advanced = np.stack([np.interp(t_s + lag_s, t_s, column) for column in V.T], axis=1)
    return Motion(t_s, T_BE, advanced)


def _estimate_offset(motion: Motion) -> tuple[float, float, float]:
    """The point p of E whose velocity is reported, where that is certain and far from the origin.

    A point p fixed in E moves with v + w x p, so the part of the disagreement that goes with the
    turning, and not with the speed itself, shows p. Least squares, only in the directions in which
    the turning leaves p open by a few millimetres at most, so never along the axis.
    """
    windows = _moving_windows(motion, "angular")
    if windows is None:
        return _NO_OFFSET
    v, w = np.split(windows.differenced, 2, axis=1)
    excess = windows.reported[:, :3] - v
    along, std_m, directions = _solve_offset(v, w, excess, windows.overlap)
    certain = (std_m <= _OFFSET_STD_M) & (np.abs(along) > _OFFSET_SIGMAS * std_m)
    p_E = directions @ np.where(certain, along, 0.0)
    if np.linalg.norm(p_E) < _MAX_OFFSET_M:
        return _NO_OFFSET
    x, y, z = (float(value) for value in p_E)
    return (x, y, z)


def _solve_offset(
    v: FloatArray, w: FloatArray, excess: FloatArray, overlap: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Components of p along principal directions, their standard deviations, and the directions.

    Windows that fit the worst are left out in a second round: contact and jerks.
    """
    A = -np.cross(np.eye(3)[None], w[:, None]).swapaxes(1, 2)  # A @ p = w x p
    kept = np.ones(len(w), dtype=bool)
    for _ in range(2):
        A_kept, e, u = A[kept], excess[kept], v[kept]
        energy = max(float((u**2).sum()), 1e-12)
        A_kept = A_kept - u[:, :, None] * (np.einsum("ki,kij->j", u, A_kept) / energy)
        e = e - u * (float((u * e).sum()) / energy)
        information, directions = np.linalg.eigh(np.einsum("kij,kil->jl", A_kept, A_kept))
        information = np.maximum(information, 1e-9)
        along = directions.T @ np.einsum("kij,ki->j", A_kept, e) / information
        left = np.linalg.norm(e - A_kept @ (directions @ along), axis=1)
        freedoms = max(3.0 * len(e) / overlap - 4.0, 1.0)
        std_m = np.sqrt((left**2).sum() / freedoms * overlap / information)
        kept[np.flatnonzero(kept)[left > _OUTLIER * np.median(left) + 1e-9]] = False
    return along, std_m, directions
