"""Depth, colour and instance ids of moving rigid meshes by ray casting; knows no physics engine."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from mt3.errors import ConfigurationError
from mt3.geometry import SE3
from mt3.perception import Intrinsics
from mt3.types import BoolArray, ColorImage, Float32Array, FloatArray
from sim.mesh import TriangleMesh
from sim.raycasting import RaycastMesh

InstanceIds: TypeAlias = npt.NDArray[np.int32]

NOTHING: Final = -1
_BACKGROUND_COLOR: Final = 200
_AMBIENT: Final = 0.45
_TO_LIGHT_W: Final = np.array([0.35, -0.25, 0.90]) / np.linalg.norm([0.35, -0.25, 0.90])
_NEAR_M: Final = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class RenderedFrame:
    """What one rendering shows.

    Args:
        depth_m: (H, W), metres along the optical axis, 0 where nothing is.
        color: (H, W, 3), RGB.
        instance_ids: (H, W) int32, the id of the body seen, ``NOTHING`` where none is.
    """

    depth_m: Float32Array
    color: ColorImage
    instance_ids: InstanceIds


@dataclass(frozen=True, slots=True, eq=False)
class _Patch:
    """One body as seen alone, in the rectangle of the image that it can reach."""

    rows: slice
    columns: slice
    depth_m: Float32Array
    color: ColorImage


class _Body:
    """One rigid mesh, cast again only when it has moved."""

    def __init__(self, mesh: TriangleMesh, albedo: tuple[float, float, float]) -> None:
        self._vertices_O = mesh.vertices
        self._raycast = RaycastMesh(mesh)
        self._albedo = np.array(albedo, np.float32) * 255.0
        self._seen: tuple[FloatArray, _Patch | None] | None = None

    def patch(self, view: "_View", T_WO: SE3) -> _Patch | None:
        """The body at a pose, None where it is out of view."""
        if self._seen is None or not np.array_equal(self._seen[0], T_WO.matrix):
            self._seen = (T_WO.matrix, self._cast(view, T_WO))
        return self._seen[1]

    def _cast(self, view: "_View", T_WO: SE3) -> _Patch | None:
        T_OC = T_WO.inverse() @ view.T_WC
        reach = view.reach(T_OC.inverse() @ self._vertices_O)
        if reach is None:
            return None
        rows, columns, wanted = reach
        depth_m, normals_O = self._raycast.cast(T_OC, view.rays_C[rows, columns][wanted])
        hit = np.isfinite(depth_m)
        lambert = np.abs(normals_O @ (T_WO.R.T @ _TO_LIGHT_W).astype(np.float32))
        shade = _AMBIENT + (1.0 - _AMBIENT) * lambert
        patch = _Patch(
            rows,
            columns,
            np.full(wanted.shape, np.inf, np.float32),
            np.zeros((*wanted.shape, 3), np.uint8),
        )
        patch.depth_m[wanted] = depth_m
        patch.color[wanted] = np.where(hit, shade, 0.0)[:, None] * self._albedo
        return patch


class _View:
    """Rays of one fixed pinhole camera."""

    def __init__(self, intrinsics: Intrinsics, T_WC: SE3) -> None:
        self.intrinsics = intrinsics
        self.T_WC = T_WC
        v, u = np.indices((intrinsics.height, intrinsics.width), dtype=np.float64)
        rays_C = intrinsics.deproject(u, v, np.ones_like(u))
        self.rays_C: Float32Array = rays_C.astype(np.float32)

    def reach(self, p_C: FloatArray) -> tuple[slice, slice, BoolArray] | None:
        """Rectangle, and pixels in it, on which the hull of (N, 3) points in C can fall."""
        height, width = self.rays_C.shape[:2]
        if p_C[:, 2].max() < _NEAR_M:
            return None
        if p_C[:, 2].min() < _NEAR_M:
            return slice(0, height), slice(0, width), np.ones((height, width), bool)
        pixels = np.clip(self.intrinsics.project(p_C), -1e4, 1e4)
        low = np.maximum(np.floor(pixels.min(axis=0)).astype(int) - 1, 0)
        high = np.minimum(np.ceil(pixels.max(axis=0)).astype(int) + 2, (width, height))
        if (low >= high).any():
            return None
        hull = cv2.convexHull((pixels - low).astype(np.float32)).round().astype(np.int32)
        inside = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
        cv2.fillConvexPoly(inside, hull, 1)
        cv2.polylines(inside, [hull], True, 1, thickness=3)
        return slice(low[1], high[1]), slice(low[0], high[0]), inside.astype(bool)


class RaycastRenderer:
    """Depth, colour and instance ids of rigid bodies, each ray-cast in its own frame.

    A body is cast only at the pixels that the hull of its projection covers, and only when its
    pose differs from the last rendering: what stands still costs nothing.

    Args:
        intrinsics: Of the image.
        T_WC: Pose of the camera (OpenCV axes) in W.
    """

    def __init__(self, intrinsics: Intrinsics, T_WC: SE3) -> None:
        self._view = _View(intrinsics, T_WC)
        self._bodies: dict[int, _Body] = {}

    @property
    def intrinsics(self) -> Intrinsics:
        """Of the image."""
        return self._view.intrinsics

    @property
    def T_WC(self) -> SE3:
        """Pose of the camera in W."""
        return self._view.T_WC

    def add_body(
        self, body_id: int, mesh: TriangleMesh, albedo: tuple[float, float, float]
    ) -> None:
        """Add a rigid mesh, in its own frame, under an id that ``render`` will ask a pose for.

        Raises:
            ConfigurationError: The id is taken or negative.
        """
        if body_id in self._bodies or body_id < 0:
            raise ConfigurationError(f"body_id: got {body_id}, expected a free one, 0 or more")
        self._bodies[body_id] = _Body(mesh, albedo)

    def remove_body(self, body_id: int) -> None:
        """Forget a body.

        Raises:
            ConfigurationError: No such body.
        """
        if self._bodies.pop(body_id, None) is None:
            raise ConfigurationError(f"body_id: got {body_id}, expected one of {[*self._bodies]}")

    def render(self, poses_W: Mapping[int, SE3]) -> RenderedFrame:
        """Render all bodies.

        Args:
            poses_W: Pose of each body's frame in W, by body id.

        Raises:
            ConfigurationError: A body has no pose.
        """
        if missing := self._bodies.keys() - poses_W.keys():
            raise ConfigurationError(f"poses_W: got none for the bodies {sorted(missing)}")
        shape = self._view.rays_C.shape[:2]
        depth_m = np.full(shape, np.inf, np.float32)
        color = np.full((*shape, 3), _BACKGROUND_COLOR, np.uint8)
        ids = np.full(shape, NOTHING, np.int32)
        for body_id, body in self._bodies.items():
            patch = body.patch(self._view, poses_W[body_id])
            if patch is None:
                continue
            window = (patch.rows, patch.columns)
            nearer = patch.depth_m < depth_m[window]
            np.copyto(ids[window], body_id, where=nearer)
            cv2.copyTo(patch.color, nearer.view(np.uint8), color[window])
            cv2.min(patch.depth_m, depth_m[window], depth_m[window])
        depth_m[~np.isfinite(depth_m)] = 0.0
        return RenderedFrame(depth_m, color, ids)
