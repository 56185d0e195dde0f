"""How to record, and how a recording is getting on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from demos.recording import DEFAULT_BOTTLENECK_DISTANCE_M, SpeedLimits
from demos.stream.image_codec import color_codec
from mt3.errors import ConfigurationError
from mt3.types import require_positive

DEVICES = ("robot", "gripper", "camera")


@dataclass(frozen=True, slots=True)
class RecorderSettings:
    """How to record.

    Args:
        rate_hz: Nominal rate of the samples: the operator's in simulation, else the arm's.
        speed_limits: Speeds that no sound recording exceeds.
        max_view_age_s: Oldest frame taken for the view of the object, and in the stream.
        software: Version and git revision, for the record.
        resolved_config: Plain values of the configuration, for the record.
        camera_hz: Nominal rate of the camera stream; 0 records none.
        camera: Which camera is streamed; None takes the scene's first.
        color_codec: ``jpeg`` (quality 95) or ``lossless``.
        queue_frames: How many frames may wait to be written before one is dropped.
        latency_s: How long after the moment it measures a device stamps it, by ``robot``,
            ``gripper`` and ``camera``; subtracted from its time stamps.
        allow_drops: Whether frames may be missing within the interaction.
        bottleneck_distance_m: Where no bottleneck is marked, it is before the tool comes this near.

    Raises:
        ConfigurationError: A value that makes no sense.
    """

    rate_hz: float
    speed_limits: SpeedLimits
    max_view_age_s: float
    software: Mapping[str, str]
    resolved_config: Mapping[str, Any]
    camera_hz: float = 0.0
    camera: str | None = None
    color_codec: str = "jpeg"
    queue_frames: int = 30
    latency_s: Mapping[str, float] = field(default_factory=dict)
    allow_drops: bool = False
    bottleneck_distance_m: float = DEFAULT_BOTTLENECK_DISTANCE_M

    def __post_init__(self) -> None:
        require_positive("rate_hz", self.rate_hz)
        require_positive("bottleneck_distance_m", self.bottleneck_distance_m)
        color_codec(self.color_codec)
        if not (math.isfinite(self.camera_hz) and self.camera_hz >= 0.0):
            raise ConfigurationError(
                f"camera_hz: got {self.camera_hz}, expected a rate, or 0 for no stream"
            )
        if self.queue_frames < 1:
            raise ConfigurationError(f"queue_frames: got {self.queue_frames}, expected at least 1")
        for name, value in self.latency_s.items():
            if name not in DEVICES or not math.isfinite(value):
                raise ConfigurationError(
                    f"latency_s: got {name}: {value}, expected seconds for {', '.join(DEVICES)}"
                )


@dataclass(frozen=True, slots=True)
class RecorderProgress:
    """How a recording is getting on.

    Args:
        samples: Written so far.
        robot_hz: Their mean rate, 0 before the second.
        frames: Written so far.
        camera_hz: Mean rate of the frames that came, 0 before the second.
        dropped_frames: Frames that are missing: the camera skipped them or the queue was full.
        queued_frames: Frames that wait to be written.
        bytes_written: Of all frames, encoded.
    """

    samples: int
    robot_hz: float
    frames: int = 0
    camera_hz: float = 0.0
    dropped_frames: int = 0
    queued_frames: int = 0
    bytes_written: int = 0
