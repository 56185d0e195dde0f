"""Pinocchio, typed: one serial chain of a URDF with the hulls of what it carries."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import coal
import numpy as np
import pinocchio as pin

from mt3.errors import ConfigurationError
from mt3.geometry import SE3
from mt3.tool import ToolBox
from mt3.types import FloatArray

_SWEEP_SAMPLES = 3  # positions of each gripper joint, from closed to open, that a hull encloses


@dataclass(frozen=True, slots=True, eq=False)
class LinkHull:
    """What one collision mesh of the robot occupies.

    Args:
        name: Name of the link.
        joint: The joint of the chain it moves with: 0 is the base, n the last.
        on_tool: Whether it is mounted at the flange.
        movable: Whether a joint beyond the arm's moves it, as a finger.
        points: Points whose convex hull it is, (N, 3), metres, in that joint's frame.
    """

    name: str
    joint: int
    on_tool: bool
    movable: bool
    points: FloatArray


class KinematicChain:
    """Forward kinematics and Jacobian of an arm, all else of its URDF held still.

    Args:
        urdf: Robot description; ``package://`` paths in it are resolved from its folder.
        joint_names: Joints of the arm, from the base outwards.
        base_link: The link whose frame is B.
        flange_link: The link that carries the tool.
        T_flange_tool: Pose of the tool centre point E in the flange.
        tool_boxes: Parts of the tool that the description lacks.

    Raises:
        ConfigurationError: No such file, joint or link.
    """

    def __init__(
        self,
        urdf: Path,
        joint_names: Sequence[str],
        base_link: str,
        flange_link: str,
        T_flange_tool: SE3,
        tool_boxes: Sequence[ToolBox] = (),
    ) -> None:
        full = _load(urdf, joint_names, (base_link, flange_link))
        locked = [i for i, name in enumerate(full.names) if i and name not in set(joint_names)]
        model = pin.buildReducedModel(full, locked, pin.neutral(full))
        if list(model.names)[1:] != list(joint_names):
            raise ConfigurationError(
                f"joint_names: got {list(joint_names)}, expected the order of the description: "
                f"{list(model.names)[1:]}"
            )
        flange = model.frames[model.getFrameId(flange_link)]
        placement = flange.placement * pin.SE3(T_flange_tool.matrix)
        tool = pin.Frame("E", flange.parentJoint, 0, placement, pin.FrameType.OP_FRAME)
        self._model = model
        self._frame_E = model.addFrame(tool)
        self._data = model.createData()
        pin.framesForwardKinematics(model, self._data, pin.neutral(model))
        oMb = self._data.oMf[model.getFrameId(base_link)].homogeneous
        self._T_root_B = np.array(oMb)
        self._T_B_root = SE3(oMb).inverse().matrix
        self._T_joint_E = SE3(placement.homogeneous)
        self.joint_E = int(flange.parentJoint)
        flange_id = full.getFrameId(flange_link)
        self.hulls = (
            *_swept_hulls(full, model, urdf, locked, flange_id),
            *(
                _box_hull(box, self.joint_E, SE3(flange.placement.homogeneous))
                for box in tool_boxes
            ),
        )

    @property
    def lower(self) -> FloatArray:
        """Lower joint limits of the description, (n,), rad."""
        return np.array(self._model.lowerPositionLimit)

    @property
    def upper(self) -> FloatArray:
        """Upper joint limits of the description, (n,), rad."""
        return np.array(self._model.upperPositionLimit)

    @property
    def velocity_limit(self) -> FloatArray:
        """Joint speed limits of the description, (n,), rad/s."""
        return np.array(self._model.velocityLimit)

    @property
    def T_joint_E(self) -> SE3:
        """Pose of E in the frame of the joint that carries it."""
        return self._T_joint_E

    @property
    def T_B_root(self) -> FloatArray:
        """Pose of the description's root frame in B, (4, 4)."""
        return self._T_B_root

    @property
    def model(self) -> pin.Model:
        """Pinocchio's model, for modules that hand it on to Pinocchio."""
        return self._model

    def forward(self, q: FloatArray) -> FloatArray:
        """Pose of E in B, (4, 4), at joints (n,) rad."""
        pin.forwardKinematics(self._model, self._data, q)
        pose = pin.updateFramePlacement(self._model, self._data, self._frame_E).homogeneous
        return np.asarray(self._T_B_root @ pose)

    def jacobian(self, q: FloatArray) -> FloatArray:
        """Body Jacobian of E in E, (6, n), linear rows first."""
        pin.computeJointJacobians(self._model, self._data, q)
        return np.asarray(pin.getFrameJacobian(self._model, self._data, self._frame_E, pin.LOCAL))

    def target(self, T_BE: FloatArray) -> pin.SE3:
        """A pose of E in B, (4, 4), in the form that ``error_and_jacobian`` takes."""
        return pin.SE3(self._T_root_B @ T_BE)

    def error_and_jacobian(self, q: FloatArray, target: pin.SE3) -> tuple[FloatArray, FloatArray]:
        """Body twist that takes E to a target in one second, (6,), and the body Jacobian (6, n)."""
        J = self.jacobian(q)
        pose = pin.updateFramePlacement(self._model, self._data, self._frame_E)
        return np.asarray(pin.log6(pose.actInv(target)).vector), J

    def joint_poses(self, q: FloatArray) -> FloatArray:
        """Poses in B of the root (index 0) and every joint's frame, (n + 1, 4, 4)."""
        pin.forwardKinematics(self._model, self._data, q)
        poses = np.array([pose.homogeneous for pose in self._data.oMi.tolist()])
        return np.asarray(self._T_B_root @ poses)


