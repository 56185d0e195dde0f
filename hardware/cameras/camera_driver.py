"""What a camera's driver gives: images, without where the camera stands.

A driver cannot know its pose. ``StandCamera`` and ``WristCamera`` add it, and with it make a
``Camera`` of a driver; calibration, which has yet to find the pose, uses the driver alone.
"""

from dataclasses import dataclass
from typing import Protocol

from mt3.errors import StaleDataError
from mt3.interfaces import Device
from mt3.perception import Intrinsics
from mt3.types import ColorImage, Float32Array


@dataclass(frozen=True, slots=True, eq=False)
class CameraImages:
    """Colour and depth of one moment; ``RGBD`` checks them once the pose is known.

    Args:
        color: (H, W, 3) uint8, RGB.
        depth_m: (H, W), metres along the optical axis, 0 = no reading; aligned to colour.
        intrinsics: Of both images, which are free of distortion.
        t_s: When they were taken, on the scene's clock.
    """

    color: ColorImage
    depth_m: Float32Array
    intrinsics: Intrinsics
    t_s: float


class CameraDriver(Device, Protocol):
    """A camera that knows nothing of its surroundings."""

    @property
    def name(self) -> str:
        """What its images and errors call it."""
        ...

    def read(self, max_age_s: float) -> CameraImages:
        """The newest images; never waits.

        Raises:
            StaleDataError: They are older than ``max_age_s``.
            NotConnectedError: Outside the ``with`` block, or the camera was lost.
        """
        ...


def require_fresh(name: str, t_s: float, now_s: float, max_age_s: float) -> None:
    """Refuse images that are too old.

    Args:
        name: Of the camera.
        t_s: When they were taken.
        now_s: The time now, on the same clock.
        max_age_s: How old they may be.

    Raises:
        StaleDataError: They are older.
    """
    age_s = now_s - t_s
    if age_s > max_age_s:
        raise StaleDataError(
            f"camera {name}: got images {age_s:.3f} s old, expected at most {max_age_s:g} s; "
            "the camera or this computer is too slow, or the stream has stopped"
        )
