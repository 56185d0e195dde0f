"""Every error of the stack; each also is the builtin it resembles.

They cross from one process to another, so those with attributes say how they are made again.
"""

from typing import Any


class Mt3Error(Exception):
    """Base of all errors raised on purpose by this stack."""


class GeometryError(Mt3Error, ValueError):
    """An array, pose or point set that cannot be what it claims to be."""


class ImageError(Mt3Error, ValueError):
    """An image, mask or camera parameter that cannot be what it claims to be."""


class TaskError(Mt3Error, ValueError):
    """A task text that no skill can be read from."""


class NoMatchError(Mt3Error, LookupError):
    """No demonstration for a task.

    Attributes:
        nearest: Texts of the nearest known tasks, best first.
    """

    def __init__(self, message: str, nearest: tuple[str, ...]) -> None:
        super().__init__(message)
        self.nearest = nearest

    def __reduce__(self) -> tuple[Any, ...]:
        return (NoMatchError, (str(self), self.nearest))


class DemoNotFoundError(Mt3Error, LookupError):
    """A demonstration id that the library does not hold."""


class LibraryNotFoundError(Mt3Error, FileNotFoundError):
    """A folder that holds no demonstration library."""


class LibraryUnreachableError(Mt3Error, ConnectionError):
    """A library on an object store that cannot be reached, or whose server refuses."""


class DemoFormatError(Mt3Error, ValueError):
    """A stored or about to be stored demonstration that breaks the record's rules."""


class SegmentationError(Mt3Error, LookupError):
    """The object asked for was not found in the image."""


class RegistrationError(Mt3Error, ValueError):
    """A registration that was required and cannot be trusted."""


class PlanningError(Mt3Error, RuntimeError):
    """No motion to the goal exists within the budget.

    Attributes:
        reason: One of ``PlanFailure``'s values, for programs.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        return (PlanningError, (str(self), self.reason))


class DeviceError(Mt3Error, RuntimeError):
    """An arm, gripper or camera that did not do what was asked."""


class NotConnectedError(DeviceError, ConnectionError):
    """A device used outside its ``with`` block, or after its connection was lost."""


class OperatorLostError(DeviceError):
    """Nobody watches the arm any more: the operator's program gives no sign of life."""


class OperatorStopError(DeviceError):
    """The operator stopped the arm."""


class StaleDataError(DeviceError, TimeoutError):
    """A state or frame older than the caller allows."""


class SafetyViolation(DeviceError):
    """A command refused, and the arm stopped, by the safety gate.

    Attributes:
        limit: Name of the limit that was broken.
    """

    def __init__(self, message: str, limit: str) -> None:
        super().__init__(message)
        self.limit = limit

    def __reduce__(self) -> tuple[Any, ...]:
        return (SafetyViolation, (str(self), self.limit))


class InteractionError(DeviceError):
    """An interaction that was stopped before its end.

    Attributes:
        reason: Name of the ``InteractionFailure``, or of the safety limit.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        return (InteractionError, (str(self), self.reason))


class CalibrationError(Mt3Error, ValueError):
    """Measurements that no calibration can be trusted from, or one that holds no longer."""


class BoardViewError(CalibrationError):
    """An image that does not show the calibration board well enough."""


class ConfigurationError(Mt3Error, ValueError):
    """Values of a configuration that contradict each other or the device."""


class PlacementError(ConfigurationError):
    """A scene that cannot be set up as it was drawn; another one may be."""


class StorageError(Mt3Error, OSError):
    """Something that should be stored could not be written: no space, no permission, no disk."""
