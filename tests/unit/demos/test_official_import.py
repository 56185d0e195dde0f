"""Folders of the official layout, sound and with every defect of the release."""

import json

import numpy as np
import pytest
from official_folder import (
    RATE_HZ,
    ROWS,
    SIZE,
    T_WC,
    T_WE,
    K,
    depth_mm,
    mask,
    twists,
    write_official,
)

from demos.checks import check_twists, find_defects
from demos.cli.demos import run
from demos.formats.official_import import OfficialSettings, find_demonstrations, read_official
from demos.formats.official_layout import CameraPoseConvention, GripperConvention
from demos.intake import store
from demos.library import DemoLibrary
from demos.recovery import recover
from mt3.errors import ConfigurationError, DemoFormatError
from mt3.geometry import SE3, compute_body_twists

CLOSED, OPEN = GripperConvention.ONE_IS_CLOSED, GripperConvention.ONE_IS_OPEN
TO_WORLD, TO_CAMERA = CameraPoseConvention.CAMERA_TO_WORLD, CameraPoseConvention.WORLD_TO_CAMERA


def settings(gripper=CLOSED, rate_hz=RATE_HZ, camera_pose=TO_WORLD, tool=None):
    return OfficialSettings(gripper, rate_hz, camera_pose, tool, {"version": "0.1.0"})


@pytest.fixture
def official(tmp_path):
    return tmp_path / "official"


@pytest.fixture
def unknown(tmp_path):
    return DemoLibrary.create(tmp_path / "library", "unknown", "real")


def test_a_sound_folder_becomes_a_recording_that_keeps_every_rule(official):
    recording = read_official(write_official(official / "pick_up_red_mug_001"), settings())
    assert find_defects(recording) == []
    assert check_twists(recording).as_json() == {"status": "not possible"}
    task = recording.header.task
    assert (task.skill, task.target_object) == ("pick_up", "red mug")
    assert recording.events.bottlenecks == (0,)
    assert recording.events.end == ROWS


def test_the_twists_integrate_to_the_poses(official):
    recording = read_official(write_official(official / "a"), settings())
    rows = twists()
    np.testing.assert_allclose(recording.T_WE[0], T_WE.matrix, atol=1e-12)
    again = compute_body_twists(recording.T_WE, recording.samples.t_s)
    np.testing.assert_allclose(again, rows[:, :6], atol=1e-9)
    lowest = recording.T_WE[30]
    assert lowest[2, 3] == pytest.approx(0.25 - 0.1)  # one second down at 0.1 m/s
    assert SE3(lowest).angle_to_rad(T_WE) == pytest.approx(0.3)


def test_what_the_layout_does_not_know_stays_unknown(official, unknown):
    summary = store(unknown, read_official(write_official(official / "a"), settings()))
    demo = unknown.load(summary.demo_id)
    assert (demo.robot, demo.tool, demo.opening, demo.backend) == ("unknown", None, None, "real")
    attributes = json.loads((unknown.folder(summary.demo_id) / "zarr.json").read_text())
    assert attributes["attributes"]["T_world_base"] is None
    assert not (unknown.folder(summary.demo_id) / "robot/T_base_tool").exists()
    np.testing.assert_allclose(demo.T_WE[0], T_WE.matrix, atol=1e-12)
    assert demo.view.rgbd.T_WC.is_close(T_WC, 1e-12, 1e-9)


@pytest.mark.parametrize(("gripper", "closed_is"), [(CLOSED, 1.0), (OPEN, 0.0)])
def test_defect_1_the_gripper_convention_is_the_callers(official, gripper, closed_is):
    folder = write_official(official / "a", demo_eef_twists__npy=twists(closed_is))
    command = read_official(folder, settings(gripper)).samples.command
    np.testing.assert_array_equal(command, np.where(np.arange(ROWS + 1) < 31, 1.0, 0.0))


def test_defect_1_the_wrong_convention_is_refused_where_the_skill_shows_it(official):
    folder = write_official(official / "a")
    with pytest.raises(DemoFormatError, match="try --gripper 1-closed"):
        read_official(folder, settings(OPEN))
    placing = write_official(
        official / "b", task="place_cup_on_tray", demo_eef_twists__npy=twists()
    )
    with pytest.raises(DemoFormatError, match="try --gripper 1-open"):
        read_official(placing, settings(CLOSED))


