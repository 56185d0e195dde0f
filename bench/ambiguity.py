"""Whether a view alone tells the yaw of an object whose complete shape is known.

A complete model is a demonstration in many views without noise. All yaws, a degree apart, are
refined against the one view in question; where the best is not near the truth, the view does not
tell, and no registrar can know.
"""

import numpy as np
import open3d as o3d

from mt3.alignment.evidence import ViewEvidence
from mt3.alignment.hypotheses import (
    Hypotheses,
    ViewPair,
    evenly_spread_yaws,
    rotations_about_z,
)
from mt3.geometry import SE3, wrap_angle
from mt3.perception import RGBD, Intrinsics, ObjectView
from sim.mesh import TriangleMesh
from sim.objects import ObjectModel

FOUND_RAD = np.deg2rad(5.0)

_INTRINSICS = Intrinsics(400.0, 400.0, 127.5, 127.5, 256, 256)
_DISTANCE_M = 0.6
_VIEWS = ((0, 35), (60, 35), (120, 35), (180, 35), (240, 35), (300, 35), (0, 85))  # degrees
_POINTS, _ITERATIONS, _HIDDEN_BEHIND_M = 280, 2, 0.005
_SURFACE_POINTS = 400
_SUPPORT_MARGIN_M = 0.004


class CompleteShape:
    """An object known from all sides, in its own frame.

    Args:
        model: The object.
    """

    def __init__(self, model: ObjectModel) -> None:
        self._views = [
            ViewEvidence.from_view(view, 0.0, _SUPPORT_MARGIN_M) for view in _look_around(model)
        ]

    def is_told_by(self, view: ObjectView, T_WO: SE3) -> bool:
        """Whether the best of all yaws is near the true one.

        Args:
            view: A view of the object.
            T_WO: Where it truly stands.
        """
        live = ViewEvidence.from_view(view, 0.0, _SUPPORT_MARGIN_M)
        R = rotations_about_z(evenly_spread_yaws(360))
        starts = Hypotheses(R, np.tile(T_WO.t, (360, 1)))
        pair = ViewPair(self._views, [live], _POINTS, _HIDDEN_BEHIND_M)
        refined, fits = pair.refine(starts, _ITERATIONS)
        best = int(np.argmin([fit.score for fit in fits]))
        true_yaw = float(np.arctan2(T_WO.R[1, 0], T_WO.R[0, 0]))
        return bool(abs(wrap_angle(float(refined.yaws_rad()[best]) - true_yaw)) < FOUND_RAD)


def least_motion_m(mesh: TriangleMesh, from_deg: float) -> float:
    """Least mean distance of the turned surface to the surface, over all turns about z.

    Args:
        mesh: The object's.
        from_deg: Smaller turns are left out.
    """
    surface = _scene(mesh)
    points = _surface_points(mesh)
    centre = points.mean(axis=0)
    turns = rotations_about_z(np.deg2rad(np.arange(from_deg, 361.0 - from_deg, 5.0)))
    turned = (points - centre) @ np.swapaxes(turns, -1, -2) + centre
    return float(_distances_m(surface, turned).mean(axis=1).min())


def surface_distance_m(mesh: TriangleMesh, T_OO: SE3) -> float:
    """Mean distance of the surface, misplaced by a motion in O, to the true surface."""
    return float(_distances_m(_scene(mesh), T_OO @ _surface_points(mesh)).mean())


def _surface_points(mesh: TriangleMesh) -> np.ndarray:
    """Points spread over the surface by area, (N, 3)."""
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    area = 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1)
    rng = np.random.default_rng(0)
    face = rng.choice(len(area), _SURFACE_POINTS, p=area / area.sum())
    u, v = np.sqrt(rng.random(_SURFACE_POINTS)), rng.random(_SURFACE_POINTS)
    return (
        (1.0 - u)[:, None] * a[face]
        + (u * (1.0 - v))[:, None] * b[face]
        + (u * v)[:, None] * c[face]
    )


def _scene(mesh: TriangleMesh, *others: TriangleMesh) -> o3d.t.geometry.RaycastingScene:
    scene = o3d.t.geometry.RaycastingScene()
    for one in (mesh, *others):
        scene.add_triangles(
            o3d.core.Tensor.from_numpy(np.array(one.vertices, dtype=np.float32)),
            o3d.core.Tensor.from_numpy(np.array(one.faces, dtype=np.uint32)),
        )
    return scene


def _distances_m(scene: o3d.t.geometry.RaycastingScene, points: np.ndarray) -> np.ndarray:
    return scene.compute_distance(
        o3d.core.Tensor.from_numpy(np.asarray(points, dtype=np.float32))
    ).numpy()


def _look_around(model: ObjectModel) -> list[ObjectView]:
    """Views without noise of the object on a plane."""
    r = 2.0
    table = TriangleMesh(
        np.array([[-r, -r, 0.0], [r, -r, 0.0], [r, r, 0.0], [-r, r, 0.0]]),
        np.array([[0, 1, 2], [0, 2, 3]]),
    )
    scene = _scene(model.mesh, table)
    middle = 0.5 * (model.mesh.vertices.min(axis=0) + model.mesh.vertices.max(axis=0))
    return [_photograph(scene, _look_at(middle, *np.deg2rad(angles))) for angles in _VIEWS]


def _look_at(middle: np.ndarray, azimuth: float, elevation: float) -> SE3:
    level = np.cos(elevation)
    z = -np.array([np.cos(azimuth) * level, np.sin(azimuth) * level, np.sin(elevation)])
    x = np.cross(z, [0.0, 0.0, 1.0])
    x /= np.linalg.norm(x)
    R = np.stack([x, np.cross(z, x), z], axis=1)
    return SE3.from_rotation_translation(R, middle - _DISTANCE_M * z)


def _photograph(scene: o3d.t.geometry.RaycastingScene, T_WC: SE3) -> ObjectView:
    k = _INTRINSICS
    v, u = np.mgrid[0 : k.height, 0 : k.width].astype(np.float64)
    rays_W = k.deproject(u, v, np.ones_like(u)) @ T_WC.R.T
    origin = np.broadcast_to(T_WC.t, rays_W.shape)
    cast = scene.cast_rays(
        o3d.core.Tensor.from_numpy(np.concatenate([origin, rays_W], axis=-1).astype(np.float32))
    )
    depth_m = cast["t_hit"].numpy()
    hit = np.isfinite(depth_m)
    mask = hit & (cast["geometry_ids"].numpy() == 0)
    image = np.zeros((k.height, k.width, 3), np.uint8)
    return ObjectView(RGBD(image, np.where(hit, depth_m, 0.0), k, T_WC, 0.0, "around"), mask)
