"""Time of one ray-cast frame, and of PyBullet's own renderer, at one scene in one run.

Every object and the arm move before each frame, so nothing but the table comes from a cache.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mt3.geometry import SE3
from mt3.perception import Intrinsics
from sim.bullet_renderer import BulletRenderer
from sim.depth_noise import DepthNoise
from sim.objects import instance
from sim.raycast_renderer import RaycastRenderer
from sim.robots import PANDA
from sim.scene import PyBulletScene
from sim.scene_view import SceneView

FRAMES = 30
INTRINSICS = Intrinsics(615.0, 615.0, 319.5, 239.5, 640, 480)
EYE_W, LOOKED_AT_W = np.array([1.05, 0.0, 0.75]), np.array([0.42, 0.0, 0.05])
OBJECTS = ("mug", "pan", "bottle", "bowl", "box", "hammer")


def camera_pose() -> SE3:
    """Pose of the front camera in W."""
    z_W = (LOOKED_AT_W - EYE_W) / np.linalg.norm(LOOKED_AT_W - EYE_W)
    x_W = np.cross(z_W, (0.0, 0.0, 1.0))
    x_W /= np.linalg.norm(x_W)
    R_WC = np.stack([x_W, np.cross(z_W, x_W), z_W], axis=1)
    return SE3.from_rotation_translation(R_WC, EYE_W)


def median_ms(render: Callable[[], object], move: Callable[[int], None]) -> float:
    """Median time of a frame, milliseconds, with everything moved in between."""
    times_s = []
    for frame in range(FRAMES):
        move(frame)
        start_s = time.perf_counter()
        render()
        times_s.append(time.perf_counter() - start_s)
    return 1e3 * statistics.median(times_s)


def measure() -> dict[str, float]:
    """Median times of both renderers and of the noise, milliseconds, and their ratio."""
    scene = PyBulletScene(SE3.identity())
    for category in OBJECTS:
        scene.world.add(category, instance(category, 0), SE3.identity())

    def move(frame: int) -> None:
        for k, name in enumerate(OBJECTS):
            p_W = (0.42 + 0.16 * (k % 2), -0.22 + 0.22 * (k // 2), 0.0)
            scene.world.place(name, SE3.from_yaw((k + 0.2 * frame) % (2 * np.pi), p_W))
        joints = PANDA.observe_joints + 0.002 * frame
        scene.world.bullet.reset_joints(scene.sim_robot.body, scene.sim_robot.arm_joints, joints)

    raycast = RaycastRenderer(INTRINSICS, camera_pose())
    view = SceneView(scene.world, scene.sim_robot, raycast)
    tiny = BulletRenderer(scene.world.bullet, INTRINSICS, camera_pose())
    noise, rng = DepthNoise(), np.random.default_rng(0)
    move(0)
    depth_m = raycast.render(view.poses_W()).depth_m
    figures = {
        "raycast_ms": median_ms(lambda: raycast.render(view.poses_W()), move),
        "tiny_renderer_ms": median_ms(lambda: tiny.render({}), move),
        "depth_noise_ms": median_ms(lambda: noise.apply(depth_m, INTRINSICS, rng), move),
    }
    return {**figures, "ratio": figures["tiny_renderer_ms"] / figures["raycast_ms"]}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures to this JSON file")
    arguments = parser.parse_args()
    figures = measure()
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(f"ray-cast frame 640x480, {len(OBJECTS)} objects, arm: {figures['raycast_ms']:.1f} ms")
    print(f"PyBullet's TinyRenderer, same scene:     {figures['tiny_renderer_ms']:.1f} ms")
    print(f"depth noise on top:                      {figures['depth_noise_ms']:.1f} ms")
    print(f"ratio: {figures['ratio']:.1f}")


if __name__ == "__main__":
    main()
