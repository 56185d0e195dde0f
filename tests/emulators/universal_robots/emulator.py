"""An emulated UR5e controller on a loopback address; its methods are the back door."""

import asyncio
import math
import random
import threading
import time
from collections.abc import Sequence

import numpy as np

from universal_robots import ur5e
from universal_robots.endpoint import Connection, Endpoint
from universal_robots.gripper import GripperClient, GripperModel
from universal_robots.machine import TICK_S, Machine
from universal_robots.rtde import RtdeClient
from universal_robots.services import DashboardClient, PrimaryClient, ScriptClient


class UrEmulator:
    """Serves the ports of a controller in a thread of its own, until ``stop``.

    Args:
        host: Loopback address; the ports are the vendor's, so each robot takes an address.
        q: Joints at the start, (6,), rad.
        tcp_offset: Of the controller: x, y, z, and the rotation vector; m and rad.
        payload_kg: Mass of the tool that the controller knows.
        payload_cog: Its centre of mass in the flange, metres.
        version: Of its software.
        joint_count: That it tells; other than 6 to be refused.
    """

    def __init__(
        self,
        host: str = "127.0.0.2",
        q: Sequence[float] = tuple(ur5e.START),
        tcp_offset: Sequence[float] = (0.0, 0.0, 0.174, 0.0, 0.0, 0.0),
        payload_kg: float = 0.93,
        payload_cog: Sequence[float] = (0.0, 0.0, 0.058),
        version: tuple[int, int, int, int] = (5, 12, 0, 1101319),
        joint_count: int = 6,
    ) -> None:
        self.host = host
        self._new_machine = lambda: Machine(
            np.array(q), list(tcp_offset), payload_kg, list(payload_cog), version[0] >= 5
        )
        self._machine = self._new_machine()
        self._gripper = GripperModel()
        self._lock = threading.RLock()
        self._clients: list[RtdeClient] = []

        def script(_: Connection) -> ScriptClient:
            return ScriptClient(self._machine)

        def primary(connection: Connection) -> PrimaryClient:
            return PrimaryClient(connection, self._machine, joint_count)

        def dashboard(connection: Connection) -> DashboardClient:
            return DashboardClient(connection, self._machine, version)

        self.endpoints = {
            "rtde": Endpoint(30004, lambda c: self._rtde_client(c, version)),
            "primary": Endpoint(30001, primary),
            "primary, read only": Endpoint(30011, primary),
            "secondary": Endpoint(30002, script),
            "scripts": Endpoint(30003, script),
            "dashboard": Endpoint(29999, dashboard),
            "gripper": Endpoint(63352, lambda c: GripperClient(c, self._gripper)),
        }

    def _rtde_client(
        self, connection: Connection, version: tuple[int, int, int, int]
    ) -> RtdeClient:
        def write(values: dict[str, object]) -> None:
            with self._lock:
                self._machine.write(values)

        client = RtdeClient(connection, version, write)
        client.lost = lambda: self._clients.remove(client)
        self._clients.append(client)
        return client

    # Life.

    def start(self) -> None:
        """Listen and move on; returns once every port is open."""
        listening = threading.Event()
        self._error: OSError | None = None
        self._stopping = False
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listening)), daemon=True
        )
        self._thread.start()
        listening.wait()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Close every port."""
        self._stopping = True
        self._thread.join(5)

    async def _serve(self, listening: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            for endpoint in self.endpoints.values():
                await endpoint.listen(self.host)
        except OSError as error:
            self._error = error
            return
        finally:
            listening.set()
        start_s, tick = time.monotonic(), 0
        while not self._stopping:
            await asyncio.sleep(max(0.0, start_s + (tick + 1) * TICK_S - time.monotonic()))
            passed = int((time.monotonic() - start_s) / TICK_S) - tick
            await asyncio.sleep(0)  # what was sent until now is taken first: a watchdog is fair
            if passed > 0:
                tick += passed
                self._tick(tick, start_s + tick * TICK_S, passed * TICK_S)
        for endpoint in self.endpoints.values():
            endpoint.close()
        await asyncio.sleep(0)

    def _tick(self, tick: int, now_s: float, dt: float) -> None:
        with self._lock:
            self._machine.tick(now_s, dt)
            self._gripper.tick(dt)
            for client in self._clients:
                client.publish(tick, self._machine.output)

    # Back door: what is true.

    def joints(self) -> np.ndarray:
        """Joints, (6,), rad."""
        with self._lock:
            return self._machine.arm.q.copy()

    def joint_speeds(self) -> np.ndarray:
        """Of the joints, (6,), rad/s."""
        with self._lock:
            return self._machine.arm.qd.copy()

    def pose(self) -> np.ndarray:
        """Tool centre point in the controller's base, (4, 4)."""
        with self._lock:
            return self._machine.arm.pose()

    def motions(self) -> list[tuple[float, int, list[float]]]:
        """Motion commands since the start: when, number of the command, its six values."""
        with self._lock:
            return list(self._machine.motions)

    def log(self, since_s: float = 0.0) -> dict[str, np.ndarray]:
        """Per control cycle, on ``time.monotonic``: when, last command packet, joints, speeds."""
        with self._lock:
            rows = [row for row in self._machine.log if row[0] >= since_s]
        names = ("t_s", "last_packet_s", "q", "qd")
        return {name: np.array([row[k] for row in rows]) for k, name in enumerate(names)}

    def status(self) -> dict[str, object]:
        """Whether a program runs, why the last one stopped, the watchdog, and teach mode."""
        with self._lock:
            machine = self._machine
            return {
                "program": machine.program is not None,
                "why_stopped": machine.why_stopped,
                "watchdog_hz": machine.watchdog_hz,
                "teaching": machine.program is not None and machine.program.teaching,
                "clients": sum(len(e.connections) for e in self.endpoints.values()),
            }

    def opening(self) -> float:
        """Of the gripper, a fraction: 0 closed, 1 open."""
        return self._gripper.opening

    # Back door: what happens to it.

    def place(self, q: Sequence[float]) -> None:
        """Put the joints somewhere, (6,), rad."""
        with self._lock:
            self._machine.arm.place(np.array(q))

    def hand_moves(
        self, q: Sequence[float], qd: Sequence[float] = (0.0,) * 6, t_s: float = math.inf
    ) -> None:
        """A hand has the joints at q, rad, at a time, and moves them on at qd, rad/s.

        Only in teach mode does the arm give way.
        """
        with self._lock:
            if self._machine.program is None or not self._machine.program.teaching:
                raise RuntimeError("the arm holds: it is not in teach mode")
            age_s = max(0.0, self._machine.now_s - t_s)
            self._machine.arm.guide(np.array(q), np.array(qd), age_s)

    def push(self, force_N: Sequence[float]) -> None:
        """Push the tool centre point along axes of the base until told otherwise, (3,)."""
        with self._lock:
            self._machine.push_N = np.array(force_N, float)

    def set_obstacle(self, opening: float | None) -> None:
        """Something between the fingers, at which they stop."""
        self._gripper.obstacle_opening = opening

    def switch_gripper_off(self) -> None:
        """And on again: it is not active any more."""
        with self._lock:
            self._gripper.write("ACT", 0)

    def set_remote(self, remote: bool) -> None:
        """Remote or local control, as chosen on the pendant."""
        self._machine.remote = remote

    def set_brakes(self, on: bool) -> None:
        """Brakes on, as before the robot is started on the pendant."""
        with self._lock:
            self._machine.stop_program("brakes")
            self._machine.brakes_on = on

    def protective_stop(self) -> None:
        """As after a collision."""
        with self._lock:
            self._machine.stop_for_protection()

    def emergency_stop(self) -> None:
        """The button is pressed."""
        with self._lock:
            self._machine.emergency_stop = True

    def run_other_program(self) -> None:
        """Somebody else's program runs."""
        with self._lock:
            self._machine.foreign_program = True

    def release(self) -> None:
        """Stops are released, brakes off, other programs ended, and control is remote."""
        with self._lock:
            machine = self._machine
            machine.stop_program("released")
            machine.protective_stop = machine.emergency_stop = machine.brakes_on = False
            machine.remote = True

    def reset(self) -> None:
        """Everything as at the start, and every client gone."""
        self.mend()
        for endpoint in self.endpoints.values():
            self._loop.call_soon_threadsafe(endpoint.drop)
        with self._lock:
            self._machine = self._new_machine()
            self._gripper.obstacle_opening = None

    # Back door: faults of the network and of the controller, until ``mend``.

    def cut(self, *names: str) -> float:
        """Reset all connections of these endpoints, or of all, and accept no more; says when."""
        for endpoint in self._chosen(names):
            endpoint.refusing = True
            self._loop.call_soon_threadsafe(endpoint.drop)
        return time.monotonic()

    def fall_silent(self, *names: str) -> float:
        """Half-open: nothing is taken or sent, and nothing closed; says when."""
        for endpoint in self._chosen(names):
            endpoint.silent = True
        return time.monotonic()

    def delay(self, seconds: float, *names: str) -> None:
        """Hold back all that is sent and taken."""
        for endpoint in self._chosen(names):
            endpoint.delay_s = seconds

    def send_garbage(self, name: str = "rtde", count: int = 4096, seed: int = 0) -> None:
        """Send bytes without meaning to every client of an endpoint."""
        noise = random.Random(seed).randbytes(count)
        self._loop.call_soon_threadsafe(self.endpoints[name].send, noise)

    def refuse_commands(self) -> None:
        """The controller goes on to tell its state, but carries out nothing."""
        self._machine.refusing = True

    def mend(self) -> None:
        """All faults are over; a client that was cut off has to connect again."""
        self._machine.refusing = False
        for endpoint in self.endpoints.values():
            endpoint.refusing = endpoint.silent = False
            endpoint.delay_s = 0.0

    def _chosen(self, names: Sequence[str]) -> list[Endpoint]:
        return [e for name, e in self.endpoints.items() if not names or name in names]