def test_defect_2_a_world_to_camera_pose_is_found_out_and_read_when_asked_for(official):
    folder = write_official(official / "a", T_WC__npy=T_WC.inverse().matrix)
    with pytest.raises(DemoFormatError, match=r"T_WC\.npy.*--camera-pose world-to-camera"):
        read_official(folder, settings())
    view = read_official(folder, settings(camera_pose=TO_CAMERA)).views[0]
    assert view.T_WC.is_close(T_WC, 1e-9, 1e-9)


@pytest.mark.parametrize(
    ("name", "skill", "target", "other"),
    [
        ("pour_from_cup_into_bowl_001", "pour_from_into", "bowl", "cup"),
        ("turn_on_lamp_002", "turn_on", "lamp", None),
        ("turn-on_lamp_002", "turn_on", "lamp", None),
        ("turn_off_lamp_003", "turn_off", "lamp", None),
        ("open_drawer_1", "open", "drawer", None),  # defect 4
        ("open_drawer_12", "open", "drawer", None),
    ],
)
def test_defects_3_and_4_folder_names_that_the_release_misreads(
    official, name, skill, target, other
):
    folder = write_official(official / name, task=None)
    task = read_official(folder, settings()).header.task
    assert (task.skill, task.target_object, task.other_object) == (skill, target, other)


def test_defect_5_embeddings_beside_are_never_read_and_a_changed_mask_changes_the_hash(
    official, unknown
):
    folder = write_official(official / "a")
    np.save(folder / "embedding.npy", np.full(512, np.nan))
    first = store(unknown, read_official(folder, settings()))
    changed = mask()
    changed[40, 50] = False
    np.save(folder / "head_camera_ws_segmap.npy", changed)
    second = store(unknown, read_official(folder, settings()))
    assert first.content_hash != second.content_hash


def test_defect_6_a_mask_of_500_pixels_or_fewer_is_read(official):
    small = np.zeros(SIZE, np.bool_)
    small[45:55, 55:65] = True
    folder = write_official(official / "a", head_camera_ws_segmap__npy=small)
    assert find_defects(read_official(folder, settings())) == []


def test_defect_7_a_demonstrations_own_camera_pose_wins_over_the_shared_one(official):
    folder = write_official(official / "a")
    moved = SE3.from_translation((0.3, 0.0, 0.0)) @ T_WC
    np.save(official / "T_WC_head.npy", moved.matrix)
    assert read_official(folder, settings()).views[0].T_WC.is_close(T_WC, 1e-9, 1e-9)
    (folder / "T_WC.npy").unlink()
    assert read_official(folder, settings()).views[0].T_WC.is_close(moved, 1e-9, 1e-9)


def _labelled(value):
    out = np.zeros(SIZE, np.uint8)
    out[40:60, 50:75] = value
    return out


@pytest.mark.parametrize("labels", [_labelled(1), _labelled(255), _labelled(1).astype(np.float32)])
def test_a_mask_of_numbers_is_read_where_it_holds_two_values(official, labels):
    folder = write_official(official / "a", head_camera_ws_segmap__npy=labels)
    np.testing.assert_array_equal(read_official(folder, settings()).views[0].mask, mask())


def _two_instances():
    labels = _labelled(1)
    labels[10:30, 5:20] = 2
    return labels


def _or_ed():
    return _two_instances() > 0


def _nan(rows=twists):
    out = rows()
    out[7, 2] = np.nan
    return out


def _scaled():
    out = T_WE.matrix.copy()
    out[:3, :3] *= 1.01
    return out


