import pytest
from omegaconf import OmegaConf

from mt3.cli.settings import positive_number
from mt3.errors import ConfigurationError


@pytest.mark.parametrize("value", ["fast", 0, -1.0, float("inf"), float("nan"), True, None])
def test_what_is_no_rate_is_refused_with_its_name(value):
    """`session.rate_hz=fast` ended in a traceback that asked to be reported."""
    with pytest.raises(ConfigurationError, match=r"session\.rate_hz: got"):
        positive_number(OmegaConf.create({"session": {"rate_hz": value}}), "session.rate_hz")


def test_a_rate_is_taken():
    assert positive_number(OmegaConf.create({"session": {"rate_hz": 60}}), "session.rate_hz") == 60
