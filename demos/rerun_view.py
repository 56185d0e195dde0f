"""A recording in Rerun: everything that is stored, over time, in one viewer."""

import importlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from demos.bottleneck import measure_distances
from demos.recording import CameraStream, Recording, StoredView
from mt3.errors import ConfigurationError
from mt3.geometry import compute_body_twists
from mt3.perception import Intrinsics
from mt3.types import ColorImage, FloatArray

_APPLICATION, _TIMELINE = "mt3-demos", "t"
_BEFORE, _DURING, _MARK, _MASK = (127, 178, 229), (31, 95, 191), (214, 39, 40), (255, 127, 14)
_BLACK, _GREEN, _BLUE = (20, 20, 20), (44, 160, 44), (31, 119, 180)
_COMMAND_STEP = 0.02
_JPEG_QUALITY, _PNG_LEVEL = 90, 1
_FRUSTUM_M = 0.15

Track = Callable[[Sequence[int]], Iterable[int]]


def save_view(recording: Recording, demo_id: str, path: Path, track: Track = iter) -> None:
    """Write a recording for the Rerun viewer.

    Args:
        recording: Sound.
        demo_id: Its name.
        path: Ends in ``.rrd``.
        track: Yields the numbers of the camera's frames in turn, for a progress bar.

    Raises:
        ConfigurationError: Another name, no such folder, or rerun-sdk is not installed.
    """
    if path.suffix != ".rrd" or not path.absolute().parent.is_dir():
        raise ConfigurationError(
            f"view: got {path}, expected a name ending in .rrd in a folder that exists"
        )
    rr = _import_rerun()
    try:
        path.open("ab").close()
    except OSError as error:
        raise ConfigurationError(f"view: cannot write {path} ({error.strerror})") from error
    with rr.RecordingStream(_APPLICATION, recording_id=demo_id) as stream:
        stream.save(path, default_blueprint=_blueprint(rr, recording))
        _Logger(rr, stream, recording).log_all(track)
        stream.disconnect()


def open_view(recording: Recording, demo_id: str, track: Track = iter) -> None:
    """Show a recording in a Rerun viewer, which stays open.

    Raises:
        ConfigurationError: rerun-sdk is not installed.
    """
    rr = _import_rerun()
    with rr.RecordingStream(_APPLICATION, recording_id=demo_id) as stream:
        stream.spawn(default_blueprint=_blueprint(rr, recording))
        _Logger(rr, stream, recording).log_all(track)
        stream.flush()


