"""Recorders killed at random moments: what is lost, and whether anything else was touched.

A child process records and saves demonstrations into a library that already holds some, and says
what it has acknowledged: samples, frames, demonstrations saved. It is killed with SIGKILL at a
random moment; then the library is recovered, and every frame in it is read and compared. Every
other child captures in threads, as on a real robot, the others in steps, as in simulation.

  python bench/record_kills.py                   200 kills
  python bench/record_kills.py --count 20        a quick look
"""

import argparse
import hashlib
import json
import mmap
import os
import shutil
import signal
import struct
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from arguments import at_least
from kill_scene import BACKENDS, ROBOT, SETTINGS, TASK, KillScene, is_true_frame, view

from demos.library import DEMOS, DemoLibrary
from demos.recorder import Recorder
from demos.recording import CameraStream, Recording
from demos.recovery import recover
from demos.staging import read_staging
from mt3.errors import DemoFormatError

COUNT = 200
EARLIER = 2  # demonstrations that the library holds before
PER_CHILD = 2  # demonstrations that a child records, unless it is killed
SAMPLES = 45
_REPORT = struct.Struct("<qqq")


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What a child said last.

    Args:
        saved: Demonstrations.
        samples: Of the recording that was going on.
        frames: Of the recording that was going on.
    """

    saved: int
    samples: int
    frames: int


def measure(count: int, seed: int) -> dict[str, Any]:
    """Kill, recover and read, again and again.

    Args:
        count: How many kills.
        seed: Of the moments.
    """
    rng = np.random.default_rng(seed)
    outcomes: Counter[str] = Counter()
    problems: list[str] = []
    lost_samples, lost_frames = [0], [0]
    with tempfile.TemporaryDirectory() as folder:
        templates = {backend: _template(Path(folder) / backend, backend) for backend in BACKENDS}
        for number in range(count):
            backend = BACKENDS[number % len(BACKENDS)]
            template, whole_s = templates[backend]
            library = DemoLibrary.open(shutil.copytree(template, Path(folder) / "killed"))
            before = _digests(library)
            acknowledged = _kill(library, rng.uniform(0.0, whole_s))
            case = _judge(library, before, acknowledged)
            outcomes.update(case.outcomes)
            problems += [f"kill {number} ({backend}): {problem}" for problem in case.problems]
            lost_samples.append(case.lost_samples)
            lost_frames.append(case.lost_frames)
            shutil.rmtree(library.path)
    return {
        "kills": count,
        "outcomes": dict(outcomes),
        "most_samples_lost": max(lost_samples),
        "most_frames_lost": max(lost_frames),
        "problems": problems,
    }


@dataclass(slots=True)
class Case:
    """What one kill left."""

    outcomes: list[str]
    problems: list[str]
    lost_samples: int = 0
    lost_frames: int = 0


def _judge(library: DemoLibrary, before: Mapping[str, str], said: Acknowledged) -> Case:
    case = Case([], [])
    for folder in library.unfinished():
        if not (library.path / DEMOS / folder.name).exists():
            _count_lost(case, folder, said)
    now_saved = len(library.summaries())
    try:
        case.outcomes = [recovery.outcome for recovery in recover(library)] or ["nothing left"]
    except Exception:  # whatever escapes from a recovery is a finding
        case.problems.append(traceback.format_exc())
    after = _digests(library)
    case.problems += [f"{name}: changed" for name in before if after.get(name) != before[name]]
    if now_saved < len(before) + said.saved:
        case.problems.append(f"saved {said.saved}, found {now_saved - len(before)}")
    if library.unfinished():
        case.problems.append("something unfinished is left")
    case.problems += _wrong_reads(library)
    return case


def _count_lost(case: Case, folder: Path, said: Acknowledged) -> None:
    try:
        recording = read_staging(folder)
        samples, frames = len(recording.samples.t_s), _frames_of(recording)
    except DemoFormatError:
        samples, frames = 0, 0
    case.lost_samples = max(0, said.samples - samples)
    case.lost_frames = max(0, said.frames - frames)
    if max(case.lost_samples, case.lost_frames) > 1:
        case.problems.append(f"{folder.name}: said {said}, found {samples} and {frames}")


def _wrong_reads(library: DemoLibrary) -> list[str]:
    problems = [f"{item.demo_id}: {item.reason}" for item in library.damaged()]
    for summary in library.summaries():
        stream = library.read(summary.demo_id)[0].stream
        if stream is None or not _is_true(stream):
            problems.append(f"{summary.demo_id}: frames are wrong")
    return problems


def _is_true(stream: CameraStream) -> bool:
    return all(is_true_frame(stream.color(k), stream.depth_mm(k)) for k in range(len(stream.t_s)))


def _frames_of(recording: Recording) -> int:
    return 0 if recording.stream is None else len(recording.stream.t_s)


def _template(path: Path, backend: str) -> tuple[Path, float]:
    """A library with some demonstrations, and how long a child takes that nobody kills."""
    library = DemoLibrary.create(path, ROBOT, backend)
    report = mmap.mmap(-1, _REPORT.size)
    for _ in range(EARLIER - 1):
        _record(library, report)
    start_s = time.perf_counter()
    _record(library, report)
    return path, PER_CHILD * (time.perf_counter() - start_s)


def _kill(library: DemoLibrary, after_s: float) -> Acknowledged:
    """Let a child record, kill it, and return what it said."""
    report = mmap.mmap(-1, _REPORT.size)
    child = os.fork()
    if child == 0:
        try:
            for _ in range(PER_CHILD):
                _record(library, report)
        finally:
            os._exit(0)
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return Acknowledged(*_REPORT.unpack(report[:]))


class _Report(Protocol):
    def __getitem__(self, index: slice) -> bytes: ...

    def __setitem__(self, index: slice, value: bytes) -> None: ...


def _record(library: DemoLibrary, report: _Report) -> None:
    scene = KillScene(library.backend)
    saved = _REPORT.unpack(report[:])[0]
    settings = replace(SETTINGS, rate_hz=60.0 if library.backend == "sim" else 200.0)
    with Recorder(scene, scene.arm, library, TASK, [view()], settings) as recorder:
        for k in range(SAMPLES):
            scene.clock.sleep_until(scene.clock.now_s() + 1.0 / 60.0)
            recorder.sample()
            progress = recorder.progress
            report[:] = _REPORT.pack(saved, progress.samples, progress.frames)
            if k == SAMPLES // 3:
                recorder.mark_bottleneck()
        recorder.end(True, "bench")
        recorder.save()
    report[:] = _REPORT.pack(saved + 1, 0, 0)


def _digests(library: DemoLibrary) -> dict[str, str]:
    """One digest over names and bytes of each demonstration."""
    digests = {}
    for name in library.names(DEMOS):
        digest = hashlib.sha256()
        folder = library.path / DEMOS / name
        for path in sorted(folder.rglob("*")):
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(path.read_bytes() if path.is_file() else b"")
        digests[name] = digest.hexdigest()
    return digests


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=at_least(1), default=COUNT)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.count, arguments.seed), indent=1))


if __name__ == "__main__":
    main()
