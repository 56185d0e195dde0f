"""The world around an emulated controller: a robot in PyBullet that follows it, and a person.

It lives in a process of its own, as reality does: what happens there costs the program under test
no time, and does not wait for it.
"""

from types import SimpleNamespace

import numpy as np
from emulator_process import BackDoor

from mt3.control.monotonic_clock import MonotonicClock
from mt3.perception import RGBD
from mt3.task import TaskDescription
from sim.demonstrator import Demonstrator, Intent
from sim.following_robot import Posture
from sim.guiding_hand import GuidingHand
from sim.mounting import CameraSpec, mount
from sim.real_time_world import RealTimeWorld
from sim.robots import robot_named
from sim.skills import skill_named
from sim.staging import Region, stage
from sim.workplace import SimJudge, build_segmenter


class EmulatedWorkplace:
    """A staged task, in real time from ``start`` to ``stop``; all else is for its visitors.

    Args:
        controller: Whose arm and fingers the robot follows.
        robot: Name of that robot.
        task: Words of the task.
        seed: Draws placement, distractors and noise.
        instance_seed: Which shape of the target's category; None draws it.
        distractors: How many other objects stand around.
        max_yaw_rad: How far the target may be turned.
        camera: What looks on.
    """

    def __init__(
        self,
        controller: BackDoor,
        robot: str,
        task: str,
        seed: int,
        instance_seed: int | None,
        distractors: int,
        max_yaw_rad: float,
        camera: CameraSpec,
    ) -> None:
        asked = TaskDescription.parse(task)
        self._skill = skill_named(asked.skill)
        self._ask = controller.call
        self._scene = stage(
            asked,
            seed,
            instance_seed=instance_seed,
            distractors=distractors,
            region=Region(yaw_rad=(-max_yaw_rad, max_yaw_rad)),
            robot=robot_named(robot),
        )
        self._world = RealTimeWorld(
            self._scene,
            lambda: Posture(np.array(self._ask("joints")), float(self._ask("opening"))),
            lambda opening: self._ask("set_obstacle", opening),
        )
        mount(self._scene, camera, seed)
        self._hand = GuidingHand(
            self._scene.sim_robot.kinematics,
            lambda: np.array(self._ask("joints")),
            lambda q, qd, t_s: self._ask("hand_moves", q.tolist(), qd.tolist(), t_s),
            MonotonicClock(),
        )

    def start(self) -> None:
        """Let time pass."""
        self._world.__enter__()

    def stop(self) -> None:
        """End."""
        self._world.__exit__(None, None, None)

    def unsimulated_s(self) -> float:
        """Time that passed without physics."""
        return self._world.unsimulated_s

    # What the program under test sees.

    def read(self, camera: str, max_age_s: float) -> RGBD:
        """A frame of one of the cameras."""
        self._world.check()
        return self._scene.cameras[camera].read(max_age_s)

    def segment(self, rgbd: RGBD, object_name: str, *settings: float) -> np.ndarray:
        """What stands in for a learned segmenter; see ``build_segmenter``."""
        return build_segmenter(self._scene, *settings).segment(rgbd, object_name)

    def success(self) -> bool:
        """The simulator's predicate."""
        self._world.check()
        return SimJudge(self._scene, self._skill).success()

    # A person who guides the arm by hand.

    def take_hold(self, seed: int) -> None:
        """Take the arm, which is in its free-drive."""
        rng = np.random.default_rng([seed, 4])
        fingers = SimpleNamespace(state=lambda: SimpleNamespace(opening=self._ask("opening")))
        self._hand.__enter__()
        person = Demonstrator(self._scene, self._hand, fingers, self._skill, rng)
        self._intents = person.intents()

    def guide(self) -> Intent:
        """Move the arm on by a sample; says what else the person wants then."""
        self._world.check()
        intent = next(self._intents)
        self._hand.command_twist(intent.V_E)
        return intent

    def let_go(self) -> None:
        """Leave the arm where it is."""
        self._hand.__exit__(None, None, None)
