"""Control where the program itself runs: for simulation, whose clock stands still otherwise."""

import _thread
from dataclasses import dataclass

from mt3.execution.interaction import Interaction
from mt3.execution.interaction_log import InteractionLog
from mt3.interfaces import Scene
from mt3.motion.robot_model import RobotModel
from mt3.safety import GuardedArm, SafetyLimits


@dataclass(frozen=True, slots=True, eq=False)
class InProcessControl:
    """A scene's arm behind the safety gate, in this process; the scene connects and stops it.

    Args:
        scene: The scene.
        arm: Its guarded arm.
    """

    scene: Scene
    arm: GuardedArm

    def run(self, interaction: Interaction) -> InteractionLog:
        """Follow a reference; see ``Interaction.run``."""
        scene = self.scene
        return interaction.run(self.arm, scene.gripper, scene.clock, scene.T_WB)

    def request_stop(self) -> None:
        """Interrupt the program, as Ctrl-C does, which stops the arm."""
        _thread.interrupt_main()

    def release_stop(self) -> None:
        """An interrupt lasts no longer than what it ended."""


def control_in_process(scene: Scene, model: RobotModel, limits: SafetyLimits) -> InProcessControl:
    """Guard a scene's arm in this process.

    Args:
        scene: The scene; its own arm is not guarded.
        model: The arm's kinematics and shape.
        limits: What it may not exceed.
    """
    return InProcessControl(scene, GuardedArm(scene.arm, model, limits, scene.T_WB, scene.clock))
