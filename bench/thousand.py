"""The thousand tasks and their ablations: bench/results/thousand, bench/results/ablations.

python bench/thousand.py                            all of it: about four hours on two cores
python bench/thousand.py --part thousand            only the thousand tasks, not written to figures
python bench/thousand.py --scale 0.1 --out /tmp/f   every tenth task, not for the tables

What was interrupted goes on where it was, in outputs/.
"""

from parts import Parts, run_parts
from suite_run import RESULTS

PARTS: Parts = {
    "thousand": ("suite_run", lambda scale: {"suite": "thousand", "every": round(1 / scale)}),
    "ablations": ("suite_run", lambda scale: {"suite": "ablations", "every": round(1 / scale)}),
    "workers": ("worker_counts", lambda scale: {"every": round(20 / scale)}),
}


if __name__ == "__main__":
    (RESULTS / "thousand").mkdir(exist_ok=True)
    run_parts(__doc__, PARTS, RESULTS / "thousand" / "figures.json")
