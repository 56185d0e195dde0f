"""The physical world: table, robot, objects, and the step that moves them all."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from weakref import WeakMethod

import numpy as np

from mt3.errors import ConfigurationError
from mt3.geometry import SE3
from mt3.types import FloatArray
from sim.bullet import STEP_RATE_HZ, Bullet
from sim.objects import Mechanism, ObjectModel
from sim.objects.urdf import write_urdf

STEP_S = 1.0 / STEP_RATE_HZ
_TABLE_HALF_M = (0.6, 0.6, 0.05)
_TABLE_CENTRE_W = (0.3, 0.0, -0.05)  # top at z = 0, x from -0.3 to 0.9, y from -0.6 to 0.6
_REST_SPEED = 0.005
_PART = 0  # link and joint number of an object's moving part


@dataclass(frozen=True, slots=True, eq=False)
class SimObject:
    """One object in the world.

    Args:
        name: Unique in the scene.
        body: Its id in the physics world.
        model: What it is made of.
        T_OM: Its centre-of-mass frame in O.
    """

    name: str
    body: int
    model: ObjectModel
    T_OM: SE3


class World:
    """Table and free objects in one PyBullet world, advanced in steps of ``STEP_S``.

    Attributes:
        beads: Radius of each small ball, metres, by its body.
        lock: Held during a step. Whoever holds it sees one moment, even if another thread steps.
    """

    def __init__(self) -> None:
        self.bullet = Bullet()
        self.lock = threading.RLock()
        self.steps = 0
        self._before_step: list[WeakMethod[Callable[[], None]]] = []
        self.objects: dict[str, SimObject] = {}
        self.beads: dict[int, float] = {}
        self._sleepers: set[str] = set()
        self.table = self.bullet.create_static_box(_TABLE_HALF_M, _TABLE_CENTRE_W)
        self.bullet.change_dynamics(self.table, lateralFriction=0.6)

    def call_before_step(self, method: Callable[[], None]) -> None:
        """Call an object's method, such as a joint controller's, at every step while it lives.

        The world does not keep the object, which knows the world: in a cycle the physics' 80 MB,
        which Python's garbage collector cannot see, would stay until it happens to run.
        """
        self._before_step.append(WeakMethod(method))

    def step(self) -> None:
        """Run the controllers, then one physics step."""
        with self.lock:
            for reference in self._before_step:
                method = reference()
                if method is not None:
                    method()
            self.bullet.step()
            self.steps += 1

    def add(self, name: str, model: ObjectModel, T_WO: SE3) -> SimObject:
        """Put a new object at a pose.

        Args:
            name: Unique in this world.
            model: Its shape and material; with a moving part, its body is fixed to the table.
            T_WO: Pose of its frame O.
        """
        if model.mechanism is None:
            p_com_O = model.center_of_mass_O()
            body = self.bullet.create_convex_compound(
                model.collision_parts,
                model.mesh,
                model.mass_kg,
                p_com_O,
                model.albedo,
            )
        else:
            p_com_O = np.zeros(3)
            body = self._load_mechanism(model, model.mechanism)
        self.bullet.change_dynamics(body, lateralFriction=model.friction)
        item = SimObject(name, body, model, SE3.from_translation(p_com_O))
        self.objects[name] = item
        self.place(name, T_WO)
        return item

    def _load_mechanism(self, model: ObjectModel, mechanism: Mechanism) -> int:
        with TemporaryDirectory(prefix="mt3-sim-") as folder:
            body = self.bullet.load_fixed(
                write_urdf(model, mechanism, Path(folder)), SE3.identity()
            )
        self.bullet.change_dynamics(body, _PART, lateralFriction=model.friction)
        self.bullet.resist(body, _PART, mechanism.friction, mechanism.spring)
        return body

    def fraction(self, name: str) -> float:
        """How far an object's moving part is along its travel, 0 to 1.

        Raises:
            ConfigurationError: It has none.
        """
        item, mechanism = self._mechanism(name)
        position, _ = self.bullet.joint_states(item.body, [_PART])
        return float(position[0] / mechanism.travel)

    def set_fraction(self, name: str, fraction: float) -> None:
        """Put an object's moving part somewhere along its travel, at rest, without physics.

        Raises:
            ConfigurationError: It has none.
        """
        item, mechanism = self._mechanism(name)
        self.bullet.reset_joints(item.body, [_PART], np.array([fraction * mechanism.travel]))

    def part_pose(self, name: str) -> SE3:
        """Pose in W of the link frame of an object's moving part; see ``write_urdf``.

        Raises:
            ConfigurationError: It has none.
        """
        item, _ = self._mechanism(name)
        return self.bullet.link_poses(item.body, [_PART])[0]

    def _mechanism(self, name: str) -> tuple[SimObject, Mechanism]:
        item = self.objects[name]
        if item.model.mechanism is None:
            raise ConfigurationError(f"{name}: got a rigid object, expected one with a moving part")
        return item, item.model.mechanism

    def add_bead(self, radius_m: float, mass_kg: float, p_W: FloatArray) -> None:
        """Put a small ball at a point, (3,); many of them stand for what flows."""
        body = self.bullet.create_ball(radius_m, mass_kg, p_W.tolist())
        self.bullet.change_dynamics(
            body, lateralFriction=0.15, rollingFriction=1e-5, spinningFriction=1e-5
        )
        self.beads[body] = radius_m

    def bead_positions(self) -> FloatArray:
        """Middles of all beads in W, (N, 3), in the order in which they were added."""
        return np.array([self.bullet.base_pose(body).t for body in self.beads]).reshape(-1, 3)

    def place(self, name: str, T_WO: SE3) -> None:
        """Put an object at a pose, at rest, without physics."""
        item = self.objects[name]
        self.bullet.set_base_pose(item.body, T_WO @ item.T_OM)

    def pose(self, name: str) -> SE3:
        """Pose of an object's frame O in W."""
        item = self.objects[name]
        return self.bullet.base_pose(item.body) @ item.T_OM.inverse()

    def poses(self) -> dict[str, SE3]:
        """Poses ``T_WO`` of all objects, by name."""
        return {name: self.pose(name) for name in self.objects}

    def put_to_sleep(self, name: str) -> None:
        """Let an object that rests cost nothing until something touches it."""
        self._sleepers.add(name)
        self.bullet.put_to_sleep(self.objects[name].body)

    def save(self) -> int:
        """Remember all bodies in memory; returns a ticket for ``restore``."""
        return self.bullet.save()

    def restore(self, ticket: int) -> None:
        """Return all bodies to a remembered moment; what slept and rests sleeps again."""
        self.bullet.restore(ticket)  # wakes everything
        for name in sorted(self._sleepers):
            if self._rests(name):
                self.put_to_sleep(name)

    def lowest_point_m(self, name: str) -> float:
        """Height above the table of an object's lowest point."""
        return float((self.pose(name) @ self.objects[name].model.mesh.vertices)[:, 2].min())

    def touches(self, name: str, other: int) -> bool:
        """Whether an object pressed against a body during the last step."""
        contacts = self.bullet.contacts(self.objects[name].body, other)
        return any(contact.force_N > 0.0 for contact in contacts)

    def at_rest(self) -> bool:
        """Whether no object moves by more than 5 mm/s or 5 mrad/s."""
        return all(self._rests(name) for name in self.objects)

    def settle(self, max_steps: int) -> None:
        """Step until everything rests, at most ``max_steps`` and at least a tenth of them."""
        for step in range(max_steps):
            self.step()
            if step >= max_steps // 10 and self.at_rest():
                return

    def _rests(self, name: str) -> bool:
        twist = self.bullet.base_twist(self.objects[name].body)
        return bool(np.abs(twist).max() < _REST_SPEED)
