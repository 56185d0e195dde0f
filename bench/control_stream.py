"""How punctual the control loop is: 30 twists a second for minutes, with a recorder running.

  python bench/control_stream.py               10 minutes
  python bench/control_stream.py --seconds 20

The control process streams twists to an emulated UR5e. The operator's program records meanwhile:
the arm's states, and 30 frames of 1280x720 colour and depth a second.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from emulated_arm import HOSTS, control_of, emulated_controller, swing, tool_of
from record_streams import SyntheticCamera, settings_at, view_of

from demos.library import DemoLibrary
from demos.recorder import Recorder
from hardware.real_scene import RealScene
from mt3.task import TaskDescription
from sim.robots import robot_named

SECONDS = 600.0
RATE_HZ = 30.0  # of the twists
ROBOT_HZ = 60.0  # of the recorded states
ROBOT = "ur5e"


def measure(seconds: float = SECONDS) -> dict[str, Any]:
    """Stream for some seconds, and say how well the ticks kept their times."""
    camera = SyntheticCamera(np.random.default_rng(0))
    interaction = swing(ROBOT, seconds, RATE_HZ)
    with emulated_controller(ROBOT, HOSTS[ROBOT]), tempfile.TemporaryDirectory() as folder:
        control = control_of(ROBOT)
        T_WB = robot_named(ROBOT).T_WB
        scene = RealScene(ROBOT, tool_of(ROBOT), control, {"front": camera}, T_WB)
        library = DemoLibrary.open_for_recording(Path(folder), scene.robot, scene.backend)
        task = TaskDescription.parse("push the box")
        with (
            scene,
            Recorder(
                scene, scene.arm, library, task, [view_of(camera)], settings_at(ROBOT_HZ)
            ) as recorder,
        ):
            log = control.run(interaction)
            progress = recorder.progress
    t_s = log.t_s
    rate_hz = (len(t_s) - 1) / float(t_s[-1] - t_s[0])
    punctuality = log.punctuality
    return {
        "seconds": seconds,
        "failure": log.reason,
        "ticks": punctuality.ticks,
        "mean_rate_error": abs(rate_hz / RATE_HZ - 1.0),
        "late_p99_s": punctuality.late_p99_s,
        "late_p999_s": punctuality.late_p999_s,
        "late_max_s": punctuality.late_max_s,
        "missed_deadlines": punctuality.missed,
        "recorded_samples": progress.samples,
        "recorded_frames": progress.frames,
        "dropped_frames": progress.dropped_frames,
    }


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    print(json.dumps(measure(parser.parse_args().seconds), indent=1))


if __name__ == "__main__":
    main()
