"""What says that a demonstration on an object store is complete: one small object, written last.

``commits/<id>.json`` holds the content hash and the task, so a listing reads nothing else. The
files lie below ``demos/<content hash>/``: no upload ever overwrites another content.
"""

import json
import re
from dataclasses import asdict

from demos.description import SCHEMA_VERSION, as_text, require_known_version, task_from_json
from demos.durable import parse_json
from demos.library import DEMO_ID
from mt3.demo_summary import DemoSummary
from mt3.errors import DemoFormatError

COMMITS = "commits"
MAX_MARKER_BYTES = 1 << 16
_HASH = re.compile(r"[0-9a-f]{64}")


def marker_name(demo_id: str) -> str:
    """Where the marker of a demonstration is."""
    return f"{COMMITS}/{demo_id}.json"


def files_prefix(content_hash: str) -> str:
    """Where its files are."""
    return f"demos/{content_hash}"


def marker_of(summary: DemoSummary) -> bytes:
    """The marker of a demonstration."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "id": summary.demo_id,
        "content_hash": summary.content_hash,
        "task": asdict(summary.task),
    }
    return json.dumps(document, indent=2).encode()


def read_marker(demo_id: str, data: bytes) -> DemoSummary:
    """The demonstration that a marker stands for.

    Raises:
        DemoFormatError: Not a marker of this demonstration.
    """
    name = marker_name(demo_id)
    document = parse_json(data, name)
    if document.get("id") != demo_id:
        raise DemoFormatError(f"{name}: not the marker of {demo_id}")
    require_known_version(document, name)
    content_hash = as_text(document.get("content_hash"), "content_hash")
    if not DEMO_ID.fullmatch(demo_id) or not _HASH.fullmatch(content_hash):
        raise DemoFormatError(f"{name}: got content hash {content_hash[:80]!r}, expected a sha256")
    return DemoSummary(demo_id, content_hash, task_from_json(document))
