"""Where the interaction begins: one rule, for recordings whose operator did not say it.

The bottleneck is the last sample before the tool comes within a distance of the object, or before
the gripper is first told to move, whichever comes first in time.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from demos.recording import Recording
from mt3.errors import DemoFormatError
from mt3.types import FloatArray

_GRIPPER_STEP = 0.02  # smaller changes of the commanded fraction are noise of a teleoperation key
# Stray points of a mask, at depth edges and beside the object, never decide: the distance to the
# object is that to the nearest point of all but this share.
_STRAY_SHARE, _LEAST_STRAY = 0.02, 5
_REMEDY = "mark the bottleneck while demonstrating, or begin further away"


@dataclass(frozen=True, slots=True, eq=False)
class BottleneckSigns:
    """What the rule looks at.

    Args:
        distances_m: (T,) up to the end, from the tool centre to the seen surface of the object.
        threshold_m: Within which the tool counts as at the object.
        near: First sample within it, or None.
        gripper: First sample with another gripper command than the first's, or None.
    """

    distances_m: FloatArray
    threshold_m: float
    near: int | None
    gripper: int | None

    def choose(self) -> int:
        """The sample by the rule.

        Raises:
            DemoFormatError: There is no moment before, or nothing happens; names the remedy.
        """
        cut_m = f"{self.threshold_m:.2f} m"
        if self.near == 0:
            raise DemoFormatError(
                f"bottleneck: not marked, and the rule cannot decide: the tool starts "
                f"{self.distances_m[0]:.3f} m from the object, expected over {cut_m} ({_REMEDY})"
            )
        if self.gripper == 1:
            raise DemoFormatError(
                "bottleneck: not marked, and the rule cannot decide: the gripper moves at the "
                f"very start ({_REMEDY})"
            )
        moments = [k for k in (self.near, self.gripper) if k is not None]
        if not moments:
            raise DemoFormatError(
                "bottleneck: not marked, and the rule cannot decide: the gripper never moves and "
                f"the tool comes no nearer to the object than {self.distances_m.min():.3f} m, "
                f"expected {cut_m} (is the mask on the object, and the camera's pose right? else "
                "mark the bottleneck while demonstrating)"
            )
        return min(moments) - 1


def read_signs(recording: Recording) -> BottleneckSigns:
    """What the rule looks at in a recording whose arrays are sound.

    Raises:
        ImageError: The mask of the default view holds too little of an object.
    """
    end = None if recording.events.end is None else recording.events.end + 1
    distances_m = measure_distances(recording)[:end]
    threshold_m = recording.header.bottleneck_distance_m
    command = recording.samples.command[:end]
    moves = np.abs(command - command[0]) > _GRIPPER_STEP
    return BottleneckSigns(
        distances_m, threshold_m, _first(distances_m <= threshold_m), _first(moves)
    )


def measure_distances(recording: Recording) -> FloatArray:
    """Distances (T,) from the tool centre to the object as the default view saw it, metres."""
    points_W = recording.views[0].as_object_view().points_W()
    p_WE = recording.T_WE[:, :3, 3]
    rank = min(max(_LEAST_STRAY, round(_STRAY_SHARE * len(points_W))) + 1, len(points_W))
    distances_m: FloatArray = np.asarray(KDTree(points_W).query(p_WE, k=[rank])[0])
    return distances_m[:, 0]


def _first(flags: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int | None:
    found = np.flatnonzero(flags)
    return int(found[0]) if len(found) else None
