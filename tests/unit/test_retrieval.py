"""Words narrow, shape ranks; what does not fit is an error that names what would."""

import numpy as np
import pytest

from mt3.demonstration import DemoSummary
from mt3.errors import DemoFormatError, NoMatchError
from mt3.geometry import SE3
from mt3.perception import RGBD, Intrinsics, ObjectView
from mt3.retrieval import CylinderEncoder, DemoIndex, WordMatcher
from mt3.task import TaskDescription


def view_of_box(height_m):
    """A camera straight above, 1 m over the table, sees a box's top."""
    mask = np.zeros((40, 40), bool)
    mask[12:28, 12:28] = True
    rgbd = RGBD(
        color=np.zeros((40, 40, 3), np.uint8),
        depth_m=np.where(mask, 1.0 - height_m * np.linspace(0.0, 1.0, 40), 1.0),
        intrinsics=Intrinsics(200.0, 200.0, 19.5, 19.5, 40, 40),
        T_WC=SE3.from_quat_xyzw([1.0, 0.0, 0.0, 0.0], [0.5, 0.0, 1.0]),
        t_s=0.0,
        camera="front",
    )
    return ObjectView(rgbd, mask)


class Recorded:
    """The part of a demonstration that retrieval reads."""

    def __init__(self, view):
        self.view = view


class Shelf:
    """A source in memory: task texts with the heights of their objects, NaN for a damaged one."""

    def __init__(self, **demos):
        self.demos = demos
        self.versions = dict.fromkeys(demos, 0)
        self.loads = []

    def summaries(self):
        return [
            DemoSummary(demo_id, f"{demo_id}-{self.versions[demo_id]}", TaskDescription.parse(text))
            for demo_id, (text, _) in self.demos.items()
        ]

    def load(self, demo_id):
        self.loads.append(demo_id)
        height_m = self.demos[demo_id][1]
        if np.isnan(height_m):
            raise DemoFormatError(f"{demo_id}: sha256 differs")
        return Recorded(view_of_box(height_m))


def index_of(shelf):
    return DemoIndex(shelf, CylinderEncoder(), WordMatcher())


def narrowed(text, *texts):
    """Texts of the demonstrations that fit a task."""
    shelf = Shelf(**{f"d{k}": (known, 0.1) for k, known in enumerate(texts)})
    try:
        matches = index_of(shelf).narrow(TaskDescription.parse(text))
    except NoMatchError:
        return []
    return [match.summary.task.text for match in matches]


def test_opposite_verbs_never_match():
    assert narrowed("open the drawer", "close the drawer") == []
    assert narrowed("turn on the lamp", "turn off the lamp") == []


def test_adjectives_do_not_exclude_but_score():
    texts = ("pick up the blue mug", "pick up the red mug", "pick up the pan")
    assert narrowed("pick up the red mug", *texts) == list(texts[:2])
    shelf = Shelf(blue=(texts[0], 0.1), red=(texts[1], 0.1))
    ranking = index_of(shelf).query(TaskDescription.parse("grab the red mug"), view_of_box(0.1))
    assert [c.summary.demo_id for c in ranking.candidates] == ["red", "blue"]


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        ("pick up the cup", "pick up the mug"),
        ("pick up the mugs", "pick up the mug"),
        ("pick up the cup of tea", "pick up the mug"),
        ("pick up the hamer", "pick up the hammer"),
        ("pick up the mug from the table", "pick up the mug"),
        ("pick up the mug", "pick_up_mug_from_table_001"),
        ("pick up the mug from the shelf", "pick up the mug from the drawer"),
        ("put the tin on the tray", "place_can_on_tray_001"),
    ],
)
def test_other_words_for_the_same(asked, known):
    assert narrowed(asked, known) == [known]


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        ("pick up the pen", "pick up the pan"),
        ("pick up the mug", "push the mug"),
        ("pick up the mug from the shelf", "pick up the mug"),
        ("place the can on the tray", "place the mug on the tray"),
        ("place the can on the tray", "place the can on the plate"),
        ("place the can on the tray", "place the can in the tray"),
    ],
)
def test_not_the_same(asked, known):
    assert narrowed(asked, known) == []


def test_spelling_is_only_compared_for_words_the_library_does_not_know():
    texts = ("pick up the bottle", "pick up the bottles", "pick up the battle")
    assert narrowed("pick up the bottle", *texts) == list(texts[:2])


def test_shape_ranks_what_the_words_leave():
    shelf = Shelf(
        low=("pick up the box", 0.02),
        tall=("pick up the box", 0.2),
        other=("push the box", 0.1),
        middle=("pick up the box", 0.1),
    )
    ranking = index_of(shelf).query(TaskDescription.parse("grab the box"), view_of_box(0.19))
    assert ranking.best.summary.demo_id == "tall"
    assert [c.summary.demo_id for c in ranking.candidates] == ["tall", "middle", "low"]
    scores = [c.score for c in ranking.candidates]
    assert scores == sorted(scores, reverse=True)


def test_no_match_lists_the_nearest_tasks_first():
    shelf = Shelf(
        a=("push the box", 0.1), b=("pick up the pan", 0.1), c=("pick up the hammer", 0.1)
    )
    with pytest.raises(NoMatchError, match="pick up the pan") as caught:
        index_of(shelf).query(TaskDescription.parse("pick up the pen"), view_of_box(0.1))
    assert caught.value.nearest == ("pick up the pan", "pick up the hammer", "push the box")
    assert shelf.loads == []


def test_an_empty_library_says_so():
    with pytest.raises(NoMatchError, match="the library is empty"):
        index_of(Shelf()).narrow(TaskDescription.parse("push the box"))


def test_damaged_demonstrations_are_listed_and_skipped():
    shelf = Shelf(bad=("push the box", np.nan), good=("push the box", 0.1))
    ranking = index_of(shelf).query(TaskDescription.parse("push the box"), view_of_box(0.1))
    assert ranking.best.summary.demo_id == "good"
    assert ranking.skipped == (("bad", "bad: sha256 differs"),)


def test_nothing_but_damaged_demonstrations_is_no_match():
    """The message began with the id twice."""
    shelf = Shelf(bad=("push the box", np.nan))
    with pytest.raises(NoMatchError, match="is damaged: bad: sha256 differs"):
        index_of(shelf).query(TaskDescription.parse("push the box"), view_of_box(0.1))


def test_nothing_but_damaged_demonstrations_is_known_before_anything_moves():
    index = index_of(Shelf(bad=("push the box", np.nan)))
    with pytest.raises(NoMatchError, match="sha256 differs"):
        index.prepare(TaskDescription.parse("push the box"))


def test_what_was_prepared_is_not_read_again():
    shelf = Shelf(a=("push the box", 0.02), b=("push the box", 0.1))
    index, task = index_of(shelf), TaskDescription.parse("push the box")
    index.prepare(task)
    index.query(task, view_of_box(0.2))
    assert shelf.loads == ["a", "b"]


def test_a_demonstration_is_encoded_again_only_when_its_content_changed():
    shelf = Shelf(a=("push the box", 0.02), b=("push the box", 0.1))
    index, task = index_of(shelf), TaskDescription.parse("push the box")
    for _ in range(2):
        assert index.query(task, view_of_box(0.2)).best.summary.demo_id == "b"
    assert shelf.loads == ["a", "b"]
    shelf.demos["a"], shelf.versions["a"] = ("push the box", 0.2), 1
    assert index.query(task, view_of_box(0.2)).best.summary.demo_id == "a"
    assert shelf.loads == ["a", "b", "a"]
