"""A Franka FR3 with its hand, as libfranka sees it: franky-sim, with a back door and faults.

By hand: python tests/emulators/franka_simulator.py --host 127.0.0.4.

franky-sim answers libfranka's protocol over MuJoCo, but it knows no errors, and it never answers a
gripper command that another one interrupts. Both are added here.
"""

import argparse
import multiprocessing
import signal
import threading
import time
from multiprocessing.sharedctypes import Synchronized

import mujoco
import numpy as np
from franky_sim import SimulationServer
from franky_sim.base_simulator import RobotParameters
from franky_sim.constants import FRANKA_HAND_MAX_WIDTH
from franky_sim.franka_gripper_protocol import GripperCommandStatus
from franky_sim.franka_gripper_server import FrankaGripperServer
from franky_sim.franka_robot_protocol import (
    AutomaticErrorRecoveryCommand,
    MoveStatus,
    RobotCommand,
    RobotMode,
)
from franky_sim.franka_robot_server import FrankaRobotServer
from franky_sim.franka_server import BaseCommand
from franky_sim.mujoco_simulator import MujocoSimulator

TICK_S = 1e-3
WEIGHTLESS = (0.0, 0.0, 0.0)
ANSWER_S = 0.05  # for which a tick waits for the client's command
TOOL_FRAME_HAND_M = 0.1034  # from the hand's frame to between the finger tips, along z
# franky-sim's own gains make the light seventh joint chatter.
STIFFNESS = (4500.0, 4500.0, 3500.0, 3500.0, 2000.0, 2000.0, 500.0)
DAMPING = (450.0, 450.0, 350.0, 350.0, 200.0, 200.0, 50.0)


class SimulatedClock:
    """The simulator's time: a busy machine makes it slow, and tests on it stay the same."""

    patience_s = 20.0

    def __init__(self, time_s: Synchronized) -> None:
        self._time_s = time_s

    def now_s(self) -> float:
        return self._time_s.value

    def sleep_until(self, t_s: float) -> None:
        give_up_s = time.monotonic() + self.patience_s
        while self.now_s() < t_s:
            if time.monotonic() > give_up_s:
                raise TimeoutError("the simulator stands still")
            time.sleep(TICK_S / 2)


class _Recovery(AutomaticErrorRecoveryCommand):
    """Clears a reflex, as the controller does; a user stop stays."""

    def handle(self, server: "_RobotServer") -> None:
        if server.mode is RobotMode.kReflex:
            server.mode = RobotMode.kIdle
        super().handle(server)


class _RobotServer(FrankaRobotServer):
    """A controller that can be in error."""

    mode = RobotMode.kIdle

    def __init__(self, robot, hostname_candidates) -> None:
        super().__init__(robot, hostname_candidates)
        commands = self._FrankaServer__command_class_map
        commands[RobotCommand.kAutomaticErrorRecovery] = _Recovery
        self.wrench_K = (0.0,) * 6  # on the environment, as the controller tells it
        self.first_commands: list = []  # of each motion, what it commanded first
        self.answered = True  # the newest state, by a command
        self._motion_is_new = False

    def send_state(self) -> None:
        super().send_state()
        self.answered = False

    def _process_udp_commands(self) -> None:
        """Let a slow client answer before time goes on: on a busy machine it would lose packets."""
        give_up_s = time.monotonic() + ANSWER_S
        super()._process_udp_commands()
        while self.current_motion_id and not self.answered and time.monotonic() < give_up_s:
            time.sleep(TICK_S / 20)
            super()._process_udp_commands()

    def _bind_children(self, hostname) -> None:
        self._FrankaRobotServer__gripper_server = _GripperServer(self.robot, hostname)
        self._FrankaRobotServer__gripper_server.init()

    @property
    def robot_state(self):
        state = super().robot_state.replace(K_F_ext_hat_K=self.wrench_K)
        return state if self.mode is RobotMode.kIdle else state.replace(robot_mode=self.mode)

    def start_motion(self, *args) -> None:
        if self.mode is not RobotMode.kIdle:
            raise RuntimeError(f"no motion in mode {self.mode.name}")
        super().start_motion(*args)
        self.answered = self._motion_is_new = True

    def fault(self, mode: RobotMode, status: MoveStatus) -> None:
        """Abort the motion that runs, and refuse others."""
        self.mode = mode
        motion_id = self.current_motion_id
        self.stop_motion(send_preemption_signal=False)
        if motion_id:
            BaseCommand.send_response(self._tcp_socket, RobotCommand.kMove, motion_id, status)
            self.reset_current_motion_id()

    def _handle_udp_command(self, command_data: bytes) -> None:
        super()._handle_udp_command(command_data)
        self.answered = True
        if self._motion_is_new:
            self._motion_is_new = False
            command = self._FrankaRobotServer__current_control_command
            self.first_commands.append((command.O_dP_EE_c, command.dq_c))


