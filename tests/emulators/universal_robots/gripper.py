"""A Robotiq 2F-85 as the URCap of its maker offers it on port 63352.

Source: Robotiq, "2F-85 & 2F-140 Instruction Manual": registers, codes of gSTA and gOBJ, speeds of
20 to 150 mm/s; the text protocol carries the same registers by name.
"""

from universal_robots.endpoint import Connection, Peer

_STROKE_MM = 85.0
_ACTIVATION_S = 0.4  # a real one takes about two seconds
_READABLE = ("ACT", "GTO", "POS", "SPE", "FOR", "PRE", "OBJ", "STA", "FLT")
_WRITABLE = ("ACT", "GTO", "POS", "SPE", "FOR")


class GripperModel:
    """Fingers that move at a limited speed, until they are there or something is between them."""

    def __init__(self) -> None:
        self.position = 0.0  # counts: 0 open, 255 closed
        self.obstacle_opening: float | None = None
        self._registers = dict.fromkeys(_WRITABLE, 0)
        self._activating_s = 0.0
        self._object = 3

    @property
    def opening(self) -> float:
        """Fraction, 0 closed and 1 open."""
        return 1.0 - self.position / 255.0

    def tick(self, dt: float) -> None:
        """Move on by a time step, seconds."""
        if self._activating_s > 0:
            self._activating_s = max(0.0, self._activating_s - dt)
            closing_s = min(self._activating_s, _ACTIVATION_S - self._activating_s)
            self.position = 255.0 * closing_s / (0.5 * _ACTIVATION_S)  # closes and opens once
        if self._registers["GTO"] and self._status() == 3:
            self._move(dt)

    def _move(self, dt: float) -> None:
        mm_s = 20.0 + 130.0 * self._registers["SPE"] / 255.0
        step = mm_s * dt * 255.0 / _STROKE_MM
        gap = self._registers["POS"] - self.position
        wall = 255.0 if self.obstacle_opening is None else 255.0 * (1.0 - self.obstacle_opening)
        if gap > 0 and self.position >= wall:
            self._object = 2
        elif abs(gap) < 1e-9:
            self._object = 3
        else:
            self._object = 0
            self.position += max(-step, min(step, gap))
            if gap > 0:
                self.position = min(self.position, wall)

    def read(self, name: str) -> int:
        """A register by its name."""
        found = {
            **self._registers,
            "POS": round(self.position),
            "PRE": self._registers["POS"],
            "OBJ": self._object,
            "STA": self._status(),
            "FLT": 0,
        }
        return found[name]

    def write(self, name: str, value: int) -> None:
        """Set a register by its name."""
        if name == "ACT" and value and not self._registers["ACT"]:
            self._activating_s = _ACTIVATION_S
        if name == "GTO" and value:
            self._object = 0
        self._registers[name] = value

    def _status(self) -> int:
        if not self._registers["ACT"]:
            return 0
        return 1 if self._activating_s > 0 else 3


class GripperClient(Peer):
    """One client: a line asks, or sets several registers at once."""

    def __init__(self, connection: Connection, model: GripperModel) -> None:
        self._connection = connection
        self._model = model
        self._text = ""

    def received(self, data: bytes) -> None:
        *lines, self._text = (self._text + data.decode()).split("\n")
        for line in lines:
            self._connection.send(self._answer(line.split()).encode())

    def _answer(self, words: list[str]) -> str:
        match words:
            case ["GET", name] if name in _READABLE:
                return f"{name} {self._model.read(name)}\n"
            case ["SET", *pairs] if set(pairs[::2]) <= set(_WRITABLE):
                for name, value in zip(pairs[::2], pairs[1::2], strict=True):
                    self._model.write(name, int(value))
                return "ack"
        return "?"
