"""Real depth, where it is at hand: registration agrees with itself around a loop of frames."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[3]
sys.path.append(str(ROOT / "bench"))
FOLDER = Path(os.environ.get("MT3_REAL_SEQUENCE", ROOT.parent / "shared/data/real_sequence"))

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"no real frames in {FOLDER}; MT3_REAL_SEQUENCE names their folder"
)


@pytest.fixture(scope="module")
def views():
    from real_sequence import load

    return load(FOLDER)


@pytest.mark.parametrize("name", ["carrot", "toy"])
def test_the_loop_closes(views, name):
    from real_sequence import STEPS, build_registrar, go_around

    loop = go_around(views, name, build_registrar())
    assert all(loop.registrations[step].trusted for step in STEPS)
    assert max(loop.residuals_m.values()) < 0.003
    for off_m, off_rad in (loop.closing, loop.direct):
        assert off_m < 0.002
        assert off_rad < np.deg2rad(2.0)


def test_shifting_centroids_alone_fails(views):
    """The residual can tell a registration from a shift."""
    from real_sequence import STEPS, residual_m, shift_of_centroids

    for a, b in STEPS:
        demo, live = views[a]["carrot"], views[b]["carrot"]
        assert residual_m(demo, live, shift_of_centroids(demo, live)) > 0.003, (a, b)
