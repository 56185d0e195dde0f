"""Sessions with the simulator's demonstrator, typed at a pseudo-terminal."""

import json

from record_session import TerminalSession

from demos.cli.demos import run
from demos.durable import read_json
from demos.library import DemoLibrary

SMALL = ("recorder=steady", "scene.distractors=1")


def test_ten_tasks_a_kill_in_the_middle_of_one_and_the_rest_afterwards(tmp_path, capfd):
    session = TerminalSession(tmp_path, *SMALL)
    session.write_tasks(10)
    with session:
        for number in (1, 2, 3):
            session.begin_task(number)
            session.end_task()
        session.begin_task(4)
        session.await_text("Show the motion from here on")
        session.kill()
    library = DemoLibrary.open(session.library)
    hashes = {summary.demo_id: summary.content_hash for summary in library.summaries()}
    assert len(hashes) == 3
    with session:
        session.await_text("left behind: pick_up-bottle-1: quarantined")
        session.await_text("session morning goes on: 3 of 10 tasks are over")
        for number in range(4, 11):
            session.begin_task(number)
            session.end_task()
        assert session.exit_code() == 0
    after = {summary.demo_id: summary.content_hash for summary in library.summaries()}
    assert len(after) == 10
    assert hashes.items() <= after.items()
    assert run(["check", "--library", str(session.library), "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert len(document["demonstrations"]) == 10
    assert document["unfinished"] == document["damaged"] == []
    log = read_json(session.library / "sessions/morning.json")
    assert [item["number"] for item in log["done"]] == list(range(10))
    assert max(item["keys"] for item in log["done"]) <= 8


def test_ctrl_c_stops_and_says_how_to_go_on(tmp_path):
    session = TerminalSession(tmp_path, *SMALL)
    session.write_tasks(2)
    with session:
        session.begin_task(1)
        session.await_text("Show the motion from here on")
        session.press("\x03")
        session.await_text("goes on from here")
        assert session.exit_code() == 130
    assert [folder.name for folder in DemoLibrary.open(session.library).unfinished()] == [
        "pick_up-mug-1"
    ]


def test_quit_sets_the_take_aside_and_ends_well(tmp_path):
    session = TerminalSession(tmp_path, *SMALL)
    session.write_tasks(1)
    with session:
        session.begin_task(1)
        session.await_text("Show the motion from here on")
        session.press("Q")
        session.await_text("goes on from here")
        assert session.exit_code() == 0
    library = DemoLibrary.open(session.library)
    assert library.unfinished() == []
    assert "stopped here" in library.quarantined()[0].reason
