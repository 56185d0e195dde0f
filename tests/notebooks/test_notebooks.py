"""The notebooks: they run from the first cell to the last, and are kept without outputs."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def by_name(path):
    return path.stem


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
def test_runs_from_nothing(path, tmp_path):
    """No library, and nobody's settings of Jupyter or matplotlib."""
    settings = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "MT3_LIBRARY", "TMPDIR")
    environment = os.environ | {name: str(tmp_path / name) for name in settings}
    (tmp_path / "TMPDIR").mkdir()
    pytest_nbmake = [sys.executable, "-m", "pytest", "--nbmake", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*pytest_nbmake, str(path)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
def test_is_kept_without_outputs(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            assert not cell.outputs, cell.source
            assert cell.execution_count is None
