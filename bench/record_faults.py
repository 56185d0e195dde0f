"""What happens to a recording when the disk, the camera or the clock fails in the middle.

The disk that fills is a real one: a small file system in memory, mounted for the occasion, which
takes the right to mount (root); without it that case is skipped and says so.

  python bench/record_faults.py
"""

import argparse
import contextlib
import io
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kill_scene import BACKENDS, ROBOT, SETTINGS, TASK, KillScene, view
from record_kills import REAL_RATES, REPORT_BYTES, digests, record_one

from demos.library import STAGING, DemoLibrary
from demos.recorder import Recorder
from demos.recovery import recover
from mt3.cli.entry import run_guarded
from mt3.cli.outcome import ExitCode, Outcome
from mt3.errors import Mt3Error

DISK_BYTES = 4 << 20
ROOM_BYTES = 60_000
BALLAST = "ballast"
NOBODY = 65534


class Skipped(Exception):  # not an error
    """A fault that cannot be made here."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that fails in the middle of a recording.

    Args:
        place: Gives a folder in which it can fail.
        at_sample: When.
        make: Makes it fail.
        samples: How many samples are taken at most.
    """

    place: Callable[[], AbstractContextManager[Path]]
    make: Callable[[DemoLibrary, KillScene], None]
    at_sample: int = 10
    samples: int = 40


def measure() -> dict[str, Any]:
    """Each fault, simulated and real; ``wrong`` names those that did not end as they should."""
    rows: dict[str, Any] = {}
    for backend in BACKENDS:
        for name, fault in FAULTS.items():
            try:
                with fault.place() as folder:
                    rows[f"{name}, {backend}"] = _try(folder, backend, fault)
            except Skipped as reason:
                rows[f"{name}, {backend}"] = {"skipped": str(reason)}
    return {"faults": rows, "wrong": [name for name, row in rows.items() if not _is_right(row)]}


def _is_right(row: dict[str, Any]) -> bool:
    if "skipped" in row:
        return True
    return bool(row["typed"] and row["exit_code"] and row["earlier_intact"] and row["clean"])


def _try(folder: Path, backend: str, fault: Fault) -> dict[str, Any]:
    """Record one demonstration, then another in which something fails.

    ``exit_code`` is that of a command in which the error escapes; ``clean`` says whether the
    library could be recovered, with nothing in it damaged and nothing left unfinished.
    """
    library = DemoLibrary.create(folder / "library", ROBOT, backend)
    record_one(library, bytearray(REPORT_BYTES))
    before = digests(library)
    errors: list[Exception] = []

    def command(_: object) -> Outcome:
        try:
            _record_until_it_fails(library, fault)
        except Exception as error:
            errors.append(error)
            raise
        return Outcome(ExitCode.SUCCESS, {})

    with contextlib.redirect_stderr(io.StringIO()):
        code = run_guarded("record", command, as_json=False)
    _mend(folder)
    outcomes = [recovery.outcome for recovery in recover(library)]
    error = errors[0] if errors else None
    return {
        "error": type(error).__name__,
        "message": str(error).replace(str(folder), "..."),
        "typed": isinstance(error, Mt3Error),
        "exit_code": code,
        "earlier_intact": {name: digests(library).get(name) for name in before} == before,
        "recovery": outcomes,
        "clean": not library.unfinished() and not library.damaged(),
    }


def _record_until_it_fails(library: DemoLibrary, fault: Fault) -> None:
    scene = KillScene(library.backend)
    settings = SETTINGS if library.backend == "sim" else replace(SETTINGS, **REAL_RATES)
    with Recorder(scene, scene.arm, library, TASK, [view()], settings) as recorder:
        for k in range(fault.samples):
            scene.clock.sleep_until(scene.clock.now_s() + 1.0 / settings.rate_hz)
            recorder.sample()
            if k == 5:
                recorder.mark_bottleneck()
            if k == fault.at_sample:
                fault.make(library, scene)
        recorder.end(True, "bench")
        recorder.save()


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@contextlib.contextmanager
def _small_disk() -> Iterator[Path]:
    """A file system of its own, in memory."""
    with tempfile.TemporaryDirectory() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", folder]
        try:
            subprocess.run(mount, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise Skipped(f"no right to mount a small disk ({error})") from error
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


@contextlib.contextmanager
def _folder_of_a_person() -> Iterator[Path]:
    """A folder whose permissions bind us: root goes on as a user without rights."""
    with tempfile.TemporaryDirectory() as folder:
        if os.geteuid() != 0:
            yield Path(folder)
            return
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
        try:
            yield Path(folder)
        finally:
            os.seteuid(0)


def _fill_disk(library: DemoLibrary, scene: KillScene) -> None:
    """Leave a little room, so that it fills while frames are written."""
    disk = os.statvfs(library.path)
    spare = max(0, disk.f_bavail * disk.f_bsize - ROOM_BYTES)
    (library.path.parent / BALLAST).write_bytes(bytes(spare))


def _make_read_only(library: DemoLibrary, scene: KillScene) -> None:
    for folder in (library.path / STAGING).rglob("*"):
        if folder.is_dir():
            folder.chmod(0o555)


def _unplug(library: DemoLibrary, scene: KillScene) -> None:
    scene.cameras["front"].unplugged = True


def _turn_back(library: DemoLibrary, scene: KillScene) -> None:
    scene.clock.turn_back(3.0)


def _mend(folder: Path) -> None:
    """What a person would do: make space, give permissions."""
    (folder / BALLAST).unlink(missing_ok=True)
    for path in (folder / "library" / STAGING).rglob("*"):
        if path.is_dir():
            path.chmod(0o755)


FAULTS = {
    "disk full": Fault(_small_disk, _fill_disk, samples=1000),
    "folder read-only": Fault(_folder_of_a_person, _make_read_only),
    "camera unplugged": Fault(_folder, _unplug),
    "clock goes back": Fault(_folder, _turn_back),
}


def main() -> None:
    """Measure and print."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    print(json.dumps(measure(), indent=1))


if __name__ == "__main__":
    main()
