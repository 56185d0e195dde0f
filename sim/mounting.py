"""How a simulated scene gets eyes: a camera in its place."""

from dataclasses import dataclass

import numpy as np

from mt3.geometry import SE3
from mt3.perception import Intrinsics
from mt3.types import FloatArray
from sim.camera import RaycastCamera
from sim.depth_noise import DepthNoise
from sim.raycast_renderer import RaycastRenderer
from sim.scene import PyBulletScene
from sim.scene_view import SceneView


@dataclass(frozen=True, slots=True, eq=False)
class CameraSpec:
    """A camera to be mounted.

    Args:
        name: Of the camera.
        intrinsics: Of its images.
        T_WC: Its pose (OpenCV axes) in W.
        noise: How depth errs; None for true depth.
    """

    name: str
    intrinsics: Intrinsics
    T_WC: SE3
    noise: DepthNoise | None


def look_at(eye_W: FloatArray, target_W: FloatArray) -> SE3:
    """Pose in W of a camera at one point, (3,), that looks at another, its image upright.

    The line of sight must not be vertical.
    """
    forward = np.asarray(target_W, dtype=np.float64) - np.asarray(eye_W, dtype=np.float64)
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    R_WC = np.stack([right, np.cross(forward, right), forward], axis=1)
    return SE3.from_rotation_translation(R_WC, eye_W)


def mount(scene: PyBulletScene, spec: CameraSpec, seed: int) -> RaycastCamera:
    """Give a scene, not yet connected, a ray-cast camera, and return it.

    Args:
        scene: Gets one more camera.
        spec: The camera.
        seed: Of its depth noise.
    """
    renderer = RaycastRenderer(spec.intrinsics, spec.T_WC)
    view = SceneView(scene.world, scene.sim_robot, renderer)
    rng = np.random.default_rng([seed, 2])
    camera = RaycastCamera(spec.name, renderer, view.poses_W, scene.clock, spec.noise, rng)
    scene.mount(spec.name, camera)
    return camera
