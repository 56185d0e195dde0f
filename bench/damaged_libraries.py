"""Reading damaged libraries: no crash, no hang, no wrong frame, nothing touched outside.

Every copy of a small library is damaged in one way and read in a process of its own, with two GiB
of memory to take and two seconds of time.
"""

import argparse
import hashlib
import json
import os
import resource
import shutil
import signal
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from arguments import at_least
from damage import DEMO_IDS, STREAMED, Damage, Site, damage

from demos.library import DEMOS, DemoLibrary
from demos.manifest import write_manifest
from demos.recording import (
    Recording,
    RecordingEvents,
    RecordingHeader,
    Samples,
    SpeedLimits,
    StoredView,
)
from demos.storage import write_recording
from demos.stream.camera_stream import Frames, StoredStream
from demos.stream.image_codec import COLOR_CODECS, DEPTH_CODEC
from demos.stream.shards import ShardWriter
from mt3.errors import Mt3Error
from mt3.geometry import SE3
from mt3.perception import Intrinsics
from mt3.task import TaskDescription
from mt3.tool import ToolFrame

LIMIT_S = 2.0
_PATIENCE_S = 10.0  # after which a process is ended that is given a second chance
_MEMORY_BYTES = 2 << 30
_SEED_OF_LIBRARY = 5
_TRICKS = ("../../outside", "..", "/etc", "pick_up-mug-1/../../..", "")


@dataclass(slots=True)
class _Reading:
    """What one process found in one library."""

    loaded: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    damaged: dict[str, str] = field(default_factory=dict)
    listed: list[str] = field(default_factory=list)
    library: str = ""
    crash: str = ""


def measure(count: int, seed: int, limit_s: float = LIMIT_S) -> dict[str, Any]:
    """Damage and read some libraries.

    Args:
        count: How many.
        seed: Of the damages.
        limit_s: Reading that takes longer counts as a hang.

    Returns:
        Counts of signals, hangs, unexpected errors, wrong frames, damages that are not listed, and
        files touched outside, all of them to be 0, with the first few cases of each in words; the
        libraries per kind of damage, and the slowest reading.
    """
    kinds: Counter[str] = Counter()
    faults: dict[str, list[str]] = {
        name: []
        for name in ("signals", "hangs", "unexpected", "wrong", "not_listed", "touched_outside")
    }
    slowest_s = 0.0
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        original = _in_child(lambda: _build(home / "original"), _PATIENCE_S)[0]
        truth = original.loaded
        if set(truth) != set(DEMO_IDS):
            raise RuntimeError(f"the undamaged library did not load: {original}")
        for number in range(count):
            site = Site(home / "library", home / "outside", np.random.default_rng([seed, number]))
            what, reading, wall_s, status, touched = _try_one(site, home / "original", limit_s)
            kinds[what.kind] += 1
            slowest_s = max(slowest_s, wall_s)
            for name, words in _judge(what, reading, (wall_s, limit_s), status, touched, truth):
                faults[name].append(f"{number} ({what.kind}): {words}")
    return {
        "libraries": count,
        **{name: len(cases) for name, cases in faults.items()},
        "slowest_s": round(slowest_s, 2),
        "kinds": dict(sorted(kinds.items())),
        "cases": {name: cases[:5] for name, cases in faults.items() if cases},
    }


def _try_one(
    site: Site, original: Path, limit_s: float
) -> tuple[Damage, _Reading, float, int, bool]:
    for path in (site.library, site.outside):
        shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(original, site.library)
    site.outside.mkdir()
    (site.outside / "secret").write_text("outside")
    what = damage(site)
    before = _fingerprint(site.outside)
    patience_s = max(_PATIENCE_S, limit_s)
    reading, wall_s, status = _in_child(lambda: _read(site.library), patience_s)
    if wall_s > limit_s:  # another process may have had the processor
        reading, wall_s, status = _in_child(lambda: _read(site.library), patience_s)
    return what, reading, wall_s, status, _fingerprint(site.outside) != before


