"""How much a set of poses turns, and about what: what every calibration lives from."""

from dataclasses import dataclass
from itertools import combinations
from typing import Self

import numpy as np
from scipy.spatial.transform import Rotation

from mt3.types import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class RotationSpread:
    """Turns between poses of one frame in another.

    Args:
        about_axes_rad: Root mean square turn about x, y and z of the outer frame, (3,).
        main_rad: The same about the axis with the most.
        second_rad: About the axis across it with the most; 0 where all axes are parallel.
    """

    about_axes_rad: FloatArray
    main_rad: float
    second_rad: float

    @classmethod
    def of(cls, R: FloatArray) -> Self:
        """The spread of rotations, (n, 3, 3), n at least 2."""
        first, second = np.array(list(combinations(range(len(R)), 2))).T
        turns = Rotation.from_matrix(R[second] @ R[first].transpose(0, 2, 1)).as_rotvec()
        scatter = turns.T @ turns / len(turns)
        _, second_largest, largest = np.sqrt(np.maximum(np.linalg.eigvalsh(scatter), 0.0))
        return cls(np.sqrt(np.diag(scatter)), float(largest), float(second_largest))
