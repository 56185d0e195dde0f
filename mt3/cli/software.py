"""Which software this is, for every record it writes."""

import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_TIMEOUT_S = 10.0


@cache
def software_versions() -> dict[str, str]:
    """Version of the distribution, and git revision where it runs from a checkout.

    Returns:
        ``version`` and ``git_revision``: a commit, with ``-dirty`` where files differ from it,
        or ``unknown`` outside a checkout of this project.
    """
    try:
        installed = version("mt3-robot")
    except PackageNotFoundError:
        installed = "unknown"
    return {"version": installed, "git_revision": _git_revision()}


def _git_revision() -> str:
    if not _git("ls-files", "--error-unmatch", "__init__.py"):
        return "unknown"  # installed inside somebody else's repository, or in none
    return _git("describe", "--always", "--dirty", "--abbrev=40", "--exclude=*") or "unknown"


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(_PACKAGE), *arguments],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
