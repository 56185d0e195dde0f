"""The zarr v3 group of one demonstration."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from zarr.abc.store import Store
from zarr.codecs import BloscCodec, Crc32cCodec
from zarr.errors import BaseZarrError
from zarr.storage import LocalStore

from demos.description import Json, format_errors, read_attributes
from demos.recording import (
    CameraStream,
    Recording,
    RecordingEvents,
    RecordingHeader,
    Samples,
    StoredView,
)
from demos.schema import (
    events_as_json,
    events_from_json,
    header_as_json,
    header_from_json,
    stream_attributes_as_json,
    stream_attributes_from_json,
    view_attributes_as_json,
    view_attributes_from_json,
)
from demos.stream.camera_stream import Frames, StoredStream
from demos.stream.sharded_images import create_sharded_array, open_sharded_array
from mt3.errors import DemoFormatError

Array = np.ndarray[Any, np.dtype[Any]]

_Codecs = tuple[BloscCodec, Crc32cCodec]

_COLOR_CODECS = (BloscCodec(cname="lz4", clevel=5, shuffle="shuffle"), Crc32cCodec())
_DEPTH_CODECS = (BloscCodec(cname="zstd", clevel=1, shuffle="bitshuffle"), Crc32cCodec())
_NUMBER_CODECS = (BloscCodec(cname="zstd", clevel=5, shuffle="shuffle"), Crc32cCodec())
_MAX_ARRAY_BYTES = 1 << 30


def write_views(folder: Path, views: Sequence[StoredView], t_origin_s: float) -> None:
    """Write views into a new group, their times counted from an origin on the same clock."""
    _write_views(_new_group(folder, {}), views, t_origin_s)


def write_recording(folder: Path, recording: Recording, twist_check: Json) -> None:
    """Write a whole recording into a new group; its sample times must already start at 0.

    The frames of a stream are not copied: their shard files must lie in this folder already.
    """
    stream = recording.stream
    counts = {"views": len(recording.views), "samples": len(recording.samples.t_s)}
    attributes = {
        **header_as_json(recording.header),
        "events": events_as_json(recording.events, recording.samples.command),
        "counts": counts if stream is None else {**counts, "frames": len(stream.t_s)},
        "twist_check": twist_check,
    }
    group = _new_group(folder, attributes)
    _write_views(group, recording.views, 0.0)
    _write_samples(group, recording.samples, _poses_name(recording.header))
    if stream is not None:
        _write_stream(group, folder, stream)


def read_views(folder: Path, count: int) -> tuple[StoredView, ...]:
    """Read as many views as were committed.

    Raises:
        DemoFormatError: One is missing or of a wrong type or shape.
    """
    group = _open_group(folder)
    return tuple(_read_view(group, f"views/{k}") for k in range(count))


def read_recording(folder: Path, with_stream: bool = True) -> Recording:
    """Read a whole recording whose bytes were verified.

    Args:
        folder: Of the demonstration.
        with_stream: Whether to read its camera stream too, where it has one.

    Raises:
        DemoFormatError: Another version, or something missing or of a wrong type or shape.
    """
    attributes = read_attributes(folder)
    header = header_from_json(attributes)
    with format_errors("counts"):
        counts = {name: int(count) for name, count in attributes["counts"].items()}
        n_views, n_samples, n_frames = counts["views"], counts["samples"], counts.get("frames", 0)
    group = _open_group(folder)
    samples = _read_samples(group, n_samples, _poses_name(header))
    events = _read_events(attributes, samples)
    stream = _read_stream(group, folder, n_frames) if n_frames and with_stream else None
    return Recording(header, read_views(folder, n_views), samples, events, stream)


def _read_events(attributes: Json, samples: Samples) -> RecordingEvents:
    with format_errors("attributes"):
        stored = attributes["events"]
    events = events_from_json(stored)
    source = {"bottleneck_source": events.bottleneck_source}
    if source | stored != events_as_json(events, samples.command):
        raise DemoFormatError("events: the gripper events do not match gripper/command")
    return events


def _new_group(folder: Path, attributes: Json) -> zarr.Group:
    return zarr.create_group(LocalStore(folder), zarr_format=3, attributes=attributes)


def _open_group(folder: Path) -> zarr.Group:
    store: Store = LocalStore(folder, read_only=True)
    try:
        return zarr.open_group(store, mode="r", zarr_format=3, use_consolidated=False)
    except (OSError, ValueError, TypeError, KeyError, BaseZarrError) as error:
        raise DemoFormatError(f"zarr.json: not a zarr v3 group ({error})") from error


def _write_views(group: zarr.Group, views: Sequence[StoredView], t_origin_s: float) -> None:
    for k, view in enumerate(views):
        t_s = view.t_s - t_origin_s
        subgroup = group.create_group(
            f"views/{k}",
            attributes=view_attributes_as_json(
                view.intrinsics, view.T_WC, view.T_BE, t_s, view.camera, view.segmenter
            ),
        )
        _write(subgroup, "color", view.color, _COLOR_CODECS, "sRGB")
        _write(subgroup, "depth", view.depth_mm, _DEPTH_CODECS, "mm")
        _write(subgroup, "mask", view.mask, _NUMBER_CODECS, "1")


def _poses_name(header: RecordingHeader) -> str:
    """Where the poses lie: the name says the frame that they are given in."""
    return "robot/T_world_tool" if header.T_WB is None else "robot/T_base_tool"


def _write_samples(group: zarr.Group, samples: Samples, poses_name: str) -> None:
    _write(group, "robot/t_s", samples.t_s, _NUMBER_CODECS, "s")
    _write(group, poses_name, samples.T_BE, _NUMBER_CODECS, "m")
    if samples.joints is not None:
        _write(group, "robot/joints", samples.joints, _NUMBER_CODECS, "rad")
    if samples.V_BE_E is not None:
        _write(group, "robot/V_BE_E", samples.V_BE_E, _NUMBER_CODECS, "m/s, rad/s, in E")
    for name in ("opening", "command"):
        if (fraction := getattr(samples, name)) is not None:
            fraction = fraction.astype(np.float32)
            _write(group, f"gripper/{name}", fraction, _NUMBER_CODECS, "0 closed, 1 open")


def _write_stream(group: zarr.Group, folder: Path, stream: CameraStream) -> None:
    if not isinstance(stream, StoredStream) or stream.color_frames.array != folder / "camera/color":
        raise DemoFormatError("camera: the frames of the stream do not lie in the new group")
    attributes = stream_attributes_as_json(stream.intrinsics, stream.camera)
    group.create_group("camera", attributes=attributes)
    create_sharded_array(group, "camera/color", stream.color_frames, "sRGB")
    create_sharded_array(group, "camera/depth", stream.depth_frames, "mm")
    _write(group, "camera/t_s", stream.t_s, _NUMBER_CODECS, "s")
    _write(group, "camera/T_world_camera", stream.T_WC, _NUMBER_CODECS, "m")


def _read_stream(group: zarr.Group, folder: Path, n: int) -> StoredStream:
    attributes = dict(_subgroup(group, "camera").attrs)
    intrinsics, camera = stream_attributes_from_json(attributes)
    size = (intrinsics.height, intrinsics.width)

    def frames(name: str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Frames:
        array = _array(group, name)
        _require_layout(array, name, (n, *shape), dtype)
        return open_sharded_array(array, folder / name, shape, dtype)

    return StoredStream(
        camera=camera,
        intrinsics=intrinsics,
        t_s=_read(group, "camera/t_s", (n,), np.float64),
        T_WC=_read(group, "camera/T_world_camera", (n, 4, 4), np.float64),
        color_frames=frames("camera/color", (*size, 3), np.uint8),
        depth_frames=frames("camera/depth", size, np.uint16),
    )


def _subgroup(group: zarr.Group, name: str) -> zarr.Group:
    try:
        subgroup = group[name]
    except (OSError, ValueError, TypeError, KeyError, AttributeError, BaseZarrError) as error:
        raise DemoFormatError(f"{name}: not a zarr group ({error})") from error
    if not isinstance(subgroup, zarr.Group):
        raise DemoFormatError(f"{name}: got an array, expected a group")
    return subgroup


def _write(group: zarr.Group, name: str, data: Array, codecs: _Codecs, unit: str) -> None:
    array = group.create_array(
        name,
        shape=data.shape,
        dtype=data.dtype,
        chunks=tuple(max(1, n) for n in data.shape),
        compressors=codecs,
        fill_value=0,
        attributes={"unit": unit},
        config={"write_empty_chunks": True},
    )
    array[...] = data


def _read_view(group: zarr.Group, name: str) -> StoredView:
    fields = view_attributes_from_json(dict(_subgroup(group, name).attrs))
    size = (fields["intrinsics"].height, fields["intrinsics"].width)
    return StoredView(
        color=_read(group, f"{name}/color", (*size, 3), np.uint8),
        depth_mm=_read(group, f"{name}/depth", size, np.uint16),
        mask=_read(group, f"{name}/mask", size, np.bool_),
        **fields,
    )


def _read_samples(group: zarr.Group, n: int, poses_name: str) -> Samples:
    joints, twists, opening = "robot/joints", "robot/V_BE_E", "gripper/opening"
    return Samples(
        t_s=_read(group, "robot/t_s", (n,), np.float64),
        T_BE=_read(group, poses_name, (n, 4, 4), np.float64),
        joints=_read(group, joints, (n, None), np.float64) if joints in group else None,
        V_BE_E=_read(group, twists, (n, 6), np.float64) if twists in group else None,
        opening=(
            _read(group, opening, (n,), np.float32).astype(np.float64) if opening in group else None
        ),
        command=_read(group, "gripper/command", (n,), np.float32).astype(np.float64),
    )


def _read(
    group: zarr.Group, name: str, shape: tuple[int | None, ...], dtype: npt.DTypeLike
) -> Array:
    """Decode one array after its type, shape and size were found to be what they must be."""
    array = _array(group, name)
    _require_layout(array, name, shape, dtype)
    if array.nbytes > _MAX_ARRAY_BYTES:
        raise DemoFormatError(f"{name}: got {array.nbytes} bytes, expected at most 1 GiB")
    try:
        return np.asarray(array[...])
    except (OSError, ValueError, TypeError, RuntimeError, BaseZarrError) as error:
        raise DemoFormatError(f"{name}: cannot be decoded ({error})") from error


def _array(group: zarr.Group, name: str) -> "zarr.Array[Any]":
    try:
        array = group[name]
    except (OSError, ValueError, TypeError, KeyError, BaseZarrError) as error:
        raise DemoFormatError(f"{name}: missing or not an array ({error})") from error
    if not isinstance(array, zarr.Array):
        raise DemoFormatError(f"{name}: got a group, expected an array")
    return array


def _require_layout(
    array: "zarr.Array[Any]", name: str, shape: tuple[int | None, ...], dtype: npt.DTypeLike
) -> None:
    got = array.shape
    fits = len(got) == len(shape) and all(
        want is None or have == want for have, want in zip(got, shape, strict=True)
    )
    if not fits or array.dtype != np.dtype(dtype):
        expected = tuple("any" if n is None else n for n in shape)
        raise DemoFormatError(
            f"{name}: got {array.dtype} {got}, expected {np.dtype(dtype)} {expected}"
        )
