"""Every configuration composes, and every one without hardware builds what it names."""

from importlib.resources import files
from pathlib import Path

import pytest
from hydra import compose, initialize_config_module
from hydra.core.utils import setup_globals
from hydra.utils import instantiate
from omegaconf import OmegaConf

from mt3.cli.assembly import build, build_workplace
from mt3.cli.entry import config_for_record
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


def test_a_typed_no_is_not_taken_for_yes():
    """Hydra knows true and false only: execute=no was text, and that text moved an arm."""
    with pytest.raises(ConfigurationError, match="execute: got 'no', expected true or false"):
        build_workplace(composed("run", "execute=no"))
