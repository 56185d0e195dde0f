import json
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

from mt3.cli.bench import COMMAND
from mt3.cli.bench_worker import TrialJob, run_job, set_up_worker
from mt3.cli.entry import run_hydra_command
from mt3.errors import ConfigurationError
from mt3.geometry import SE3
from mt3.perception import Intrinsics
from mt3.task import TaskDescription
from sim.objects import instance
from sim.skills import SKILLS
from sim.snapshots import SnapshotStudio, scatter_around
from sim.staging import stage
from sim.suite import Case, SimSuite
from sim.truth import TransferTruth
from sim.workplace import build_camera

MUG = "pick up the mug"
FAST = """# @package _global_
suite:
  _target_: sim.suite.SimSuite
  cases:
    - _target_: sim.suite.Case
      tasks: [push the box]
      instances: same
      placements: 2
"""


def seeds(suite):
    return [[draw.settings["seed"] for draw in trial.draws] for trial in suite.trials()]


def test_the_same_seed_gives_the_same_scenes():
    cases = [Case([MUG, "push the box"], "same", 3), Case([MUG], "new", 2)]
    assert seeds(SimSuite(cases)) == seeds(SimSuite(cases))
    assert seeds(SimSuite(cases)) != seeds(SimSuite(cases, seed=1))
    drawn = np.concatenate(seeds(SimSuite(cases)))
    assert len(set(drawn.tolist())) == len(drawn)


def test_fewer_placements_are_the_first_of_more():
    few, many = (SimSuite([Case([MUG], "same", 9)], placements=n) for n in (2, 5))
    assert seeds(few) == seeds(many)[:2]


def test_new_instances_are_never_the_demonstrated_one():
    suite = SimSuite([Case([MUG], "new", 4)])
    (demonstrated,) = {
        episode.settings["scene"]["instance_seed"] for episode in suite.demonstrations()[0].draws
    }
    shapes = [trial.draws[0].settings["scene"]["instance_seed"] for trial in suite.trials()]
    assert demonstrated not in shapes
    assert len(set(shapes)) == 4


def test_demonstrations_face_the_camera_and_trials_every_way():
    """A mug was demonstrated with its handle out of sight: 5 of 12 trials worked."""
    suite = SimSuite([Case([MUG], "same", 2)])
    shown = [episode.settings["scene"] for episode in suite.demonstrations()[0].draws]
    assert {scene["max_yaw_rad"] for scene in shown} == {np.pi / 2}
    tried = [draw.settings["scene"] for trial in suite.trials() for draw in trial.draws]
    assert not any("max_yaw_rad" in scene for scene in tried)


def test_other_instances_are_refused():
    with pytest.raises(ConfigurationError, match="expected same or new"):
        Case([MUG], "old", 1)


@pytest.mark.parametrize("category", ["hammer", "box", "can"])
def test_the_true_motion_takes_the_object_where_it_is(category):
    task = TaskDescription.parse(f"pick up the {category}")
    demo, live = (stage(task, seed, instance_seed=0, distractors=0) for seed in (1, 2))
    truth = TransferTruth(demo, live)
    vertices = instance(category, 0).mesh.vertices
    live_p_W = live.world.pose(category) @ vertices
    for D_W in truth.motions():
        moved = D_W @ demo.world.pose(category) @ vertices
        gaps = np.linalg.norm(moved[:, None] - live_p_W[None], axis=2).min(axis=1)
        assert gaps.max() < 0.004
        assert truth.error_of(D_W) == pytest.approx((0.0, 0.0), abs=1e-6)
    pushed = SE3.from_translation((0.0, 0.03, 0.0)) @ truth.motions()[0]
    assert truth.error_of(pushed)[0] == pytest.approx(0.03, abs=1e-9)


def test_a_snapshot_shows_the_target_where_it_stands():
    intrinsics = Intrinsics(615.0, 615.0, 319.5, 239.5, 640, 480)
    spec = build_camera("front", (1.05, 0.0, 0.75), (0.42, 0.0, 0.05), intrinsics, None)
    studio = SnapshotStudio(spec, 0.0, 0.0)
    mug, T_WO = instance("mug", 3), SE3.from_yaw(0.4, (0.5, 0.1, 0.0))
    objects = scatter_around(mug, T_WO, 3, np.random.default_rng(0))
    assert len({model.category for model, _ in objects}) == 4
    first, again = (studio.take(objects, np.random.default_rng(1)) for _ in range(2))
    p_O = T_WO.inverse() @ first.points_W()
    lower, upper = mug.mesh.vertices.min(axis=0), mug.mesh.vertices.max(axis=0)
    assert ((p_O > lower - 1e-3) & (p_O < upper + 1e-3)).all()
    assert np.array_equal(first.mask, again.mask)