class _Logger:
    """Sends one recording to one stream."""

    def __init__(self, rr: Any, stream: Any, recording: Recording) -> None:  # noqa: ANN401
        self._rr, self._stream, self._recording = rr, stream, recording

    def log_all(self, track: Track) -> None:
        self._log_still("world", self._rr.ViewCoordinates.RIGHT_HAND_Z_UP)
        self._log_still("about", self._rr.TextDocument(_about(self._recording)))
        for k, view in enumerate(self._recording.views):
            self._log_view(f"world/views/{k}", view)
        self._log_object()
        self._log_tool()
        self._log_events()
        self._log_gripper()
        self._log_distance()
        self._log_twists()
        if self._recording.stream is not None:
            self._log_stream(self._recording.stream, track)

    def _log_still(self, entity: str, content: Any) -> None:  # noqa: ANN401
        self._stream.log(entity, content, static=True)

    def _log_view(self, entity: str, view: StoredView) -> None:
        rr = self._rr
        self._log_still(
            entity, rr.Transform3D(translation=view.T_WC.t.tolist(), mat3x3=view.T_WC.R.tolist())
        )
        self._log_still(entity, self._pinhole(view.intrinsics))
        self._log_still(f"{entity}/color", rr.Image(view.color))
        self._log_still(f"{entity}/depth", rr.DepthImage(view.depth_mm, meter=1000.0))
        labels = [rr.AnnotationInfo(id=1, label="object", color=_MASK)]
        self._log_still(f"{entity}/mask", rr.AnnotationContext(labels))
        mask = rr.SegmentationImage(view.mask.astype(np.uint8), opacity=0.5)
        self._log_still(f"{entity}/mask", mask)

    def _pinhole(self, intrinsics: Intrinsics) -> Any:  # noqa: ANN401
        return self._rr.Pinhole(
            focal_length=(intrinsics.fx, intrinsics.fy),
            principal_point=(intrinsics.cx, intrinsics.cy),
            width=intrinsics.width,
            height=intrinsics.height,
            camera_xyz=self._rr.ViewCoordinates.RDF,
            image_plane_distance=_FRUSTUM_M,
        )

    def _log_object(self) -> None:
        view = self._recording.views[0].as_object_view()
        colors = view.rgbd.color[view.mask & (view.rgbd.depth_m > 0)]
        points = self._rr.Points3D(view.points_W(), colors=colors, radii=0.001)
        self._log_still("world/object", points)

    def _log_tool(self) -> None:
        rr, recording = self._rr, self._recording
        T_WE, k = recording.T_WE, recording.events.bottlenecks[0]
        self._send(
            "world/tool",
            recording.samples.t_s,
            rr.Transform3D.columns(translation=T_WE[:, :3, 3], mat3x3=T_WE[:, :3, :3]),
        )
        self._log_still("world/tool", rr.TransformAxes3D(0.05))
        parts = (("way_there", slice(0, k + 1), _BEFORE), ("interaction", slice(k, None), _DURING))
        for name, part, color in parts:
            strip = rr.LineStrips3D([T_WE[part, :3, 3]], colors=[color], radii=0.001)
            self._log_still(f"world/path/{name}", strip)

    def _log_events(self) -> None:
        rr, recording = self._rr, self._recording
        events = _events(recording)
        t_s = recording.samples.t_s[[k for k, _, _ in events]]
        self._send("events", t_s, rr.TextLog.columns(text=[text for _, text, _ in events]))
        for k, text, color in events:
            point = rr.Points3D(
                [recording.T_WE[k, :3, 3]], labels=[text], colors=[color], radii=0.006
            )
            self._log_still(f"world/events/{k}", point)

    def _log_gripper(self) -> None:
        samples = self._recording.samples
        if samples.opening is not None:
            self._send_curves("gripper/opening", samples.t_s, samples.opening, _DURING)
        self._send_curves("gripper/command", samples.t_s, samples.command, _BLACK)

    def _log_distance(self) -> None:
        recording = self._recording
        t_s, distances_m = recording.samples.t_s, measure_distances(recording)
        threshold_m = np.full_like(distances_m, recording.header.bottleneck_distance_m)
        self._send_curves("distance/tool_to_object", t_s, distances_m, _DURING)
        self._send_curves("distance/threshold", t_s, threshold_m, _MARK)

    def _log_twists(self) -> None:
        samples = self._recording.samples
        twists = compute_body_twists(samples.T_BE, samples.t_s)
        middles_s = 0.5 * (samples.t_s[:-1] + samples.t_s[1:])
        sources = {"from_poses": (middles_s, twists)}
        if samples.V_BE_E is not None:
            sources["reported"] = (samples.t_s, samples.V_BE_E)
        for source, (t_s, V_BE_E) in sources.items():
            for part, columns in (("linear", slice(0, 3)), ("angular", slice(3, 6))):
                self._send_curves(f"twists/{part}/{source}", t_s, V_BE_E[:, columns])

    def _send_curves(
        self, entity: str, t_s: FloatArray, values: FloatArray, color: Sequence[int] | None = None
    ) -> None:
        """One curve of (T,) values, or three of (T, 3)."""
        rr, name = self._rr, entity.rsplit("/", 1)[1].replace("_", " ")
        names = [name] if values.ndim == 1 else [f"{axis} {name}" for axis in "xyz"]
        colors = [color] if color else [_MARK, _GREEN, _BLUE]
        self._log_still(entity, rr.SeriesLines(names=names, colors=colors))
        columns = rr.Scalars.columns(scalars=np.ravel(values))
        self._send(entity, t_s, columns.partition([len(names)] * len(t_s)))

    def _send(self, entity: str, t_s: FloatArray, columns: Any) -> None:  # noqa: ANN401
        self._stream.send_columns(entity, [self._rr.TimeColumn(_TIMELINE, duration=t_s)], columns)

    def _log_stream(self, frames: CameraStream, track: Track) -> None:
        rr, entity = self._rr, _stream_entity(self._rr, frames)
        T_WC = frames.T_WC
        self._log_still(entity, self._pinhole(frames.intrinsics))
        poses = rr.Transform3D.columns(translation=T_WC[:, :3, 3], mat3x3=T_WC[:, :3, :3])
        self._send(entity, frames.t_s, poses)
        for k in track(range(len(frames.t_s))):
            self._stream.set_time(_TIMELINE, duration=float(frames.t_s[k]))
            color = rr.EncodedImage(contents=_as_jpeg(frames.color(k)), media_type="image/jpeg")
            self._stream.log(f"{entity}/color", color)
            depth = _encode(".png", frames.depth_mm(k), cv2.IMWRITE_PNG_COMPRESSION, _PNG_LEVEL)
            self._stream.log(
                f"{entity}/depth",
                rr.EncodedDepthImage(blob=depth, media_type="image/png", meter=1000.0),
            )
        self._stream.reset_time()