def _judge(
    what: Damage,
    reading: _Reading,
    took_and_limit_s: tuple[float, float],
    status: int,
    touched: bool,
    truth: dict[str, str],
) -> list[tuple[str, str]]:
    faults: list[tuple[str, str]] = []
    wall_s, limit_s = took_and_limit_s
    if wall_s > limit_s:
        return [("hangs", f"{wall_s:.1f} s")]
    if os.WIFSIGNALED(status):
        return [("signals", signal.Signals(os.WTERMSIG(status)).name)]
    if reading.crash or status:
        faults.append(("unexpected", reading.crash or f"exit status {status}"))
    if touched:
        faults.append(("touched_outside", "something outside the library changed"))
    for demo_id, digest in reading.loaded.items():
        may_differ = what.consistent and demo_id == what.demo_id
        if demo_id in truth and digest != truth[demo_id] and not may_differ:
            faults.append(("wrong", f"{demo_id} loads, and is not what it was"))
    if not reading.library:
        faults += [("not_listed", words) for words in _unlisted(what, reading, truth)]
    elif not what.library:
        faults.append(("unexpected", f"the library does not open: {reading.library}"))
    return faults


def _unlisted(what: Damage, reading: _Reading, truth: dict[str, str]) -> list[str]:
    """What the lists should have said of a library that opens, and did not."""
    words = []
    for demo_id in truth:
        if what.library and demo_id not in reading.listed:
            continue  # its folder is gone with the library's
        if demo_id != what.demo_id:
            if demo_id not in reading.loaded or demo_id not in reading.listed:
                words.append(f"{demo_id} was not damaged: {reading.refused.get(demo_id)}")
        elif demo_id not in reading.loaded:
            reason = reading.refused.get(demo_id, "")
            if not reason.startswith(demo_id):
                words.append(f"{demo_id} is neither loaded nor refused by name: {reason}")
        elif not what.consistent:
            words.append(f"{demo_id} loads as if it were sound")
    if what.demo_id and what.file and what.file not in reading.damaged.get(what.demo_id, ""):
        words.append(f"got {reading.damaged.get(what.demo_id)!r}, expected {what.file} in it")
    return words


def _in_child(job: Callable[[], _Reading], limit_s: float) -> tuple[_Reading, float, int]:
    """Run a job in a process of its own: what it found, how long it took, and its exit status."""
    with tempfile.NamedTemporaryFile() as report:
        started_s = time.monotonic()
        child = os.fork()
        if child == 0:
            _run_and_exit(job, report.name)
        status = None
        while status is None and time.monotonic() - started_s < limit_s:
            ended, ended_status = os.waitpid(child, os.WNOHANG)
            status = ended_status if ended else None
            time.sleep(0.002)
        wall_s = time.monotonic() - started_s
        if status is None:
            os.kill(child, signal.SIGKILL)
            status = os.waitpid(child, 0)[1]
        text = Path(report.name).read_text()
    return (_Reading(**json.loads(text)) if text else _Reading()), wall_s, status


def _run_and_exit(job: Callable[[], _Reading], report: str) -> None:
    status = 1
    try:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        limit = used + _MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        reading = job()
        values = {name: getattr(reading, name) for name in reading.__slots__}
        Path(report).write_text(json.dumps(values))
        status = 0
    finally:
        os._exit(status)


def _read(path: Path) -> _Reading:
    """Read all there is: lists, and every frame of every demonstration."""
    reading = _Reading()
    try:
        library = DemoLibrary.open(path)
        reading.listed = [summary.demo_id for summary in library.listing()[0]]
        reading.damaged = {item.demo_id: item.reason for item in library.scan()[1]}
        library.quarantined()
        library.unfinished()
        for demo_id in (*library.names(DEMOS), *_TRICKS):
            _load(library, demo_id, reading)
    except Mt3Error as error:
        reading.library = str(error)
    except BaseException:
        reading.crash = traceback.format_exc()
    return reading


def _load(library: DemoLibrary, demo_id: str, reading: _Reading) -> None:
    try:
        recording, content_hash = library.read(demo_id)
        recording.as_demonstration(demo_id, content_hash)
        reading.loaded[demo_id] = _digest(recording)
    except Mt3Error as error:
        reading.refused[demo_id] = str(error)


