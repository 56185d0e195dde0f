"""Masks by colour, from a file and from a model that is not ours; and how they are configured."""

from importlib.metadata import EntryPoint
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from mt3.errors import ConfigurationError, SegmentationError
from mt3.execution import segmenters
from mt3.geometry import SE3
from mt3.perception import CandidateSegmenter, model_segmenter
from mt3.perception.cluster_segmenter import ClusterSegmenter
from mt3.perception.clusters import ClusterRules
from mt3.perception.grabcut_segmenter import GrabCutSegmenter
from mt3.perception.mask_file import MaskFileSegmenter
from mt3.perception.model_segmenter import ModelSegmenter
from mt3.perception.pointing import Pointing

BALLS = (((0.5, -0.12, 0.05), 0.05), ((0.5, 0.12, 0.05), 0.05))
TOUCHING = (((0.5, -0.04, 0.0), (0.56, 0.0, 0.06)), ((0.5, 0.0, 0.0), (0.56, 0.1, 0.06)))


def iou(a, b):
    return float((a & b).sum() / (a | b).sum())


@pytest.fixture(scope="module")
def scene(tabletop):
    return tabletop(640, 480).see(BALLS, noise_m=0.0015)


def click_on(mask):
    v, u = np.nonzero(mask)
    return [int(np.median(u)), int(np.median(v))]


# GrabCut


@pytest.mark.parametrize("label", [1, 2])
def test_grabcut_finds_the_outline_in_colour(scene, label):
    rgbd, labels = scene
    for pointing in (
        Pointing(click=click_on(labels == label)),
        Pointing(box=_box(labels == label)),
    ):
        clusters = ClusterSegmenter(pointing=pointing)
        by_depth, by_color = (
            iou(one.segment(rgbd, "ball"), labels == label)
            for one in (clusters, GrabCutSegmenter(clusters))
        )
        assert by_color > max(by_depth, 0.97)


def _box(mask, margin=8):
    v, u = np.nonzero(mask)
    corners = u.min() - margin, v.min() - margin, u.max() + margin, v.max() + margin
    return [int(k) for k in corners]


def test_a_box_takes_things_that_touch_apart_by_their_colours(tabletop):
    rgbd, labels = tabletop(640, 480).see(boxes=TOUCHING, noise_m=0.0015)
    assert len(ClusterSegmenter().clusters(rgbd)) == 1
    clusters = ClusterSegmenter(pointing=Pointing(box=_box(labels == 1, 2)))
    assert iou(GrabCutSegmenter(clusters).segment(rgbd, "box"), labels == 1) > 0.9


def test_a_box_that_holds_a_thing_and_parts_of_a_larger_one_means_the_thing(tabletop):
    """More of the larger one was inside, and it was taken."""
    ball, block = ((0.5, -0.1, 0.03), 0.03), ((0.4, -0.02, 0.0), (0.65, 0.2, 0.05))
    rgbd, labels = tabletop(640, 480).see([ball], [block], noise_m=0.0015)
    u0, v0, u1, v1 = _box(labels == 1, 20)
    box = [u0, v0 - 60, u1 + 70, v1 + 60]
    clusters = ClusterSegmenter(pointing=Pointing(box=box))
    inside = clusters.pointing.box_mask(labels.shape)
    assert (inside & (labels == 2)).sum() > (labels == 1).sum()
    assert iou(GrabCutSegmenter(clusters).segment(rgbd, "ball"), labels == 1) > 0.9


def test_grabcut_gives_the_same_mask_every_time(scene):
    rgbd, labels = scene
    segmenter = GrabCutSegmenter(ClusterSegmenter(pointing=Pointing(click=click_on(labels == 1))))
    first = segmenter.segment(rgbd, "ball")
    cv2.setRNGSeed(1234)
    assert (segmenter.segment(rgbd, "ball") == first).all()


def test_grabcut_needs_to_know_what_is_meant(scene):
    with pytest.raises(SegmentationError, match="2 candidates"):
        GrabCutSegmenter(ClusterSegmenter()).segment(scene[0], "ball")
    whole = ClusterSegmenter(pointing=Pointing(box=[0, 0, 639, 479]))
    with pytest.raises(SegmentationError, match="2 candidates"):
        GrabCutSegmenter(whole).segment(scene[0], "ball")
    empty = ClusterSegmenter(pointing=Pointing(box=[0, 0, 30, 30]))
    with pytest.raises(SegmentationError, match="0 candidates"):
        GrabCutSegmenter(empty).segment(scene[0], "ball")


