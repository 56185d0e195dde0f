"""The figures of recorder and library into bench/results/recorder.json.

Each part runs in a process of its own. With --scale smaller shares of every count are run, and
written only where --out names another file.
"""

from pathlib import Path

from parts import Parts, count, run_parts

RESULTS = Path(__file__).parent / "results" / "recorder.json"
_SEED = 0

PARTS: Parts = {
    "streams": ("record_streams", lambda scale: {"seconds": 60.0 * scale}),
    "kills": ("record_kills", lambda scale: {"count": count(200, scale), "seed": _SEED}),
    "faults": ("record_faults", lambda scale: {}),
    "damage": ("damaged_libraries", lambda scale: {"count": count(2000, scale), "seed": _SEED}),
    "large library": ("large_library", lambda scale: {"count": count(100_000, scale)}),
    "session": ("record_session", lambda scale: {"tasks": count(10, scale)}),
}


if __name__ == "__main__":
    run_parts(__doc__, PARTS, RESULTS)
