"""Array aliases, and the one place where arrays of value types are checked and frozen."""

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mt3.errors import ConfigurationError, GeometryError

FloatArray: TypeAlias = npt.NDArray[np.float64]
Float32Array: TypeAlias = npt.NDArray[np.float32]
IntArray: TypeAlias = npt.NDArray[np.intp]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
ColorImage: TypeAlias = npt.NDArray[np.uint8]


def frozen_array(
    name: str,
    value: npt.ArrayLike,
    shape: Sequence[int | None],
    dtype: npt.DTypeLike = np.float64,
) -> npt.NDArray[Any]:
    """Copy a numeric array, check shape and finiteness, and make it read-only.

    Args:
        name: What the array is called in an error message.
        value: The array.
        shape: Expected shape; ``None`` stands for any length of that axis.
        dtype: Type of the copy.

    Returns:
        A read-only copy.

    Raises:
        GeometryError: Wrong shape, or a NaN or infinity inside.
    """
    array = np.array(value, dtype=dtype)
    fits = array.ndim == len(shape) and all(
        want is None or got == want for got, want in zip(array.shape, shape, strict=True)
    )
    if not fits:
        expected = tuple("any" if n is None else n for n in shape)
        raise GeometryError(f"{name}: got shape {array.shape}, expected {expected}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise GeometryError(
            f"{name}: got {int((~np.isfinite(array)).sum())} NaN or infinite values, expected none"
        )
    array.flags.writeable = False
    return array


def require_finite(name: str, value: float) -> None:
    """Check one number.

    Raises:
        GeometryError: NaN or infinity.
    """
    if not math.isfinite(value):
        raise GeometryError(f"{name}: got {value}, expected a finite number")


def require_bool(name: str, value: object) -> None:
    """Check one choice of a configuration: a typed ``no`` is text, and text counts as true.

    Raises:
        ConfigurationError: Neither true nor false.
    """
    if not isinstance(value, bool):
        raise ConfigurationError(f"{name}: got {value!r}, expected true or false")


def require_positive(name: str, value: float) -> None:
    """Check one number of a configuration.

    Raises:
        ConfigurationError: NaN, infinity, zero or less.
    """
    if not 0.0 < value < math.inf:
        raise ConfigurationError(f"{name}: got {value}, expected a positive number")


def require_finite_setting(name: str, value: float) -> None:
    """Check one number of a configuration.

    Raises:
        ConfigurationError: NaN, infinity, or no number at all.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ConfigurationError(f"{name}: got {value!r}, expected a finite number")
