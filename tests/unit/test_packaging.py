"""Four top-level packages with everyday names: what is installed must be ours, and complete."""

import configparser
import importlib
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from setuptools import find_packages

ROOT = Path(__file__).parents[2]
ROOTS = ("mt3", "demos", "sim", "hardware")
METADATA_FILES = ("setup.cfg", "pyproject.toml", "LICENSE", "README.md")

COMPOSE = """
import sys
import demos, hardware, mt3, sim
from hydra import compose, initialize_config_module
print(mt3.__file__, demos.__file__, sim.__file__, hardware.__file__, sep="\\n")
with initialize_config_module("mt3.configs", version_base=None):
    for name in sys.argv[1:]:
        compose(name)
"""


@pytest.fixture(scope="module")
def setup_cfg():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


@pytest.fixture(scope="module")
def installed_wheel(tmp_path_factory):
    """The wheel's content, unpacked; built from a copy, so that old build folders play no part."""
    tmp = tmp_path_factory.mktemp("wheel")
    source, site = tmp / "source", tmp / "site"
    source.mkdir()
    for folder in (*ROOTS, "configs"):
        ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / folder, source / folder, ignore=ignore)
    for name in METADATA_FILES:
        shutil.copy(ROOT / name, source / name)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp)]
    done = subprocess.run([*build, str(source)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = tmp.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def test_package_list_equals_the_folders(setup_cfg):
    listed = setup_cfg["options"]["packages"].split()
    on_disk = [p for p in find_packages(str(ROOT)) if p.split(".")[0] in ROOTS]
    assert sorted(listed) == sorted([*on_disk, "mt3.configs"])


@pytest.mark.parametrize("name", ROOTS)
def test_import_names_lead_into_our_tree(name):
    assert Path(importlib.import_module(name).__file__).parents[1] == ROOT


def test_every_command_starts_with_mt3(setup_cfg):
    scripts = setup_cfg["options.entry_points"]["console_scripts"].strip().splitlines()
    assert scripts
    assert all(script.startswith("mt3-") for script in scripts)


def test_every_command_leads_to_a_function(setup_cfg):
    for script in setup_cfg["options.entry_points"]["console_scripts"].strip().splitlines():
        module, function = script.split("=")[1].strip().split(":")
        assert callable(getattr(importlib.import_module(module), function))


def test_wheel_holds_every_config_and_type_marker(installed_wheel):
    configs = {p.relative_to(ROOT / "configs") for p in (ROOT / "configs").rglob("*.yaml")}
    packed = installed_wheel / "mt3" / "configs"
    assert {p.relative_to(packed) for p in packed.rglob("*.yaml")} == configs
    assert all((installed_wheel / name / "py.typed").is_file() for name in ROOTS)


def test_wheel_holds_every_data_file_of_the_packages(installed_wheel):
    def files(folder):
        return {p.relative_to(folder) for p in folder.rglob("*") if "__pycache__" not in p.parts}

    for name in ROOTS:
        assert files(ROOT / name) == {
            p for p in files(installed_wheel / name) if p.parts[0] != "configs"
        }


def test_every_config_composes_from_the_wheel(installed_wheel, tmp_path):
    configs = sorted(p.stem for p in (ROOT / "configs").glob("*.yaml"))
    done = subprocess.run(
        [sys.executable, "-c", COMPOSE, *configs],
        cwd=tmp_path,
        env={"PYTHONPATH": str(installed_wheel), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert all(line.startswith(str(installed_wheel)) for line in done.stdout.split())


def normalised(requirement):
    return re.split(r"[<>=!~\[; ]", requirement)[0].lower().replace("_", "-")


def test_every_dependency_is_pinned(setup_cfg):
    pins = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {normalised(line) for line in pins if not line.startswith("#")}
    wanted = setup_cfg["options"]["install_requires"] + setup_cfg["options.extras_require"]["dev"]
    lines = [line for line in wanted.split("\n") if line and not line.startswith("#")]
    assert {normalised(line) for line in lines} <= pinned


def test_pins_are_plain_versions():
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        assert line.startswith("#") or re.fullmatch(r"[\w.-]+==[\w.]+", line), line
