"""The calibration board: a chessboard with a numbered marker in each white square."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import cv2
import numpy as np

from mt3.errors import ConfigurationError
from mt3.types import ColorImage, FloatArray, require_positive

_LEAST_SQUARES = 3  # a side: two corners a side span a plane


@dataclass(frozen=True, slots=True)
class Board:
    """A ChArUco board, and its frame M.

    The origin of M is the outer corner of the first square, x runs along the columns and y along
    the rows as printed, z into the board.

    Args:
        columns: Squares along x.
        rows: Squares along y.
        square_m: Side of a square, as measured on the print.
        marker_m: Side of a marker.
        dictionary: Name of one of OpenCV's sets of markers.

    Raises:
        ConfigurationError: No such board can be made.
    """

    columns: int = 7
    rows: int = 5
    square_m: float = 0.036
    marker_m: float = 0.027
    dictionary: str = "DICT_4X4_50"

    def __post_init__(self) -> None:
        for name in ("columns", "rows"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < _LEAST_SQUARES:
                raise ConfigurationError(
                    f"board.{name}: got {value!r}, expected a whole number from {_LEAST_SQUARES}"
                )
        require_positive("board.square_m", self.square_m)
        require_positive("board.marker_m", self.marker_m)
        if self.marker_m >= self.square_m:
            raise ConfigurationError(
                f"board.marker_m: got {self.marker_m} m, expected less than a square's "
                f"{self.square_m} m"
            )
        self._require_markers()

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> Self:
        """A board from what ``as_plain`` gave.

        Raises:
            ConfigurationError: A value is missing, unknown or refused.
        """
        try:
            return cls(**values)
        except TypeError as error:
            raise ConfigurationError(f"board: {error}") from error

    def as_plain(self) -> dict[str, Any]:
        """Its values, for JSON."""
        return dataclasses.asdict(self)

    @property
    def corner_count(self) -> int:
        """How many inner corners it has."""
        return (self.columns - 1) * (self.rows - 1)

    @property
    def size_m(self) -> tuple[float, float]:
        """Its size along x and y."""
        return self.columns * self.square_m, self.rows * self.square_m

    @property
    def p_M_centre(self) -> FloatArray:
        """Its centre in M, (3,), metres."""
        return np.array([*self.size_m, 0.0]) / 2.0

    def corners_M(self) -> FloatArray:
        """Inner corners in M by number, (N, 3), metres: along x first."""
        y, x = np.mgrid[1 : self.rows, 1 : self.columns] * self.square_m
        return np.stack([x.ravel(), y.ravel(), np.zeros(self.corner_count)], axis=-1)

    def as_charuco(self) -> cv2.aruco.CharucoBoard:
        """The same board for OpenCV."""
        size = (self.columns, self.rows)
        return cv2.aruco.CharucoBoard(size, self.square_m, self.marker_m, self._markers())

    def draw(self, square_px: int) -> ColorImage:
        """The board as printed, (rows * square_px, columns * square_px) uint8."""
        size = (self.columns * square_px, self.rows * square_px)
        return np.asarray(self.as_charuco().generateImage(size, marginSize=0), dtype=np.uint8)

    def __str__(self) -> str:
        square_mm, marker_mm = 1e3 * self.square_m, 1e3 * self.marker_m
        return (
            f"{self.columns} x {self.rows} squares of {square_mm:g} mm, markers of "
            f"{marker_mm:g} mm, {self.dictionary}"
        )

    def _markers(self) -> cv2.aruco.Dictionary:
        return cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, self.dictionary))

    def _require_markers(self) -> None:
        if not (self.dictionary.startswith("DICT_") and hasattr(cv2.aruco, self.dictionary)):
            raise ConfigurationError(
                f"board.dictionary: got {self.dictionary!r}, expected a name such as DICT_4X4_50"
            )
        need, have = self.columns * self.rows // 2, len(self._markers().bytesList)
        if need > have:
            raise ConfigurationError(
                f"board.dictionary: {self.dictionary} has {have} markers, expected at least {need} "
                f"for {self.columns} x {self.rows} squares"
            )
