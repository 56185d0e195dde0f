"""What has to hold of registration whatever the object, wherever it stands."""

from dataclasses import replace

import numpy as np
import pytest
from hydra import compose, initialize_config_module
from hydra.core.utils import setup_globals
from hydra.utils import instantiate
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mt3.alignment import Registrar
from mt3.alignment.evidence import ViewEvidence
from mt3.alignment.residuals import CLASS, OBJECT
from mt3.geometry import SE3, yaw_of
from mt3.perception import RGBD, ObjectView
from sim.mesh import TriangleMesh
from sim.objects import instance
from sim.snapshots import SnapshotStudio

SHAPES = ("hammer", "pan")  # no yaw of these looks like another
TABLE_W = np.array([0.5, 0.0, 0.0])
POSITION_M, ANGLE_RAD = 0.01, np.deg2rad(5.0)  # what counts as accurate

yaws = st.floats(-np.pi, np.pi)
poses = st.builds(
    lambda x, y, yaw: SE3.from_yaw(yaw, (x, y, 0.0)),
    st.floats(0.4, 0.6),
    st.floats(-0.2, 0.2),
    yaws,
)
planar = st.builds(
    lambda x, y, yaw: SE3.from_yaw(yaw, (x, y, 0.0)), st.floats(-1, 1), st.floats(-1, 1), yaws
)
few = settings(max_examples=4, phases=(Phase.explicit, Phase.generate))  # shrinking takes minutes


@pytest.fixture(scope="module")
def look():
    """Pictures of the first of some objects, with the errors of camera and mask of a seed."""
    return camera_at(SE3.identity())


@pytest.fixture(scope="module")
def look_from_aside():
    """The same from beside the table."""
    return camera_at(
        SE3.from_translation(TABLE_W) @ SE3.from_yaw(np.pi / 2) @ SE3.from_translation(-TABLE_W)
    )


def camera_at(M):
    """A camera moved in W from where it usually is."""
    setup_globals()
    with initialize_config_module("mt3.configs", version_base=None):
        cfg = compose("run", overrides=["task=pick up the mug"])
    spec = instantiate(cfg.scene.camera, _convert_="all")
    spec = replace(spec, T_WC=M @ spec.T_WC)
    studio = SnapshotStudio(spec, cfg.segmenter.max_offset_px, cfg.segmenter.boundary_noise_px)

    def take(category, T_WO, seed, *others, instance_seed=0, size_m=None):
        model = instance(category, instance_seed)
        placed = [(model if size_m is None else resized(model, size_m), T_WO)]
        placed += [(instance(name, 0), T) for name, T in others]
        return studio.take(placed, np.random.default_rng(seed))

    return take


def resized(model, size_m):
    """The same with the given lengths along x, y and z."""
    vertices = model.mesh.vertices
    scale = np.array(size_m) / (vertices.max(axis=0) - vertices.min(axis=0))
    return replace(model, mesh=TriangleMesh(vertices * scale, model.mesh.faces))


def seen_from(view, T_WC, depth_m=None) -> ObjectView:
    """The same picture, believed to be taken from elsewhere, or with other depth."""
    rgbd = view.rgbd
    depth_m = rgbd.depth_m if depth_m is None else depth_m
    return ObjectView(RGBD(rgbd.color, depth_m, rgbd.intrinsics, T_WC, 0.0, "front"), view.mask)


def alike(a: SE3, b: SE3, view) -> bool:
    """Whether two motions take what was seen to the same place."""
    p_W = view.points_W().mean(axis=0)
    near = np.linalg.norm(a @ p_W - b @ p_W) < POSITION_M
    return bool(near and a.angle_to_rad(b) < ANGLE_RAD)


@few
@given(st.sampled_from(SHAPES), poses, poses)
def test_exchanged_views_give_the_inverse_motion(look, category, T_WO_demo, T_WO_live):
    demo, live = look(category, T_WO_demo, 1), look(category, T_WO_live, 2)
    there, back = Registrar().register(demo, live), Registrar().register(live, demo)
    if there.trusted and back.trusted:
        assert alike(there.D_W, back.D_W.inverse(), demo)


@few
@given(st.sampled_from(SHAPES), poses, poses, planar)
def test_a_moved_world_moves_the_answer_with_it(look, category, T_WO_demo, T_WO_live, M):
    demo, live = look(category, T_WO_demo, 1), look(category, T_WO_live, 2)
    here = Registrar().register(demo, live)
    there = Registrar().register(
        seen_from(demo, M @ demo.rgbd.T_WC), seen_from(live, M @ live.rgbd.T_WC)
    )
    if here.trusted and there.trusted:
        assert alike(M.inverse() @ there.D_W @ M, here.D_W, demo)


