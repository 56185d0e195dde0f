"""Boxes of the workplace that no moving part of the robot enters."""

import numpy as np

from mt3.geometry import SE3
from mt3.motion.clearance import held_body
from mt3.motion.collision import Body, CollisionChecker, box_shape
from mt3.motion.robot_model import RobotModel
from mt3.safety.breach import Breach
from mt3.safety.limits import Box, Limit
from mt3.types import FloatArray


class ForbiddenBoxes:
    """Checks all moving links, the tool and what it holds.

    Args:
        model: The arm.
        T_WB: Pose of its base in W.
        boxes_W: Lower and upper corners in W, metres.
        held_p_E: Points of what is in the hand, (N, 3), metres in E; None with an empty hand.
    """

    def __init__(
        self,
        model: RobotModel,
        T_WB: SE3,
        boxes_W: tuple[Box, ...],
        held_p_E: FloatArray | None,
    ) -> None:
        held = [] if held_p_E is None else [held_body(model, held_p_E)]
        bodies = [*model.bodies, *held]
        moving = [k for k, body in enumerate(bodies) if body.joint]
        boxes = range(len(bodies), len(bodies) + len(boxes_W))
        bodies += [_box_body(k, box, T_WB) for k, box in enumerate(boxes_W)]
        pairs = [(k, box) for k in moving for box in boxes]
        self._checker = CollisionChecker(model.chain, bodies, pairs)

    def breach(self, q: FloatArray) -> Breach | None:
        """What is wrong with joints (n,) rad."""
        if not self._checker.collides(q):
            return None
        return Breach(
            Limit.FORBIDDEN_BOX,
            f"robot: got contact of {self._checker.describe(q)} ahead, expected none; where it "
            "stands in a box already, move it out by hand or correct forbidden_boxes_W",
        )


def _box_body(number: int, box_W: Box, T_WB: SE3) -> Body:
    lower, upper = (np.array(corner, dtype=np.float64) for corner in box_W)
    pose_W = SE3.from_translation(0.5 * (lower + upper))
    return Body(f"box {number + 1}", 0, T_WB.inverse() @ pose_W, box_shape(upper - lower))
