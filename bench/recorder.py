"""The figures of recorder and library into bench/results/recorder.json.

Each part runs in a process of its own. With --scale smaller shares of every count are run, and
written only where --out names another file.
"""

import argparse
import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from machine import describe_machine

from mt3.cli.software import software_versions

RESULTS = Path(__file__).parent / "results" / "recorder.json"
_SEED = 0

# Name of a part: the script that measures it, and its arguments at a share of the full count.
PARTS: dict[str, tuple[str, Callable[[float], Mapping[str, Any]]]] = {
    "streams": ("record_streams", lambda scale: {"seconds": 60.0 * scale}),
    "kills": ("record_kills", lambda scale: {"count": _count(200, scale), "seed": _SEED}),
    "faults": ("record_faults", lambda scale: {}),
    "damage": ("damaged_libraries", lambda scale: {"count": _count(2000, scale), "seed": _SEED}),
    "large library": ("large_library", lambda scale: {"count": _count(100_000, scale)}),
    "session": ("record_session", lambda scale: {"tasks": _count(10, scale)}),
}


def _count(full: int, scale: float) -> int:
    return max(1, round(full * scale))


def _run_part(name: str, scale: float) -> dict[str, Any]:
    """One part in a process of its own, so that its memory is its own too."""
    command = [sys.executable, __file__, "--part", name, "--scale", str(scale)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{name}: exit code {done.returncode}\n{done.stderr}")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=PARTS, help="only this one, printed and not written")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full counts")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    if arguments.part is not None:
        script, choose = PARTS[arguments.part]
        figures = importlib.import_module(script).measure(**choose(arguments.scale))
        print(json.dumps(figures))
        return
    if arguments.scale != 1.0 and arguments.out == RESULTS:
        parser.error("--scale: give --out too, the shipped figures are of the full counts")
    document: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": describe_machine(),
        "software": software_versions(),
    }
    for name in PARTS:
        document[name] = _run_part(name, arguments.scale)
        print(f"{name}: {json.dumps(document[name], indent=1)}", flush=True)
        arguments.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"written to {arguments.out}")


if __name__ == "__main__":
    main()
