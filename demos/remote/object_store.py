"""Objects of a bucket on an object store: the one module that knows ``obstore``.

Endpoint and credentials come from the usual ``AWS_`` variables; ``AWS_ENDPOINT_URL`` and
``AWS_ALLOW_HTTP`` for a server of one's own.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from mt3.errors import ConfigurationError, LibraryUnreachableError

SCHEME = "s3://"
_TRUE = ("1", "true", "yes")
_CONNECT_S, _REQUEST_S = "5s", "120s"
_RETRIES: Any = {"max_retries": 2, "retry_timeout": timedelta(seconds=15)}


class ObjectStore:
    """The objects below one address, ``s3://bucket/prefix``; connects when it is first used.

    Args:
        url: The address.

    Raises:
        ConfigurationError: Not such an address, or ``obstore`` is not installed.
    """

    def __init__(self, url: str) -> None:
        bucket = url.removeprefix(SCHEME).split("/")[0]
        if not url.startswith(SCHEME) or not bucket:
            raise ConfigurationError(f"object store: got {url!r}, expected {SCHEME}bucket/prefix")
        try:
            import obstore
            from obstore.exceptions import BaseError
            from obstore.store import from_url
        except ImportError as error:
            raise ConfigurationError(
                f"{url}: obstore is not installed; pip install 'mt3-robot[s3]'"
            ) from error
        self.url = url.rstrip("/")
        self._obstore: Any = obstore
        self._errors = (BaseError, OSError, ValueError)
        options: Any = {
            "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() in _TRUE,
            "connect_timeout": _CONNECT_S,
            "timeout": _REQUEST_S,
        }
        with self._failures("address"):
            self._store = from_url(self.url, client_options=options, retry_config=_RETRIES)

    def read(self, name: str, max_bytes: int) -> bytes:
        """One object of a size that fits into memory.

        Raises:
            FileNotFoundError: There is none.
            LibraryUnreachableError: The server cannot be reached, refuses, or sends more.
        """
        with self._failures(name):
            result = self._obstore.get(self._store, name)
            if result.meta["size"] > max_bytes:
                raise ValueError(f"got {result.meta['size']} bytes, expected at most {max_bytes}")
            return bytes(result.bytes())

    def stream(self, name: str) -> Iterator[bytes]:
        """One object, piece by piece.

        Raises:
            FileNotFoundError: There is none.
            LibraryUnreachableError: The server cannot be reached, or refuses.
        """
        with self._failures(name):
            for piece in self._obstore.get(self._store, name):
                yield bytes(piece)

    def write(self, name: str, data: bytes | Path) -> None:
        """Put an object in place as a whole or not at all.

        Raises:
            LibraryUnreachableError: The server cannot be reached, or refuses.
        """
        with self._failures(name):
            self._obstore.put(self._store, name, data)

    def create(self, name: str, data: bytes) -> bool:
        """Put an object in place unless there is one; whether that was done.

        Raises:
            LibraryUnreachableError: The server cannot be reached, or refuses.
        """
        from obstore.exceptions import AlreadyExistsError

        with self._failures(name):
            try:
                self._obstore.put(self._store, name, data, mode="create")
            except AlreadyExistsError:
                return False
        return True

    def sizes(self, prefix: str) -> dict[str, int]:
        """Names and sizes of all objects below a prefix.

        Raises:
            LibraryUnreachableError: The server cannot be reached, or refuses.
        """
        with self._failures(prefix):
            pages = self._obstore.list(self._store, prefix)
            return {entry["path"]: entry["size"] for page in pages for entry in page}

    @contextmanager
    def _failures(self, name: str) -> Iterator[None]:
        """Turn what obstore raises into our error; a missing object stays what it is."""
        try:
            yield
        except FileNotFoundError:
            raise
        except self._errors as error:
            words = str(error).split("\n\nDebug source")[0]
            raise LibraryUnreachableError(
                f"{self.url}/{name}: {words} (is the server up, the bucket there, and are "
                "AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY right? plain http "
                "needs AWS_ALLOW_HTTP=true)"
            ) from error