@pytest.mark.parametrize("rounds", [0, 21, 1.5, True])
def test_the_rounds_of_grabcut_are_bounded(rounds):
    with pytest.raises(ConfigurationError, match="rounds"):
        GrabCutSegmenter(ClusterSegmenter(), rounds)


# a mask file


def write(path, array):
    if path.suffix == ".npy":
        np.save(path, array)
    else:
        cv2.imwrite(str(path), array)
    return path


@pytest.mark.parametrize(
    ("name", "as_stored"),
    [
        ("mask.npy", lambda mask: mask),
        ("mask.npy", lambda mask: 3 * mask.astype(np.int64)),
        ("mask.png", lambda mask: 255 * mask.astype(np.uint8)),
        ("mask.png", lambda mask: np.repeat(255 * mask.astype(np.uint8)[..., None], 3, axis=2)),
        ("mask.png", lambda mask: mask.astype(np.uint16)),
    ],
)
def test_a_mask_file_is_read_as_it_is(scene, tmp_path, name, as_stored):
    rgbd, labels = scene
    path = write(tmp_path / name, as_stored(labels == 1))
    segmenter = MaskFileSegmenter(path)
    assert (segmenter.segment(rgbd, "whatever") == (labels == 1)).all()
    assert segmenter.name == f"mask file {name}"


def test_of_several_labels_one_has_to_be_chosen(scene, tmp_path):
    rgbd, labels = scene
    path = write(tmp_path / "labels.png", labels.astype(np.uint8))
    with pytest.raises(SegmentationError, match=r"2 labels \(1, 2\).*segmenter.label=N"):
        MaskFileSegmenter(path).segment(rgbd, "ball")
    assert (MaskFileSegmenter(path, label=2).segment(rgbd, "ball") == (labels == 2)).all()
    with pytest.raises(SegmentationError, match="got 1, 2, expected label 7"):
        MaskFileSegmenter(path, label=7).segment(rgbd, "ball")


@pytest.mark.parametrize(
    ("name", "array", "said"),
    [
        ("small.png", np.ones((4, 4), np.uint8), r"shape \(4, 4\), expected \(480, 640\)"),
        ("empty.png", np.zeros((480, 640), np.uint8), "nothing but 0"),
        ("float.npy", np.ones((480, 640)), "float64"),
        ("color.png", np.tile(np.arange(3, dtype=np.uint8), (480, 640, 1)), "one channel"),
        ("object.npy", np.array([{}], dtype=object), "no readable npy"),
    ],
)
def test_a_file_that_holds_no_mask_is_refused(scene, tmp_path, name, array, said):
    path = write(tmp_path / name, array)
    with pytest.raises(SegmentationError, match=said) as error:
        MaskFileSegmenter(path).segment(scene[0], "ball")
    assert str(path) in str(error.value)


def test_a_missing_or_damaged_file_is_refused(scene, tmp_path):
    with pytest.raises(SegmentationError, match="no such file"):
        MaskFileSegmenter(tmp_path / "none.png").segment(scene[0], "ball")
    with pytest.raises(SegmentationError, match=r"expected a \.png or \.npy"):
        MaskFileSegmenter(tmp_path / "mask.jpg").segment(scene[0], "ball")
    for name in ("broken.png", "broken.npy"):
        (tmp_path / name).write_bytes(b"not what it says")
        with pytest.raises(SegmentationError, match="no readable"):
            MaskFileSegmenter(tmp_path / name).segment(scene[0], "ball")


# an external model


def model(answer):
    return ModelSegmenter(lambda color, prompt: answer, "fake")


def test_a_model_gets_the_picture_and_the_words(scene):
    rgbd, labels = scene
    asked = []

    def ask(color, prompt):
        asked.append((color.shape, color.dtype, prompt))
        color[:] = 0  # its own copy
        return labels == 1

    assert (ModelSegmenter(ask, "m").segment(rgbd, "red ball") == (labels == 1)).all()
    ModelSegmenter(ask, "m", prompt="a ball").segment(rgbd, "red ball")
    assert asked == [((480, 640, 3), np.uint8, "red ball"), ((480, 640, 3), np.uint8, "a ball")]
    assert rgbd.color.any()


