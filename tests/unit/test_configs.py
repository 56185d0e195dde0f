"""Every configuration composes, and every one without hardware builds what it names."""

import re
from importlib.resources import files
from pathlib import Path

import pytest
from hydra import compose, initialize_config_module
from hydra.core.utils import setup_globals
from hydra.utils import instantiate
from omegaconf import OmegaConf

import demos.cli.record
import mt3.cli.run
from mt3.cli.assembly import build
from mt3.cli.entry import config_for_record, run_hydra_command
from mt3.cli.settings import require_choices
from mt3.errors import ConfigurationError
from mt3.execution.executor import ExecutionRules
from mt3.execution.observer import ObservationRules
from mt3.motion.plan_query import PlanningRules

COMMANDS = ("run", "record", "bench", "calibrate")
WITHOUT_TASK = ("calibrate",)
NEEDS_A_LIBRARY = ("library_source",)


def composed(name, *typed):
    setup_globals()
    with initialize_config_module("mt3.configs", version_base=None):
        needed = [] if name in WITHOUT_TASK else ["task=push the box", "library=library"]
        return compose(name, overrides=[*needed, *typed])


def test_every_command_has_its_configuration_and_none_is_forgotten():
    stored = {path.name.removesuffix(".yaml") for path in files("mt3.configs").iterdir()}
    assert set(COMMANDS) <= stored


@pytest.mark.parametrize("name", COMMANDS)
def test_every_part_is_built_and_the_configuration_stays_as_it_was(name):
    cfg = composed(name)
    before = OmegaConf.to_yaml(cfg)
    for key in cfg:
        node = cfg[key] if not OmegaConf.is_missing(cfg, key) else None
        if OmegaConf.is_dict(node) and "_target_" in node and key not in NEEDS_A_LIBRARY:
            assert build(node) is not None, key
    assert OmegaConf.to_yaml(cfg) == before


SEGMENTERS = {
    "sim": [],
    "clusters": [],
    "any": ["segmenter.click=[320,240]"],
    "grabcut": ["segmenter.box=[10,20,300,200]"],
    "file": ["segmenter.path=mask.png"],
    "model": ["segmenter.function=numpy:zeros"],
}


def test_every_segmenter_is_tried():
    stored = files("mt3.configs").joinpath("segmenter").iterdir()
    assert {path.name.removesuffix(".yaml") for path in stored} == set(SEGMENTERS)


@pytest.mark.parametrize("command", ["run", "record"])
@pytest.mark.parametrize("name", SEGMENTERS)
def test_a_segmenter_is_chosen_by_its_name(command, name, kinematic_arm):
    cfg = composed(command, f"segmenter={name}", *SEGMENTERS[name])
    assert cfg.scene._target_ == "sim.workplace.build_scene"
    build = instantiate(cfg.segmenter, _convert_="all")
    if name != "sim":
        assert callable(build(scene=kinematic_arm).segment)


@pytest.mark.parametrize(("name", "key"), [("file", "path"), ("model", "function")])
def test_a_segmenter_without_what_it_needs_says_so(name, key, kinematic_arm):
    build = instantiate(composed("run", f"segmenter={name}").segmenter, _convert_="all")
    with pytest.raises(ConfigurationError, match=f"segmenter.{key}: missing"):
        build(scene=kinematic_arm)


def test_a_click_and_a_box_contradict_each_other(kinematic_arm):
    typed = ["segmenter=clusters", "segmenter.click=[1,2]", "segmenter.box=[1,2,3,4]"]
    build = instantiate(composed("run", *typed).segmenter, _convert_="all")
    with pytest.raises(ConfigurationError, match="expected one of them"):
        build(scene=kinematic_arm)


@pytest.mark.parametrize("suite", ["first_light", "smoke"])
def test_every_suite_composes(suite):
    setup_globals()
    with initialize_config_module("mt3.configs", version_base=None):
        cfg = compose("bench", overrides=[f"suite={suite}", "library=library"])
    assert instantiate(cfg.suite, _convert_="all").trials()


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in Path(__file__).parents[2].glob("configs/teleop/*.yaml"))
)
def test_every_teleoperation_device_is_a_builder_and_sets_nothing_else(name):
    setup_globals()
    with initialize_config_module("mt3.configs", version_base=None):
        cfg = compose(f"teleop/{name}", overrides=["+task=push the box", "+seed=0"])
    assert set(cfg) == {"teleop", "task", "seed"}
    assert callable(instantiate(cfg.teleop, _convert_="all"))


REAL_SCENES = ("ur5e", "xarm6", "franka")


