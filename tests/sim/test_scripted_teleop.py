"""The demonstrator as a device: it does the task whoever commands the arm for it, at any rate."""

import numpy as np

from mt3.interfaces import OperatorEvent
from mt3.task import TaskDescription
from sim.skills import skill_named
from sim.staging import stage
from sim.workplace import build_demonstrator, build_demonstrator_teleop

TASK, SEED = "pick up the hammer", 4


def staged():
    return stage(TaskDescription.parse(TASK), SEED, distractors=0)


def driven(scene, rate_hz, pause_s):
    """Joints after each read, and the buttons with their reads."""
    teleop = build_demonstrator_teleop(scene, scene.arm, TASK, SEED)
    joints, buttons = [], []
    with teleop:
        assert not teleop.read().V_BE_E.any()
        teleop.press(["g"])
        while not buttons or buttons[-1][1] != ("end",):
            command = teleop.read()
            if command.opening is not None:
                scene.gripper.command(command.opening)
            if command.buttons:
                buttons.append((len(joints), command.buttons))
            scene.arm.command_twist(command.V_BE_E)
            scene.clock.sleep_until(scene.clock.now_s() + 1.0 / rate_hz)
            joints.append(scene.arm.state().joints)
            if command.buttons == ("mark",):
                scene.clock.sleep_until(scene.clock.now_s() + pause_s)
            assert len(joints) < 2000
        assert not teleop.read().V_BE_E.any()
        assert teleop.read().buttons == ()
    return joints, buttons


def test_it_asks_for_exactly_what_the_demonstrator_does():
    with staged() as scene:
        performed, marked = [], None
        for event in build_demonstrator(scene, scene.arm, TASK, SEED).perform():
            if event is OperatorEvent.BOTTLENECK:
                marked = len(performed)
            performed.append(scene.arm.state().joints)
    with staged() as scene:
        joints, buttons = driven(scene, 60, 0.0)
        assert skill_named("pick_up").success(scene)
    assert buttons == [(marked, ("mark",)), (len(performed) - 1, ("end",))]
    np.testing.assert_array_equal(joints[:-1], performed[:-1])


def test_it_goes_by_time_and_waits_while_nobody_reads():
    with staged() as scene:
        driven(scene, 30, 2.0)
        assert skill_named("pick_up").success(scene)


def test_at_each_go_it_begins_again():
    with staged() as scene:
        state = scene.save()
        teleop = build_demonstrator_teleop(scene, scene.arm, TASK, SEED)
        passes = []
        for _ in range(2):
            scene.restore(state)
            with teleop:
                teleop.press(["g"])
                passes.append(teleop.read())
                scene.clock.sleep_until(scene.clock.now_s() + 1.0 / 60.0)
                passes.append(teleop.read())
        np.testing.assert_array_equal(passes[1].V_BE_E, passes[3].V_BE_E)
        assert passes[1].V_BE_E.any()
        assert passes[0].opening == passes[2].opening == 1.0
