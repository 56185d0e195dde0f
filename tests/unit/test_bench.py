import html
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from contextlib import suppress
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from mt3.benchmark import Share
from mt3.benchmark.ledger import Ledger
from mt3.benchmark.page import write_page
from mt3.benchmark.pool import WorkerPool
from mt3.benchmark.report import summarise
from mt3.cli.bench import COMMAND
from mt3.cli.bench_folder import open_folder
from mt3.cli.entry import run_hydra_command
from mt3.errors import ConfigurationError

_set_up = []


def remember(configuration):
    _set_up.append(configuration)


def work(job):
    if job == "die":
        os._exit(9)
    if job == "threads":
        return os.environ["OMP_NUM_THREADS"]
    return f"{job} {_set_up[0]}"


def crashed(job):
    return f"crashed {job}"


def run(jobs, workers):
    pool = WorkerPool(work, crashed, workers, remember, "configured")
    return dict(pool.run(jobs))


def test_a_worker_that_dies_costs_its_own_job_only():
    results = run(["a", "die", "b", "threads"], 2)
    assert results == {0: "a configured", 1: "crashed die", 2: "b configured", 3: "1"}


def test_an_error_that_no_job_catches_is_not_swallowed():
    pool = WorkerPool(int, crashed, 1, remember, "")
    with pytest.raises(ValueError, match="invalid literal"):
        list(pool.run(["no number"]))


def test_wilson_interval_of_a_known_case():
    lower, upper = Share(45, 50).interval
    assert lower == pytest.approx(0.786, abs=5e-4)
    assert upper == pytest.approx(0.957, abs=5e-4)
    assert Share(0, 0).value is None


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_holds_the_share_and_stays_in_range(counts):
    successes, trials = counts
    share = Share(successes, trials)
    lower, upper = share.interval
    assert 0.0 <= lower <= share.value <= upper <= 1.0
    mirrored = Share(trials - successes, trials).interval
    assert mirrored == pytest.approx((1 - upper, 1 - lower))


def test_more_successes_than_trials_are_refused():
    with pytest.raises(ConfigurationError, match="expected 0 to 3"):
        Share(4, 3)


def row(**values):
    plain = {
        "skill": "pick_up",
        "category": "mug",
        "instances": "same",
        "success": True,
        "outcome": "completed",
        "failure_stage": None,
        "trusted": True,
        "redrawn": 0,
        "draws": 1,
        "wall_s": 1.0,
    }
    return {**plain, **values}


def test_refusals_and_errors_count_as_failures():
    refused = row(success=False, outcome="failed", failure_stage="ALIGN", trusted=False)
    error = row(success=False, outcome="error", trusted=False, category="pan", redrawn=3, draws=4)
    missed = row(success=False)
    summary = summarise([row(), refused, error, missed])
    total = summary["total"]
    assert (total["success"]["successes"], total["success"]["trials"]) == (1, 4)
    assert total["success_among_trusted"]["trials"] == 2
    assert total["failures"] == {"ALIGN": 1, "ERROR": 1, "NOT DONE": 1}
    assert total["errors"] == 1
    assert total["redrawn"]["share"] == pytest.approx(3 / 7)
    assert [group["category"] for group in summary["by_category"]] == ["mug", "pan"]
    assert len(summary["by_skill"]) == 1


def test_what_one_asks_first_is_in_the_summary():
    rows = [
        row(family="grasp", timings_s={"ALIGN": 1.0}),
        row(family="grasp", timings_s={"ALIGN": 3.0, "PLAN": 0.5}),
        row(family="place", instances="new", success=False),
    ]
    summary = summarise(rows)
    assert [group["instances"] for group in summary["by_objects"]] == ["same", "new"]
    assert summary["by_objects"][0]["success"]["successes"] == 2
    assert [group["family"] for group in summary["by_family"]] == ["grasp", "place"]
    assert summary["stage_median_s"] == {"ALIGN": 2.0, "PLAN": 0.5}


def test_trials_of_several_variants_are_grouped_by_these_alone():
    summary = summarise([row(variant="a"), row(variant="b")])
    assert [group["variant"] for group in summary["by_variant"]] == ["a", "b"]
    assert "by_skill" not in summary


