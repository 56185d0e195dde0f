"""The sha256 of every stored file, so that no damaged byte is ever decoded.

The file has the format of ``sha256sum``: ``sha256sum -c manifest.sha256`` checks it by hand.
"""

import hashlib
from pathlib import Path

from mt3.errors import DemoFormatError

MANIFEST_NAME = "manifest.sha256"
ATTRIBUTES_NAME = "zarr.json"  # of the group itself
_MAX_MANIFEST_BYTES = 256 * 1024 * 1024


def write_manifest(folder: Path) -> str:
    """Write the manifest of a finished folder, and return its content hash."""
    digests = {name: _sha256(path) for name, path in _files(folder).items()}
    text = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    (folder / MANIFEST_NAME).write_text(text, encoding="utf-8")
    return _content_hash(text)


def verify_manifest(folder: Path) -> str:
    """Compare every stored byte with the manifest, and return the content hash.

    Raises:
        DemoFormatError: A file is damaged, missing, unlisted or a link; the message names it.
    """
    try:
        text = _manifest_text(folder)
        listed = _parse(text)
        found = _files(folder)
        for name in sorted(listed.keys() - found.keys()):
            raise DemoFormatError(f"{name}: missing, but listed in {MANIFEST_NAME}")
        for name in sorted(found.keys() - listed.keys()):
            raise DemoFormatError(f"{name}: not listed in {MANIFEST_NAME}")
        for name, path in found.items():
            _verify_file(name, path, listed)
    except OSError as error:
        raise DemoFormatError(f"cannot be read ({error})") from error
    return _content_hash(text)


def verify_attributes(folder: Path) -> str:
    """Compare the attributes alone with the manifest, and return the content hash.

    Raises:
        DemoFormatError: They, or the manifest, are damaged or missing.
    """
    try:
        text = _manifest_text(folder)
        _verify_file(ATTRIBUTES_NAME, folder / ATTRIBUTES_NAME, _parse(text))
    except OSError as error:
        raise DemoFormatError(f"cannot be read ({error})") from error
    return _content_hash(text)


def _verify_file(name: str, path: Path, listed: dict[str, str]) -> None:
    if _sha256(path) != listed.get(name):
        raise DemoFormatError(f"{name}: damaged, its sha256 differs from {MANIFEST_NAME}")


def _content_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _manifest_text(folder: Path) -> str:
    path = folder / MANIFEST_NAME
    if path.is_symlink() or not path.is_file():
        raise DemoFormatError(f"{MANIFEST_NAME}: missing")
    if path.stat().st_size > _MAX_MANIFEST_BYTES:
        raise DemoFormatError(f"{MANIFEST_NAME}: got over {_MAX_MANIFEST_BYTES} bytes")
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise DemoFormatError(f"{MANIFEST_NAME}: not text ({error})") from error


def _parse(text: str) -> dict[str, str]:
    listed: dict[str, str] = {}
    for number, line in enumerate(text.split("\n")[:-1], start=1):
        digest, separator, name = line.partition("  ")
        if not separator or len(digest) != 64:
            raise DemoFormatError(f"{MANIFEST_NAME}: line {number} is not '<sha256>  <file>'")
        listed[name] = digest
    return listed


def _files(folder: Path) -> dict[str, Path]:
    """Every file below a folder but the manifest, by its path with slashes."""
    if folder.is_symlink():
        raise DemoFormatError("is a link, expected a folder")
    files: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise DemoFormatError(f"{name}: is a link, expected a file")
        if path.is_file():
            files[name] = path
        elif not path.is_dir():
            raise DemoFormatError(f"{name}: is neither a file nor a folder")
    files.pop(MANIFEST_NAME, None)
    return files


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