@few
@given(st.sampled_from(SHAPES), poses, yaws)
def test_an_object_far_away_changes_nothing(look, category, T_WO, yaw):
    away = SE3.from_yaw(yaw, (T_WO.t[0], -0.42 if T_WO.t[1] > 0 else 0.42, 0.0))
    demo = look(category, SE3.from_yaw(0.5, (0.5, 0.0, 0.0)), 1)
    alone = Registrar().register(demo, look(category, T_WO, 2))
    beside = Registrar().register(demo, look(category, T_WO, 2, ("can", away)))
    if alone.trusted and beside.trusted:
        assert alike(alone.D_W, beside.D_W, demo)


def test_clear_pairs_are_trusted_and_right(look):
    """The properties above speak only of trusted answers, so there must be such."""
    T_WO = SE3.from_yaw(0.4, (0.5, -0.1, 0.0))
    for category in SHAPES:
        demo = look(category, T_WO, 1)
        for yaw in np.deg2rad([30.0, 110.0, 190.0, 280.0]):  # starts on all sides of the circle
            T_WO_live = SE3.from_yaw(yaw + 0.4, (0.6, 0.1, 0.0))
            D_W = T_WO_live @ T_WO.inverse()
            result = Registrar().register(demo, look(category, T_WO_live, 2))
            assert result.trusted, (category, yaw, result.reason)
            assert alike(result.D_W, D_W, demo), (category, yaw)


@pytest.mark.parametrize("yaw_deg", [140.0, 180.0])
def test_a_second_camera_makes_it_surer(look, look_from_aside, yaw_deg):
    """With the handle on the far side one view leaves little margin; evidence of two adds up."""
    shown = SE3.from_yaw(0.0, (0.5, -0.1, 0.0))
    now = SE3.from_yaw(np.deg2rad(yaw_deg), (0.5, 0.1, 0.0))
    demo, live = look("mug", shown, 1), [look("mug", now, 2), look_from_aside("mug", now, 3)]
    alone, both = (Registrar().register(demo, views) for views in (live[0], live))
    assert both.margin > 2.0 * alone.margin
    assert both.probability > alone.probability
    assert both.trusted, both.reason
    assert alike(both.D_W, now @ shown.inverse(), demo)


@few
@given(st.sampled_from(SHAPES), poses, st.floats(-np.pi, np.pi), st.floats(2.0, 8.0))
def test_a_tipped_object_is_followed_on_request(look, category, T_WO, direction, tip_deg):
    """Six freedoms: an object that leans on something, as a camera sees it that leans itself."""
    demo, upright = look(category, T_WO, 1), look(category, T_WO @ SE3.from_yaw(0.4), 2)
    p_W = upright.points_W().mean(axis=0)
    axis = np.deg2rad(tip_deg) * np.array([np.cos(direction), np.sin(direction), 0.0])
    tip = SE3.from_twist(np.concatenate([np.zeros(3), axis]))
    tip = SE3.from_translation(p_W) @ tip @ SE3.from_translation(-p_W)
    live = seen_from(upright, tip @ upright.rgbd.T_WC)
    truth = tip @ T_WO @ SE3.from_yaw(0.4) @ T_WO.inverse()
    found = Registrar(support_margin_m=0.01, may_tip=True).register(demo, live)
    if found.trusted:
        assert alike(found.D_W, truth, demo)


@few
@given(yaws)
def test_a_round_object_may_be_turned_at_will(look, yaw):
    demo = look("can", SE3.from_translation((0.45, -0.1, 0.0)), 1)
    result = Registrar().register(demo, look("can", SE3.from_yaw(yaw, (0.55, 0.1, 0.0)), 2))
    assert result.symmetry == "full"
    assert result.trusted, result.reason
    axis_W, turned_W = np.array([0.45, -0.1, 0.0]), np.array([0.55, 0.1, 0.0])
    assert len(result.equivalent_motions) > 4
    assert result.equivalent_motions[0] is result.D_W
    for D_W in result.equivalent_motions:
        assert np.linalg.norm((D_W @ axis_W - turned_W)[:2]) < 0.01
    turns_rad = sorted(yaw_of(D_W) for D_W in result.equivalent_motions)
    assert np.diff(turns_rad).max() < np.deg2rad(30.0)  # all around
    assert np.diff(turns_rad).min() > 0.0


