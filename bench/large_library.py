"""How long it takes to open a library of many demonstrations, and to list one task.

What is measured is what a user types: ``mt3-demos ls --task ...``, a whole process, imports and
printing included. A listing reads descriptions and manifests only, so the folders hold no arrays.
"""

import argparse
import hashlib
import json
import os
import string
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from arguments import at_least

from demos.library import DEMOS, DemoLibrary

PER_TASK = 100
_COMMAND = "import sys; from demos.cli.demos import run; sys.exit(run(sys.argv[1:]))"
_REPEATS = 3


def measure(count: int) -> dict[str, Any]:
    """Figures of a library of some demonstrations, a hundred to a task.

    Returns:
        Seconds and peak MiB of the first listing, which has no index yet, of later ones, the
        slowest of three, and of one after another demonstration came; and what was listed.
    """
    with tempfile.TemporaryDirectory() as folder:
        library = DemoLibrary.create(Path(folder) / "library", "kinematic", "sim")
        started_s = time.perf_counter()
        for number in range(count):
            write_description(library, number)
        built_s = time.perf_counter() - started_s
        first = _list_one_task(library)
        time.sleep(2.5)  # younger time stamps are not trusted, as nobody lists a library that new
        _list_one_task(library)
        later = [_list_one_task(library) for _ in range(_REPEATS)]
        write_description(library, count)
        another = _list_one_task(library)
        index_bytes = (library.path / "cache/index.sqlite").stat().st_size
    slowest = max(later, key=lambda run: run["wall_s"])
    return {
        "demonstrations": count,
        "listed": slowest["listed"],
        "built_s": round(built_s, 1),
        "first": first,
        "later": slowest,
        "after_another_came": another,
        "index_mib": round(index_bytes / 2**20, 1),
    }


def write_description(library: DemoLibrary, number: int) -> None:
    """Write what a listing reads of one demonstration; its task and content are its own."""
    name = object_name(number // PER_TASK)
    task = {
        "text": f"pick up the {name}",
        "skill": "pick_up",
        "target_object": name,
        "other_object": None,
    }
    attributes = {
        "schema_version": 1,
        "task": task,
        "resolved_config": {"seed": number, "comment": "c" * 1500},
    }
    document = {"attributes": attributes, "zarr_format": 3, "node_type": "group"}
    folder = library.path / DEMOS / f"pick_up-{name.replace(' ', '-')}-{number % PER_TASK + 1}"
    folder.mkdir()
    text = json.dumps(document)
    digest = hashlib.sha256(text.encode()).hexdigest()
    (folder / "zarr.json").write_text(text)
    (folder / "manifest.sha256").write_text(f"{digest}  zarr.json\n")


def object_name(number: int) -> str:
    """A name of its own for each of 17,576 objects."""
    letters = string.ascii_lowercase
    return f"part {letters[number // 676]}{letters[number // 26 % 26]}{letters[number % 26]}"


def _list_one_task(library: DemoLibrary) -> dict[str, Any]:
    typed = ["ls", "--task", object_name(0), "--library", str(library.path), "--json"]
    with tempfile.TemporaryFile() as output:
        started_s = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-c", _COMMAND, *typed], stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started_s
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        listed = len(json.load(output)["demonstrations"])
    return {
        "wall_s": round(wall_s, 3),
        "peak_mib": round(usage.ru_maxrss / 1024),
        "listed": listed,
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=at_least(1), default=100_000)
    print(json.dumps(measure(parser.parse_args().count), indent=2))


if __name__ == "__main__":
    main()
