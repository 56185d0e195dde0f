"""Which key asks for which action of a recording session."""

from collections.abc import Iterable, Mapping

from mt3.errors import ConfigurationError
from mt3.operator_action import OperatorAction

DIGITS = "123456789"  # choose an object by its number in the picture
_NAMED = ("enter", "space", "tab", "escape", "backspace", "up", "down", "left", "right")


class KeyMap:
    """Keys of the session; all others belong to the teleoperation device.

    Args:
        keys: Key by name of the action: one key each, every action has one.

    Raises:
        ConfigurationError: An unknown action, a missing one, a key that is used twice or that no
            terminal sends.
    """

    def __init__(self, keys: Mapping[str, str]) -> None:
        known = {action.value for action in OperatorAction}
        if unknown := sorted(set(keys) - known):
            raise ConfigurationError(
                f"session.keys: got {', '.join(unknown)}, expected {', '.join(sorted(known))}"
            )
        if missing := sorted(known - set(keys)):
            raise ConfigurationError(f"session.keys: got no key for {', '.join(missing)}")
        self._keys = {OperatorAction(name): str(key) for name, key in keys.items()}
        self._actions: dict[str, OperatorAction] = {}
        for action, key in self._keys.items():
            if not _is_sent(key):
                raise ConfigurationError(
                    f"session.keys: got {key!r} for {action}, which no key sends; expected one "
                    f"character, or one of {', '.join(_NAMED)}"
                )
        for action, key in self._keys.items():
            if key in self._actions or key in DIGITS:
                other = self._actions.get(key, "an object's number")
                raise ConfigurationError(
                    f"session.keys: got key {key!r} for {action} and for {other}, expected one each"
                )
            self._actions[key] = action

    def key(self, action: OperatorAction) -> str:
        """The key of an action."""
        return self._keys[action]

    def action(self, key: str) -> OperatorAction | None:
        """The action of a key; None for one that is not the session's."""
        return self._actions.get(key)

    def require_free(self, keys: Iterable[str], owner: str) -> None:
        """Refuse keys of a device that are the session's too.

        Raises:
            ConfigurationError: One is; the message names both uses.
        """
        for key in keys:
            if key in self._actions or key in DIGITS:
                use = self._actions.get(key, "an object's number")
                raise ConfigurationError(
                    f"{owner}: got key {key!r}, which the session uses for {use}; "
                    "set another with session.keys or in the device's configuration"
                )


def _is_sent(key: str) -> bool:
    """Whether a terminal can send it; for the names see ``mt3.interfaces.Keys``."""
    return key in _NAMED or (len(key) == 1 and key.isprintable() and key != " ")
