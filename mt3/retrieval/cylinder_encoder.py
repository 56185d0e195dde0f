"""A classical shape descriptor of what one camera sees of an object; nothing is trained."""

import numpy as np

from mt3.perception import ObjectView
from mt3.types import FloatArray, IntArray


class CylinderEncoder:
    """How much surface lies at which height and distance from the upright axis, and how it varies.

    Points are thinned to one per voxel, so that distance to the camera matters little, and spread
    over a cylindrical grid about the vertical through their mean; over the angle, only the
    magnitudes of the first Fourier coefficients are kept.

    Exactly invariant to translation, up to rounding. Nearly invariant to yaw of the visible
    points about the vertical; yaw of the object itself changes which side is visible, and that
    changes the descriptor. Not invariant to size, on purpose, nor to tilt.

    Args:
        voxel_m: Edge of a voxel.
        bin_m: Width of a ring and height of a layer; shares of a point go to the two nearest.
        rings: Number of rings; the last takes everything further out.
        layers: Number of layers from the lowest point; the last takes everything above.
        sectors: Angular bins before the Fourier transform.
        harmonics: Fourier coefficients kept, the mean included.
    """

    def __init__(
        self,
        voxel_m: float = 0.005,
        bin_m: float = 0.02,
        rings: int = 8,
        layers: int = 15,
        sectors: int = 36,
        harmonics: int = 5,
    ) -> None:
        self._voxel_m = voxel_m
        self._bin_m = bin_m
        self._shape = (rings, layers, sectors)
        self._harmonics = harmonics

    @property
    def name(self) -> str:
        """The method, its version and every parameter."""
        grid = "x".join(str(n) for n in self._shape)
        return f"cylinder-1-{self._voxel_m:g}-{self._bin_m:g}-{grid}-{self._harmonics}"

    def encode(self, view: ObjectView) -> FloatArray:
        """Descriptor, (rings * layers * harmonics,), unit norm, no entry negative."""
        return self.encode_points(view.points_W())

    def encode_points(self, p_W: FloatArray) -> FloatArray:
        """The same for points, (N, 3), metres, in W, N at least 1."""
        p = _voxel_means(p_W - p_W.mean(axis=0), self._voxel_m)
        p = p - [*p[:, :2].mean(axis=0), p[:, 2].min()]
        cells, shares = self._cells(p)
        grid = np.bincount(cells, shares, minlength=int(np.prod(self._shape)))
        grid = grid.reshape(self._shape)
        spectrum = np.abs(np.fft.rfft(grid, axis=2))[..., : self._harmonics]
        # The square root keeps a large flat face from drowning a handle.
        descriptor = np.sqrt(spectrum).ravel()
        return np.asarray(descriptor / np.linalg.norm(descriptor))

    def _cells(self, p: FloatArray) -> tuple[IntArray, FloatArray]:
        """Flat indices of the eight cells around each point, and the share each gets of it."""
        rings, layers, sectors = self._shape
        angle = np.arctan2(p[:, 1], p[:, 0]) / (2.0 * np.pi) * sectors
        coordinates = (
            np.clip(np.hypot(p[:, 0], p[:, 1]) / self._bin_m, 0, rings - 1),
            np.clip(p[:, 2] / self._bin_m, 0, layers - 1),
            np.mod(angle, sectors),
        )
        lower = np.floor(coordinates).astype(np.intp)
        upper_share = coordinates - lower
        corners = np.array(list(np.ndindex(2, 2, 2)))[:, :, None]
        index = lower + corners
        shares = np.where(corners == 1, upper_share, 1.0 - upper_share).prod(axis=1)
        ring, layer = np.minimum(index[:, 0], rings - 1), np.minimum(index[:, 1], layers - 1)
        cells = np.ravel_multi_index((ring, layer, index[:, 2] % sectors), self._shape)
        return cells.ravel(), shares.ravel()


def _voxel_means(p: FloatArray, voxel_m: float) -> FloatArray:
    """Mean point of each occupied voxel, (M, 3)."""
    index = np.floor(p / voxel_m).astype(np.intp)
    index -= index.min(axis=0)
    keys = np.ravel_multi_index(tuple(index.T), tuple(index.max(axis=0) + 1))
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    sums = [np.bincount(inverse, p[:, axis], minlength=len(counts)) for axis in range(3)]
    return np.stack(sums, axis=1) / counts[:, None]