def test_a_folder_with_results_is_not_written_over(tmp_path, capfd):
    (tmp_path / "trials.jsonl").write_text("kept")
    assert run_hydra_command(COMMAND, [f"out={tmp_path}", "output=json"]) == 3
    assert (
        "expected a new or empty folder" in json.loads(capfd.readouterr().out)["error"]["message"]
    )
    assert (tmp_path / "trials.jsonl").read_text() == "kept"


@pytest.mark.parametrize("typed", ["workers=0", "placements=0", "seed=-1", "workers=many"])
def test_numbers_that_make_no_sense_are_refused(typed, tmp_path, capfd):
    assert run_hydra_command(COMMAND, [f"out={tmp_path / 'out'}", typed, "output=json"]) == 3
    message = json.loads(capfd.readouterr().out)["error"]["message"]
    assert typed.split("=")[0] in message
    assert not (tmp_path / "out").exists()


def test_a_half_written_line_is_done_again_and_whole_ones_are_kept(tmp_path):
    path = tmp_path / "trials.jsonl"
    path.write_text('{"index": 2, "success": true}\n{"index": 0, "succ')
    with Ledger(path) as ledger:
        assert ledger.rows == {2: {"success": True}}
        ledger.add(0, {"success": False})
        assert json.loads(path.read_text().splitlines()[-1])["index"] == 0
    lines = [json.loads(line)["index"] for line in path.read_text().splitlines()]
    assert lines == [0, 2]
    assert Ledger(path).in_order() == [{"success": False}, {"success": True}]


def test_a_folder_of_another_bench_is_refused_with_what_differs(tmp_path):
    def configured(**values):
        return OmegaConf.create({"seed": 0, "workers": 2, "out": "a", **values})

    out = open_folder(tmp_path / "out", configured())
    assert open_folder(out, configured(workers=5, out="b")) == out
    with pytest.raises(ConfigurationError, match=r"-seed: 0; \+seed: 1"):
        open_folder(out, configured(seed=1))


def test_the_page_holds_every_failure_with_its_command(tmp_path):
    failed = row(
        success=False,
        task="open the <drawer>",
        failure_stage="PLAN",
        reason="no way",
        seed=7,
        scene={"distractors": 5, "x_m": [0.2, 0.7]},
        timings_s={"PLAN": 0.5},
    )
    rows = [row(task="open the drawer"), {**failed, "instances": "new"}]
    write_page(tmp_path / "page.html", "a bench", rows, {}, tmp_path)
    page = (tmp_path / "page.html").read_text()
    assert "open the &lt;drawer&gt;" in page
    assert "78.25 %" in page
    assert "secondary sources" in page
    command = html.unescape(re.search("<code>(.*?)</code>", page).group(1))
    typed = shlex.split(command)
    assert typed[:3] == ["mt3-run", "task=open the <drawer>", "seed=7"]
    assert typed[-2:] == ["scene.distractors=5", "scene.x_m=[0.2,0.7]"]


INTERRUPTED = """
import sys, time
from mt3.benchmark.pool import WorkerPool

def nothing(text): pass
def crashed(job): return "crashed"

if __name__ == "__main__":
    pool = WorkerPool(time.sleep, crashed, 2, nothing, "")
    try:
        for index, _ in pool.run([0.1, 0.3] + [0.5] * 200):
            print(index, flush=True)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


@pytest.fixture
def busy_pool(tmp_path):
    script = tmp_path / "interrupted.py"
    script.write_text(INTERRUPTED)
    process = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    for _ in count():
        if process.stdout.readline().strip() == "1":
            break
    yield process
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def test_ctrl_c_ends_the_workers_too(busy_pool):
    os.killpg(busy_pool.pid, signal.SIGINT)  # as a terminal does: parent and workers
    out, _ = busy_pool.communicate(timeout=60)  # returns when the last worker let go of stdout
    assert out.strip().endswith("interrupted")


def test_the_workers_of_a_killed_bench_end(busy_pool):
    """They waited for ever, with a gigabyte each."""
    busy_pool.kill()
    busy_pool.communicate(timeout=60)


def test_a_real_scene_is_refused_with_what_to_do(tmp_path, capfd):
    """It ended with "Key 'instance_seed' is not in struct"."""
    assert run_hydra_command(COMMAND, ["scene=ur5e", f"out={tmp_path / 'out'}"]) == 3
    err = capfd.readouterr().err
    assert "scene: got ur5e, expected sim: benches run in simulation only; leave scene= out" in err
    assert not (tmp_path / "out").exists()