RGB, DEPTH = "head_camera_ws_rgb__png", "head_camera_ws_depth_to_rgb__png"
MASK, CAMERA = "head_camera_ws_segmap__npy", "head_camera_rgb_intrinsic_matrix__npy"
TWISTS, POSE = "demo_eef_twists__npy", "bottleneck_pose__npy"
WRONG = {
    "no colour": ({RGB: None}, "missing; copy it into"),
    "no depth": ({DEPTH: None}, "missing; copy it into"),
    "no mask": ({MASK: None}, "missing; copy it into"),
    "no intrinsics": ({CAMERA: None}, "missing; copy it into"),
    "no bottleneck": ({POSE: None}, "missing; copy it into"),
    "no twists": ({TWISTS: None}, "missing; copy it into"),
    "no camera pose": ({"T_WC__npy": None}, "T_WC_head.npy here and in the folder above"),
    "twists without gripper": ({TWISTS: twists()[:, :6]}, "got shape (60, 6), expected ('any', 7)"),
    "NaN twists": ({TWISTS: _nan()}, "NaN or infinite values in 1 rows, the first is 7"),
    "text for twists": ({TWISTS: np.array(["a"] * 7)}, "got no array of numbers"),
    "no rows": ({TWISTS: np.zeros((0, 7))}, "got no rows"),
    "gripper in mm": ({TWISTS: twists() * ([1] * 6 + [80])}, "to 80 in column 6, expected 0 to 1"),
    "a scaled pose": ({POSE: _scaled()}, "off orthonormal"),
    "a pose of 3 rows": ({POSE: T_WE.matrix[:3]}, "got shape (3, 4), expected (4, 4)"),
    "depth in metres": ({DEPTH: depth_mm() // 900}, "was it saved in metres? multiply by 1000"),
    "depth in 1/40 mm": ({DEPTH: depth_mm() * np.uint16(40)}, "is its unit a finer one?"),
    "depth of 8 bit": ({DEPTH: (depth_mm() // 4).astype(np.uint8)}, "16 bit PNG"),
    "empty depth": ({DEPTH: np.zeros(SIZE, np.uint16)}, "got no reading"),
    "unaligned depth": ({DEPTH: depth_mm()[::2, ::2]}, "align depth to colour"),
    "grey colour": ({RGB: depth_mm().astype(np.uint8)}, "8 bit colour PNG"),
    "a mask of labels": ({MASK: _two_instances()}, "mask = labels == the instance"),
    "a mask of probabilities": ({MASK: mask() * np.linspace(0, 1, 128)}, "values besides 0"),
    "two instances in one": ({MASK: _or_ed()}, "keep only the instance acted on"),
    "an empty mask": ({MASK: np.zeros(SIZE, np.bool_)}, "empty, expected the object"),
    "a tiny mask": ({MASK: mask() & (np.arange(128) < 52)}, "got 40 pixels"),
    "a mask of another size": ({MASK: mask()[::2, ::2]}, "got (48, 64), expected (96, 128)"),
    "transposed intrinsics": ({CAMERA: K.T}, "is it transposed?"),
    "intrinsics of another size": ({CAMERA: K * [[5], [5], [1]]}, "of this resolution"),
    "a negative focal length": ({CAMERA: K * [[1, 1, 1], [1, -1, 1], [1, 1, 1]]}, "fy: got -160"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_named_with_what_is_wrong_and_the_remedy(official, name):
    files, said = WRONG[name]
    folder = write_official(official / "a", **files)
    with pytest.raises(DemoFormatError) as error:
        read_official(folder, settings())
    assert str(error.value).startswith(next(iter(files)).replace("__", "."))
    assert said in str(error.value)


def test_a_pose_far_from_the_object_is_refused_whichever_way_the_camera_is_read(official):
    far = SE3.from_translation((5.0, 0.0, 0.0)) @ T_WC
    folder = write_official(official / "a", T_WC__npy=far.matrix)
    with pytest.raises(DemoFormatError, match=r"expected at most 0\.60 m; save the camera's pose"):
        read_official(folder, settings())


def test_speeds_that_nobody_demonstrates_break_a_rule(official):
    """Millimetres per second in place of metres made a path of a hundred metres."""
    folder = write_official(official / "a", demo_eef_twists__npy=twists() * ([1e3] * 6 + [1]))
    assert any(
        "linear speed: got 100" in d for d in find_defects(read_official(folder, settings()))
    )


def test_a_rate_that_is_no_rate_is_refused():
    with pytest.raises(ConfigurationError, match="rate_hz"):
        settings(rate_hz=0.0)


def test_an_import_that_breaks_off_leaves_nothing(official, unknown, monkeypatch):
    def pull_the_plug(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("demos.intake.write_manifest", pull_the_plug)
    with pytest.raises(KeyboardInterrupt):
        store(unknown, read_official(write_official(official / "a"), settings()))
    assert unknown.summaries() == []
    assert unknown.unfinished() == []


def test_recovery_leaves_an_import_in_progress_alone(official, unknown, monkeypatch):
    """It looked like a recording that left nothing to save, and its folder was deleted."""
    outcomes = []

    def meanwhile(folder):
        outcomes.extend(recover(unknown))
        monkeypatch.undo()
        from demos.manifest import write_manifest

        return write_manifest(folder)

    monkeypatch.setattr("demos.intake.write_manifest", meanwhile)
    store(unknown, read_official(write_official(official / "a"), settings()))
    assert [item.outcome for item in outcomes] == ["recording"]
    assert len(unknown.summaries()) == 1


@pytest.fixture
def cli(tmp_path, capfd, monkeypatch):
    monkeypatch.setenv("MT3_LIBRARY", str(tmp_path / "imported"))
    monkeypatch.setenv("COLUMNS", "200")

    def call(*typed):
        code = run(["import", *map(str, typed), "--format", "official"])
        return code, *capfd.readouterr()

    return call


def test_one_bad_folder_never_stops_the_others(official, cli, tmp_path):
    for name in ("pick_up_mug_001", "pick_up_mug_002", "pick_up_mug_003"):
        write_official(official / name, task=None)
    np.save(official / "pick_up_mug_002/demo_eef_twists.npy", _nan())
    (official / "juggle_mug_004").mkdir()
    (official / "juggle_mug_004/bottleneck_pose.npy").write_bytes(b"junk")
    (official / "notes").mkdir()
    code, out, _ = cli(official, "--gripper", "1-closed", "--json")
    document = json.loads(out)
    assert code == 3
    assert [row["folder"] for row in document["imported"]] == ["pick_up_mug_001", "pick_up_mug_003"]
    reasons = {row["id"]: row["reason"] for row in document["refused"]}
    assert "demo_eef_twists.npy" in reasons["pick_up_mug_002"]
    assert "juggle" in reasons["juggle_mug_004"]
    library = DemoLibrary.open(tmp_path / "imported")
    assert [item.demo_id for item in library.summaries()] == ["pick_up-mug-1", "pick_up-mug-2"]
    assert library.load("pick_up-mug-1").robot == "unknown"


def test_people_see_what_was_imported_and_what_was_not(official, cli):
    write_official(official / "pick_up_mug_001", T_WC__npy=None)
    write_official(official / "pick_up_mug_002", task="juggle the mug")
    np.save(official / "T_WC_head.npy", T_WC.matrix)
    code, out, _ = cli(official, "--gripper", "1-closed")
    assert code == 3
    assert "imported as pick_up-red_mug-1" in out.replace("red-mug", "red_mug")
    assert "camera never moved" in out.replace("\n", " ")
    assert "pick_up_mug_002" in out


def test_the_gripper_convention_is_never_guessed(official, cli):
    write_official(official / "pick_up_mug_001")
    code, _, err = cli(official)
    assert code == 3
    assert "expected 1-closed or 1-open" in err


def test_a_folder_without_any_of_the_files_is_refused(cli, tmp_path):
    (tmp_path / "empty").mkdir()
    code, _, err = cli(tmp_path / "empty", "--gripper", "1-open")
    assert code == 3
    assert "bottleneck_pose.npy" in err
    with pytest.raises(DemoFormatError, match="not a folder"):
        find_demonstrations(tmp_path / "nowhere")


TOOL = """\
T_flange_tool: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0.1034], [0, 0, 0, 1]]
gripper: franka hand
payload_kg: 0.73
p_com_flange: [-0.01, 0, 0.03]
"""


def test_a_given_tool_frame_is_stored(official, cli, tmp_path):
    write_official(official / "pick_up_mug_001")
    (tmp_path / "tool.yaml").write_text(TOOL)
    code, _, err = cli(official, "--gripper", "1-closed", "--tool-frame", tmp_path / "tool.yaml")
    assert (code, err) == (0, "")
    (summary,) = DemoLibrary.open(tmp_path / "imported").summaries()
    tool = DemoLibrary.open(tmp_path / "imported").load(summary.demo_id).tool
    assert tool.gripper == "franka hand"
    assert tool.T_flange_tool.t[2] == 0.1034


@pytest.mark.parametrize("text", ["", "gripper: hand", "[1, 2", TOOL.replace("0.1034", "x")])
def test_a_wrong_tool_frame_file_is_refused(official, cli, tmp_path, text):
    write_official(official / "pick_up_mug_001")
    (tmp_path / "tool.yaml").write_text(text)
    code, _, err = cli(official, "--gripper", "1-closed", "--tool-frame", tmp_path / "tool.yaml")
    assert code == 3
    assert "--tool-frame" in err
