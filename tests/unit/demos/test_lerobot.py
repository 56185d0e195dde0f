"""LeRobotDataset v3.0: what is written, and what of it, or of others, can be read."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from color_stream import ColorStream
from scipy.spatial.transform import Rotation

from demos.cli.demos import run
from demos.formats.lerobot_export import NamedRecording, export_lerobot
from demos.formats.lerobot_frames import continuous_rotation_vectors, make_frames
from demos.formats.lerobot_import import LeRobotReader
from demos.formats.lerobot_stats import combine, describe_numbers
from demos.formats.parquet import read_table
from demos.formats.video_file import write_video
from mt3.errors import ConfigurationError, DemoFormatError, DemoNotFoundError
from mt3.geometry import SE3, interpolate_poses
from mt3.task import TaskDescription

POSE = [f"base_tool.{name}" for name in ("x_m", "y_m", "z_m", "rx_rad", "ry_rad", "rz_rad")]
KEY = "observation.images.front"


@pytest.fixture(scope="session")
def sound(template):
    return template.read("pick_up-mug-1")[0]


def streaming(recording, **changes):
    return replace(recording, stream=ColorStream(**changes))


def named(*recordings):
    return [NamedRecording(f"demo-{k}", f"{k:064d}", r) for k, r in enumerate(recordings)]


@pytest.fixture(scope="session")
def dataset(sound, tmp_path_factory):
    """Two tasks, three episodes, with video."""
    out = tmp_path_factory.mktemp("lerobot") / "dataset"
    task = TaskDescription.parse("open the drawer")
    opening = replace(sound, header=replace(sound.header, task=task))
    recordings = [streaming(sound), streaming(opening, end_s=0.8), streaming(sound, seed=1)]
    export_lerobot(named(*recordings), out, fps=None, with_video=True)
    return out


def test_frames_are_evenly_timed_and_their_numbers_named(sound):
    frames = make_frames(streaming(sound), None, with_video=True)
    assert frames.layout.fps == 30
    np.testing.assert_allclose(np.diff(frames.t_s), 1.0 / 30.0)
    joints = tuple(f"joint_{k}_rad" for k in range(1, 8))
    assert frames.layout.state_names == (*joints, *POSE, "gripper.opening")
    assert frames.layout.action_names == (*POSE, "gripper.command")
    assert frames.state.shape == (len(frames.t_s), 14)
    poses = interpolate_poses(frames.t_s, sound.samples.t_s, sound.samples.T_BE)
    for pose, state in zip(poses, frames.state, strict=True):
        T = SE3.from_rotation_translation(
            Rotation.from_rotvec(state[10:13]).as_matrix(), state[7:10]
        )
        assert T.is_close(SE3(pose), 1e-9, 1e-7)


def test_the_action_is_the_next_frame(sound):
    frames = make_frames(streaming(sound), None, with_video=True)
    np.testing.assert_allclose(frames.action[:-1, :6], frames.state[1:, 7:13])
    np.testing.assert_allclose(frames.action[-1, :6], frames.state[-1, 7:13])
    closes_s = sound.samples.t_s[np.flatnonzero(np.diff(sound.samples.command))[0] + 1]
    first = np.flatnonzero(frames.action[:, 6] < 0.5)[0]
    assert 0.0 <= frames.t_s[first + 1] - closes_s < 1.0 / 30.0
    bottleneck_s = sound.samples.t_s[sound.events.bottlenecks[0]]
    assert 0.0 <= frames.t_s[frames.bottleneck_frame] - bottleneck_s < 1.0 / 30.0


def test_the_rotation_vector_of_a_tool_that_points_down_does_not_jump():
    """At half a turn its sign flipped from frame to frame with the noise."""
    noise = Rotation.from_rotvec(np.random.default_rng(0).normal(0.0, 0.01, (200, 3)))
    R = (Rotation.from_rotvec([np.pi, 0.0, 0.0]) * noise).as_matrix()
    vectors = continuous_rotation_vectors(R)
    assert np.abs(np.diff(vectors, axis=0)).max() < 0.2
    np.testing.assert_allclose(Rotation.from_rotvec(vectors).as_matrix(), R, atol=1e-9)
    np.testing.assert_array_equal(continuous_rotation_vectors(np.eye(3)[None]), np.zeros((1, 3)))


def test_a_dropped_frame_is_shown_by_its_nearest_and_shifts_nothing(sound):
    stream = ColorStream(dropped=(10,))
    frames = make_frames(replace(sound, stream=stream), None, with_video=True)
    off_s = np.abs(stream.t_s[frames.images] - frames.t_s)
    assert off_s.max() < 0.035
    assert np.delete(off_s, off_s.argmax()).max() < 3e-3


def test_numbers_that_are_unknown_are_left_out(sound):
    blind = replace(
        sound,
        header=replace(sound.header, T_WB=None),
        samples=replace(sound.samples, joints=None, opening=None),
    )
    layout = make_frames(blind, 20, with_video=False).layout
    assert layout.state_names == tuple(name.replace("base", "world") for name in POSE)


def test_the_files_are_those_of_version_3(dataset):
    files = {p.relative_to(dataset).as_posix() for p in dataset.rglob("*") if p.is_file()}
    videos = {f"videos/{KEY}/chunk-000/file-{k:03d}.mp4" for k in range(3)}
    assert files == videos | {
        "meta/info.json",
        "meta/stats.json",
        "meta/tasks.parquet",
        "meta/mt3.json",
        "meta/episodes/chunk-000/file-000.parquet",
        "data/chunk-000/file-000.parquet",
    }
    info = json.loads((dataset / "meta/info.json").read_text())
    assert info["codebase_version"] == "v3.0"
    assert (info["fps"], info["total_episodes"], info["total_tasks"]) == (30, 3, 2)
    assert info["splits"] == {"train": "0:3"}
    assert info["features"][KEY]["shape"] == [48, 64, 3]
    assert info["features"]["action"]["names"][-1] == "gripper.command"


def test_every_row_is_where_the_episodes_say(dataset):
    info = json.loads((dataset / "meta/info.json").read_text())
    data = read_table(dataset / "data/chunk-000/file-000.parquet")
    assert data["index"] == list(range(info["total_frames"]))
    episodes = read_table(dataset / "meta/episodes/chunk-000/file-000.parquet")
    for k in range(3):
        part = slice(episodes["dataset_from_index"][k], episodes["dataset_to_index"][k])
        assert set(data["episode_index"][part]) == {k}
        assert data["frame_index"][part] == list(range(episodes["length"][k]))
        assert episodes[f"videos/{KEY}/from_timestamp"][k] == 0.0
        length_s = episodes[f"videos/{KEY}/to_timestamp"][k]
        assert length_s == pytest.approx(episodes["length"][k] / 30.0)
    assert data["task_index"][episodes["dataset_from_index"][1]] == 1
    np.testing.assert_allclose(data["timestamp"][:3], [0.0, 1 / 30, 2 / 30], atol=1e-6)


def test_statistics_of_the_whole_are_those_of_all_rows(dataset):
    stats = json.loads((dataset / "meta/stats.json").read_text())
    data = read_table(dataset / "data/chunk-000/file-000.parquet")
    for name in ("observation.state", "action"):
        rows = np.array(data[name])
        for key, value in (("mean", rows.mean(0)), ("std", rows.std(0)), ("max", rows.max(0))):
            np.testing.assert_allclose(stats[name][key], value, atol=1e-5)
        assert stats[name]["count"] == [len(rows)]
    assert np.array(stats[KEY]["mean"]).shape == (3, 1, 1)
    assert 0.0 <= np.min(stats[KEY]["min"]) <= np.max(stats[KEY]["max"]) <= 1.0


def test_statistics_combine_whatever_the_lengths():
    rows = np.random.default_rng(0).normal(size=(100, 2))
    combined = combine([describe_numbers(part) for part in np.split(rows, [7, 40])])
    whole = describe_numbers(rows)
    for name in ("min", "max", "mean", "std", "count"):
        np.testing.assert_allclose(combined[name], whole[name])


def test_what_the_layout_has_no_place_for_lies_beside(dataset):
    (first, *_) = json.loads((dataset / "meta/mt3.json").read_text())["episodes"]
    assert (first["demo_id"], first["content_hash"]) == ("demo-0", "0" * 64)
    assert first["task"]["skill"] == "pick_up"
    assert first["bottleneck_frame"] == 7
    assert first["stream"]["moves"] is False
    assert first["views"][0]["intrinsics"]["fx"] == 80.0


def test_frames_are_read_one_by_one_and_each_once(sound, tmp_path):
    stream = ColorStream()
    demo = named(replace(sound, stream=stream))
    export_lerobot(demo, tmp_path / "out", fps=None, with_video=True)
    assert stream.asked == sorted(set(stream.asked))


@pytest.mark.parametrize("with_video", [True, False])
def test_without_a_stream_only_a_rate_and_no_video_will_do(sound, tmp_path, with_video):
    fps = 30 if with_video else None
    with pytest.raises(ConfigurationError, match=r"demo-0: no camera stream.*--no-video --fps 30"):
        export_lerobot(named(sound), tmp_path / "out", fps=fps, with_video=with_video)
    assert list(tmp_path.iterdir()) == []
    info = export_lerobot(named(sound), tmp_path / "out", fps=30, with_video=False)
    assert info["video_path"] is None
    assert not (tmp_path / "out/videos").exists()


def test_unlike_demonstrations_do_not_share_a_dataset(sound, tmp_path):
    other = streaming(sound, fps=15.0)
    with pytest.raises(ConfigurationError, match="demo-1: got fps 15, expected 30"):
        export_lerobot(named(streaming(sound), other), tmp_path / "out", None, with_video=True)
    assert list(tmp_path.iterdir()) == []


def test_a_dataset_is_never_written_over(sound, dataset):
    with pytest.raises(ConfigurationError, match="exists, expected a new folder"):
        export_lerobot(named(sound), dataset, fps=30, with_video=False)


def test_odd_frames_are_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="even width and height"):
        write_video(tmp_path / "a.mp4", [], 30, 63, 48)


@pytest.mark.parametrize("package", ["pyarrow", "av"])
def test_a_missing_package_names_the_extra(sound, tmp_path, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigurationError, match=rf"{package} is missing; pip install 'mt3-robot"):
        export_lerobot(named(streaming(sound)), tmp_path / "out", None, with_video=True)


def test_reading_gives_back_tasks_episodes_and_trajectories(dataset, sound):
    reader = LeRobotReader(dataset)
    assert reader.tasks() == ("pick up the mug", "open the drawer")
    assert [episode.number for episode in reader.episodes_of("pick up the mug")] == [0, 2]
    assert (reader.robot, reader.fps, reader.cameras) == ("kinematic", 30, (KEY,))
    frames = make_frames(streaming(sound), None, with_video=True)
    read = reader.trajectory(0)
    np.testing.assert_allclose(read.t_s, frames.t_s - frames.t_s[0], atol=1e-6)
    np.testing.assert_allclose(read.state, frames.state, atol=1e-5)
    np.testing.assert_allclose(read.action, frames.action, atol=1e-5)
    assert read.action_names == frames.layout.action_names


def test_a_frame_is_read_at_its_time(dataset):
    reader = LeRobotReader(dataset)
    for k in (0, 7, 20):
        color = reader.color(2, KEY, k / 30.0)
        assert abs(float(color.mean()) - 8 * k) < 6  # greys come back a little changed by yuv


def test_an_episode_says_why_it_is_no_demonstration(dataset):
    reader = LeRobotReader(dataset)
    reason = reader.missing_for_library(reader.episodes[1])
    assert "mask" in reason
    assert "depth" in reason
    assert "exported from demo-1" in reason
    foreign = replace(reader.episodes[1], demo_id=None)
    assert "record the task with mt3-record" in reader.missing_for_library(foreign)


def test_what_is_not_there_is_named(dataset):
    reader = LeRobotReader(dataset)
    with pytest.raises(DemoNotFoundError, match="got 7, expected 0 to 2"):
        reader.trajectory(7)
    with pytest.raises(DemoNotFoundError, match=r"expected one of observation\.images\.front"):
        reader.color(0, "observation.images.wrist", 0.0)


def _edited(folder, **changes):
    path = folder / "meta/info.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda d: _edited(d, codebase_version="v2.1"), "got codebase_version 'v2.1'"),
        (lambda d: (d / "meta/info.json").unlink(), "expected a LeRobotDataset v3.0"),
        (lambda d: _edited(d, data_path="../{chunk_index}.parquet"), "leads outside"),
        (lambda d: _edited(d, data_path="data/{nothing}"), "nothing is missing"),
        (lambda d: _edited(d, features=7), "meta/info.json"),
        (lambda d: _edited(d, fps="fast"), "meta/info.json"),
        (lambda d: (d / "meta/tasks.parquet").write_bytes(b"PAR1junk"), "tasks.parquet"),
        (
            lambda d: (d / "data/chunk-000/file-000.parquet").write_bytes(b""),
            "cannot be read as Parquet",
        ),
    ],
)
def test_a_damaged_dataset_is_refused(sound, tmp_path, damage, said):
    export_lerobot(named(sound), tmp_path / "out", fps=30, with_video=False)
    damage(tmp_path / "out")
    with pytest.raises(DemoFormatError) as error:
        _read_all(tmp_path / "out")
    assert said in str(error.value)


def _read_all(folder):
    reader = LeRobotReader(folder)
    return reader.tasks(), reader.fps, reader.trajectory(0)


@pytest.fixture
def cli(recorded, capfd, monkeypatch):
    monkeypatch.setenv("MT3_LIBRARY", str(recorded.path))
    monkeypatch.setenv("COLUMNS", "200")

    def call(verb, *typed):
        code = run([verb, *map(str, typed), "--format", "lerobot"])
        return code, *capfd.readouterr()

    return call


def test_the_command_writes_a_dataset_and_says_what_it_holds(cli, tmp_path):
    out = tmp_path / "dataset"
    options = ("--out", out, "--no-video", "--fps", "30", "--json")
    code, said, _ = cli("export", "pick_up-mug-1", "pick_up-mug-2", *options)
    assert code == 0
    assert [row["episode"] for row in json.loads(said)["exported"]] == [0, 1]
    code, said, _ = cli("import", out, "--json")
    document = json.loads(said)
    assert code == 3
    (held,) = document["tasks"]
    assert (held["task"], held["episodes"]) == ("pick up the mug", [0, 1])
    assert document["imported"] == []
    assert "mask" in document["refused"][0]["reason"]
    code, said, _ = cli("import", out)
    assert code == 3
    assert "pick up the mug: 2 episodes" in said


def test_options_of_the_other_layout_are_refused(cli, tmp_path):
    code, _, err = cli("export", "pick_up-mug-1", "--out", tmp_path / "a", "--gripper", "1-open")
    assert (code, "--gripper" in err) == (3, True)
    code, _, err = cli("import", tmp_path, "--rate-hz", "15")
    assert (code, "--rate-hz" in err) == (3, True)
    code, _, err = cli("export", "pick_up-mug-1", "--out", tmp_path / "a", "--fps", "0")
    assert (code, "--fps" in err) == (3, True)
