"""The figures of real arms and cameras, all emulated, into bench/results/hardware.json.

Each part runs in a process of its own; all take about an hour and a half on two cores. With
--scale smaller shares of every count are run, and written only where --out names another file.
"""

from pathlib import Path

from parts import Parts, count, run_parts

RESULTS = Path(__file__).parent / "results" / "hardware.json"
_SEED = 0

PARTS: Parts = {
    "main job": ("main_job", lambda scale: {"seeds": count(10, scale)}),
    "cut connections": (
        "cut_connections",
        lambda scale: {"count": max(2, count(200, scale)), "seed": _SEED},
    ),
    "killed processes": (
        "killed_processes",
        lambda scale: {"count": count(10, scale), "seed": _SEED},
    ),
    "control stream": ("control_stream", lambda scale: {"seconds": 600.0 * scale}),
    "hand-eye": ("hand_eye", lambda scale: {"runs": count(50, scale), "seed": _SEED}),
    "safety gate": ("safety", lambda scale: {"sequences": count(100_000, scale), "seed": _SEED}),
    "contract suite": ("contract_suite", lambda scale: {}),
}


if __name__ == "__main__":
    run_parts(__doc__, PARTS, RESULTS)
