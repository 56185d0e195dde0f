"""What a camera can see of a simulated scene: the bodies, where they are, what they are called."""

from collections.abc import Mapping
from typing import Final

from mt3.geometry import SE3
from sim.mesh import TriangleMesh, convex_hull
from sim.objects.shape import frustum_hull
from sim.raycast_renderer import RaycastRenderer
from sim.robot import SimRobot
from sim.visuals import load_link_visuals
from sim.world import SimObject, World

_TABLE_ALBEDO: Final = (0.62, 0.55, 0.47)
_LINK_STRIDE: Final = 1 << 24
_BEAD_ALBEDO: Final = (0.95, 0.92, 0.80)
_BALL: Final = convex_hull(frustum_hull([(0.6, -0.8), (1.0, 0.0), (0.6, 0.8)], 10))


def instance_id(body: int, link: int) -> int:
    """Id of a link in instance images; of an object or any base (link -1) the body itself.

    Source: PyBullet's getCameraImage numbers its segmentation mask this way.
    """
    return body + (link + 1) * _LINK_STRIDE


def body_of(number: int) -> int:
    """The body that an instance id belongs to."""
    return number % _LINK_STRIDE


def instance_ids(item: SimObject) -> tuple[int, ...]:
    """All instance ids of an object: of its body, and of its moving part if it has one."""
    links = (-1,) if item.model.mechanism is None else (-1, 0)
    return tuple(instance_id(item.body, link) for link in links)


class SceneView:
    """Keeps a ray-cast renderer in step with a scene: table, robot, and objects as they appear.

    Args:
        world: The table and objects.
        robot: The robot.
        renderer: Still empty.
    """

    def __init__(self, world: World, robot: SimRobot, renderer: RaycastRenderer) -> None:
        self._world = world
        self._robot = robot
        self._renderer = renderer
        self._categories: dict[int, str] = {}
        self._beads: set[int] = set()
        for visual in load_link_visuals(world.bullet, world.table).values():
            renderer.add_body(instance_id(world.table, -1), visual.mesh, _TABLE_ALBEDO)
        visuals = load_link_visuals(world.bullet, robot.body)
        self._links = [link for link in visuals if link >= 0]
        for link, visual in visuals.items():
            renderer.add_body(instance_id(robot.body, link), visual.mesh, visual.albedo)

    @property
    def categories(self) -> Mapping[int, str]:
        """Category of every object a frame has shown, by instance id; grows with the scene."""
        return self._categories

    def poses_W(self) -> dict[int, SE3]:
        """Present pose of every body in W, by instance id; new objects join the renderer."""
        with self._world.lock:
            return self._poses_W()

    def _poses_W(self) -> dict[int, SE3]:
        world, robot = self._world, self._robot.body
        link_poses = world.bullet.link_poses(robot, self._links)
        poses = {
            instance_id(world.table, -1): world.bullet.base_pose(world.table),
            instance_id(robot, -1): self._robot.T_W_root,
            **{
                instance_id(robot, link): pose
                for link, pose in zip(self._links, link_poses, strict=True)
            },
        }
        for name, item in world.objects.items():
            numbers = instance_ids(item)
            if numbers[0] not in self._categories:
                self._show(item)
            poses[numbers[0]] = world.pose(name)
            if len(numbers) > 1:
                poses[numbers[1]] = world.part_pose(name)
        for body, radius_m in world.beads.items():
            if body not in self._beads:
                mesh = TriangleMesh(_BALL.vertices * radius_m, _BALL.faces)
                self._renderer.add_body(instance_id(body, -1), mesh, _BEAD_ALBEDO)
                self._beads.add(body)
            poses[instance_id(body, -1)] = world.bullet.base_pose(body)
        return poses

    def _show(self, item: SimObject) -> None:
        """Add an object to the renderer, its moving part in the frame of its link."""
        model, numbers = item.model, instance_ids(item)
        self._categories |= dict.fromkeys(numbers, model.category)
        self._renderer.add_body(numbers[0], model.mesh, model.albedo)
        if model.mechanism is not None:
            part = model.mechanism
            mesh = TriangleMesh(part.mesh.vertices - part.p_O, part.mesh.faces)
            self._renderer.add_body(numbers[1], mesh, part.albedo)
