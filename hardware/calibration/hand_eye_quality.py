"""Whether a hand-eye calibration may be used, and which views would make it better."""

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from hardware.calibration.rotation_spread import RotationSpread
from mt3.types import FloatArray, require_positive

# What an operator does with the board to turn it about x, y and z of the camera.
_HOW_TO_TURN = (
    "its top or its bottom side tipped away from the camera by 20 to 40 deg",
    "its left or its right side tipped away from the camera by 20 to 40 deg",
    "the board turned in the image by 40 deg to either side",
)


@dataclass(frozen=True, slots=True)
class HandEyeRules:
    """What a calibration must reach.

    Args:
        min_views: So many views at least, those that were left out not counted.
        min_rotation_rad: Root mean square turn about a second axis: two axes that are not parallel
            are what makes the problem solvable at all.
        max_rms_px: Distance of the corners from where the solution puts them.
        max_error_m: Leave-one-out error of the board's centre, root mean square.
        max_error_rad: Leave-one-out error of the board's rotation, root mean square.
        max_uncertain_m: Standard error of the camera's position.
        max_uncertain_rad: Standard error of the camera's rotation.
        max_scale_error: Share by which the board's size may differ from the given one.
        max_rejected_share: Of the views.

    Raises:
        ConfigurationError: A value that is no positive number.
    """

    min_views: int = 10
    min_rotation_rad: float = math.radians(10.0)
    max_rms_px: float = 2.0
    max_error_m: float = 0.005
    max_error_rad: float = math.radians(1.5)
    max_uncertain_m: float = 0.003
    max_uncertain_rad: float = math.radians(0.3)
    max_scale_error: float = 0.01
    max_rejected_share: float = 0.25

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            require_positive(field.name, getattr(self, field.name))


@dataclass(frozen=True, slots=True)
class LeaveOneOut:
    """What happens where each view in turn has no part in the solution.

    Args:
        error_m: From where the others' solution puts the centre of the board that was left out to
            where its own image does, root mean square. The noise of one image is in it.
        error_rad: The same of its rotation.
        uncertain_m: Standard error of the camera's position, from how the solutions differ.
        uncertain_rad: The same of its rotation.
    """

    error_m: float
    error_rad: float
    uncertain_m: float
    uncertain_rad: float


@dataclass(frozen=True, slots=True)
class HandEyeFigures:
    """What the quality of a calibration is judged by.

    Args:
        used: Views that the solution comes from.
        rejected: Views left out as wrong.
        rms_px: Distance of the corners from where the solution puts them.
        leave_one_out: Errors of views that had no part in the solution.
        scale: True size of the board over the given one, as the arm's motion says.
    """

    used: int
    rejected: int
    rms_px: float
    leave_one_out: LeaveOneOut
    scale: float


def motion_shortcomings(R_CM: FloatArray, rules: HandEyeRules) -> tuple[str, ...]:
    """What the views lack before anything is solved, and which to add.

    Args:
        R_CM: Rotation of the board in the camera in each view, (n, 3, 3).
        rules: What must be reached.
    """
    found = []
    if len(R_CM) < rules.min_views:
        found.append(
            f"views: got {len(R_CM)} good ones, expected at least {rules.min_views}: add "
            f"{rules.min_views - len(R_CM)} or more"
        )
    if len(R_CM) < 2:
        return tuple(found)
    spread, least_deg = RotationSpread.of(R_CM), math.degrees(rules.min_rotation_rad)
    if spread.second_rad < rules.min_rotation_rad:
        what = "too little rotation"
        if spread.main_rad >= rules.min_rotation_rad:
            what = "all rotations are about nearly the same axis"
        missing = _HOW_TO_TURN[int(np.argmin(spread.about_axes_rad))]
        found.append(
            f"views: {what}, {math.degrees(spread.second_rad):.1f} deg about a second one, "
            f"expected at least {least_deg:.0f}: add views with {missing}"
        )
    return tuple(found)


def solution_shortcomings(figures: HandEyeFigures, rules: HandEyeRules) -> tuple[str, ...]:
    """What a solution lacks, and what to do about it."""
    found = []
    total = figures.used + figures.rejected
    if figures.rejected > rules.max_rejected_share * total:
        found.append(
            f"views: {figures.rejected} of {total} contradict the others, expected at most "
            f"{rules.max_rejected_share:.0%}: does each image belong to the pose it is stored "
            "with, and did nothing slip?"
        )
    if figures.rms_px > rules.max_rms_px:
        found.append(
            f"corners: {figures.rms_px:.2f} px off, expected at most {rules.max_rms_px:g}: do "
            "images and poses belong together, was the arm at rest, did board or camera slip?"
        )
    if abs(figures.scale - 1.0) > rules.max_scale_error:
        found.append(
            f"board: its squares look {figures.scale:.3f} times as large as given, expected within "
            f"{rules.max_scale_error:.0%}: measure them on the print (or the intrinsics are wrong)"
        )
    return (*found, *_leave_one_out_shortcomings(figures.leave_one_out, rules))


def _leave_one_out_shortcomings(errors: LeaveOneOut, rules: HandEyeRules) -> list[str]:
    found = []
    if errors.error_m > rules.max_error_m or errors.error_rad > rules.max_error_rad:
        found.append(
            "leave-one-out error: "
            + _against(errors.error_m, errors.error_rad, rules.max_error_m, rules.max_error_rad)
            + ": add views nearer to the camera, sharper, with more of the board in view"
        )
    if errors.uncertain_m > rules.max_uncertain_m or errors.uncertain_rad > rules.max_uncertain_rad:
        found.append(
            "uncertainty of the camera's pose: "
            + _against(
                errors.uncertain_m,
                errors.uncertain_rad,
                rules.max_uncertain_m,
                rules.max_uncertain_rad,
            )
            + ": add views with other tilts, turns and distances"
        )
    return found


def _against(got_m: float, got_rad: float, most_m: float, most_rad: float) -> str:
    return (
        f"got {1e3 * got_m:.2f} mm and {math.degrees(got_rad):.2f} deg, expected at most "
        f"{1e3 * most_m:g} mm and {math.degrees(most_rad):.2g} deg"
    )
