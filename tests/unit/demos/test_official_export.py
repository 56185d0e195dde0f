"""What is exported comes back, and is what the official code is known to read."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from demos.cli.demos import run
from demos.formats.official_export import export_official, folder_name, resample_interaction
from demos.formats.official_import import OfficialSettings, integrate_twists, read_official
from demos.formats.official_layout import CameraPoseConvention, GripperConvention
from mt3.errors import ConfigurationError
from mt3.geometry import SE3, interpolate_poses
from mt3.skill_grammar import SKILLS, OtherRole
from mt3.task import TaskDescription

CONVENTIONS = list(GripperConvention)
TO_WORLD = CameraPoseConvention.CAMERA_TO_WORLD


@pytest.fixture(scope="session")
def sound(template):
    return template.read("pick_up-mug-1")[0]


def read_back(folder, gripper):
    return read_official(folder, OfficialSettings(gripper, 30.0, TO_WORLD, None, {}))


@pytest.mark.parametrize("gripper", CONVENTIONS)
def test_a_round_trip_keeps_poses_gripper_events_and_view(sound, tmp_path, gripper):
    back = read_back(export_official(sound, tmp_path, gripper).folder, gripper)
    start = sound.events.bottlenecks[0]
    t_s = sound.samples.t_s[start:] - sound.samples.t_s[start]
    for k, T_WE in enumerate(interpolate_poses(back.samples.t_s, t_s, sound.T_WE[start:])):
        assert SE3(back.T_WE[k]).is_close(SE3(T_WE), 1e-4, np.deg2rad(0.05))
    assert SE3(back.T_WE[-1]).is_close(SE3(sound.T_WE[-1]), 1e-4, np.deg2rad(0.05))
    (event,) = sound.as_demonstration("a", "0").gripper_events()
    (event_back,) = back.as_demonstration("b", "0").gripper_events()
    late_s = back.samples.t_s[event_back.index] - t_s[event.index]
    assert 0.0 <= late_s < 1.0 / 30.0
    assert event_back.command == event.command
    view, view_back = sound.views[0], back.views[0]
    for name in ("color", "depth_mm", "mask"):
        np.testing.assert_array_equal(getattr(view_back, name), getattr(view, name))
    assert view_back.intrinsics == view.intrinsics
    assert view_back.T_WC.is_close(view.T_WC, 1e-9, 1e-9)
    assert back.header.task == replace(sound.header.task, text="pick_up_mug")


def test_the_files_are_of_the_kinds_that_the_layout_has(sound, tmp_path):
    folder = export_official(sound, tmp_path, GripperConvention.ONE_IS_CLOSED).folder
    assert folder.name == "pick_up_mug_001"
    depth = cv2.imread(str(folder / "head_camera_ws_depth_to_rgb.png"), cv2.IMREAD_UNCHANGED)
    assert depth.dtype == np.uint16
    blue, _, red = cv2.imread(str(folder / "head_camera_ws_rgb.png"))[25, 30]
    assert (blue, red) == (60, 200)
    assert np.load(folder / "head_camera_ws_segmap.npy").dtype == np.bool_
    rows = np.load(folder / "demo_eef_twists.npy")
    T_WE, command = resample_interaction(sound, 30.0)
    assert rows.shape == (len(T_WE) - 1, 7)
    np.testing.assert_array_equal(rows[:, 6], 1.0 - command[1:])
    start = SE3(np.load(folder / "bottleneck_pose.npy"))
    np.testing.assert_allclose(integrate_twists(start, rows[:, :6], 30.0), T_WE, atol=1e-9)


@pytest.mark.parametrize("skill", SKILLS.values(), ids=lambda skill: skill.name)
def test_the_folder_of_every_skill_reads_as_that_skill(skill):
    other = None if skill.other is OtherRole.NONE else "blue cup"
    task = TaskDescription(skill.name, "red box", other, "said otherwise")
    read = TaskDescription.parse(f"{folder_name(task)}_001")
    assert (read.skill, read.target_object, read.other_object) == (skill.name, "red box", other)


def test_a_name_that_the_official_parser_rejects_is_told(sound, tmp_path):
    task = TaskDescription.parse("turn off the lamp")
    off = replace(sound, header=replace(sound.header, task=task))
    done = export_official(off, tmp_path, GripperConvention.ONE_IS_OPEN)
    assert done.folder.name == "turn_off_lamp_001"
    assert any("rejects" in note for note in done.notes)


def test_an_export_that_breaks_off_leaves_no_folder(sound, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("demos.formats.official_export.write_image", full)
    with pytest.raises(ConfigurationError, match="No space left"):
        export_official(sound, tmp_path / "out", GripperConvention.ONE_IS_OPEN)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.fixture
def cli(recorded, capfd, monkeypatch):
    monkeypatch.setenv("MT3_LIBRARY", str(recorded.path))

    def call(*typed):
        code = run(["export", *map(str, typed), "--format", "official"])
        return code, *capfd.readouterr()

    return call


def test_demonstrations_are_numbered_and_share_a_camera_pose(cli, tmp_path):
    ids = ("pick_up-mug-1", "pick_up-mug-2")
    code, out, _ = cli(*ids, "--out", tmp_path / "out", "--gripper", "1-closed", "--json")
    assert code == 0
    assert [row["id"] for row in json.loads(out)["exported"]] == list(ids)
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["T_WC_head.npy", "pick_up_mug_001", "pick_up_mug_002"]


def test_a_camera_that_moved_has_no_shared_pose(cli, tmp_path):
    out = tmp_path / "out"
    (out / "open_drawer_001").mkdir(parents=True)
    np.save(out / "open_drawer_001/T_WC.npy", np.eye(4))
    code, said, _ = cli("pick_up-mug-1", "--out", out, "--gripper", "1-closed")
    assert code == 0
    assert "the camera moved" in said
    assert not (out / "T_WC_head.npy").exists()


def test_export_asks_for_the_gripper_convention_and_for_ids_that_exist(cli, tmp_path):
    assert cli("pick_up-mug-1", "--out", tmp_path / "out")[0] == 3
    assert cli("nothing-7", "--out", tmp_path / "out", "--gripper", "1-open")[0] == 2
    assert not (tmp_path / "out").exists()
