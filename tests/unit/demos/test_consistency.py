"""Demonstrations of one task held against each other; the views are those of the golden pair."""

import json
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from demos.cli.demos import run
from demos.consistency import (
    ConsistencyRules,
    PairAgreement,
    TaskConsistency,
    check_consistency,
    find_culprits,
)
from demos.library import DemoLibrary
from demos.manifest import write_manifest
from demos.recording import StoredView
from demos.storage import write_recording
from mt3.alignment import Registrar
from mt3.demonstration import Demonstration
from mt3.geometry import SE3
from mt3.perception import RGBD, ObjectView
from mt3.task import TaskDescription

MUG = TaskDescription.parse("pick up the hammer")
GRASP = SE3.from_rotation_translation(np.diag([1.0, -1.0, -1.0]), (0.50, -0.08, 0.15))
# The whole workplace, seen again from elsewhere: table height and all distances stay.
ELSEWHERE = (SE3.from_yaw(0.0), SE3.from_yaw(1.9, (0.1, -0.3, 0.0)), SE3.from_yaw(-0.7))


def _moved(view, D_W):
    rgbd = view.rgbd
    fields = (rgbd.color, rgbd.depth_m, rgbd.intrinsics, D_W @ rgbd.T_WC, rgbd.t_s, rgbd.camera)
    return ObjectView(RGBD(*fields), view.mask)


def _demo(template, number, view, T_WE):
    t_s = np.arange(12) / 10.0
    return replace(
        template,
        demo_id=f"pick_up-hammer-{number}",
        views=(view,),
        t_s=t_s,
        T_WE=np.tile(T_WE.matrix, (12, 1, 1)),
        opening=np.ones(12),
        command=np.ones(12),
        bottleneck_index=0,
    )


@pytest.fixture(scope="module")
def demos(template, golden_pair) -> list[Demonstration]:
    """Five of the same hammer, the fifth with the gripper turned by half a turn."""
    base = template.load("pick_up-mug-1")
    places = [(golden_pair.demo, GRASP, G) for G in ELSEWHERE]
    places += [(golden_pair.live, golden_pair.truth @ GRASP, G) for G in ELSEWHERE[:2]]
    made = [
        _demo(base, number, _moved(view, G), G @ T_WE)
        for number, (view, T_WE, G) in enumerate(places, start=1)
    ]
    half_turn = SE3.from_rotation_translation(np.diag([-1.0, -1.0, 1.0]), (0.0, 0.0, 0.0))
    made[4] = replace(made[4], T_WE=made[4].T_WE @ half_turn.matrix)
    return made


@pytest.fixture(scope="module")
def registrar():
    return Registrar()


def _stale_camera(demo):
    return replace(demo, views=(_moved(demo.view, SE3.from_yaw(0.1, (0.05, 0.03, 0.0))),))


def _wrong_bottleneck(demo):
    return replace(demo, T_WE=SE3.from_translation((0.0, 0.0, 0.06)).matrix @ demo.T_WE)


def _other_tool(demo):
    return replace(demo, T_WE=demo.T_WE @ SE3.from_translation((0.0, 0.018, 0.024)).matrix)


def _turned_tool(demo):
    return replace(demo, T_WE=demo.T_WE @ SE3.from_yaw(np.pi / 4).matrix)


def test_demonstrations_that_agree_name_nobody(demos, registrar):
    found = check_consistency(demos, registrar, ConsistencyRules())
    assert len(found.pairs) == 20
    assert found.untrusted == ()
    assert found.culprits == ()
    assert "consistent: all 20" in found.verdict()
    assert max(pair.position_m for pair in found.pairs) < 0.005
    assert max(pair.angle_rad for pair in found.pairs) < np.deg2rad(2.0)


@pytest.mark.parametrize("plant", [_stale_camera, _wrong_bottleneck, _other_tool, _turned_tool])
def test_the_one_that_is_wrong_is_named(demos, registrar, plant):
    planted = [*demos[:2], plant(demos[3])]
    found = check_consistency(planted, registrar, ConsistencyRules())
    assert found.culprits == ("pick_up-hammer-4",)
    assert "without pick_up-hammer-4" in found.verdict()
    first, _, wrong = found.medians()
    assert (first.disagreeing, first.pairs) == (2, 4)
    assert (wrong.disagreeing, wrong.pairs) == (4, 4)


def test_what_counts_as_disagreement_is_a_setting(demos, registrar):
    rules = ConsistencyRules(max_position_m=0.1)
    found = check_consistency([demos[0], _other_tool(demos[1])], registrar, rules)
    assert found.disagreeing == ()


def test_of_two_nobody_is_blamed(demos, registrar):
    found = check_consistency([demos[0], _other_tool(demos[3])], registrar, ConsistencyRules())
    assert len(found.disagreeing) == 2
    assert found.culprits == ()
    assert "nobody can say which" in found.verdict()


def test_one_alone_is_not_compared(demos, registrar):
    found = check_consistency(demos[:1], registrar, ConsistencyRules())
    assert found.pairs == ()
    assert "nothing to compare" in found.verdict()


def test_pairs_that_cannot_be_registered_do_not_count(demos, registrar):
    view = demos[2].view
    below = replace(demos[2], views=(_moved(view, SE3.from_translation((0.0, 0.0, -0.3))),))
    found = check_consistency([demos[0], demos[1], below], registrar, ConsistencyRules())
    assert len(found.untrusted) == 4
    assert all(pair.reason for pair in found.untrusted)
    assert found.culprits == ()
    assert found.medians()[2].pairs == 0
    assert "all 2 trusted pairs agree" in found.verdict()


