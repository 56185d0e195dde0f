import pytest
from omegaconf import OmegaConf

from mt3.benchmark import Episode, PlannedTrial
from mt3.benchmark.ablations import Ablations, WordlessMatcher
from mt3.cli.bench_worker import configuration_of
from mt3.errors import ConfigurationError
from mt3.task import TaskDescription

PUSH = TaskDescription.parse("push the box")


class Three:
    def demonstrations(self):
        return ["shown"]

    def trials(self):
        return [
            PlannedTrial(PUSH, {"instances": "same"}, n, (Episode({"seed": n}),), "shown")
            for n in range(3)
        ]


def test_every_variant_has_the_same_scenes():
    suite = Ablations(Three(), {"as it is": [], "slow": ["speed=0.1"]}, every=2)
    assert suite.demonstrations() == ["shown"]
    trials = suite.trials()
    assert [(t.number, t.labels["variant"]) for t in trials] == [
        (0, "as it is"),
        (0, "slow"),
        (2, "as it is"),
        (2, "slow"),
    ]
    assert [t.draws[0].settings["seed"] for t in trials] == [0, 0, 2, 2]
    assert trials[1].draws[0].typed == ("speed=0.1",)


def test_what_is_typed_comes_last_and_may_name_other_keys():
    keys = ("suite", "placements", "workers", "launcher", "ray_address", "out")
    own = dict.fromkeys((*keys, "demonstrate", "gather", "truth", "feasibility"), 0)
    bench = OmegaConf.create({**own, "library": "l", "seed": 0, "speed": 1.0, "top": "?"})
    episode = Episode({"seed": 7, "speed": 0.5}, ("speed=0.1", "top=$(seed)"))
    cfg = configuration_of(episode, bench)
    assert (cfg.seed, cfg.speed, cfg.top) == (7, 0.1, 7)


def test_no_variants_are_refused():
    with pytest.raises(ConfigurationError, match="got 0 variants"):
        Ablations(Three(), {})


def test_without_words_everything_of_the_skill_or_at_all_is_in_question():
    summaries = [Summary(TaskDescription.parse(t)) for t in ("push the mug", "open the drawer")]
    assert [m.summary for m in WordlessMatcher(True).narrow(PUSH, summaries)] == summaries[:1]
    assert [m.summary for m in WordlessMatcher(False).narrow(PUSH, summaries)] == summaries


class Summary:
    def __init__(self, task):
        self.task = task
