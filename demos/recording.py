"""One recording as it stands on disk: raw arrays, not yet proven to keep the record's rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mt3.demonstration import Demonstration
from mt3.geometry import SE3
from mt3.perception import RGBD, Intrinsics, ObjectView
from mt3.task import TaskDescription
from mt3.tool import ToolFrame
from mt3.types import BoolArray, ColorImage, Float32Array, FloatArray

DepthImage = npt.NDArray[np.uint16]

DEFAULT_BOTTLENECK_DISTANCE_M = 0.10
_MAX_DEPTH_MM = np.iinfo(np.uint16).max


def as_depth_mm(depth_m: Float32Array) -> DepthImage:
    """Depth in whole millimetres, and 0 where it exceeds 65.5 m.

    What was read as millimetres and divided by 1000 comes back exactly.
    """
    depth_mm = depth_m * np.float32(1000.0)
    np.rint(depth_mm, out=depth_mm)
    depth_mm[depth_mm > _MAX_DEPTH_MM] = 0
    return depth_mm.astype(np.uint16)


@dataclass(frozen=True, slots=True)
class SpeedLimits:
    """Speeds of the tool that no sound recording exceeds, m/s and rad/s."""

    linear_mps: float
    angular_radps: float


@dataclass(frozen=True, slots=True, eq=False)
class RecordingHeader:
    """What is known before the first sample.

    Args:
        task: What is demonstrated.
        robot: Name of the arm.
        backend: ``sim`` or ``real``.
        tool: What is mounted at the flange, or None where that is unknown.
        T_WB: Pose of the arm's base in W, or None where that is unknown; all poses ``T_BE`` of the
            recording are then given in W instead of B.
        rate_hz: Nominal rate of the samples.
        camera_hz: Nominal rate of the camera stream, or None where none is recorded.
        allow_drops: Whether frames of the stream may be missing within the interaction.
        latency_s: What was subtracted from each device's time stamps, by ``robot``, ``gripper``
            and ``camera``.
        speed_limits: What the samples are checked against.
        software: Version and git revision of this stack.
        resolved_config: The configuration that recorded it, plain values.
        bottleneck_distance_m: Where no bottleneck is marked, it is before the tool comes this near.
    """

    task: TaskDescription
    robot: str
    backend: str
    tool: ToolFrame | None
    T_WB: SE3 | None
    rate_hz: float
    speed_limits: SpeedLimits
    software: Mapping[str, str]
    resolved_config: Mapping[str, Any]
    camera_hz: float | None = None
    allow_drops: bool = False
    latency_s: Mapping[str, float] = field(default_factory=dict)
    bottleneck_distance_m: float = DEFAULT_BOTTLENECK_DISTANCE_M


@dataclass(frozen=True, slots=True, eq=False)
class StoredView:
    """The object before contact, as one camera saw it.

    Args:
        color: (H, W, 3) uint8.
        depth_mm: (H, W) uint16, millimetres, 0 = no reading, aligned to colour.
        mask: (H, W) bool, one object instance.
        intrinsics: Of both images.
        T_WC: Pose of the camera in W.
        T_BE: Pose of the tool in B when the image was taken, or None where that is unknown.
        t_s: When, on the clock of the samples.
        camera: Its name.
        segmenter: What made the mask.
    """

    color: ColorImage
    depth_mm: DepthImage
    mask: BoolArray
    intrinsics: Intrinsics
    T_WC: SE3
    T_BE: SE3 | None
    t_s: float
    camera: str
    segmenter: str

    @classmethod
    def from_object_view(cls, view: ObjectView, T_BE: SE3, segmenter: str) -> "StoredView":
        """The stored form: depth rounded to millimetres, and 0 where it exceeds 65.5 m."""
        rgbd = view.rgbd
        return cls(
            color=rgbd.color,
            depth_mm=as_depth_mm(rgbd.depth_m),
            mask=view.mask,
            intrinsics=rgbd.intrinsics,
            T_WC=rgbd.T_WC,
            T_BE=T_BE,
            t_s=rgbd.t_s,
            camera=rgbd.camera,
            segmenter=segmenter,
        )

    def as_object_view(self) -> ObjectView:
        """The form that the method uses, depth in metres."""
        depth_m = (self.depth_mm / np.float32(1000.0)).astype(np.float32)
        rgbd = RGBD(self.color, depth_m, self.intrinsics, self.T_WC, self.t_s, self.camera)
        return ObjectView(rgbd, self.mask)


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """What was measured, one row per sample.

    Args:
        t_s: (T,), seconds, first 0.
        T_BE: (T, 4, 4), measured tool poses in B; in W where the header knows no base.
        joints: (T, n), rad, where known.
        V_BE_E: (T, 6), twists as the arm reports them, m/s and rad/s in E, where it does.
        opening: (T,), measured gripper fraction, where known.
        command: (T,), commanded gripper fraction.
    """

    t_s: FloatArray
    T_BE: FloatArray
    joints: FloatArray | None
    V_BE_E: FloatArray | None
    opening: FloatArray | None
    command: FloatArray


class CameraStream(Protocol):
    """Every frame of one camera, decoded one by one as they are asked for."""

    @property
    def camera(self) -> str:
        """Name of the camera."""
        ...

    @property
    def intrinsics(self) -> Intrinsics:
        """Of both images."""
        ...

    @property
    def t_s(self) -> FloatArray:
        """Times of the frames, (F,), seconds, on the clock of the samples: 0 is the first one."""
        ...

    @property
    def T_WC(self) -> FloatArray:
        """Pose of the camera in W at each frame, (F, 4, 4)."""
        ...

    def color(self, k: int) -> ColorImage:
        """Colour of one frame, (H, W, 3) uint8."""
        ...

    def depth_mm(self, k: int) -> DepthImage:
        """Depth of one frame, (H, W) uint16, millimetres, 0 = no reading."""
        ...


@dataclass(frozen=True, slots=True)
class RecordingEvents:
    """What was said while recording; indices are samples.

    Args:
        bottlenecks: Where the interaction was said to begin; a sound recording has one.
        end: Last sample of the interaction, or None where the end was never marked.
        success: The verdict, or None where nobody judged.
        judge: Who gave it.
        bottleneck_source: ``operator``, or ``rule`` where nobody marked it; see
            ``demos.bottleneck``.
    """

    bottlenecks: tuple[int, ...]
    end: int | None
    success: bool | None
    judge: str
    bottleneck_source: str = "operator"


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """A whole recording; ``stream`` is None where no camera stream was recorded."""

    header: RecordingHeader
    views: tuple[StoredView, ...]
    samples: Samples
    events: RecordingEvents
    stream: CameraStream | None = None

    @property
    def T_WE(self) -> FloatArray:
        """Measured tool poses in W, (T, 4, 4)."""
        T_WB, poses = self.header.T_WB, self.samples.T_BE
        return poses if T_WB is None else T_WB.matrix @ poses

    def as_demonstration(self, demo_id: str, content_hash: str) -> Demonstration:
        """What the method needs of it, cut at its end; only for a recording without defects."""
        end = len(self.samples.t_s) if self.events.end is None else self.events.end + 1
        return Demonstration(
            demo_id=demo_id,
            content_hash=content_hash,
            task=self.header.task,
            views=tuple(view.as_object_view() for view in self.views),
            t_s=self.samples.t_s[:end],
            T_WE=self.T_WE[:end],
            opening=None if self.samples.opening is None else self.samples.opening[:end],
            command=self.samples.command[:end],
            bottleneck_index=self.events.bottlenecks[0],
            robot=self.header.robot,
            tool=self.header.tool,
            backend=self.header.backend,
        )
