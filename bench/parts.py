"""A document of figures made of parts, each measured in a process of its own."""

import argparse
import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from machine import describe_machine

from mt3.cli.software import software_versions

# Name of a part: the script that measures it, and its arguments at a share of the full count.
Parts: TypeAlias = Mapping[str, tuple[str, Callable[[float], Mapping[str, Any]]]]


def count(full: int, scale: float) -> int:
    """A share of a count, at least 1."""
    return max(1, round(full * scale))


def run_parts(description: str | None, parts: Parts, results: Path) -> None:
    """The command line of a document: measure, write, print.

    Args:
        description: For ``--help``.
        parts: What is measured.
        results: Where the figures of the full counts belong.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--part", choices=parts, help="only this one, printed and not written")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full counts")
    parser.add_argument("--out", type=Path, default=results)
    arguments = parser.parse_args()
    if arguments.part is not None:
        script, choose = parts[arguments.part]
        figures = importlib.import_module(script).measure(**choose(arguments.scale))
        print(json.dumps(figures))
        return
    if arguments.scale != 1.0 and arguments.out == results:
        parser.error("--scale: give --out too, the shipped figures are of the full counts")
    document: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": describe_machine(),
        "software": software_versions(),
    }
    for name in parts:
        document[name] = _run_part(name, arguments.scale)
        print(f"{name}: {json.dumps(document[name], indent=1)}", flush=True)
        arguments.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"written to {arguments.out}")


def _run_part(name: str, scale: float) -> dict[str, Any]:
    """One part in a process of its own, so that its memory is its own too."""
    command = [sys.executable, sys.argv[0], "--part", name, "--scale", str(scale)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{name}: exit code {done.returncode}\n{done.stderr}")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures
