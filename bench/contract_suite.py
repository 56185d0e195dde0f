"""How long the contracts take over the simulator and every emulated controller.

python bench/contract_suite.py
"""

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_TESTS = Path(__file__).resolve().parents[1] / "tests" / "contract"
_SUITES = ("simulated_devices", "universal_robots", "xarm", "franka", "robotiq")


def measure() -> dict[str, Any]:
    """Run them in one process, and say how long it took."""
    files = [str(_TESTS / f"test_{suite}.py") for suite in _SUITES]
    begin_s = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--quiet", *files],
        capture_output=True,
        text=True,
        check=False,
        cwd=_TESTS.parents[1],
    )
    outcome = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.stderr
    passed = re.search(r"(\d+) passed", outcome)
    return {
        "seconds": round(time.monotonic() - begin_s, 1),
        "passed": int(passed.group(1)) if passed else 0,
        "outcome": outcome,
        "failures": re.findall(r"^FAILED (.+)$", done.stdout, re.MULTILINE),
        "exit_code": done.returncode,
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
