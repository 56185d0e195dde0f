"""What a worker process of ``mt3-bench`` does: one demonstration, or one trial with its verdict."""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from hydra.errors import InstantiationException
from omegaconf import DictConfig, OmegaConf, open_dict

from mt3.benchmark import BenchmarkTruth, Episode, PlannedDemonstration, PlannedTrial
from mt3.cli.assembly import build, build_planner, build_workplace
from mt3.cli.run import run_trial
from mt3.demonstration import Demonstration
from mt3.errors import ConfigurationError, PlacementError
from mt3.execution.executor import TrialEvidence
from mt3.execution.picture import draw_trial
from mt3.execution.trial_record import TrialRecord
from mt3.geometry import SE3
from mt3.interfaces import Scene

_configuration: DictConfig | None = None
_SCENES_KEPT = 2
_REFERENCE = re.compile(r"\$\((\w+)\)")
_PICTURE_PX = 640
_OF_THE_BENCHMARK = (
    "suite",
    "placements",
    "workers",
    "launcher",
    "ray_address",
    "out",
    "demonstrate",
    "gather",
    "truth",
    "feasibility",
)


@dataclass(frozen=True, slots=True)
class DemonstrationJob:
    """A demonstration, and the library of its own that it is recorded into."""

    planned: PlannedDemonstration
    library: str


@dataclass(frozen=True, slots=True)
class TrialJob:
    """A trial, and the demonstration that its placement must be possible for.

    Args:
        trial: What is tried.
        demo_id: Of the demonstration; empty where it could not be recorded.
        demo_episode: That scene.
        missing: Why there is no demonstration.
        picture: File for a picture, if the trial fails.
    """

    trial: PlannedTrial
    demo_id: str
    demo_episode: Episode
    missing: str = ""
    picture: str = ""


def set_up_worker(configuration: str) -> None:
    """Remember the composed configuration, YAML text, for all jobs of this process."""
    global _configuration
    cfg = OmegaConf.create(configuration)
    if not isinstance(cfg, DictConfig):
        raise ConfigurationError("configuration: expected keys and values")
    _configuration = cfg


def configuration_of(episode: Episode, benchmark: DictConfig) -> DictConfig:
    """The configuration of one episode: a benchmark's, with its settings, without what is not its.

    Args:
        episode: What it sets.
        benchmark: The configuration of ``mt3-bench``.
    """
    typed = [_REFERENCE.sub(r"${\1}", word) for word in episode.typed]
    cfg = OmegaConf.merge(benchmark, dict(episode.settings), OmegaConf.from_dotlist(typed))
    if not isinstance(cfg, DictConfig):
        raise ConfigurationError("episode: expected keys and values")
    cfg.library = str(cfg.library)  # may refer to what is dropped
    with open_dict(cfg):
        for key in _OF_THE_BENCHMARK:
            del cfg[key]
    return cfg


def run_demonstration(job: DemonstrationJob) -> dict[str, Any]:
    """Record a demonstration in the first of its scenes in which that works; one row."""
    start_s, reasons = time.perf_counter(), []
    for draw, episode in enumerate(job.planned.draws):
        cfg = configuration_of(episode, _benchmark())
        cfg.library = job.library
        try:
            recorded = build(_benchmark().demonstrate)(cfg)
        except Exception as error:  # whatever it is, it counts
            reasons.append(f"{type(error).__name__}: {error}")
        else:
            row = {"recorded": True, "shard_id": str(recorded["id"]), "draw": draw}
            break
    else:
        row = {"recorded": False, "shard_id": "", "draw": len(job.planned.draws)}
    wall_s = time.perf_counter() - start_s
    return {**_shown(job), **row, "reasons": reasons, "wall_s": wall_s}


def demonstration_crashed(job: DemonstrationJob) -> dict[str, Any]:
    """The row of a demonstration whose process died."""
    row = {"recorded": False, "shard_id": "", "draw": 0, "wall_s": 0.0}
    return {**_shown(job), **row, "reasons": ["the worker process died"]}


def _shown(job: DemonstrationJob) -> dict[str, Any]:
    return {"key": job.planned.key, "task": job.planned.task.text, "skill": job.planned.task.skill}


def run_job(job: TrialJob) -> dict[str, Any]:
    """One row of the results; an error is a row too."""
    start_s = time.perf_counter()
    try:
        row = _error_row(job.missing) if job.missing else _run(job)
    except Exception as error:  # whatever it is, it counts
        row = _error_row(f"{type(error).__name__}: {error}")
    return {**_heading(job), **row, "wall_s": time.perf_counter() - start_s}


def crashed(job: TrialJob) -> dict[str, Any]:
    """The row of a job whose process died."""
    return {**_heading(job), **_error_row("the worker process died"), "wall_s": 0.0}


