"""The simulated camera: what the renderer sees, as a depth camera would report it."""

from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, Protocol, Self

import numpy as np

from mt3.errors import NotConnectedError, StaleDataError
from mt3.geometry import SE3
from mt3.interfaces import Clock
from mt3.perception import RGBD, Intrinsics
from sim.depth_noise import DepthNoise
from sim.raycast_renderer import InstanceIds, RenderedFrame

_FRAMES_REMEMBERED: Final = 4


class Renderer(Protocol):
    """Draws bodies at poses, from one fixed camera."""

    @property
    def intrinsics(self) -> Intrinsics:
        """Of the image."""
        ...

    @property
    def T_WC(self) -> SE3:
        """Pose of the camera (OpenCV axes) in W."""
        ...

    def render(self, poses_W: Mapping[int, SE3]) -> RenderedFrame:
        """The bodies at poses in W, by body id."""
        ...


class RaycastCamera:
    """A camera that renders at the moment it is read, so no frame is ever stale.

    Args:
        name: Of the camera.
        renderer: What draws the bodies: ``RaycastRenderer``, or ``BulletRenderer``.
        pose_source: Gives the present pose of every body in W, by body id.
        clock: Stamps the frames.
        noise: How depth errs; None for true depth.
        rng: Where the noise's chance comes from.
    """

    def __init__(
        self,
        name: str,
        renderer: Renderer,
        pose_source: Callable[[], Mapping[int, SE3]],
        clock: Clock,
        noise: DepthNoise | None,
        rng: np.random.Generator,
    ) -> None:
        self.name = name
        self.renderer = renderer
        self._pose_source = pose_source
        self._clock = clock
        self._noise = noise
        self._rng = rng
        self._connected = False
        self._truth: deque[tuple[float, InstanceIds]] = deque(maxlen=_FRAMES_REMEMBERED)

    def __enter__(self) -> Self:
        self._connected = True
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connected = False

    def read(self, max_age_s: float) -> RGBD:
        """A frame of this moment; ``max_age_s`` is met by any value from 0.

        Raises:
            NotConnectedError: Outside the ``with`` block.
        """
        if not self._connected:
            raise NotConnectedError(f"camera {self.name}: read outside its with block")
        t_s = self._clock.now_s()
        frame = self.renderer.render(self._pose_source())
        depth_m = frame.depth_m
        intrinsics, T_WC = self.renderer.intrinsics, self.renderer.T_WC
        if self._noise is not None:
            depth_m = self._noise.apply(depth_m, intrinsics, self._rng)
        self._truth.append((t_s, frame.instance_ids))
        return RGBD(frame.color, depth_m, intrinsics, T_WC, t_s, self.name)

    def instance_ids(self, t_s: float) -> InstanceIds:
        """Simulator truth: which body each pixel of the frame read at a time shows, (H, W).

        Raises:
            StaleDataError: No frame of that time among the last few.
        """
        for frame_t_s, ids in reversed(self._truth):
            if frame_t_s == t_s:
                return ids
        known = [frame_t_s for frame_t_s, _ in self._truth]
        raise StaleDataError(
            f"camera {self.name}: got the time {t_s} s, expected that of a recent frame: {known}"
        )
