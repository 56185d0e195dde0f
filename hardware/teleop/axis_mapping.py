"""Which axis of a device moves the tool along which axis, as the person sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import numpy as np

from mt3.errors import ConfigurationError
from mt3.geometry import SE3
from mt3.types import FloatArray, require_finite_setting

TWIST_AXES = ("x", "y", "z", "rx", "ry", "rz")


class Frame(StrEnum):
    """What the axes of a twist point along."""

    TOOL = "tool"
    BASE = "base"


@dataclass(frozen=True, slots=True, eq=False)
class AxisMapping:
    """Device axes, or keys, to axes of the tool's twist in the person's frame O.

    Args:
        axes: Name of a device axis to a sign and an axis, such as ``{"x": "+x", "yaw": "-rz"}``;
            ``x y z`` move, ``rx ry rz`` turn about them. Several may share an axis: they add up.
        frame: ``tool``: O is the tool's own frame E. ``base``: O is the arm's base B, turned about
            its z by ``operator_yaw_rad``.
        operator_yaw_rad: Where the person looks in B: 0 from behind the arm along its x, so that
            ``+x`` is away from both and ``+y`` to their left; pi from opposite.

    Raises:
        ConfigurationError: An axis, sign or frame that does not exist; an angle that is no number.
    """

    axes: Mapping[str, str]
    frame: str = Frame.BASE
    operator_yaw_rad: float = 0.0

    def __post_init__(self) -> None:
        if self.frame not in list(Frame):
            raise ConfigurationError(f"frame: got {self.frame!r}, expected tool or base")
        require_finite_setting("operator_yaw_rad", self.operator_yaw_rad)
        if not self.axes:
            raise ConfigurationError("axes: got none, expected at least one such as x: +x")
        for name, axis in self.axes.items():
            if not isinstance(axis, str) or axis[:1] not in "+-" or axis[1:] not in TWIST_AXES:
                raise ConfigurationError(
                    f"axes.{name}: got {axis!r}, expected + or - and one of {', '.join(TWIST_AXES)}"
                )
        axes = {str(name): axis for name, axis in self.axes.items()}
        object.__setattr__(self, "axes", MappingProxyType(axes))

    def direction(self, name: str) -> tuple[int, float]:
        """Index of the twist axis that a device axis moves along, and the sign."""
        axis = self.axes[name]
        return TWIST_AXES.index(axis[1:]), 1.0 if axis[0] == "+" else -1.0

    def describe(self, name: str) -> str:
        """Where a device axis moves the tool, such as ``+x``."""
        return self.axes[name]

    def deflection_O(self, values: Mapping[str, float]) -> FloatArray:
        """Deflections of device axes, -1 to 1, as one along the axes of O, (6,), -1 to 1.

        Args:
            values: By device axis; every mapped one has to be there.
        """
        out = np.zeros(6)
        for name in self.axes:
            index, sign = self.direction(name)
            out[index] += sign * values[name]
        return out.clip(-1.0, 1.0)

    def twist_E(self, V_O: FloatArray, T_BE: SE3) -> FloatArray:
        """A twist of E in B, given along the axes of O, expressed in E: (6,), m/s and rad/s.

        Args:
            V_O: Velocity of E's origin, then angular velocity, both along the axes of O.
            T_BE: Measured pose of the tool.
        """
        if self.frame == Frame.TOOL:
            return V_O
        R_EO = T_BE.R.T @ SE3.from_yaw(self.operator_yaw_rad).R
        return np.concatenate([R_EO @ V_O[:3], R_EO @ V_O[3:]])
