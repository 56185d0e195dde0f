"""What the control process says to one request."""

from dataclasses import dataclass
from typing import Any

from mt3.errors import DeviceError, Mt3Error


@dataclass(frozen=True, slots=True)
class Answer:
    """Crosses from the control process to the operator's program.

    Args:
        number: Of the request; requests count from 1, and 0 is the connection itself.
        value: What the request gave.
        error: What it raised instead.
    """

    number: int
    value: Any = None
    error: Mt3Error | None = None

    @classmethod
    def of_error(cls, number: int, error: BaseException) -> "Answer":
        """An error as it is, or in words where it may not be known on the other side."""
        if isinstance(error, Mt3Error):
            return cls(number, error=error)
        words = f"control process: {type(error).__name__}: {error}"
        return cls(number, error=DeviceError(words))

    def result(self) -> Any:  # noqa: ANN401  # what the request gives
        """What the request gave.

        Raises:
            Mt3Error: What it raised.
        """
        if self.error is not None:
            raise self.error
        return self.value
