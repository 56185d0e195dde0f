"""Whatever is commanded, does anything beyond a limit get through the safety gate?

python bench/safety.py                      100,000 sequences over two processes
python bench/safety.py --sequences 2000     a quick look
"""

import argparse
import json
import logging
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
from arguments import at_least
from guard_oracle import counted, shares
from guard_sequences import hostile_sequences
from guard_trial import Sequence, Trial, draw_postures, judged
from hypothesis import HealthCheck, Phase, given, settings
from machine import describe_machine

from mt3.motion.robot_model import RobotModel
from sim.workplace import build_model

CHUNK = 250
WORKERS = 2


def measure(sequences: int, seed: int) -> dict[str, Any]:
    """Play so many sequences; violations are counted, and one of each kind is shown."""
    begin_s = time.monotonic()
    jobs = [
        (min(CHUNK, sequences - at), seed * 1_000_003 + k)
        for k, at in enumerate(range(0, sequences, CHUNK))
    ]
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        parts = list(pool.map(play_chunk, *zip(*jobs, strict=True)))
    return {
        **{key: sum(part[key] for part in parts) for key in ("sequences", "asked", "refused")},
        **{
            key: dict(sum((Counter(part[key]) for part in parts), Counter()))
            for key in ("interventions", "violations")
        },
        "worst": _largest([part["worst"] for part in parts]),
        "examples": {k: v for part in reversed(parts) for k, v in part["examples"].items()},
        "seconds": round(time.monotonic() - begin_s, 1),
    }


def play_chunk(count: int, seed: int) -> dict[str, Any]:
    """So many sequences in this process."""
    trials: list[tuple[Sequence, Trial]] = []
    model, postures = _arm()

    @hypothesis.seed(seed)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(hostile_sequences)
    def play(sequence: Sequence) -> None:
        trials.append((sequence, judged(model, postures, sequence)))

    play()
    oracles = [trial.oracle for _, trial in trials]
    violations = [words for oracle in oracles for words in oracle.violations]
    interventions: Counter[str] = Counter()
    for _, trial in trials:
        interventions.update({str(k): v for k, v in trial.guarded.interventions.items()})
    return {
        "sequences": len(trials),
        "asked": sum(oracle.commands for oracle in oracles),
        "refused": sum(trial.refused for _, trial in trials),
        "interventions": dict(interventions),
        "violations": counted(violations),
        "worst": shares(oracles),
        "examples": {
            words.split(":")[0]: f"{words} in {sequence}"
            for sequence, trial in trials
            for words in trial.oracle.violations[:1]
        },
    }


@cache
def _arm() -> tuple[RobotModel, np.ndarray]:
    logging.getLogger("mt3.safety").setLevel(logging.CRITICAL)  # it would tell of every refusal
    model = build_model("panda")
    return model, draw_postures(model)


def _largest(parts: list[Mapping[str, float]]) -> dict[str, float]:
    names = {name for part in parts for name in part}
    return {
        name: round(max(part.get(name, -np.inf) for part in parts), 5) for name in sorted(names)
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sequences", type=at_least(1), default=100_000)
    parser.add_argument("--seed", type=at_least(0), default=0)
    parser.add_argument("--json", type=Path, help="file for the figures")
    arguments = parser.parse_args()
    figures = {"machine": describe_machine(), **measure(arguments.sequences, arguments.seed)}
    text = json.dumps(figures, indent=1)
    if arguments.json:
        arguments.json.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
