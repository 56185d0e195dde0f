"""Small shares of what the benches measure: recorders killed, disks full, devices failing."""

import tempfile
from pathlib import Path

import pytest
from record_faults import measure as measure_faults
from record_kills import measure as measure_kills

MEMORY = Path("/dev/shm")


@pytest.fixture(autouse=True)
def in_memory(monkeypatch):
    """A kill leaves the same files wherever they lie, and flushing them costs nothing here."""
    if MEMORY.is_dir():
        monkeypatch.setattr(tempfile, "tempdir", str(MEMORY))


def test_killed_recorders_lose_nothing_that_they_acknowledged():
    figures = measure_kills(count=20, seed=0)
    assert figures["problems"] == []
    assert figures["most_samples_lost"] <= 1
    assert figures["most_frames_lost"] <= 1
    assert {"quarantined", "finished"} & set(figures["outcomes"])


def test_what_fails_in_the_middle_is_said_and_costs_nothing_saved_before():
    figures = measure_faults()
    assert figures["wrong"] == [], figures
    said = " ".join(row.get("message", "") for row in figures["faults"].values())
    for words in ("Permission denied", "plugged in", "time went back"):
        assert words in said