@pytest.mark.parametrize("command", ["run", "record", "calibrate"])
@pytest.mark.parametrize("scene", REAL_SCENES)
def test_every_command_has_all_that_a_real_scene_asks_for(command, scene):
    """mt3-calibrate lacked what a scene asked for, and knew no camera without a calibration."""
    cfg = composed(command, f"scene={scene}", "scene.cameras.front.driver.serial='1'")
    values = OmegaConf.to_container(cfg.scene, resolve=True)
    uncalibrated = command == "calibrate"
    assert values["cameras"]["front"]["use"] == ("unused" if uncalibrated else "checked")
    assert values["may_move"] is (command != "run")


@pytest.mark.parametrize("execute", [False, True])
def test_a_dry_run_neither_moves_nor_activates_a_gripper(execute):
    cfg = composed("run", "scene=ur5e", f"execute={execute}")
    assert cfg.scene.may_move is execute
    assert cfg.scene.gripper.activate is execute


def test_a_record_does_not_say_where_files_are():
    """The library's path came back through what opens it, and that of the trials stayed."""
    here, there = composed("run"), composed("run", "library=/elsewhere", "trials=/other")
    assert config_for_record(here) == config_for_record(there)
    assert config_for_record(here) != config_for_record(composed("run", "seed=1"))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
@pytest.mark.parametrize(
    ("rules", "name"),
    [
        *((ExecutionRules, name) for name in ("max_end_error_m", "max_arrival_error_rad")),
        *((ObservationRules, name) for name in ("max_table_tilt_rad", "held_radius_m")),
        *((PlanningRules, name) for name in ("margin_m", "joint_margin_rad")),
    ],
)
def test_rules_that_are_no_numbers_are_refused(rules, name, value):
    """A limit of NaN switched its check off: nothing is greater than it."""
    pose = {"observe_joints": (0.0,) * 7} if rules is ObservationRules else {}
    rules(**pose)
    with pytest.raises(ConfigurationError, match=name):
        rules(**pose, **{name: value})


def test_an_empty_workspace_is_refused():
    with pytest.raises(ConfigurationError, match="workspace_x_m"):
        ObservationRules((0.0,) * 7, workspace_x_m=(0.5, 0.4))


@pytest.mark.parametrize("command", [mt3.cli.run.COMMAND, demos.cli.record.COMMAND])
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        *((f"{key}=no", f"{key}: got 'no'") for key in ("execute", "may_move", "may_grip")),
        ("calibrations=unused", "calibrations: got 'unused', expected checked or unchecked"),
    ],
)
def test_what_would_move_an_arm_blindly_is_refused(command, typed, said, capfd):
    """Hydra knows true and false only: execute=no was text, and that text moved an arm.

    And unused calibrations, which are for mt3-calibrate, put every camera at W's origin.
    """
    assert run_hydra_command(command, ["task=push the box", "library=library", typed]) == 3
    assert said in capfd.readouterr().err


@pytest.mark.parametrize("speed", ["fast", "true", "2.0"])
def test_a_speed_that_is_no_share_is_named(speed, monkeypatch, capfd):
    """speed=fast told of '<' not supported between instances."""
    monkeypatch.setattr(mt3.cli.run, "build_workplace", lambda cfg: build(cfg.limits))
    assert run_hydra_command(mt3.cli.run.COMMAND, ["task=push the box", f"speed={speed}"]) == 3
    assert "mt3-run: speed: got" in capfd.readouterr().err


@pytest.mark.parametrize("command", ["run", "record", "bench"])
def test_what_is_configured_is_not_refused(command):
    require_choices(composed(command))


def test_every_setting_that_a_driver_asks_for_can_be_typed():
    """A message said recover_errors=true; no configuration had that, nor a key that led to it."""
    root = Path(__file__).parents[2]
    texts = [path.read_text() for path in root.glob("hardware/**/*.py")]
    texts.append((root / "docs/hardware.md").read_text())
    named = set(re.findall(r"\b(scene\.(?:arm|gripper)\.\w+)=(true|false)", " ".join(texts)))
    assert {key.rpartition(".")[2] for key, _ in named} == {
        "recover_errors", "clear_errors", "require_realtime_kernel", "activate",
    }  # fmt: skip
    scenes = [composed("run", f"scene={scene}") for scene in REAL_SCENES]
    for key, value in named:
        (cfg, *_) = [cfg for cfg in scenes if OmegaConf.select(cfg, key) is not None]
        typed = composed("run", f"scene={cfg.scene.robot}", f"{key}={value}")
        assert OmegaConf.select(typed, key) is (value == "true")