def test_a_bench_from_demonstration_to_summary_the_same_in_any_process(tmp_path, capfd):
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite/fast.yaml").write_text(FAST)
    out = tmp_path / "out"
    typed = ["--config-dir", str(tmp_path), "suite=fast", f"out={out}", "output=json"]
    assert run_hydra_command(COMMAND, typed) == 0
    document = json.loads(capfd.readouterr().out)
    assert document["total"]["success"]["trials"] == document["finished"] == 2
    assert json.loads((out / "summary.json").read_text())["finished"] == 2
    rows = [json.loads(line) for line in (out / "trials.jsonl").read_text().splitlines()]
    assert sorted(row["index"] for row in rows) == [0, 1]
    assert all(row["expected_demo"] for row in rows)
    (row,) = [row for row in rows if row["index"] == 1]
    assert timeless(run_here(out, row["number"])) == timeless(row)
    # A method that cannot plan gets the same placement; once its own planner drew another.
    helpless = run_here(out, row["number"], "planning.margin_m=0.3")
    assert (helpless["seed"], helpless["failure_stage"]) == (row["seed"], "PLAN")


def test_a_killed_bench_goes_on_and_ends_like_an_unbroken_one(tmp_path, capfd):
    folder = tmp_path / "configs"
    (folder / "suite").mkdir(parents=True)
    (folder / "suite/fast.yaml").write_text(FAST)
    out = tmp_path / "out"
    typed = ["--config-dir", str(folder), "suite=fast", f"out={out}", "output=json"]
    assert run_hydra_command(COMMAND, typed) == 0
    whole = [json.loads(line) for line in (out / "trials.jsonl").read_text().splitlines()]
    lines = (out / "trials.jsonl").read_text().splitlines()
    (out / "trials.jsonl").write_text(lines[0] + "\n" + lines[1][:40])
    shown = (out / "demonstrations.jsonl").read_text()
    assert run_hydra_command(COMMAND, [*typed, "workers=1"]) == 0
    capfd.readouterr()
    again = [json.loads(line) for line in (out / "trials.jsonl").read_text().splitlines()]
    assert [timeless(row) for row in again] == [timeless(row) for row in whole]
    assert (out / "demonstrations.jsonl").read_text() == shown


def run_here(out, number, *typed):
    """One trial of the suite again, in this process, with further words typed."""
    suite = SimSuite([Case(["push the box"], "same", 2)])
    with initialize_config_module("mt3.configs", version_base=None):
        cfg = compose("bench", overrides=[f"out={out}", "suite=smoke", *typed])
    set_up_worker(OmegaConf.to_yaml(cfg))
    demonstrated = suite.demonstrations()[0].draws[0]
    return run_job(TrialJob(suite.trials()[number], "push-box-1", demonstrated))


def timeless(row):
    return {key: row[key] for key in row if key not in ("index", "wall_s", "timings_s")}


ABLATED = """# @package _global_
suite:
  _target_: mt3.benchmark.ablations.Ablations
  suite:
    _target_: sim.suite.SimSuite
    cases:
      - _target_: sim.suite.Case
        tasks: [push the box, pick up the box]
        instances: same
        placements: 1
  every: 2
  variants: """
VARIANTS = ("the method", "geometry only", "perfect retrieval and pose", "open-loop twists")


def test_ablations_try_one_scene_in_every_variant(tmp_path, capfd):
    (tmp_path / "suite").mkdir()
    shipped = OmegaConf.load(Path(__file__).parents[2] / "configs/suite/ablations.yaml")
    few = {name: list(shipped.suite.variants[name]) for name in VARIANTS}
    (tmp_path / "suite/few.yaml").write_text(ABLATED + json.dumps(few))
    out = tmp_path / "out"
    typed = ["--config-dir", str(tmp_path), "suite=few", f"out={out}", "output=json"]
    assert run_hydra_command(COMMAND, typed) == 0
    document = json.loads(capfd.readouterr().out)
    assert [group["variant"] for group in document["by_variant"]] == list(VARIANTS)
    rows = [json.loads(line) for line in (out / "trials.jsonl").read_text().splitlines()]
    by_variant = {row["variant"]: row for row in rows}
    assert len({row["seed"] for row in rows}) == 1
    perfect = by_variant["perfect retrieval and pose"]
    assert perfect["success"]
    assert perfect["position_error_m"] < 1e-9 < by_variant["the method"]["position_error_m"]


def test_each_skill_is_shown_and_then_done_elsewhere(tmp_path, capfd):
    """One task of each skill through recorder, library, retrieval and executor."""
    out = tmp_path / "out"
    typed = ["suite=each_skill", "workers=1", f"out={out}", "output=json"]
    assert run_hydra_command(COMMAND, typed) == 0
    document = json.loads(capfd.readouterr().out)
    assert document["demonstrations"]["recorded"]["successes"] == len(SKILLS)
    assert document["finished"] > len(SKILLS)
    assert document["total"]["success"]["share"] > 0.9, document["total"]["failures"]
