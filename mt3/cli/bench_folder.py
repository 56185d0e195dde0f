"""The folder of a bench's results: new, or of the same bench to go on with."""

import difflib
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from mt3.errors import ConfigurationError

_CONFIGURATION = "bench.yaml"
_MAY_DIFFER = ("workers", "launcher", "ray_address", "output", "out", "library")


def open_folder(out: Path, cfg: DictConfig) -> Path:
    """Make a folder for results, or open the one of a bench with the same configuration.

    Raises:
        ConfigurationError: It holds something else, or a bench with another configuration.
    """
    text = _text(cfg)
    remembered = out / _CONFIGURATION
    if remembered.exists():
        before = remembered.read_text(encoding="utf-8")
        if before != text:
            raise ConfigurationError(
                f"out: {out} holds a bench with another configuration, expected the same or a new "
                f"folder; {_difference(before, text)}"
            )
        return out
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigurationError(f"out: {out} holds something, expected a new or empty folder")
    out.mkdir(parents=True, exist_ok=True)
    remembered.write_text(text, encoding="utf-8")
    return out


def _text(cfg: DictConfig) -> str:
    """What decides the results, resolved as far as that is."""
    kept = OmegaConf.masked_copy(cfg, [str(key) for key in cfg if key not in _MAY_DIFFER])
    return OmegaConf.to_yaml(kept)


def _difference(before: str, now: str) -> str:
    """The first lines that differ."""
    lines = difflib.unified_diff(before.splitlines(), now.splitlines(), lineterm="", n=0)
    changed = [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    return "then and now: " + "; ".join(line.strip() for line in changed[:4])