def test_a_box_looks_the_same_from_its_other_side(look):
    T_WO = SE3.from_yaw(0.5, (0.5, 0.0, 0.0))
    result = Registrar().register(look("box", T_WO, 1), look("box", T_WO, 2))
    assert result.symmetry == "n-fold"
    turns = [D_W.angle_to_rad(result.D_W) for D_W in result.equivalent_motions]
    assert turns[0] == 0.0
    assert max(turns) == pytest.approx(np.pi, abs=np.deg2rad(5.0))


@pytest.mark.parametrize("height_m", [0.06, 0.12])
def test_a_cube_is_not_round(look, height_m):
    """Turned by any angle it was let turn on to its next face, so it looked round."""
    size_m, there = (0.06, 0.06, height_m), SE3.from_yaw(0.9, (0.6, 0.1, 0.0))
    demo = look("box", SE3.from_yaw(0.3, (0.5, -0.1, 0.0)), 1, size_m=size_m)
    result = Registrar().register(demo, look("box", there, 2, size_m=size_m))
    assert result.trusted, result.reason
    assert result.symmetry != "full"
    for D_W in result.equivalent_motions:
        off_rad = (yaw_of(D_W) - 0.6 + np.pi / 4) % (np.pi / 2) - np.pi / 4
        assert abs(off_rad) < np.deg2rad(3.0)


def test_a_bar_cut_at_both_ends_may_have_slid(look):
    """It was trusted 40 mm off: nothing that was seen says how far it moved along itself."""
    size_m = (0.05, 1.6, 0.05)
    demo = look("box", SE3.from_translation((0.5, 0.0, 0.0)), 1, size_m=size_m)
    live = look("box", SE3.from_translation((0.5, 0.05, 0.0)), 2, size_m=size_m)
    result = Registrar().register(demo, live)
    assert not result.trusted
    assert "keeps it from sliding" in result.reason


def test_what_lies_below_the_table_does_not_matter(look):
    demo = look("pan", SE3.from_yaw(0.5, (0.5, 0.0, 0.0)), 1)
    live = look("pan", SE3.from_yaw(1.5, (0.5, 0.1, 0.0)), 2)
    rgbd = live.rgbd
    depth_m, height, width = rgbd.depth_m.copy(), *rgbd.depth_m.shape
    p_W = rgbd.T_WC @ rgbd.intrinsics.deproject(
        *np.meshgrid(np.arange(width), np.arange(height)), depth_m
    )
    rows, columns = np.nonzero(live.mask)
    beside = np.zeros_like(live.mask)
    beside[rows.max() + 12 : rows.max() + 40, columns.min() : columns.max()] = True
    hole = beside & (depth_m > 0) & (np.abs(p_W[..., 2]) < 0.01)
    assert hole.sum() > 100
    depth_m[hole] += 0.3
    before = Registrar().register(demo, live)
    after = Registrar().register(demo, seen_from(live, rgbd.T_WC, depth_m))
    assert np.array_equal(before.D_W.matrix, after.D_W.matrix)
    assert before.describe() == after.describe()


def test_a_handle_stays_part_of_its_mug(look):
    """It was taken for a neighbour's piece where its own edges cut it off, and the yaw was lost."""
    for yaw in np.deg2rad(np.arange(0.0, 360.0, 15.0)):
        view = look("mug", SE3.from_yaw(yaw, (0.5, 0.0, 0.0)), 3)
        evidence = ViewEvidence.from_view(view, 0.0, 0.004)
        high = view.points_W()[:, 2] > 0.004
        kept = (evidence.maps[:, CLASS] == OBJECT).sum() / high.sum()
        assert kept > 0.95, (yaw, kept)  # the rest are flying pixels


@pytest.mark.parametrize(("category", "seeds"), [("can", (1, 5)), ("bottle", (2, 8))])
def test_round_things_of_two_sizes_are_laid_axis_on_axis(look, category, seeds):
    """Another can was refused in 6 of 10 scenes: the modes of two sizes share no axis."""
    demo_pose, live_pose = SE3.from_yaw(0.4, (0.5, -0.1, 0.0)), SE3.from_yaw(2.0, (0.6, 0.1, 0.0))
    demo = look(category, demo_pose, 1, instance_seed=seeds[0])
    result = Registrar().register(demo, look(category, live_pose, 2, instance_seed=seeds[1]))
    assert result.symmetry == "full"
    assert result.trusted, result.reason
    for D_W in result.equivalent_motions:
        assert np.linalg.norm((D_W @ demo_pose.t - live_pose.t)[:2]) < 0.008
