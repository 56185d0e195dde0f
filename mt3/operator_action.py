"""What an operator asks a recording session for, by a key or a button of a device."""

from enum import StrEnum

from mt3.errors import ConfigurationError


class OperatorAction(StrEnum):
    """Names of the actions, in the order of a session."""

    PICTURE = "picture"
    ACCEPT = "accept"
    MARK = "mark"
    END = "end"
    REPLAY = "replay"
    KEEP = "keep"
    REDO = "redo"
    DISCARD = "discard"
    QUIT = "quit"

    @classmethod
    def named(cls, name: str) -> "OperatorAction":
        """The action of a name.

        Raises:
            ConfigurationError: There is none.
        """
        try:
            return cls(name)
        except ValueError:
            raise ConfigurationError(
                f"button: got {name!r}, expected one of {', '.join(cls)}"
            ) from None
