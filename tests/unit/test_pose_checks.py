"""A matrix that is no rigid pose is refused, and the message says in what way."""

import numpy as np
import pytest

from mt3.errors import GeometryError
from mt3.geometry import SE3, require_rigid


def broken(index, value):
    matrix = np.eye(4)
    matrix[index] = value
    return matrix


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.eye(3), "shape"),
        (broken((0, 3), np.nan), "NaN"),
        (broken((3, 0), 0.1), "last row"),
        (np.diag([2.0, 2.0, 2.0, 1.0]), "scaled"),
        (np.diag([1.0, 1.0, -1.0, 1.0]), "reflection"),
    ],
)
def test_refused(matrix, message):
    with pytest.raises(GeometryError, match=message):
        SE3(matrix)


def test_the_bad_one_of_many_is_named():
    T = np.tile(np.eye(4), (5, 1, 1))
    T[3, 0, 0] = 1.1
    with pytest.raises(GeometryError, match=r"T_WE\[3\]"):
        require_rigid("T_WE", T)


def test_the_callers_array_may_change_afterwards():
    matrix = np.eye(4)
    pose = SE3(matrix)
    matrix[0, 3] = 1.0
    assert pose.t[0] == 0.0


def test_points_of_another_shape_are_refused():
    with pytest.raises(GeometryError, match="points"):
        SE3.identity() @ np.zeros((4, 2))


@pytest.mark.parametrize("yaw_rad", [90.0, -45.0, 12.6])
def test_degrees_are_refused(yaw_rad):
    with pytest.raises(GeometryError, match=r"expected radians, .*; multiply degrees by"):
        SE3.from_yaw(yaw_rad)


@pytest.mark.parametrize("yaw_rad", [2 * np.pi, -2 * np.pi])
def test_a_full_turn_is_none(yaw_rad):
    assert SE3.from_yaw(yaw_rad).is_close(SE3.identity(), 0.0, 1e-9)