def _digest(recording: Recording) -> str:
    """A hash of everything a method or a person is shown of a recording."""
    digest = hashlib.sha256(repr((recording.header.task, recording.events)).encode())
    samples = recording.samples
    arrays = [samples.t_s, samples.T_BE, samples.joints, samples.opening, samples.command]
    for view in recording.views:
        arrays += [view.color, view.depth_mm, view.mask, view.T_WC.matrix]
    if (stream := recording.stream) is not None:
        for k in range(len(stream.t_s)):
            arrays += [stream.color(k), stream.depth_mm(k)]
    for array in arrays:
        digest.update(b"-" if array is None else np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _fingerprint(folder: Path) -> list[tuple[str, bytes, int]]:
    paths = [folder, *sorted(folder.rglob("*"))]
    return [
        (str(path), path.read_bytes() if path.is_file() else b"", path.stat().st_mtime_ns)
        for path in paths
    ]


def _build(path: Path) -> _Reading:
    """Make the small library, with an index and something in quarantine; and read it."""
    library = DemoLibrary.create(path, "kinematic", "sim")
    for number, demo_id in enumerate(DEMO_IDS):
        rng = np.random.default_rng([_SEED_OF_LIBRARY, number])
        recording = small_recording(rng)
        if demo_id == STREAMED:
            recording = with_stream(recording, path / DEMOS / demo_id, rng)
        write_recording(path / DEMOS / demo_id, recording, {"status": "not possible"})
        write_manifest(path / DEMOS / demo_id)
    (path / "quarantine/old-1").mkdir()
    (path / "quarantine/old-1.reason.txt").write_text("too fast\n")
    for changed in path.rglob("*"):
        os.utime(changed, (1.0, 1.0))
    library.summaries()
    return _read(path)


def small_recording(rng: np.random.Generator) -> Recording:
    """A sound recording of 60 samples and one view of 64 x 48 pixels."""
    t_s = np.arange(60) / 60.0
    T_BE = np.tile(np.eye(4), (60, 1, 1))
    T_BE[:, 0, 3] = 0.4 + 0.1 * t_s
    mask = np.zeros((48, 64), dtype=np.bool_)
    mask[10:30, 20:40] = True
    view = StoredView(
        color=rng.integers(256, size=(48, 64, 3), dtype=np.uint8),
        depth_mm=rng.integers(500, 900, size=(48, 64), dtype=np.uint16),
        mask=mask,
        intrinsics=Intrinsics(60.0, 60.0, 31.5, 23.5, 64, 48),
        T_WC=SE3.identity(),
        T_BE=SE3.identity(),
        t_s=-0.5,
        camera="front",
        segmenter="drawn",
    )
    header = RecordingHeader(
        task=TaskDescription("pick_up", "mug", None, "pick up the mug"),
        robot="kinematic",
        backend="sim",
        tool=ToolFrame(SE3.identity(), "jaw", 0.5, (0.0, 0.0, 0.05)),
        T_WB=SE3.identity(),
        rate_hz=60.0,
        speed_limits=SpeedLimits(0.5, 2.0),
        software={"version": "0.1.0"},
        resolved_config={"seed": 1},
    )
    samples = Samples(
        t_s=t_s,
        T_BE=T_BE,
        joints=rng.random((60, 7)),
        V_BE_E=None,
        opening=rng.random(60),
        command=np.repeat([1.0, 0.0], 30),
    )
    return Recording(header, (view,), samples, RecordingEvents((15,), 59, True, "nobody"))


def with_stream(recording: Recording, folder: Path, rng: np.random.Generator) -> Recording:
    """The recording with a second of stream at 10 Hz, its frames already in a folder."""
    size, t_s = (24, 32), np.arange(11) / 10.0
    arrays = {}
    for name, shape, dtype, codec in (
        ("color", (*size, 3), np.uint8, COLOR_CODECS["jpeg"]),
        ("depth", size, np.uint16, DEPTH_CODEC),
    ):
        array = folder / "camera" / name
        writer = ShardWriter(array, 1 + len(shape))
        images = rng.integers(256, size=(len(t_s), *shape)).astype(dtype)
        chunks = [writer.append(codec.encode(image)) for image in images]
        writer.close()
        arrays[name] = Frames(array, codec, shape, dtype, chunks)
    T_WC = np.tile(np.eye(4), (len(t_s), 1, 1))
    intrinsics = Intrinsics(30.0, 30.0, 15.5, 11.5, size[1], size[0])
    stream = StoredStream("front", intrinsics, t_s, T_WC, arrays["color"], arrays["depth"])
    stream.finish()
    return replace(recording, header=replace(recording.header, camera_hz=10.0), stream=stream)


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=at_least(1), default=2000)
    parser.add_argument("--seed", type=at_least(0), default=0)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.count, arguments.seed), indent=2))


if __name__ == "__main__":
    main()
