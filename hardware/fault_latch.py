"""What ended a device's thread, raised by every later call."""

from mt3.errors import DeviceError, NotConnectedError


class FaultLatch:
    """Keeps the first error of a device's thread."""

    def __init__(self) -> None:
        self._fault: Exception | None = None

    def set(self, fault: Exception) -> None:
        """Remember an error, unless there is one."""
        self._fault = self._fault or fault

    @property
    def is_set(self) -> bool:
        """Whether there was an error."""
        return self._fault is not None

    def require_none(self) -> None:
        """Raise the error again.

        Raises:
            NotConnectedError: The connection was lost.
            DeviceError: Anything else.
        """
        fault = self._fault
        if isinstance(fault, NotConnectedError):
            raise NotConnectedError(str(fault)) from fault
        if fault is not None:
            raise DeviceError(str(fault)) from fault