def test_masks_of_a_model_may_be_bool_or_bytes_alone_or_stacked(scene):
    rgbd, labels = scene
    mask = labels == 1
    speck = mask.copy()
    speck[5, 5] = True
    for answer in (mask, 255 * mask.astype(np.uint8), mask[None], [mask], speck):
        assert (model(answer).segment(rgbd, "ball") == mask).all()


@pytest.mark.parametrize("stacked", [True, False])
def test_several_instances_are_named_and_refused(scene, stacked):
    rgbd, labels = scene
    answer = [labels == 1, labels == 2] if stacked else labels > 0
    with pytest.raises(SegmentationError, match=r"2 instances of 'ball': .*\[\d+,\d+\]; .*one"):
        model(answer).segment(rgbd, "ball")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "got object"),
        (np.zeros((480, 640), bool), "got 0 instances.*nothing"),
        (np.zeros((0, 480, 640), bool), "got 0 instances"),
        (np.ones((48, 64), bool), r"bool \(1, 48, 64\)"),
        (np.ones((480, 640)), "float64"),
        (np.arange(480 * 640).reshape(480, 640), "values"),
        ([np.ones((2, 2)), np.ones((3, 3))], "several sizes"),
        ("a mask", "got <U6"),
    ],
)
def test_an_answer_that_is_no_mask_is_refused(scene, answer, said):
    with pytest.raises(SegmentationError, match=f"model fake: .*{said}"):
        model(answer).segment(scene[0], "ball")


def test_a_model_that_fails_is_a_segmentation_that_failed(scene):
    def fail(color, prompt):
        raise RuntimeError("out of memory")

    with pytest.raises(SegmentationError, match="'ball': RuntimeError: out of memory"):
        ModelSegmenter(fail, "fake").segment(scene[0], "ball")


def some_model(color, prompt):
    return np.ones(color.shape[:2], bool)


def test_a_model_is_named_by_module_or_entry_point(scene, monkeypatch):
    point = EntryPoint("sam", f"{__name__}:some_model", "mt3.segmenters")
    monkeypatch.setattr(EntryPoint, "load", lambda self: some_model)
    monkeypatch.setattr(model_segmenter, "entry_points", lambda group: [point])
    segmenter = ModelSegmenter.named("sam")
    assert segmenter.name == "model sam"
    assert segmenter.segment(scene[0], "ball").all()
    assert ModelSegmenter.named("numpy:zeros").name == "model numpy:zeros"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("nothing", "expected module:function or one of the installed"),
        ("no_such_module:f", "no_such_module"),
        ("numpy:no_such_function", "no_such_function"),
        ("numpy:pi", "no function"),
        (":f", "':f'"),
    ],
)
def test_a_model_that_is_not_there_is_refused(reference, said):
    with pytest.raises(ConfigurationError, match=said):
        ModelSegmenter.named(reference)


# as configurations build them


def test_the_robot_in_view_is_no_candidate(scene):
    """Its pixels come from the scene's joints at that moment."""
    rgbd, labels = scene
    right = SE3.identity() @ rgbd.points_W(labels == 2).mean(axis=0)
    model = SimpleNamespace(
        contains=lambda joints, p_B, margin: np.linalg.norm(p_B - joints, axis=1) < 0.1 + margin
    )
    arm = SimpleNamespace(state=lambda: SimpleNamespace(joints=right))
    workplace = SimpleNamespace(arm=arm, T_WB=SE3.identity())
    clusters = segmenters.build_cluster_segmenter(workplace, model, 0.0, None, None, ClusterRules())
    assert iou(clusters.segment(rgbd, "ball"), labels == 1) > 0.8
    assert isinstance(clusters, CandidateSegmenter)


def test_the_names_say_what_was_pointed_at():
    assert ClusterSegmenter().name == "clusters"
    clicked = ClusterSegmenter(pointing=Pointing(click=[3, 4]))
    assert GrabCutSegmenter(clicked).name == "grabcut of clusters, click [3, 4]"
    assert not isinstance(GrabCutSegmenter(clicked), CandidateSegmenter)
