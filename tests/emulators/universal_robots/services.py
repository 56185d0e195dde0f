"""The text ports of the controller: scripts, the dashboard, and the primary interface."""

import re

from universal_robots import primary_messages
from universal_robots.endpoint import Connection, Peer
from universal_robots.machine import Machine

_LAST_LINE = re.compile(r"^end$", re.MULTILINE)


class ScriptClient(Peer):
    """Takes programs; the whole of one starts it."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._text = ""

    def received(self, data: bytes) -> None:
        self._text += data.decode()
        if "def rtde_control():" in self._text and _LAST_LINE.search(self._text):
            self._text = ""
            self._machine.start_program()


class PrimaryClient(ScriptClient):
    """Is told the robot's state once when it connects, and may send programs too."""

    def __init__(self, connection: Connection, machine: Machine, joint_count: int) -> None:
        super().__init__(machine)
        configuration = primary_messages.configuration(joint_count)
        connection.send(primary_messages.robot_state(configuration))


class DashboardClient(Peer):
    """Answers one line with one line.

    Source: Universal Robots, "Dashboard server e-Series".
    """

    def __init__(
        self, connection: Connection, machine: Machine, version: tuple[int, int, int, int]
    ) -> None:
        self._connection = connection
        self._machine = machine
        self._version = ".".join(map(str, version))
        self._text = ""
        connection.send(b"Connected: Universal Robots Dashboard Server\n")

    def received(self, data: bytes) -> None:
        *lines, self._text = (self._text + data.decode()).split("\n")
        for line in lines:
            self._connection.send((self._answer(line.strip()) + "\n").encode())

    def _answer(self, line: str) -> str:
        machine = self._machine
        status = machine.output
        match line:
            case "PolyscopeVersion":
                return f"URSoftware {self._version} (Jan 01 2024)"
            case "get serial number":
                return "20240000001"
            case "get robot model":
                return "UR5"
            case "is in remote control":
                return str(machine.remote).lower()
            case "running":
                return f"Program running: {str(status('runtime_state') == 2).lower()}"
            case "stop":
                machine.stop_program("dashboard")
                return "Stopped"
            case "unlock protective stop":
                machine.protective_stop = False
                machine.stop_program("protective stop")
                return "Protective stop releasing"
            case "brake release":
                machine.brakes_on = False
                return "Brake releasing"
        return f"Unknown command: {line}"
