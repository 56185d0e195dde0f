"""The set-up script on machines that lack something: one line that says what to do."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OLD_PYTHON = "#!/bin/sh\nexit 1\n"
NEW_PYTHON = """#!/bin/sh
case "$2" in
    *version_info*) exit 0 ;;
    *CDLL*libusb*) exit 1 ;;
    *CDLL*) exit 0 ;;
esac
exit 1
"""


@pytest.fixture
def checkout(tmp_path):
    """A bare checkout and a folder for commands that stand in for the machine's."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "bin").mkdir()
    shutil.copy(ROOT / "scripts" / "setup.sh", tmp_path / "scripts")
    for name in ("Makefile", "constraints.txt", "setup.cfg", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    for command in ("bash", "dirname", "uname", "make"):
        (tmp_path / "bin" / command).symlink_to(shutil.which(command))
    return tmp_path


def add_command(checkout, name, script):
    path = checkout / "bin" / name
    path.write_text(script)
    path.chmod(0o755)
    return path


def make_setup(checkout, *arguments):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    return subprocess.run(
        ["make", "--no-print-directory", "setup", *arguments],
        cwd=checkout,
        env=environment | {"PATH": str(checkout / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )


def said(done):
    assert done.returncode != 0
    return [line for line in done.stderr.splitlines() if line.startswith("setup: ")]


def test_without_python_311_one_line_says_how_to_get_it(checkout):
    add_command(checkout, "python3", OLD_PYTHON)
    (line,) = said(make_setup(checkout))
    assert "Python 3.11 is needed" in line
    assert "apt-get install python3.11 python3.11-venv" in line
    assert not (checkout / ".venv").exists()


def test_another_python_given_is_refused_by_its_name(checkout):
    add_command(checkout, "python3.11", NEW_PYTHON)
    given = add_command(checkout, "my python", OLD_PYTHON)
    (line,) = said(make_setup(checkout, f"PYTHON={given}"))
    assert str(given) in line


def test_missing_libraries_without_rights_to_install_give_the_exact_line(checkout):
    add_command(checkout, "python3.11", NEW_PYTHON)
    (line,) = said(make_setup(checkout))
    assert "sudo apt-get update && sudo apt-get install -y libusb-1.0-0" in line
    assert "libgl1" not in line


def test_an_installed_environment_needs_nothing(checkout):
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / ".installed").touch()
    assert make_setup(checkout).returncode == 0
