"""Whatever is commanded, nothing beyond the limits reaches the arm."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mt3.errors import SafetyViolation
from mt3.geometry import SE3
from mt3.motion.tool_limits import ToolLimits
from mt3.safety import GuardedArm, SafetyLimits

TOOL = ToolLimits(0.25, 1.0, 2.0, 8.0)
LOWER, UPPER = (0.25, -0.3, -1.0), (0.6, 0.3, 0.6)
LIMITS = SafetyLimits(0.02, 0.5, TOOL, LOWER, UPPER, 0.0, 0.1)

component = st.one_of(
    st.floats(-0.3, 0.3),
    st.floats(-100.0, 100.0),
    st.sampled_from([np.nan, np.inf, -np.inf, 0.0, 1e300]),
)
twists = st.lists(component, min_size=6, max_size=6)
commands = st.tuples(twists, st.sampled_from([0.0, 1 / 240, 1 / 60, 1 / 60, 0.05, 0.5]))
# A command held for a while drives the arm into its limits.
sequences = st.lists(st.tuples(commands, st.integers(1, 40)), min_size=1, max_size=6)


@settings(
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sequence=sequences)
def test_nothing_beyond_the_limits_gets_through(panda, kinematic_arm, sequence):
    arm = type(kinematic_arm)(panda, kinematic_arm.joints)
    guarded = GuardedArm(arm, panda, LIMITS, SE3.identity(), arm)
    for (twist, pause_s), repeats in sequence:
        for _ in range(repeats):
            before, last, stops = len(arm.sent), arm.twist, arm.stops
            try:
                guarded.command_twist(np.array(twist))
            except SafetyViolation:
                assert not arm.twist.any()
                assert len(arm.sent) == before
                break
            check_sent(panda, arm, last if arm.stops == stops else np.zeros(6))
            arm.sleep_until(arm.t_s + min(pause_s, 1 / 60))
            check_position(panda, arm)
            arm.t_s += max(0.0, pause_s - 1 / 60)  # an arm with a watchdog rests meanwhile


def check_sent(panda, arm, last):
    sent = arm.sent[-1].reshape(2, 3)
    assert np.isfinite(sent).all()
    assert (np.linalg.norm(sent, axis=1) <= TOOL.speeds + 1e-9).all()
    changed = np.linalg.norm(sent - last.reshape(2, 3), axis=1)
    assert (changed <= TOOL.accelerations * LIMITS.command_period_s + 1e-9).all()
    speeds = np.linalg.pinv(panda.jacobian_E(arm.joints)) @ arm.sent[-1]
    assert (np.abs(speeds) <= 0.5 * panda.velocity_limit * 1.02).all()


def check_position(panda, arm):
    p_W = panda.forward(arm.joints).t
    slack_m = 1e-3
    assert (p_W >= np.array(LOWER) - slack_m).all()
    assert (p_W <= np.array(UPPER) + slack_m).all()
    assert p_W[2] >= 0.1 - slack_m
    assert panda.within_limits(arm.joints, 0.015)
    assert not panda.self_collides(arm.joints)
