"""Every configuration composes, and every one without hardware builds what it names."""

from importlib.resources import files

import pytest
from hydra import compose, initialize_config_module
from hydra.core.utils import setup_globals
from hydra.utils import instantiate
from omegaconf import OmegaConf

COMMANDS = ("run", "record", "bench")
NEEDS_A_LIBRARY = ("library_source",)


def composed(name):
    setup_globals()
    with initialize_config_module("mt3.configs", version_base=None):
        return compose(name, overrides=["task=push the box", "library=library"])


def test_every_command_has_its_configuration_and_none_is_forgotten():
    stored = {path.name.removesuffix(".yaml") for path in files("mt3.configs").iterdir()}
    assert set(COMMANDS) <= stored


@pytest.mark.parametrize("name", COMMANDS)
def test_every_part_is_built_and_the_configuration_stays_as_it_was(name):
    cfg = composed(name)
    before = OmegaConf.to_yaml(cfg)
    for key in cfg:
        node = cfg[key] if not OmegaConf.is_missing(cfg, key) else None
        if OmegaConf.is_dict(node) and "_target_" in node and key not in NEEDS_A_LIBRARY:
            assert instantiate(node, _convert_="all") is not None, key
    assert OmegaConf.to_yaml(cfg) == before


@pytest.mark.parametrize("suite", ["first_light", "smoke"])
def test_every_suite_composes(suite):
    setup_globals()
    with initialize_config_module("mt3.configs", version_base=None):
        cfg = compose("bench", overrides=[f"suite={suite}", "library=library"])
    assert instantiate(cfg.suite, _convert_="all").trials()