class _GripperServer(FrankaGripperServer):
    """Says of an interrupted command that it was aborted (libfranka's ``Status::kAborted``)."""

    def stop(self, command_id, tcp_socket) -> None:
        self._abort_pending()
        super().stop(command_id, tcp_socket)

    def _start_motion(self, *args) -> None:
        self._abort_pending()
        super()._start_motion(*args)

    def _abort_pending(self) -> None:
        if self._pending_command_id is not None:
            BaseCommand.send_response(
                self._pending_tcp_socket,
                self._pending_command_type,
                self._pending_command_id,
                GripperCommandStatus.kAborted,
                command_type_struct="H",
                status_type_struct="H",
            )
            self._pending_command_id = None


class _Server(SimulationServer):
    def init(self) -> None:
        server = _RobotServer(self.sim.robots[0], self._hostname_candidates)
        server.init()
        self.robot_servers.append(server)
        self.sim.start()


class FrankaSimulator:
    """The controller, for ``EmulatorProcess``; its public methods are the back door.

    Args:
        address: In 127.0.0.0/8.
        time_s: Shared double that shows the simulated time.
    """

    def __init__(self, address: str, time_s: Synchronized) -> None:
        self._time_s = time_s
        # The controller's model and MuJoCo's differ in mass: with weight the arm would sink.
        self._sim = MujocoSimulator(gravity=WEIGHTLESS)
        self._sim.init()
        self._robot = robot = self._sim.add_robot(
            robot_parameters=RobotParameters(gravity=WEIGHTLESS), kp=STIFFNESS, kv=DAMPING
        )
        # franky-sim hands out one pose object for all, so that the measured pose would show the
        # desired one.
        robot.kinematics = lambda q: type(robot).kinematics(robot, q).copy()
        self._servers = _Server(self._sim, [address])
        self._lock = threading.Lock()
        self._running = True
        self._silent = False
        self._push_N = np.zeros(3)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._servers.init()
        self._server = self._servers.robot_servers[0]
        self._home = self._sim.data.qpos.copy()
        self._hand = mujoco.mj_name2id(self._sim.model, mujoco.mjtObj.mjOBJ_BODY, "robot0_hand")
        self._thread.start()

    def stop(self) -> None:
        self._running = False
        self._thread.join()
        self._servers.cleanup()

    def _run(self) -> None:
        while self._running:
            next_s = time.monotonic() + TICK_S
            with self._lock:
                self._server.process_commands()
                self._apply_push()
                self._sim.step()
                if not self._silent:
                    self._server.send_state()
                self._time_s.value += TICK_S
            time.sleep(max(0.0, next_s - time.monotonic()))

    def _tool(self) -> np.ndarray:
        T = np.eye(4)
        T[:3, :3] = self._sim.data.xmat[self._hand].reshape(3, 3)
        T[:3, 3] = self._sim.data.xpos[self._hand] + TOOL_FRAME_HAND_M * T[:3, 2]
        return T

    def _apply_push(self) -> None:
        """Push the tool in MuJoCo, and tell of it about K (libfranka's K_F_ext_hat_K)."""
        T_BE, data = self._tool(), self._sim.data
        lever_m = T_BE[:3, 3] - data.xipos[self._hand]
        data.xfrc_applied[self._hand] = [*self._push_N, *np.cross(lever_m, self._push_N)]
        T_EK = np.reshape(self._robot.EE_T_K, (4, 4), order="F")
        force_E = T_BE[:3, :3].T @ -self._push_N
        torque_E = np.cross(-T_EK[:3, 3], force_E)
        R_KE = T_EK[:3, :3].T
        self._server.wrench_K = (*(R_KE @ force_E), *(R_KE @ torque_E))

    # What is true.

    def joints(self) -> np.ndarray:
        with self._lock:
            return np.array(self._robot.inner_state.q)

    def joint_speeds(self) -> np.ndarray:
        with self._lock:
            return np.array(self._robot.inner_state.dq)

    def pose(self) -> np.ndarray:
        """Of the tool in the base, from MuJoCo's own kinematics, (4, 4)."""
        with self._lock:
            mujoco.mj_kinematics(self._sim.model, self._sim.data)
            return self._tool()

    def width_m(self) -> float:
        with self._lock:
            return self._robot.hand_width

    def is_grasping(self) -> bool:
        return self._server.gripper_server._is_grasping

    def first_commands(self) -> list:
        """Of each motion since ``reset``: first Cartesian and joint velocity that it sent."""
        return list(self._server.first_commands)

    def has_client(self) -> bool:
        return self._server.tcp_connected

    # What a hand, an accident or another program does.

    def reset(self) -> None:
        """Bring the arm home at rest, without faults, while no client is connected."""
        with self._lock:
            data = self._sim.data
            data.qpos[:] = self._home
            data.qvel[:] = 0.0
            self._push_N = np.zeros(3)
            self._robot.EE_T_K = tuple(np.eye(4).ravel())
            self._robot.set_hand_goal(self._robot.hand_width, 0.05, 70.0)
            for component in self._robot._tracked_state_components.values():
                for derivative in component.observers.values():
                    derivative.clear()  # the jump home is no motion
            self._server.reset_state()
            self._server.mode = RobotMode.kIdle
            self._server.first_commands.clear()
            self._robot.set_load(0.0, (0.0,) * 3, (0.0,) * 9)
            self._server.gripper_server._max_width = FRANKA_HAND_MAX_WIDTH
            self._silent = False

    def push(self, force_N: tuple[float, float, float]) -> None:
        """Push the tool centre point along axes of the base until told otherwise."""
        with self._lock:
            self._push_N = np.array(force_N)

    def put_stiffness_frame(self, T_EK: np.ndarray) -> None:
        """Where the controller tells the wrench, as another program may leave it, (4, 4)."""
        with self._lock:
            self._robot.EE_T_K = tuple(np.ravel(T_EK, order="F"))

    def carry(self, load_kg: float) -> None:
        """Set the controller's load, as another program may have left it."""
        with self._lock:
            self._robot.set_load(load_kg, (0.0,) * 3, (0.0,) * 9)

    def reflex(self) -> None:
        """A collision: the controller stops the arm and stays in error."""
        with self._lock:
            self._server.fault(RobotMode.kReflex, MoveStatus.kReflexAborted)

    def press_user_stop(self) -> None:
        with self._lock:
            self._server.fault(RobotMode.kUserStopped, MoveStatus.kEmergencyAborted)

    def be_in_mode(self, name: str) -> None:
        """As libfranka names it, without the k."""
        with self._lock:
            self._server.mode = RobotMode["k" + name]

    def unhome(self) -> None:
        """Forget the hand's greatest width, as after a change of fingers."""
        self._server.gripper_server._max_width = 0.0

    def cut(self) -> None:
        """Close the connections of arm and hand."""
        with self._lock:
            self._server.reset_state()
            self._server.gripper_server.reset_state()

    def fall_silent(self) -> None:
        """Send no state any more, as behind a cut cable."""
        with self._lock:
            self._silent = True


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description="An FR3 with its hand.")
    parser.add_argument("--host", default="127.0.0.4", help="loopback address to listen on")
    host = parser.parse_args().host
    simulator = FrankaSimulator(host, multiprocessing.Value("d", 0.0))
    simulator.start()
    print(f"{host}:1337  arm\n{host}:1338  hand\nCtrl-C ends it.", flush=True)  # noqa: T201
    signal.sigwait({signal.SIGINT, signal.SIGTERM})
    simulator.stop()


if __name__ == "__main__":
    main()
