"""Poses and twists over the whole range, near-identity and near-pi rotations included."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mt3.errors import GeometryError
from mt3.geometry import (
    SE3,
    compute_body_twists,
    exp_se3,
    interpolate_poses,
    invert_poses,
    log_se3,
    project_to_planar,
    wrap_angle,
    yaw_of,
)

ANGLES = st.one_of(
    st.sampled_from([0.0, 1e-12, 1e-9, 9.9e-5, 1e-4, 1.01e-4, np.pi - 1e-9, np.pi - 1e-6]),
    st.floats(0.0, np.pi - 1e-6),
)
COORDINATES = st.floats(-3.0, 3.0)


@st.composite
def twists(draw):
    axis = draw(arrays(float, 3, elements=st.floats(-1.0, 1.0)))
    norm = np.linalg.norm(axis)
    axis = axis / norm if norm > 1e-3 else np.array([0.0, 0.0, 1.0])
    return np.concatenate([draw(arrays(float, 3, elements=COORDINATES)), draw(ANGLES) * axis])


poses = twists().map(SE3.from_twist)


@given(twists())
def test_log_inverts_exp(xi):
    assert SE3.from_twist(xi).is_close(SE3.from_twist(log_se3(exp_se3(xi))), 1e-7, 1e-7)
    np.testing.assert_allclose(log_se3(exp_se3(xi)), xi, atol=2e-6)


@given(twists())
def test_exp_of_half_the_twist_twice_is_exp_of_the_twist(xi):
    half = exp_se3(xi / 2.0)
    np.testing.assert_allclose(half @ half, exp_se3(xi), atol=1e-9)


@given(poses, poses, arrays(float, (5, 3), elements=COORDINATES))
def test_composition_moves_points_in_turn(T_AB, T_BC, p_C):
    np.testing.assert_allclose((T_AB @ T_BC) @ p_C, T_AB @ (T_BC @ p_C), atol=1e-9)
    np.testing.assert_allclose(T_AB.inverse() @ (T_AB @ p_C), p_C, atol=1e-9)


@given(poses)
def test_pose_survives_pickle_copy_and_quaternion(T_WE):
    for twin in (
        pickle.loads(pickle.dumps(T_WE)),
        copy.deepcopy(T_WE),
        SE3.from_quat_xyzw(T_WE.as_quat_xyzw(), T_WE.t),
    ):
        assert twin.is_close(T_WE, 1e-12, 1e-7)
        assert not twin.matrix.flags.writeable


@given(poses, poses)
def test_distance_between_poses_is_symmetric(T_WA, T_WB):
    assert T_WA.angle_to_rad(T_WB) == pytest.approx(T_WB.angle_to_rad(T_WA), abs=1e-7)
    assert 0.0 <= T_WA.angle_to_rad(T_WB) <= np.pi + 1e-9
    assert T_WA.is_close(T_WA, 0.0, 1e-7)


@given(st.lists(twists(), min_size=2, max_size=6), st.floats(0.01, 1.0))
def test_integrating_body_twists_returns_the_poses(xis, dt_s):
    T_WE = exp_se3(np.stack(xis))
    t_s = dt_s * np.arange(len(T_WE))
    V_WE_E = compute_body_twists(T_WE, t_s)
    T = T_WE[0]
    for k, V in enumerate(V_WE_E):
        T = T @ exp_se3(V * dt_s)
        np.testing.assert_allclose(T, T_WE[k + 1], atol=1e-6)


@given(poses)
def test_slowing_down_scales_twists(T_WE):
    path = np.stack([np.eye(4), T_WE.matrix])
    fast = compute_body_twists(path, np.array([0.0, 0.1]))
    slow = compute_body_twists(path, np.array([0.0, 0.4]))
    np.testing.assert_allclose(fast, 4.0 * slow, atol=1e-6)


@given(poses, poses, st.floats(-1.0, 2.0))
def test_interpolation_stays_rigid_and_between(T_WA, T_WB, s):
    path = np.stack([T_WA.matrix, T_WB.matrix])
    middle = SE3(interpolate_poses(np.array([s]), np.array([0.0, 1.0]), path)[0])
    inside = float(np.clip(s, 0.0, 1.0))
    np.testing.assert_allclose(middle.t, (1.0 - inside) * T_WA.t + inside * T_WB.t, atol=1e-9)
    assert middle.angle_to_rad(T_WA) == pytest.approx(inside * T_WA.angle_to_rad(T_WB), abs=1e-6)


@given(st.floats(-50.0, 50.0))
def test_wrapped_angle_is_the_same_direction(angle_rad):
    wrapped = wrap_angle(angle_rad)
    assert -np.pi < wrapped <= np.pi
    assert np.cos(wrapped - angle_rad) == pytest.approx(1.0)


@given(st.floats(-3.1, 3.1), arrays(float, 3, elements=COORDINATES))
def test_projection_keeps_an_upright_motion(yaw_rad, t):
    D_W = SE3.from_yaw(yaw_rad, t)
    assert yaw_of(D_W) == pytest.approx(yaw_rad, abs=1e-9)
    assert project_to_planar(D_W, np.array([0.5, 0.1, 0.05])).is_close(D_W, 1e-9, 1e-7)


@given(poses, arrays(float, 3, elements=COORDINATES))
def test_projection_keeps_the_pivot_and_z_upright(D_W, pivot_W):
    planar = project_to_planar(D_W, pivot_W)
    np.testing.assert_allclose(planar @ pivot_W, D_W @ pivot_W, atol=1e-9)
    np.testing.assert_allclose(planar.R[2], [0.0, 0.0, 1.0], atol=1e-12)


@given(poses)
def test_projection_has_the_nearest_yaw(D_W):
    def distance(yaw_rad):
        return np.linalg.norm(SE3.from_yaw(yaw_rad).R - D_W.R)

    nearest = distance(yaw_of(D_W))
    assert all(nearest <= distance(yaw) + 1e-9 for yaw in np.linspace(-np.pi, np.pi, 37))


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_poses_are_no_special_case(n):
    T = np.tile(np.eye(4), (n, 1, 1))
    assert log_se3(T).shape == (n, 6)
    assert exp_se3(np.zeros((n, 6))).shape == (n, 4, 4)
    assert invert_poses(T).shape == (n, 4, 4)
    assert compute_body_twists(T, np.arange(n)).shape == (max(n - 1, 0), 6)


@pytest.mark.parametrize("n", [0, 1])
def test_moving_few_points_keeps_their_shape(n):
    assert (SE3.from_yaw(1.0) @ np.zeros((n, 3))).shape == (n, 3)


def test_twists_of_unordered_times_are_refused():
    T = np.tile(np.eye(4), (2, 1, 1))
    with pytest.raises(GeometryError, match="strictly increasing"):
        compute_body_twists(T, np.array([0.0, 0.0]))
    with pytest.raises(GeometryError, match="lengths 2 and 3"):
        compute_body_twists(T, np.arange(3.0))
