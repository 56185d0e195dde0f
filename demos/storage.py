"""The zarr v3 group of one demonstration: the only module that knows zarr."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import zarr
from zarr.abc.store import Store
from zarr.codecs import BloscCodec, Crc32cCodec
from zarr.errors import BaseZarrError
from zarr.storage import LocalStore

from demos.recording import Recording, RecordingEvents, Samples, StoredView
from demos.schema import (
    Json,
    events_as_json,
    events_from_json,
    format_errors,
    header_as_json,
    header_from_json,
    view_attributes_as_json,
    view_attributes_from_json,
)
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
    """Write a whole recording into a new group; its sample times must already start at 0."""
    attributes = {
        **header_as_json(recording.header),
        "events": events_as_json(recording.events, recording.samples.command),
        "counts": {"views": len(recording.views), "samples": len(recording.samples.t_s)},
        "twist_check": twist_check,
    }
    group = _new_group(folder, attributes)
    _write_views(group, recording.views, 0.0)
    _write_samples(group, recording.samples)


def read_attributes(folder: Path) -> Json:
    """All attributes of a demonstration, without its arrays.

    Raises:
        DemoFormatError: Not a zarr v3 group.
    """
    return dict(_open_group(folder).attrs)


def read_views(folder: Path, count: int) -> tuple[StoredView, ...]:
    """Read as many views as were committed.

    Raises:
        DemoFormatError: One is missing or of a wrong type or shape.
    """
    group = _open_group(folder)
    return tuple(_read_view(group, f"views/{k}") for k in range(count))


def read_recording(folder: Path) -> Recording:
    """Read a whole recording whose bytes were verified.

    Raises:
        DemoFormatError: Another version, or something missing or of a wrong type or shape.
    """
    attributes = read_attributes(folder)
    header = header_from_json(attributes)
    with format_errors("counts"):
        n_views, n_samples = int(attributes["counts"]["views"]), attributes["counts"]["samples"]
    samples = _read_samples(_open_group(folder), int(n_samples))
    events = _read_events(attributes, samples)
    return Recording(header, read_views(folder, n_views), samples, events)


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
        return zarr.open_group(store, mode="r", zarr_format=3)
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


def _write_samples(group: zarr.Group, samples: Samples) -> None:
    _write(group, "robot/t_s", samples.t_s, _NUMBER_CODECS, "s")
    _write(group, "robot/T_base_tool", samples.T_BE, _NUMBER_CODECS, "m")
    if samples.joints is not None:
        _write(group, "robot/joints", samples.joints, _NUMBER_CODECS, "rad")
    if samples.V_BE_E is not None:
        _write(group, "robot/V_BE_E", samples.V_BE_E, _NUMBER_CODECS, "m/s, rad/s, in E")
    for name in ("opening", "command"):
        fraction = getattr(samples, name).astype(np.float32)
        _write(group, f"gripper/{name}", fraction, _NUMBER_CODECS, "0 closed, 1 open")


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
    try:
        attributes = dict(cast(zarr.Group, group[name]).attrs)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, BaseZarrError) as error:
        raise DemoFormatError(f"{name}: not a zarr group ({error})") from error
    fields = view_attributes_from_json(attributes)
    size = (fields["intrinsics"].height, fields["intrinsics"].width)
    return StoredView(
        color=_read(group, f"{name}/color", (*size, 3), np.uint8),
        depth_mm=_read(group, f"{name}/depth", size, np.uint16),
        mask=_read(group, f"{name}/mask", size, np.bool_),
        **fields,
    )


def _read_samples(group: zarr.Group, n: int) -> Samples:
    joints, twists = "robot/joints", "robot/V_BE_E"
    return Samples(
        t_s=_read(group, "robot/t_s", (n,), np.float64),
        T_BE=_read(group, "robot/T_base_tool", (n, 4, 4), np.float64),
        joints=_read(group, joints, (n, None), np.float64) if joints in group else None,
        V_BE_E=_read(group, twists, (n, 6), np.float64) if twists in group else None,
        opening=_read(group, "gripper/opening", (n,), np.float32).astype(np.float64),
        command=_read(group, "gripper/command", (n,), np.float32).astype(np.float64),
    )


def _read(
    group: zarr.Group, name: str, shape: tuple[int | None, ...], dtype: npt.DTypeLike
) -> Array:
    """Decode one array after its type, shape and size were found to be what they must be."""
    try:
        array = group[name]
    except (OSError, ValueError, TypeError, KeyError, BaseZarrError) as error:
        raise DemoFormatError(f"{name}: missing or not an array ({error})") from error
    if not isinstance(array, zarr.Array):
        raise DemoFormatError(f"{name}: got a group, expected an array")
    _require_layout(array, name, shape, dtype)
    try:
        return np.asarray(array[...])
    except (OSError, ValueError, TypeError, RuntimeError, BaseZarrError) as error:
        raise DemoFormatError(f"{name}: cannot be decoded ({error})") from error


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
    if array.nbytes > _MAX_ARRAY_BYTES:
        raise DemoFormatError(f"{name}: got {array.nbytes} bytes, expected at most 1 GiB")
