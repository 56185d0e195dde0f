"""Nobody says which thing is meant: among distractors the demonstrated one is taken."""

import pytest


@pytest.mark.parametrize(("task", "seed"), [("pick up the hammer", 2), ("push the box", 3)])
def test_the_demonstrated_thing_is_the_only_trusted_one(library, task, seed):
    from any_cluster import run_one

    outcome, record = run_one(task, seed, str(library))
    assert outcome == "right", record.reason
    assert record.success is True
    assert len(record.clusters) >= 3
    assert record.observation.segmenter == "clusters"
