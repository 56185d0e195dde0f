"""The one place where numba enters: functions over arrays, compiled when first called."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function of arrays and numbers; the machine code is kept on disk.

    Functions that call each other belong into one file: the kept code of a caller does not notice
    a change of a function in another file. No fast mathematics, so every machine rounds alike.
    """
    return cast(Function, numba.njit(cache=True, nogil=True, error_model="numpy")(function))
