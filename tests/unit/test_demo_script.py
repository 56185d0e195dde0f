"""``make demo`` and ``make clean`` delete what the demo wrote, and nothing of the reader's."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path):
    """A checkout whose commands do nothing, after a demo and with a picture of the reader's."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts/demo.sh", tmp_path / "scripts")
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    for name in ("mt3-record", "mt3-run"):
        (tmp_path / ".venv/bin" / name).symlink_to(shutil.which("true"))
    for name in ("library", "trials"):
        (tmp_path / "demo" / name).mkdir(parents=True)
    (tmp_path / "demo/demonstration.png").touch()
    return tmp_path


@pytest.mark.parametrize("command", [("scripts/demo.sh",), ("make", "clean")])
def test_what_the_demo_wrote_goes_and_what_the_reader_wrote_stays(checkout, command):
    """The demo deleted its whole folder, with the picture that the README has the reader draw."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    subprocess.run(command, cwd=checkout, env=environment, check=True, capture_output=True)
    assert [path.name for path in (checkout / "demo").iterdir()] == ["demonstration.png"]
