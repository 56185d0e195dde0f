"""A library on an object store, against a local server."""

import json
import subprocess
import sys
import time
import urllib.request

import pytest
from contents import change_content
from streaming import record_stream

from demos.cli.demos import run
from demos.library import DemoLibrary
from demos.open_library import open_library
from demos.remote.object_store import ObjectStore
from demos.remote.pushing import Pusher
from demos.remote.remote_library import RemoteLibrary
from mt3.errors import (
    ConfigurationError,
    DemoFormatError,
    DemoNotFoundError,
    LibraryNotFoundError,
    LibraryUnreachableError,
)

_SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def server():
    """Address of a server that runs as long as the tests of this file."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    process.communicate(timeout=30)


@pytest.fixture
def recorded(recorded):
    """A library of two that differ."""
    change_content(recorded, "pick_up-mug-2", "0.0.2")
    return recorded


@pytest.fixture
def url(server, request, monkeypatch, tmp_path):
    """An empty bucket of its own, which the environment points to."""
    bucket = f"bucket-{abs(hash(request.node.nodeid))}"
    put = urllib.request.Request(f"{server}/{bucket}", method="PUT")
    urllib.request.urlopen(put).close()
    for name, value in {
        "AWS_ENDPOINT_URL": server,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "tester",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }.items():
        monkeypatch.setenv(name, value)
    return f"s3://{bucket}/lab"


def _push(library, url):
    pusher = Pusher(library, url)
    return {name: pusher.push(name).outcome for name in pusher.names()}


def test_what_was_pushed_is_read_back(recorded, url):
    assert set(_push(recorded, url).values()) == {"pushed"}
    assert set(_push(recorded, url).values()) == {"present"}
    remote = open_library(url)
    assert isinstance(remote, RemoteLibrary)
    assert (remote.robot, remote.backend) == (recorded.robot, recorded.backend)
    assert remote.summaries() == recorded.summaries()
    assert remote.find("mug") == remote.summaries()
    assert remote.find("box") == []
    assert remote.scan() == recorded.scan()
    for _ in range(2):  # from the server, then from the cache
        assert (remote.load("pick_up-mug-1").T_WE == recorded.load("pick_up-mug-1").T_WE).all()
    with pytest.raises(DemoNotFoundError, match="nothing-1"):
        remote.load("nothing-1")


def test_frames_are_downloaded_when_they_are_read(library, streamed, url):
    summary = record_stream(library, streamed)
    _push(library, url)
    remote = RemoteLibrary.open(url)
    remote.load(summary.demo_id)
    frames = remote.folder(summary.demo_id) / "camera/depth/c/0/0/0"
    assert not frames.exists()
    stream = remote.read(summary.demo_id)[0].stream
    assert frames.exists()
    expected = library.read(summary.demo_id)[0].stream
    assert (stream.depth_mm(7) == expected.depth_mm(7)).all()


def test_a_push_that_was_killed_shows_nothing_and_is_resumed(recorded, url):
    code = (
        "import os, sys\n"
        "from demos.cli.demos import run\n"
        "from demos.remote.object_store import ObjectStore\n"
        "write, written = ObjectStore.write, []\n"
        "def counted(self, name, data):\n"
        "    write(self, name, data)\n"
        "    written.append(name)\n"
        "    if len(written) == 7:\n"
        "        os._exit(9)\n"
        "ObjectStore.write = counted\n"
        "run(['push', *sys.argv[1:]])\n"
    )
    command = [sys.executable, "-c", code, url, "--library", str(recorded.path)]
    assert subprocess.run(command, check=False).returncode == 9
    assert open_library(url).summaries() == []
    assert len(ObjectStore(url).sizes("demos")) >= 5
    assert set(_push(recorded, url).values()) == {"pushed"}
    assert open_library(url).scan() == recorded.scan()


def test_another_content_of_the_same_id_is_never_overwritten(recorded, url, capfd):
    _push(recorded, url)
    before = open_library(url).summaries()
    change_content(recorded, "pick_up-mug-1", "0.0.9")
    assert run(["push", url, "--library", str(recorded.path)]) == 3
    assert "another content has this id" in capfd.readouterr().out
    assert open_library(url).summaries() == before


def test_damage_there_is_found_and_named(recorded, url, capfd):
    _push(recorded, url)
    store, remote = ObjectStore(url), RemoteLibrary.open(url)
    good, bad = remote.summaries()
    store.write(f"demos/{bad.content_hash}/robot/t_s/c/0", b"?" * 100)
    with pytest.raises(DemoFormatError, match=f"{bad.demo_id}: robot/t_s/c/0: damaged"):
        remote.load(bad.demo_id)
    assert remote.load(good.demo_id).demo_id == good.demo_id
    store.write(f"commits/{good.demo_id}.json", b"{")
    assert run(["ls", "--library", url, "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert [row["id"] for row in document["demonstrations"]] == [bad.demo_id]
    assert [row["id"] for row in document["damaged"]] == [good.demo_id]
    assert run(["check", "--library", url]) == 3


def test_a_damaged_cache_is_downloaded_again(recorded, url):
    _push(recorded, url)
    remote = RemoteLibrary.open(url)
    remote.load("pick_up-mug-1")
    (remote.folder("pick_up-mug-1") / "robot/t_s/c/0").write_bytes(b"?")
    assert remote.load("pick_up-mug-1").demo_id == "pick_up-mug-1"


def test_a_manifest_cannot_lead_out_of_the_cache(recorded, url, tmp_path):
    from demos.manifest import content_hash_of
    from demos.remote.commit_marker import files_prefix, marker_name, marker_of
    from mt3.demo_summary import DemoSummary

    _push(recorded, url)
    task = recorded.summaries()[0].task
    text = f"{'0' * 64}  ../../../outside\n"
    summary = DemoSummary("evil-1", content_hash_of(text), task)
    store = ObjectStore(url)
    store.write(f"{files_prefix(summary.content_hash)}/manifest.sha256", text.encode())
    store.write(marker_name("evil-1"), marker_of(summary))
    with pytest.raises(DemoFormatError, match="expected a file below"):
        open_library(url).load("evil-1")
    assert not list(tmp_path.rglob("outside"))


def test_commands_read_it_and_recording_there_is_refused(recorded, url, capfd):
    assert run(["push", url, "--library", str(recorded.path)]) == 0
    for typed in (["ls"], ["show", "pick_up-mug-1"], ["check"], ["stats"]):
        assert run([*typed, "--library", url]) == 0
    assert "2 pushed" in capfd.readouterr().out
    for refused in (["rm", "pick_up-mug-1", "--yes"], ["check", "--recover"]):
        assert run([*refused, "--library", url]) == 3
    with pytest.raises(ConfigurationError, match="mt3-demos push"):
        DemoLibrary.open_for_recording(url, "kinematic", "sim")
    with pytest.raises(LibraryNotFoundError, match="mt3-demos push"):
        open_library(f"{url}/nothing")


def test_a_library_of_another_robot_is_not_mixed(recorded, url, tmp_path):
    _push(recorded, url)
    with pytest.raises(ConfigurationError, match="never mixed"):
        Pusher(DemoLibrary.create(tmp_path / "real", "kinematic", "real"), url)


def test_a_server_that_is_down_is_said_soon(url, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    started_s = time.monotonic()
    with pytest.raises(LibraryUnreachableError, match="is the server up"):
        open_library(url)
    assert time.monotonic() - started_s < 30.0


def test_a_bucket_that_is_not_there_is_said(url):
    with pytest.raises((LibraryUnreachableError, LibraryNotFoundError)):
        open_library("s3://no-such-bucket-anywhere/lab")
    with pytest.raises(ConfigurationError, match="s3://bucket"):
        open_library("gs://bucket/lab")
