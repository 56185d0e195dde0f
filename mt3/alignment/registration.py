"""The answer of a registration, with everything needed to decide whether to believe it."""

from dataclasses import dataclass
from typing import Any, Literal

from mt3.errors import RegistrationError
from mt3.geometry import SE3
from mt3.types import FloatArray, frozen_array

Symmetry = Literal["none", "n-fold", "full"]


@dataclass(frozen=True, slots=True, eq=False)
class YawMode:
    """One local best answer.

    Args:
        D_W: Motion of the object from the demonstration to now, in W.
        yaw_rad: Its yaw, in (-pi, pi].
        score: Mean cost per point in [0, 1]; lower is better.
    """

    D_W: SE3
    yaw_rad: float
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """How the object moved between two views, and how far to trust it.

    Args:
        D_W: Best motion, ``T_WE_live = D_W @ T_WE_demo``.
        converged: Whether the polishing came to rest, and nothing leaves the motion open; a round
            object is where its axis was found, and is not polished.
        trusted: Whether a robot may act on it.
        reason: Why not, or an empty text.
        probability: Of being within 10 mm and 10 deg, another instance within 15 mm on the level,
            as calibrated; see ``TrustModel``.
        overlap: Share of the points, both ways, that meet the other view's surface.
        rmse_m: Root mean square distance to the surface of those points, metres; 0 where none
            meets it.
        violation_m: Mean depth by which points, both ways, stand where the other camera saw
            through, metres.
        score: Mean cost per point in [0, 1]; lower is better.
        points: Of the object, over the views of the side that shows fewer.
        modes: All local best yaws, best first, before the best is polished to ``D_W``.
        margin: Score of the second mode that is not the same by symmetry, minus that of the best;
            1 where there is none.
        symmetry: Verdict from the modes: ``none``, ``n-fold`` or ``full``.
        equivalent_motions: Motions that the symmetry makes as good as ``D_W``, which is first.
        yaw_curve: (K, 2), starting yaw (rad) and score reached from it.
    """

    D_W: SE3
    converged: bool
    trusted: bool
    reason: str
    probability: float
    overlap: float
    rmse_m: float
    violation_m: float
    score: float
    points: int
    modes: tuple[YawMode, ...]
    margin: float
    symmetry: Symmetry
    equivalent_motions: tuple[SE3, ...]
    yaw_curve: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "yaw_curve", frozen_array("yaw_curve", self.yaw_curve, (None, 2)))

    def __reduce__(self) -> tuple[Any, ...]:
        return (Registration, tuple(getattr(self, name) for name in self.__slots__))

    def require(self) -> "Registration":
        """This registration, if it can be trusted.

        Raises:
            RegistrationError: It cannot; the message says why and gives the figures.
        """
        if not self.trusted:
            raise RegistrationError(f"{self.reason} ({self.describe()})")
        return self

    def describe(self) -> str:
        """The fields of trust in one line."""
        return (
            f"probability {self.probability:.3f}, overlap {self.overlap:.2f}, "
            f"RMSE {self.rmse_m * 1e3:.1f} mm, violation {self.violation_m * 1e3:.2f} mm, "
            f"score {self.score:.3f}, margin {self.margin:.3f}, {len(self.modes)} modes, "
            f"symmetry {self.symmetry}"
        )
