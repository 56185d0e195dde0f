"""Pictures of objects on the table, without physics: as fast as rendering."""

from collections.abc import Mapping, Sequence

import numpy as np

from mt3.errors import ConfigurationError
from mt3.geometry import SE3
from mt3.perception import RGBD, ObjectView
from sim.camera import RaycastCamera
from sim.mounting import CameraSpec
from sim.objects import CLUTTER, ObjectModel, instance
from sim.raycast_renderer import RaycastRenderer
from sim.scene import PyBulletScene
from sim.scene_view import SceneView
from sim.segmenter import SimSegmenter
from sim.staging import Circle, Region

_FIRST_ID = 100_000  # above the ids of the table and the robot's base, below those of its links
_CLEARANCE_M = 0.09  # around the target, as when something is picked up
_GAP_M = 0.01
_CLUTTER_REGION = Region((0.32, 0.72), (-0.46, 0.46))
_DRAWS = 60


class _StoppedClock:
    def now_s(self) -> float:
        return 0.0

    def sleep_until(self, t_s: float) -> None:
        return


class SnapshotStudio:
    """The workplace, its arm in the observe pose; objects come for one picture each.

    Args:
        spec: The camera, with its noise.
        max_offset_px: Of the masks; see ``SimSegmenter``.
        boundary_noise_px: Of the masks.
    """

    def __init__(self, spec: CameraSpec, max_offset_px: float, boundary_noise_px: float) -> None:
        self._spec = spec
        self._mask_errors_px = (max_offset_px, boundary_noise_px)
        scene = PyBulletScene(SE3.identity())
        self._renderer = RaycastRenderer(spec.intrinsics, spec.T_WC)
        self._workplace = SceneView(scene.world, scene.sim_robot, self._renderer).poses_W()

    def take(
        self, objects: Sequence[tuple[ObjectModel, SE3]], rng: np.random.Generator
    ) -> ObjectView:
        """What the camera and the segmenter make of the first of some objects.

        Args:
            objects: Models of different categories, with their poses ``T_WO``; the target first.
            rng: Draws the camera's and the segmenter's errors.

        Raises:
            SegmentationError: Nothing of the target is visible.
            ImageError: Too little of it is.
        """
        numbered = {_FIRST_ID + k: item for k, item in enumerate(objects)}
        for number, (model, _) in numbered.items():
            self._renderer.add_body(number, model.mesh, model.albedo)
        try:
            poses = {**self._workplace, **{n: T_WO for n, (_, T_WO) in numbered.items()}}
            categories = {n: model.category for n, (model, _) in numbered.items()}
            return self._photograph(poses, categories, objects[0][0].category, rng)
        finally:
            for number in numbered:
                self._renderer.remove_body(number)

    def _photograph(
        self,
        poses: Mapping[int, SE3],
        categories: Mapping[int, str],
        target: str,
        rng: np.random.Generator,
    ) -> ObjectView:
        camera = RaycastCamera(
            self._spec.name, self._renderer, lambda: poses, _StoppedClock(), self._spec.noise, rng
        )
        segmenter = SimSegmenter({camera.name: camera}, categories, *self._mask_errors_px, rng)
        with camera:
            rgbd: RGBD = camera.read(0.0)
        return ObjectView(rgbd, segmenter.segment(rgbd, target))


def scatter_around(
    target: ObjectModel, T_WO: SE3, distractors: int, rng: np.random.Generator
) -> list[tuple[ObjectModel, SE3]]:
    """The target at a pose, and new instances of other categories around it.

    Raises:
        ConfigurationError: No room for so many.
    """
    placed = [(target, T_WO)]
    keep_out = [(Circle.around(target, T_WO), _CLEARANCE_M)]
    others = [name for name in CLUTTER if name != target.category]
    for category in rng.permutation(others).tolist():
        if len(placed) > distractors:
            break
        model = instance(category, int(rng.integers(10_000)))
        for _ in range(_DRAWS):
            T_candidate = _CLUTTER_REGION.draw(rng)
            circle = Circle.around(model, T_candidate)
            if all(circle.gap_m(other) >= gap_m for other, gap_m in keep_out):
                placed.append((model, T_candidate))
                keep_out.append((circle, _GAP_M))
                break
    if len(placed) <= distractors:
        raise ConfigurationError(f"distractors: got room for {len(placed) - 1} of {distractors}")
    return placed
