"""A camera stream whose frames say which they are, and that counts how many are in use."""

import numpy as np

from mt3.geometry import SE3
from mt3.perception import Intrinsics

SIZE = (48, 64)


class ColorStream:
    """Frames at a rate with jitter; each is one grey that grows with its number."""

    camera = "front"
    intrinsics = Intrinsics(80.0, 80.0, 31.5, 23.5, 64, 48)

    def __init__(self, fps=30.0, start_s=0.02, end_s=0.97, dropped=(), seed=0) -> None:
        t_s = np.arange(start_s, end_s, 1.0 / fps)
        t_s = t_s + np.random.default_rng(seed).uniform(-1e-3, 1e-3, len(t_s))
        self.t_s = np.delete(t_s, list(dropped))
        self.asked = []

    @property
    def T_WC(self):
        return np.tile(SE3.from_translation((0.5, 0.0, 0.8)).matrix, (len(self.t_s), 1, 1))

    def color(self, k):
        self.asked.append(k)
        return np.full((*SIZE, 3), 8 * k, np.uint8)

    def depth_mm(self, k):
        return np.full(SIZE, 800, np.uint16)