def _import_rerun() -> Any:  # noqa: ANN401
    try:
        return importlib.import_module("rerun")
    except ImportError as error:
        raise ConfigurationError(
            "view: rerun-sdk is not installed; pip install 'mt3-robot[view]'"
        ) from error


def _blueprint(rr: Any, recording: Recording) -> Any:  # noqa: ANN401
    """Scene to the left; view, or the stream, above the curves to the right."""
    rrb = importlib.import_module("rerun.blueprint")
    stream = recording.stream
    seen = "world/views/0" if stream is None else _stream_entity(rr, stream)
    curves = (("gripper", "gripper"), ("distance", "tool to object [m]"))
    twists = (("twists/linear", "v in E [m/s]"), ("twists/angular", "w in E [rad/s]"))
    return rrb.Blueprint(
        rrb.Horizontal(
            rrb.Vertical(
                rrb.Spatial3DView(origin="world", name="scene"),
                rrb.TextLogView(origin="events", name="events"),
                row_shares=(4, 1),
            ),
            rrb.Vertical(
                rrb.Spatial2DView(origin=seen, name="view"),
                *(rrb.TimeSeriesView(origin=origin, name=name) for origin, name in curves + twists),
                row_shares=(3, 1, 1, 1, 1),
            ),
            column_shares=(3, 2),
        ),
        rrb.TimePanel(timeline=_TIMELINE),
        auto_views=False,
    )


def _stream_entity(rr: Any, stream: CameraStream) -> str:  # noqa: ANN401
    return f"world/stream/{rr.escape_entity_path_part(stream.camera)}"


def _about(recording: Recording) -> str:
    header = recording.header
    gripper = "unknown" if header.tool is None else header.tool.gripper
    return f"{header.task.text}\n{header.robot} ({header.backend}), gripper {gripper}"


def _events(recording: Recording) -> list[tuple[int, str, tuple[int, int, int]]]:
    """Samples, words and colours of what was said and done."""
    events, command = recording.events, recording.samples.command
    moves = np.flatnonzero(np.abs(np.diff(command)) > _COMMAND_STEP) + 1
    found = [(int(k), f"gripper to {command[k]:.2f}", _BLACK) for k in moves]
    source = {"operator": "marked by the operator", "rule": "by the rule"}
    words = f"bottleneck {source[events.bottleneck_source]}"
    found.append((events.bottlenecks[0], words, _MARK))
    if events.end is not None:
        found.append((events.end, "end", _DURING))
    return sorted(found)


def _as_jpeg(color: ColorImage) -> bytes:
    bgr = cv2.cvtColor(color, cv2.COLOR_RGB2BGR)
    return _encode(".jpg", bgr, cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY)


def _encode(suffix: str, image: np.ndarray[Any, np.dtype[Any]], setting: int, value: int) -> bytes:
    return bytes(cv2.imencode(suffix, image, [setting, value])[1])
