"""Whether an arm touches what stands around it where it may not."""

from collections.abc import Sequence
from enum import IntEnum

from mt3.geometry import SE3
from mt3.motion.clearance import Clearance
from mt3.motion.robot_model import RobotModel
from mt3.safety.breach import Breach
from mt3.safety.limits import Limit
from mt3.safety.place import Place
from mt3.safety.surroundings import Surroundings
from mt3.types import FloatArray


class _Touch(IntEnum):
    """What is touched at one joint position."""

    NOTHING = 0
    TARGET = 1  # by the tool, or by what it holds
    OBSTACLE = 2  # or the target object by another link


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
        self._target_allowed = interacts
        self._clearance = Clearance(
            model,
            T_WB,
            surroundings.obstacles,
            surroundings.held_p_E,
            0.0,
            tips_above_table=not interacts,
        )

    def breach(self, here: Place, there: Place) -> Breach | None:
        """What is wrong with moving between two nearby places.

        An arm that touches something already may be raised, and nothing else: what stands on a
        table is left upwards.
        """
        if self._touch(there.joints) is _Touch.NOTHING:
            return None
        if there.p_W[2] > here.p_W[2] and self._touch(here.joints) is not _Touch.NOTHING:
            return None
        return self._breach(there.joints)

    def path_breach(self, path: Sequence[FloatArray]) -> Breach | None:
        """What is wrong with a path of joint positions, (n,) rad each.

        It may leave what it touches at its start, and reach the target object at its end: plans do
        where nothing else leads there.
        """
        touches = [self._touch(q) for q in path]
        first, last = 0, len(path)
        while first < last and touches[first] is not _Touch.NOTHING:
            first += 1
        while last > first and touches[last - 1] is _Touch.TARGET:
            last -= 1
        if first == len(path) and touches[-1] is _Touch.OBSTACLE:
            return self._breach(path[-1])
        bad = (q for q, touch in zip(path[first:last], touches[first:last], strict=True) if touch)
        return next((self._breach(q) for q in bad), None)

    def _touch(self, q: FloatArray) -> _Touch:
        if self._clearance.links_blocked(q) or self._clearance.tool_blocked(q):
            return _Touch.OBSTACLE
        if not self._target_allowed and self._clearance.target_blocked(q):
            return _Touch.TARGET
        return _Touch.NOTHING

    def _breach(self, q: FloatArray) -> Breach:
        return Breach(
            Limit.OBSTACLE,
            f"robot: got contact of {self._clearance.describe(q)} ahead, expected none",
        )
