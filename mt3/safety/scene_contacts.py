"""Whether an arm touches what stands around it where it may not."""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from mt3.geometry import SE3
from mt3.motion.clearance import Clearance
from mt3.motion.robot_model import RobotModel
from mt3.safety.breach import Breach
from mt3.safety.limits import Limit
from mt3.safety.place import Place
from mt3.safety.surroundings import Surroundings
from mt3.types import FloatArray

_LEAVING_M, _ARRIVING_M = 0.05, 0.13  # ``PlanningRules``, and 1 cm for the path's samples
_STEEP = 0.5  # sideways at most, for each metre upwards


class _Touch(IntEnum):
    """What is touched at one joint position."""

    NOTHING = 0
    TARGET = 1  # by the tool, or by what it holds
    OBSTACLE = 2  # likewise
    LINK = 3  # anything, by another link


class SceneContacts:
    """Forbids contact with the surroundings.

    The planner keeps a margin; here what was seen is forbidden itself, so that noise and tracking
    error within the margin stop nothing.

    Args:
        model: The arm.
        T_WB: Pose of its base in W.
        surroundings: What stands around it.
    """

    def __init__(self, model: RobotModel, T_WB: SE3, surroundings: Surroundings) -> None:
        interacts = surroundings.contact_allowance_m is not None
        self._chain, self._T_WB = model.chain, T_WB.matrix
        self._target_allowed = interacts
        self._clearance = Clearance(
            model,
            T_WB,
            surroundings.obstacles,
            surroundings.held_p_E,
            0.0,
            tips_above_table=not interacts,
        )
        on_tool = [hull.points for hull in model.chain.hulls if hull.on_tool]
        self._corners = model.chain.T_joint_E.inverse() @ np.concatenate(on_tool)

    def breach(self, here: Place, there: Place) -> Breach | None:
        """What is wrong with moving between two nearby places.

        A tool that touches something already may be raised, and nothing else: what stands on a
        table is left upwards.
        """
        touch = self._touch(there.joints)
        if touch is _Touch.NOTHING:
            return None
        leaves = touch is not _Touch.LINK and self._touch(here.joints) is not _Touch.NOTHING
        if leaves and self._rises(here.joints, there.joints):
            return None
        return self._breach(there.joints)

    def path_breach(self, path: Sequence[FloatArray]) -> Breach | None:
        """What is wrong with a path of joint positions, (n,) rad each.

        The tool may touch things near the start if it does at the start, and the target object near
        the end if it does at the end: plans do where nothing else leads there.
        """
        touches, p_E = [self._touch(q) for q in path], [self._tool(q)[:3, 3] for q in path]
        for q, touch, p in zip(path, touches, p_E, strict=True):
            leaves = touches[0] and np.linalg.norm(p - p_E[0]) < _LEAVING_M
            arrives = touches[-1] and np.linalg.norm(p - p_E[-1]) < _ARRIVING_M
            allowed = _Touch.OBSTACLE if leaves else _Touch.TARGET if arrives else _Touch.NOTHING
            if touch > allowed:
                return self._breach(q)
        return None

    def _rises(self, q_here: FloatArray, q_there: FloatArray) -> bool:
        """Whether every corner of the tool goes up, and hardly sideways."""
        here, there = self._tool(q_here), self._tool(q_there)
        moved = self._corners @ (there - here)[:3, :3].T + (there - here)[:3, 3]
        sideways = np.linalg.norm(moved[:, :2], axis=1)
        return bool((sideways < _STEEP * moved[:, 2]).all())

    def _tool(self, q: FloatArray) -> FloatArray:
        T_WE: FloatArray = self._T_WB @ self._chain.forward(q)
        return T_WE

    def _touch(self, q: FloatArray) -> _Touch:
        if self._clearance.links_blocked(q):
            return _Touch.LINK
        if self._clearance.tool_blocked(q):
            return _Touch.OBSTACLE
        if not self._target_allowed and self._clearance.target_blocked(q):
            return _Touch.TARGET
        return _Touch.NOTHING

    def _breach(self, q: FloatArray) -> Breach:
        return Breach(
            Limit.OBSTACLE,
            f"robot: got contact of {self._clearance.describe(q)} ahead, expected none",
        )
