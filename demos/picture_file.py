"""Pictures as files: which formats there are, and errors that say what cannot be written."""

from pathlib import Path

from matplotlib.figure import Figure

from mt3.errors import ConfigurationError

_FORMATS = (".png", ".pdf", ".svg")
_DPI = 110


def require_picture_name(path: Path) -> None:
    """Refuse a file that could not be written, before any work is done.

    Raises:
        ConfigurationError: Another format, or no such folder.
    """
    if path.suffix.lower() not in _FORMATS:
        raise ConfigurationError(
            f"picture: got {path.name!r}, expected a name ending in {', '.join(_FORMATS)}"
        )
    if not path.absolute().parent.is_dir():
        raise ConfigurationError(f"picture: cannot write {path} (no such folder)")


def write_picture(figure: Figure, path: Path) -> None:
    """Write a figure to a file.

    Raises:
        ConfigurationError: The file cannot be written.
    """
    try:
        figure.savefig(path, dpi=_DPI)
    except OSError as error:
        raise ConfigurationError(f"picture: cannot write {path} ({error.strerror})") from error
