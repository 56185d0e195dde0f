"""``mt3-bench report``: the results of a bench as one page for a browser."""

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from mt3.benchmark.ledger import Ledger
from mt3.benchmark.page import write_page
from mt3.cli.guarded import run_guarded
from mt3.cli.outcome import ExitCode, Outcome
from mt3.errors import ConfigurationError

PAGE_NAME, TRIALS_NAME, SUMMARY_NAME = "report.html", "trials.jsonl", "summary.json"


def run_report(typed: Sequence[str]) -> int:
    """Run what was typed after ``report``: the folder of a bench, and perhaps ``--json``."""
    words = [word.removeprefix("out=") for word in typed if word != "--json"]
    return run_guarded(
        "mt3-bench report", lambda console: _report(words, console), as_json="--json" in typed
    )


def _report(words: Sequence[str], console: Console) -> Outcome:
    if len(words) != 1:
        raise ConfigurationError(
            f"report: got {list(words)}, expected one folder of a bench, such as outputs/bench/one"
        )
    out = Path(words[0])
    trials, summary = out / TRIALS_NAME, out / SUMMARY_NAME
    if not trials.exists() or not summary.exists():
        raise ConfigurationError(
            f"report: got {out}, expected a folder with {TRIALS_NAME} and {SUMMARY_NAME}; "
            "mt3-bench out=FOLDER makes one"
        )
    rows = Ledger(trials).in_order()
    if not rows:
        raise ConfigurationError(f"report: {trials} has no trials yet")
    document = json.loads(summary.read_text(encoding="utf-8"))
    page = out / PAGE_NAME
    write_page(page, f"mt3-bench: {len(rows)} trials", rows, document, out)
    console.print(f"page in {page}", markup=False)
    return Outcome(ExitCode.SUCCESS, {"exit_code": 0, "page": str(page)})
