"""The commands over vendors' clients: emulated controllers, and a PyBullet world around them."""

import threading

import pytest
from closed_loop import emulated_controller
from emulated_arm import HOSTS, control_of, swing
from main_job import ROBOTS, do_job

from mt3.execution.interaction_log import InteractionFailure
from mt3.execution.trial_stages import InteractionRecord

pytestmark = pytest.mark.alone


@pytest.mark.parametrize("robot", ROBOTS)
def test_what_a_hand_showed_is_done_elsewhere(robot) -> None:
    for _ in range(3):  # what a computer that was held up spoils, is refused, and made again
        job = do_job(robot, seed=1)
        if job["done"]:
            break
    assert job["done"], job["reason"]


@pytest.mark.parametrize("fault", ["cut", "fall_silent"])
@pytest.mark.parametrize("robot", ROBOTS)
def test_the_record_says_where_the_connection_was_cut(robot, fault) -> None:
    """An xArm's stop waited 5 s for a thread that had ended, and the record was lost."""
    interaction = swing(robot, 6.0)
    with emulated_controller(robot, HOSTS[robot]) as controller, control_of(robot) as control:
        timer = threading.Timer(1.5, controller.call, [fault])
        timer.start()
        record = InteractionRecord.from_log(control.run(interaction))
        timer.join()
    assert record.failure in (InteractionFailure.DEVICE, InteractionFailure.SAFETY)
    assert record.reason
    assert 0.5 < record.progress_s < 3.0
    assert record.sample == pytest.approx(60.0 * record.progress_s, abs=1.5)
    assert record.t_s[-1] == pytest.approx(record.progress_s, abs=0.2)