def _benchmark() -> DictConfig:
    if _configuration is None:
        raise ConfigurationError("configuration: got none, expected set_up_worker before any job")
    return _configuration


def _run(job: TrialJob) -> dict[str, Any]:
    for redrawn, episode in enumerate(job.trial.draws):
        cfg = configuration_of(episode, _benchmark())
        truth = _truth(cfg, job)
        if truth is None:
            continue
        cfg.demonstration = job.demo_id
        cfg.demonstration_scene = OmegaConf.to_container(
            configuration_of(job.demo_episode, _benchmark()).scene, resolve=True
        )
        workplace = build_workplace(cfg)
        record = run_trial(workplace, job.trial.task)
        failed = not _is_success(record)
        if failed and job.picture:
            _draw(record, workplace.executor.evidence, Path(job.picture))
        return {
            "seed": cfg.seed,
            "scene": dict(episode.settings.get("scene", {})),
            "picture": Path(job.picture).name if failed else "",
            "redrawn": redrawn,
            "draws": redrawn + 1,
            **_figures(record, truth, job.demo_id),
        }
    draws = len(job.trial.draws)
    row = _error_row(f"no possible placement in {draws} draws")
    return {**row, "redrawn": draws, "draws": draws}


def _truth(cfg: DictConfig, job: TrialJob) -> BenchmarkTruth | None:
    """The truth about a scene, None where it cannot be set up or the task cannot be done in it.

    Whether it can is decided by the benchmark's own rules, the same for every method.

    The scene is staged for this alone, so that the trial's own camera draws the same noise as in
    ``mt3-run``.
    """
    try:
        scene: Scene = build(cfg.scene)
    except InstantiationException as error:
        if isinstance(error.__cause__, PlacementError):
            return None
        raise
    demo_settings = json.dumps(dict(job.demo_episode.settings), sort_keys=True)
    demo_scene = _demo_scene(demo_settings)
    truth: BenchmarkTruth = build(_benchmark().truth)(demo_scene=demo_scene, live_scene=scene)
    rules, model = _benchmark().feasibility, build(cfg.model)
    planner = build_planner(rules, build(cfg.limits), model, scene)
    demo = _demonstration(job.demo_id)
    return truth if truth.is_feasible(demo, model, planner, build(rules.obstacles)) else None


@lru_cache(maxsize=_SCENES_KEPT)
def _demo_scene(settings: str) -> Scene:
    scene: Scene = build(configuration_of(Episode(json.loads(settings)), _benchmark()).scene)
    return scene


@lru_cache(maxsize=_SCENES_KEPT)
def _demonstration(demo_id: str) -> Demonstration:
    demo: Demonstration = build(_benchmark().library_source).load(demo_id)
    return demo


def _heading(job: TrialJob) -> dict[str, Any]:
    trial = job.trial
    return {"task": trial.task.text, **trial.labels, "number": trial.number}


def _figures(record: TrialRecord, truth: BenchmarkTruth, expected_demo: str) -> dict[str, Any]:
    """What the report needs of a trial."""
    registration, retrieval = record.registration, record.retrieval
    row: dict[str, Any] = {
        "success": _is_success(record),
        "outcome": record.outcome,
        "judged": record.success,
        "failure_stage": record.failure_stage and record.failure_stage.value,
        "reason": record.reason,
        "reason_code": record.reason_code,
        "trusted": registration is not None and registration.trusted,
        "expected_demo": retrieval is not None and retrieval.demo_id == expected_demo,
        "timings_s": _plain(record.timings_s),
    }
    if registration is not None:
        position_m, yaw_rad = truth.error_of(SE3(np.array(registration.D_world)))
        row |= {"position_error_m": position_m, "yaw_error_rad": yaw_rad}
    return row


def _is_success(record: TrialRecord) -> bool:
    return bool(record.outcome == "completed" and record.success)


def _draw(record: TrialRecord, evidence: TrialEvidence, path: Path) -> None:
    """A small picture of what was seen and planned."""
    with TemporaryDirectory(prefix="mt3-bench-") as folder:
        full = Path(folder) / "trial.png"
        draw_trial(record, full, evidence.demo, evidence.live_view)
        image = cv2.imread(str(full))
    if image is None:
        return
    height = round(image.shape[0] * _PICTURE_PX / image.shape[1])
    small = cv2.resize(image, (_PICTURE_PX, height), interpolation=cv2.INTER_AREA)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), small, [cv2.IMWRITE_JPEG_QUALITY, 70])


def _plain(values: Mapping[Any, float]) -> dict[str, float]:
    return {str(key): float(value) for key, value in values.items()}


def _error_row(reason: str) -> dict[str, Any]:
    return {
        "success": False,
        "outcome": "error",
        "judged": None,
        "failure_stage": None,
        "reason": reason,
        "reason_code": "",
        "trusted": False,
        "redrawn": 0,
        "draws": 0,
    }