def _load(urdf: Path, joint_names: Sequence[str], links: Sequence[str]) -> pin.Model:
    """The whole description, checked for the names asked of it."""
    if not urdf.is_file():
        raise ConfigurationError(f"urdf: no file {urdf}")
    model = pin.buildModelFromUrdf(str(urdf))
    for name in joint_names:
        if not model.existJointName(name):
            raise ConfigurationError(f"joint_names: got {name}, expected of {list(model.names)}")
    for name in links:
        if not model.existFrame(name):
            frames = [frame.name for frame in model.frames]
            raise ConfigurationError(f"link: got {name}, expected one of {frames}")
    return model


def _swept_hulls(
    full: pin.Model, reduced: pin.Model, urdf: Path, locked: list[int], flange: int
) -> Iterator[LinkHull]:
    """Points of every collision mesh, over the whole travel of the joints that are locked."""
    geometry = pin.buildGeomFromUrdf(
        full, str(urdf), pin.GeometryType.COLLISION, package_dirs=[str(urdf.parent)]
    )
    data = full.createData()
    neutral = pin.neutral(full)
    for body in geometry.geometryObjects:
        chain = _supporting_joint(full, reduced, body.parentJoint)
        vertices = _corners(body.geometry) * np.asarray(body.meshScale)
        samples = []
        for fraction in np.linspace(0.0, 1.0, _SWEEP_SAMPLES if body.parentJoint in locked else 1):
            q = neutral.copy()
            for joint in locked:
                k = full.joints[joint].idx_q
                low, high = full.lowerPositionLimit[k], full.upperPositionLimit[k]
                q[k] = low + fraction * (high - low)
            pin.forwardKinematics(full, data, q)
            T = data.oMi[chain].actInv(data.oMi[body.parentJoint]) * body.placement
            samples.append(vertices @ T.rotation.T + T.translation)
        joint = reduced.getJointId(full.names[chain]) if chain else 0
        yield LinkHull(
            full.frames[body.parentFrame].name,
            int(joint),
            _mounted_at(full, body.parentFrame, flange),
            body.parentJoint in locked,
            np.concatenate(samples),
        )


def _box_hull(box: ToolBox, joint: int, T_joint_flange: SE3) -> LinkHull:
    """A box at the flange."""
    ends = np.array([box.lower_flange, box.upper_flange])
    p_flange = np.stack(np.meshgrid(*ends.T, indexing="ij"), axis=-1).reshape(-1, 3)
    return LinkHull(box.name, joint, True, box.fingers, T_joint_flange @ p_flange)


def _corners(shape: coal.CollisionGeometry) -> FloatArray:
    """Points whose hull encloses a shape, (N, 3): a mesh's vertices, else its box's corners."""
    if isinstance(shape, coal.ConvexBase | coal.BVHModelBase):
        return np.asarray(shape.vertices())
    shape.computeLocalAABB()
    box = shape.aabb_local
    ends = np.stack([box.min_, box.max_])
    return np.array([[ends[i, 0], ends[j, 1], ends[k, 2]] for i, j, k in np.ndindex(2, 2, 2)])


def _supporting_joint(full: pin.Model, reduced: pin.Model, joint: int) -> int:
    """The joint of the arm, or 0 for the base, that a joint of the description moves with."""
    while joint and not reduced.existJointName(full.names[joint]):
        joint = full.parents[joint]
    return int(joint)


def _mounted_at(full: pin.Model, frame: int, flange: int) -> bool:
    """Whether a frame of the description is the flange or is carried by it."""
    while frame and frame != flange:
        frame = full.frames[frame].parentFrame
    return bool(frame == flange)
