"""Vendors' packages, which only those install who have the device."""

import importlib
from types import ModuleType

from mt3.errors import DeviceError


def import_extra(module: str, extra: str) -> ModuleType:
    """Import a vendor's module.

    Args:
        module: Its import name.
        extra: Of this distribution, which installs it.

    Raises:
        DeviceError: It is not installed; the message names the extra.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise DeviceError(
            f"{module}: not installed, install it with: pip install 'mt3-robot[{extra}]'"
        ) from error
