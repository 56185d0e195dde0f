"""The sha256 of every stored file, so that no damaged byte is ever decoded.

The file has the format of ``sha256sum``: ``sha256sum -c manifest.sha256`` checks it by hand.
"""

import hashlib
import os
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

from demos.description import ATTRIBUTES_NAME
from demos.durable import MAX_JSON_BYTES, open_regular, read_bounded
from demos.layout import check_layout
from mt3.errors import DemoFormatError

MANIFEST_NAME = "manifest.sha256"
_MAX_MANIFEST_BYTES = 4 * 1024 * 1024


def write_manifest(folder: Path) -> str:
    """Write the manifest of a finished folder, and return its content hash."""
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    paths.pop(MANIFEST_NAME, None)
    digests = {name: _sha256(path) for name, path in paths.items() if not path.is_dir()}
    text = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    (folder / MANIFEST_NAME).write_text(text, encoding="utf-8")
    return content_hash_of(text)


def verify_manifest(folder: Path, with_frames: bool = True) -> str:
    """Compare every stored byte with the manifest, and return the content hash.

    The small files that describe the others come first, so that no file is read that is larger
    than it may be.

    Args:
        folder: The demonstration.
        with_frames: Whether to verify the frames of the camera stream too, nearly all of its
            bytes; else these may even be missing.

    Raises:
        DemoFormatError: A file is damaged, missing, unlisted, a link or not part of a
            demonstration; the message names it.
    """
    if folder.is_symlink():
        raise DemoFormatError("is a link, expected a folder")
    try:
        text, listed = read_manifest(folder)
        found = set(_files(folder, listed))
        descriptions = {name for name in listed if PurePosixPath(name).name == ATTRIBUTES_NAME}
        for name in sorted(descriptions):
            _verify_description(name, folder / name, listed)
        frames = check_layout(folder, listed)
        needed = listed.keys() if with_frames else listed.keys() - frames
        for name in sorted(needed - found):
            raise DemoFormatError(f"{name}: missing, but listed in {MANIFEST_NAME}")
        for name in sorted(needed - descriptions):
            _require_equal(name, _sha256(folder / name), listed)
    except OSError as error:
        raise DemoFormatError(f"cannot be read ({error})") from error
    return content_hash_of(text)


def verify_attributes(folder: Path) -> str:
    """Compare the attributes alone with the manifest, and return the content hash.

    Raises:
        DemoFormatError: They, or the manifest, are damaged or missing.
    """
    try:
        text, listed = read_manifest(folder)
        _verify_description(ATTRIBUTES_NAME, folder / ATTRIBUTES_NAME, listed)
    except OSError as error:
        raise DemoFormatError(f"cannot be read ({error})") from error
    return content_hash_of(text)


def read_manifest(folder: Path) -> tuple[str, dict[str, str]]:
    """The manifest's text, and the sha256 of each file by its name.

    Raises:
        DemoFormatError: It is missing or damaged.
    """
    try:
        text = read_bounded(folder / MANIFEST_NAME, _MAX_MANIFEST_BYTES).decode()
    except FileNotFoundError as error:
        raise DemoFormatError(f"{MANIFEST_NAME}: missing") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DemoFormatError(f"{MANIFEST_NAME}: cannot be read ({error})") from error
    return text, parse_manifest(text)


def parse_manifest(text: str) -> dict[str, str]:
    """The sha256 of each file by its name.

    Raises:
        DemoFormatError: Not the text of a manifest.
    """
    listed: dict[str, str] = {}
    for number, line in enumerate(text.split("\n")[:-1], start=1):
        digest, separator, name = line.partition("  ")
        if not separator or len(digest) != 64 or name in listed:
            raise DemoFormatError(f"{MANIFEST_NAME}: line {number} is not '<sha256>  <file>'")
        listed[name] = digest
    return listed


def content_hash_of(text: str) -> str:
    """The hash that stands for everything a manifest lists."""
    return hashlib.sha256(text.encode()).hexdigest()


def _verify_description(name: str, path: Path, listed: dict[str, str]) -> None:
    try:
        data = read_bounded(path, MAX_JSON_BYTES, name)
    except FileNotFoundError as error:
        raise DemoFormatError(f"{name}: missing") from error
    _require_equal(name, hashlib.sha256(data).hexdigest(), listed)


def _require_equal(name: str, digest: str, listed: dict[str, str]) -> None:
    if digest != listed.get(name):
        raise DemoFormatError(f"{name}: damaged, its sha256 differs from {MANIFEST_NAME}")


def _files(folder: Path, listed: Collection[str]) -> Iterator[str]:
    """Every file below a folder but the manifest, by its path with slashes.

    Raises:
        DemoFormatError: A link, or a file or folder that is not listed.
    """
    folders = {parent.as_posix() for name in listed for parent in PurePosixPath(name).parents}
    pending = [""]
    while pending:
        parent = pending.pop()
        with os.scandir(folder / parent) as entries:
            for entry in entries:
                name = f"{parent}{entry.name}"
                if entry.is_symlink():
                    raise DemoFormatError(f"{name}: is a link, expected a file")
                if entry.is_dir() and name in folders:
                    pending.append(f"{name}/")
                elif name in listed and entry.is_file():
                    yield name
                elif name != MANIFEST_NAME:
                    raise DemoFormatError(f"{name}: not listed in {MANIFEST_NAME}")


def _sha256(path: Path) -> str:
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
