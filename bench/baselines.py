"""Other ways to register two views, for comparison on the same pairs.

``official`` follows the recipe of the MT3 release: clouds laid on each other by their centroids,
Generalized ICP of Open3D with 0.1 m and 20 iterations, again and again from translations disturbed
by 2 cm until 3 s have passed, the lowest RMSE kept, and of its rotation only the yaw. Its start is
yaw 0; the release starts from a learned regressor, for which the true yaw rounded to 45 deg stands
in as an upper bound.
"""

import time
from collections.abc import Callable

import numpy as np
import open3d as o3d
import small_gicp

from mt3.geometry import SE3
from mt3.perception import ObjectView
from mt3.types import FloatArray

Baseline = Callable[[ObjectView, ObjectView, float], SE3]

OFFICIAL_BUDGET_S = 3.0
_OFFICIAL_DISTANCE_M, _OFFICIAL_ITERATIONS, _OFFICIAL_SPREAD_M = 0.1, 20, 0.02
_SUPPORT_M = 0.004
_VOXEL_M = 0.004
_STARTS = 24
_GICP_DISTANCE_M = 0.02

_gicp = o3d.pipelines.registration


def object_points(view: ObjectView) -> FloatArray:
    """Points of the object above its support, in W, (N, 3)."""
    p_W = view.points_W()
    points: FloatArray = p_W[p_W[:, 2] > _SUPPORT_M]
    return points


def official(demo: ObjectView, live: ObjectView, start_yaw_rad: float) -> SE3:
    """The release's recipe from a yaw."""
    p_demo, p_live = object_points(demo), object_points(live)
    source, target = _cloud(p_demo), _cloud(p_live)
    rng = np.random.default_rng(0)
    R = SE3.from_yaw(start_yaw_rad).R
    t = p_live.mean(axis=0) - R @ p_demo.mean(axis=0)
    best, best_rmse = SE3.from_rotation_translation(R, t), np.inf
    end_s = time.perf_counter() + OFFICIAL_BUDGET_S
    disturbed = t
    while time.perf_counter() < end_s:
        start = SE3.from_rotation_translation(R, disturbed)
        found = _gicp.registration_generalized_icp(
            source,
            target,
            _OFFICIAL_DISTANCE_M,
            start.matrix,
            _gicp.TransformationEstimationForGeneralizedICP(),
            _gicp.ICPConvergenceCriteria(max_iteration=_OFFICIAL_ITERATIONS),
        )
        if found.fitness > 0.0 and found.inlier_rmse < best_rmse:
            best, best_rmse = _upright(found.transformation, p_demo), found.inlier_rmse
        disturbed = t + rng.normal(0.0, _OFFICIAL_SPREAD_M, 3)
    return best


def official_from_zero(demo: ObjectView, live: ObjectView, true_yaw_rad: float) -> SE3:
    """The recipe without a regressor."""
    del true_yaw_rad
    return official(demo, live, 0.0)


def official_from_truth(demo: ObjectView, live: ObjectView, true_yaw_rad: float) -> SE3:
    """The recipe with a regressor that is always right to 22.5 deg."""
    return official(demo, live, np.round(true_yaw_rad / (np.pi / 4)) * np.pi / 4)


def features_and_ransac(demo: ObjectView, live: ObjectView, true_yaw_rad: float) -> SE3:
    """FPFH features, RANSAC, then ICP point to plane, of Open3D."""
    del true_yaw_rad
    o3d.utility.random.seed(0)
    p_demo = object_points(demo)
    source, target = (_cloud(p).voxel_down_sample(_VOXEL_M) for p in (p_demo, object_points(live)))
    for cloud in (source, target):
        cloud.estimate_normals(o3d.geometry.KDTreeSearchParamHybrid(3 * _VOXEL_M, 30))
    features = [
        _gicp.compute_fpfh_feature(cloud, o3d.geometry.KDTreeSearchParamHybrid(6 * _VOXEL_M, 100))
        for cloud in (source, target)
    ]
    rough = _gicp.registration_ransac_based_on_feature_matching(
        source,
        target,
        *features,
        True,
        3 * _VOXEL_M,
        _gicp.TransformationEstimationPointToPoint(False),
        3,
        [_gicp.CorrespondenceCheckerBasedOnDistance(3 * _VOXEL_M)],
        _gicp.RANSACConvergenceCriteria(20_000, 0.999),
    )
    fine = _gicp.registration_icp(
        source,
        target,
        2 * _VOXEL_M,
        rough.transformation,
        _gicp.TransformationEstimationPointToPlane(),
    )
    return _upright(fine.transformation, p_demo)


def many_starts(demo: ObjectView, live: ObjectView, true_yaw_rad: float) -> SE3:
    """Generalized ICP of small_gicp from yaws all around, the lowest mean error kept."""
    del true_yaw_rad
    p_demo, p_live = object_points(demo), object_points(live)
    target, tree = small_gicp.preprocess_points(p_live, downsampling_resolution=_VOXEL_M)
    source, _ = small_gicp.preprocess_points(p_demo, downsampling_resolution=_VOXEL_M)
    best, best_error = SE3.identity(), np.inf
    for yaw_rad in np.linspace(0.0, 2.0 * np.pi, _STARTS, endpoint=False):
        R = SE3.from_yaw(float(yaw_rad)).R
        start = SE3.from_rotation_translation(R, p_live.mean(axis=0) - R @ p_demo.mean(axis=0))
        found = small_gicp.align(
            target,
            source,
            tree,
            init_T_target_source=start.matrix,
            max_correspondence_distance=_GICP_DISTANCE_M,
        )
        missed = source.size() - found.num_inliers
        error = (found.error + missed) / source.size()
        if error < best_error:
            best, best_error = _upright(found.T_target_source, p_demo), error
    return best


BASELINES: dict[str, Baseline] = {
    "official recipe from yaw 0": official_from_zero,
    "official recipe from the true yaw to 45 deg": official_from_truth,
    "FPFH, RANSAC, ICP": features_and_ransac,
    "small_gicp from 24 yaws": many_starts,
}


def _cloud(p_W: FloatArray) -> o3d.geometry.PointCloud:
    return o3d.geometry.PointCloud(o3d.utility.Vector3dVector(p_W))


def _upright(matrix: FloatArray, p_demo: FloatArray) -> SE3:
    """The translation and yaw that move the cloud's centroid alike."""
    R_found, t_found = matrix[:3, :3], matrix[:3, 3]
    sine, cosine = R_found[1, 0] - R_found[0, 1], R_found[0, 0] + R_found[1, 1]
    R = SE3.from_yaw(float(np.arctan2(sine, cosine))).R
    centroid = p_demo.mean(axis=0)
    target = R_found @ centroid + t_found
    return SE3.from_rotation_translation(R, target - R @ centroid)
