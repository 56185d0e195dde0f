"""The one module through which PyBullet enters: a thin typed client.

Every call carries the client's id, so that several worlds can live in one process. Quaternions
are xyzw; lengths are metres; the gravity points along -z.
"""

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from mt3.errors import ConfigurationError
from mt3.geometry import SE3
from mt3.types import FloatArray
from sim.mesh import TriangleMesh
from sim.objects.urdf import as_wavefront, hulls
from sim.silence import silenced_stdout

with silenced_stdout():  # PyBullet prints its build time when it is imported
    import pybullet

STEP_RATE_HZ = 240
_SOLVER_ITERATIONS = 60
_GRAVITY_M_S2 = 9.81


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact point between two bodies.

    Args:
        link_a: Link of the first body, -1 for its base.
        link_b: Link of the second.
        distance_m: Negative when they overlap.
        force_N: Normal force, 0 for a distance query.
    """

    link_a: int
    link_b: int
    distance_m: float
    force_N: float


@dataclass(frozen=True, slots=True)
class JointInfo:
    """What a URDF says about one joint; ``link`` is the link it moves."""

    index: int
    name: str
    link: str
    lower: float
    upper: float
    max_force: float
    max_velocity: float


@dataclass(frozen=True, slots=True, eq=False)
class VisualShape:
    """What a renderer shows of one link.

    Args:
        link: -1 for the base.
        mesh_path: File with the mesh; None for a box.
        size: Scale of the mesh, or side lengths of the box, metres, (3,).
        T_LV: Pose of the shape in the link's frame (of the base: as the URDF defines it).
        color: Red, green, blue in [0, 1].
    """

    link: int
    mesh_path: Path | None
    size: FloatArray
    T_LV: SE3
    color: tuple[float, float, float]


class Bullet:
    """One physics world in this process, without a window, stepped by hand."""

    def __init__(self) -> None:
        self._id: int = pybullet.connect(pybullet.DIRECT)
        self._close = weakref.finalize(self, pybullet.disconnect, self._id)
        pybullet.setPhysicsEngineParameter(
            fixedTimeStep=1.0 / STEP_RATE_HZ,
            numSolverIterations=_SOLVER_ITERATIONS,
            deterministicOverlappingPairs=1,
            physicsClientId=self._id,
        )
        self._cache_files(False)
        pybullet.setGravity(0.0, 0.0, -_GRAVITY_M_S2, physicsClientId=self._id)

    @property
    def client_id(self) -> int:
        """PyBullet's id of this world, for tests that look behind the stack's back."""
        return self._id

    def close(self) -> None:
        """Free the world; harmless when repeated."""
        self._close()

    def step(self) -> None:
        """Advance by ``1 / STEP_RATE_HZ`` seconds."""
        pybullet.stepSimulation(physicsClientId=self._id)

    def load_robot(self, urdf: Path, T_W_root: SE3) -> int:
        """Load a robot, the root of its description fixed at a pose; returns the body."""
        self._cache_files(True)  # parsing the visual meshes takes most of a second
        body = self.load_fixed(urdf, T_W_root)
        self._cache_files(False)
        return body

    def load_fixed(self, urdf: Path, T_W_root: SE3) -> int:
        """Load a description whose root stays at a pose; returns the body."""
        body: int = pybullet.loadURDF(
            str(urdf),
            basePosition=T_W_root.t.tolist(),
            baseOrientation=T_W_root.as_quat_xyzw().tolist(),
            useFixedBase=True,
            physicsClientId=self._id,
        )
        return body

    def create_ball(self, radius_m: float, mass_kg: float, p_W: Sequence[float]) -> int:
        """Add a free ball with its centre at a point; returns the body."""
        shape = pybullet.createCollisionShape(
            pybullet.GEOM_SPHERE, radius=radius_m, physicsClientId=self._id
        )
        body: int = pybullet.createMultiBody(
            mass_kg, shape, basePosition=list(p_W), physicsClientId=self._id
        )
        return body

    def resist(self, body: int, joint: int, friction: float, spring: float) -> None:
        """Let a joint without a motor resist motion, or be driven back to zero.

        Args:
            body: Whose joint.
            joint: Which.
            friction: Largest force or torque against motion, N or N m.
            spring: Largest force or torque towards zero, N or N m; takes friction's place.
        """
        if spring > 0.0:
            pybullet.setJointMotorControl2(
                body,
                joint,
                pybullet.POSITION_CONTROL,
                targetPosition=0.0,
                positionGain=0.05,
                force=spring,
                physicsClientId=self._id,
            )
        else:
            pybullet.setJointMotorControl2(
                body,
                joint,
                pybullet.VELOCITY_CONTROL,
                targetVelocity=0.0,
                force=friction,
                physicsClientId=self._id,
            )

    def _cache_files(self, enabled: bool) -> None:
        """Keep what is read from files in memory; the objects' own files would only fill it."""
        pybullet.setPhysicsEngineParameter(enableFileCaching=int(enabled), physicsClientId=self._id)

    def create_static_box(self, half_extents_m: Sequence[float], p_W: Sequence[float]) -> int:
        """Add an immovable box with its centre at a point; returns the body."""
        shape = pybullet.createCollisionShape(
            pybullet.GEOM_BOX, halfExtents=list(half_extents_m), physicsClientId=self._id
        )
        body: int = pybullet.createMultiBody(
            0.0, shape, basePosition=list(p_W), physicsClientId=self._id
        )
        return body

    def create_convex_compound(
        self,
        parts: Sequence[FloatArray],
        mesh: TriangleMesh,
        mass_kg: float,
        p_com_O: FloatArray,
        color: Sequence[float],
    ) -> int:
        """Add a free body made of convex parts.

        Args:
            parts: Vertices of each part in O, (N, 3).
            mesh: What PyBullet's own renderer shows, in O.
            mass_kg: Its mass.
            p_com_O: Its centre of mass in O, (3,).
            color: Red, green, blue in [0, 1].

        Returns:
            The body, with O at the origin of W.
        """
        # The files must outlive createMultiBody, which reads the visual one again.
        with TemporaryDirectory(prefix="mt3-sim-") as folder:
            collision, visual = Path(folder) / "collision.obj", Path(folder) / "visual.obj"
            collision.write_text(as_wavefront(hulls(parts)), encoding="ascii")
            visual.write_text(as_wavefront([(mesh.vertices, mesh.faces)]), encoding="ascii")
            collision_id = pybullet.createCollisionShape(
                pybullet.GEOM_MESH, fileName=str(collision), physicsClientId=self._id
            )
            visual_id = pybullet.createVisualShape(
                pybullet.GEOM_MESH,
                fileName=str(visual),
                rgbaColor=[*color, 1.0],
                physicsClientId=self._id,
            )
            body: int = pybullet.createMultiBody(
                mass_kg,
                collision_id,
                visual_id,
                basePosition=p_com_O.tolist(),
                baseInertialFramePosition=p_com_O.tolist(),
                physicsClientId=self._id,
            )
        return body

    def change_dynamics(self, body: int, link: int = -1, **values: float) -> None:
        """Set dynamic properties of a link, named as PyBullet names them."""
        pybullet.changeDynamics(body, link, physicsClientId=self._id, **values)

    def put_to_sleep(self, body: int) -> None:
        """Skip a resting body until an awake one touches it."""
        pybullet.changeDynamics(
            body,
            -1,
            activationState=pybullet.ACTIVATION_STATE_ENABLE_SLEEPING
            | pybullet.ACTIVATION_STATE_SLEEP,
            physicsClientId=self._id,
        )

    def joints(self, body: int) -> list[JointInfo]:
        """All joints of a body, in order; joint ``i`` moves link ``i``."""
        count: int = pybullet.getNumJoints(body, physicsClientId=self._id)
        infos = [pybullet.getJointInfo(body, i, physicsClientId=self._id) for i in range(count)]
        return [
            JointInfo(i, v[1].decode(), v[12].decode(), v[8], v[9], v[10], v[11])
            for i, v in enumerate(infos)
        ]

    def joint_states(self, body: int, joints: Sequence[int]) -> tuple[FloatArray, FloatArray]:
        """Positions and velocities of joints, (n,) each."""
        states = pybullet.getJointStates(body, joints, physicsClientId=self._id)
        return np.array([s[0] for s in states]), np.array([s[1] for s in states])

    def reset_joints(self, body: int, joints: Sequence[int], positions: FloatArray) -> None:
        """Put joints somewhere at rest, without physics."""
        for joint, position in zip(joints, positions, strict=True):
            pybullet.resetJointState(body, joint, float(position), 0.0, physicsClientId=self._id)

    def drive_joints(
        self,
        body: int,
        joints: Sequence[int],
        positions: FloatArray,
        velocities: FloatArray,
        max_forces: FloatArray,
        position_gain: float,
    ) -> None:
        """Set the joint motors for the next steps: position with velocity feed-forward."""
        pybullet.setJointMotorControlArray(
            body,
            joints,
            pybullet.POSITION_CONTROL,
            targetPositions=positions.tolist(),
            targetVelocities=velocities.tolist(),
            forces=max_forces.tolist(),
            positionGains=[position_gain] * len(joints),
            velocityGains=[1.0] * len(joints),
            physicsClientId=self._id,
        )

    def couple_joints(self, body: int, joint_a: int, joint_b: int, max_force_N: float) -> None:
        """Tie two joints so that they move by the same amount."""
        gear = pybullet.createConstraint(
            body,
            joint_a,
            body,
            joint_b,
            jointType=pybullet.JOINT_GEAR,
            jointAxis=[1, 0, 0],
            parentFramePosition=[0, 0, 0],
            childFramePosition=[0, 0, 0],
            physicsClientId=self._id,
        )
        pybullet.changeConstraint(
            gear, gearRatio=-1, erp=0.2, maxForce=max_force_N, physicsClientId=self._id
        )

    def base_pose(self, body: int) -> SE3:
        """Pose of a body's centre-of-mass frame in W (its base frame when mass-centred there)."""
        position, quat_xyzw = pybullet.getBasePositionAndOrientation(body, physicsClientId=self._id)
        return SE3.from_quat_xyzw(quat_xyzw, position)

    def base_twist(self, body: int) -> FloatArray:
        """Velocity of a body's centre of mass and angular velocity, both in W, (6,)."""
        v, w = pybullet.getBaseVelocity(body, physicsClientId=self._id)
        return np.array([*v, *w])

    def set_base_pose(self, body: int, T_W: SE3) -> None:
        """Put a body's centre-of-mass frame at a pose in W, at rest."""
        pybullet.resetBasePositionAndOrientation(
            body, T_W.t.tolist(), T_W.as_quat_xyzw().tolist(), physicsClientId=self._id
        )

    def link_poses(self, body: int, links: Sequence[int]) -> list[SE3]:
        """Poses in W of the link frames as the URDF defines them."""
        states = pybullet.getLinkStates(
            body, links, computeForwardKinematics=1, physicsClientId=self._id
        )
        return [SE3.from_quat_xyzw(s[5], s[4]) for s in states]

    def visual_shapes(self, body: int) -> list[VisualShape]:
        """What a renderer shows of a body made of meshes and boxes, in the order of its links.

        Raises:
            ConfigurationError: A shape of another type.
        """
        shapes = []
        for v in pybullet.getVisualShapeData(body, physicsClientId=self._id):
            if v[2] not in (pybullet.GEOM_MESH, pybullet.GEOM_BOX):
                raise ConfigurationError(
                    f"link {v[1]}: got a visual shape of PyBullet type {v[2]}, "
                    f"expected {pybullet.GEOM_MESH} (mesh) or {pybullet.GEOM_BOX} (box)"
                )
            path = Path(v[4].decode()) if v[2] == pybullet.GEOM_MESH else None
            T_LV = SE3.from_quat_xyzw(v[6], v[5])
            shapes.append(VisualShape(v[1], path, np.array(v[3]), T_LV, tuple(v[7][:3])))
        return shapes

    def contacts(self, body_a: int, body_b: int) -> list[Contact]:
        """Contacts of the last step."""
        points = pybullet.getContactPoints(body_a, body_b, physicsClientId=self._id)
        return [Contact(c[3], c[4], c[8], c[9]) for c in points]

    def closest(self, body_a: int, body_b: int, within_m: float) -> list[Contact]:
        """Nearest points of two bodies, by pairs of links and parts, up to a distance."""
        points = pybullet.getClosestPoints(body_a, body_b, within_m, physicsClientId=self._id)
        return [Contact(c[3], c[4], c[8], 0.0) for c in points]

    def save(self) -> int:
        """Remember the state of the world in memory; returns a ticket for ``restore``."""
        ticket: int = pybullet.saveState(physicsClientId=self._id)
        return ticket

    def restore(self, ticket: int) -> None:
        """Return to a remembered state, contacts included."""
        pybullet.restoreState(stateId=ticket, physicsClientId=self._id)

    def render(
        self, view: Sequence[float], projection: Sequence[float], width: int, height: int
    ) -> tuple[Any, ...]:
        """PyBullet's own software renderer; see ``getCameraImage`` for what it returns."""
        image: tuple[Any, ...] = pybullet.getCameraImage(
            width,
            height,
            viewMatrix=list(view),
            projectionMatrix=list(projection),
            renderer=pybullet.ER_TINY_RENDERER,
            physicsClientId=self._id,
        )
        return image
