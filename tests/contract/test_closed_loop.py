"""The commands over vendors' own clients: emulated controllers, and a PyBullet world around them.

A hand guides the arm through a demonstration; then the task is done at another placement.
"""

import json
import threading

import pytest
from closed_loop import emulated_controller
from emulated_arm import HOSTS, control_of, swing

from demos.cli.record import COMMAND as RECORD
from mt3.cli.entry import run_hydra_command
from mt3.cli.run import COMMAND as RUN
from mt3.execution.interaction_log import InteractionFailure
from mt3.execution.trial_stages import InteractionRecord

CONFIGS = "tests/emulators/configs"


@pytest.fixture
def typed(tmp_path, capfd, request):
    """Types a command, and gives its exit code and JSON document."""
    configs = str(request.config.rootpath / CONFIGS)
    fixed = ["scene=emulated", "scene.host=127.0.2.40", "task=pick up the box", "output=json"]
    fixed += ["scene.instance_seed=1", "scene.distractors=1", f"library={tmp_path / 'library'}"]

    def run(command, *more):
        capfd.readouterr()
        code = run_hydra_command(command, ["--config-dir", configs, *fixed, *more])
        return code, json.loads(capfd.readouterr().out)

    return run


@pytest.mark.parametrize("robot", ["ur5e", "xarm6"])
def test_what_a_hand_showed_is_done_elsewhere(robot, typed, tmp_path):
    on = f"scene.robot={robot}"
    for _ in range(3):  # a recording that a busy computer spoiled is refused, and made again
        code, recorded = typed(RECORD, on, "seed=1", "recorder=steady")
        if code == 0:
            break
    assert code == 0, recorded
    code, told = typed(RUN, on, "seed=101", f"trials={tmp_path}", "execute=true", "dead_man=false")
    trial = told["trial"]
    assert (trial["outcome"], trial["reason"]) == ("completed", "")
    assert (trial["success"], trial["judge"]) == (True, "simulator")
    assert (trial["backend"], trial["robot"]) == ("real", robot)
    assert code == 0


@pytest.mark.parametrize("robot", ["ur5e", "xarm6"])
def test_the_record_says_where_the_connection_was_cut(robot):
    interaction = swing(robot, 6.0)
    with emulated_controller(robot, HOSTS[robot]) as controller, control_of(robot) as control:
        timer = threading.Timer(1.5, controller.call, ["cut"])
        timer.start()
        record = InteractionRecord.from_log(control.run(interaction))
        timer.join()
    assert record.failure in (InteractionFailure.DEVICE, InteractionFailure.SAFETY)
    assert HOSTS[robot] in record.reason
    assert 0.5 < record.progress_s < 3.0
    assert record.sample == pytest.approx(60.0 * record.progress_s, abs=1.5)
    assert record.t_s[-1] == pytest.approx(record.progress_s, abs=0.2)