def _pairs(names, disagree):
    """Every ordered pair; those of ``disagree``, as two-letter words, disagree both ways."""
    return [
        PairAgreement(a, b, True, "", 0.1 if bad else 0.0, 0.0, not bad)
        for a, b in permutations(names, 2)
        for bad in [a + b in disagree or b + a in disagree]
    ]


@pytest.mark.parametrize(
    ("disagree", "culprits"),
    [
        (["ab", "ac", "ad", "ae"], ("a",)),
        (["ab", "ac", "ad", "ae", "bc", "bd", "be"], ("a", "b")),
        (["ab"], ()),  # either may be wrong, and all others agree with both
        (["ac", "ad", "ae", "bc", "bd", "be"], ("a", "b")),  # two styles: the rarer one
        (["ab", "ac", "ad", "ae", "bc", "bd", "be", "cd", "ce", "de"], ()),
        ([], ()),
    ],
)
def test_culprits_are_the_few_without_which_the_rest_agrees(disagree, culprits):
    assert tuple(sorted(find_culprits("abcde", _pairs("abcde", disagree)))) == culprits


def test_two_against_two_is_a_draw():
    pairs = _pairs("abcd", ["ac", "ad", "bc", "bd"])
    assert find_culprits("abcd", pairs) == ()
    assert "no likely culprit" in TaskConsistency(tuple("abcd"), tuple(pairs), ()).verdict()


@pytest.fixture
def stored(recorded, demos):
    """A library with three hammers on disk, the last with another tool; and one mug."""
    recorded.remove("pick_up-mug-2")
    mug, _ = recorded.read("pick_up-mug-1")
    for demo in (demos[0], demos[1], _other_tool(demos[3])):
        T_WE = np.tile(demo.T_WE_bottleneck.matrix, (len(mug.samples.t_s), 1, 1))
        T_BE = mug.header.T_WB.inverse().matrix @ T_WE
        hammer = replace(
            mug,
            header=replace(mug.header, task=MUG),
            views=(StoredView.from_object_view(demo.view, SE3(T_BE[0]), "golden"),),
            samples=replace(mug.samples, T_BE=T_BE, V_BE_E=None),
        )
        folder = recorded.path / "demos" / demo.demo_id
        write_recording(folder, hammer, {"status": "not possible"})
        write_manifest(folder)
    return recorded


@pytest.fixture
def cli(stored, capfd, monkeypatch):
    monkeypatch.setenv("MT3_LIBRARY", str(stored.path))
    monkeypatch.setenv("COLUMNS", "120")

    def call(*typed):
        code = run(["check", *typed])
        return code, *capfd.readouterr()

    return call


def test_the_command_names_the_culprit_for_people_and_draws(cli, tmp_path):
    picture = tmp_path / "pairs.png"
    code, out, _ = cli("--consistency", "--picture", str(picture))
    assert code == 1
    assert "the rest agrees without pick_up-hammer-4" in " ".join(out.split())
    assert "likely culprit" in out
    assert "median [mm]" in out  # the unit was taken for markup, and not shown
    assert "pick up mug: one demonstration, nothing to compare" in out
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_command_tells_machines_all(cli):
    code, out, _ = cli("--consistency", "--task", "pick up the hammer", "--json")
    assert code == 1
    document = json.loads(out)
    (task,) = document["tasks"]
    assert (document["max_mm"], document["max_deg"]) == (20.0, 15.0)
    assert task["culprits"] == ["pick_up-hammer-4"]
    assert [row["disagreeing"] for row in task["demonstrations"]] == [2, 2, 4]
    assert len(task["pairs"]) == 6
    assert sum(pair["agrees"] for pair in task["pairs"]) == 2


def test_a_wider_limit_agrees(cli):
    code, out, _ = cli("--consistency", "--max-mm", "100", "--task", "pick up the hammer")
    assert code == 0
    assert "consistent: all 6 trusted pairs agree" in out


def test_what_cannot_be_read_is_left_out_and_said(cli, stored):
    (stored.folder("pick_up-hammer-4") / "robot/t_s/c/0").write_bytes(b"?")
    code, out, _ = cli("--consistency")
    assert code == 3
    assert "left out: pick_up-hammer-4: robot/t_s/c/0: damaged" in out
    assert "all 2 trusted pairs agree" in out


@pytest.mark.parametrize(
    ("typed", "code", "message"),
    [
        (("--consistency", "--task", "push the box"), 2, "there are pick up hammer"),
        (("--consistency", "--task", "frobnicate"), 3, "frobnicate"),
        (("--task", "pick up the mug"), 3, "needs --consistency"),
        (("--consistency", "--picture", "pairs.bmp"), 3, ".png"),
        (("--consistency", "--max-mm", "-1"), 3, "max_position_m"),
    ],
)
def test_wrong_use_is_said_before_any_work(cli, typed, code, message):
    got, _, err = cli(*typed)
    assert got == code
    assert message in err


def test_libraries_of_one_each_have_nothing_to_compare(cli, stored):
    for number in (1, 2):
        stored.remove(f"pick_up-hammer-{number}")
    code, out, _ = cli("--consistency")
    assert code == 0
    assert "2 tasks have one demonstration each: nothing to compare" in out
    assert len(DemoLibrary.open(stored.path).summaries()) == 2
