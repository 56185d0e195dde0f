"""Demonstrations that differ: two recordings of the workplace without physics are the same."""

import json

from demos.library import DemoLibrary
from demos.manifest import write_manifest


def change_content(library: DemoLibrary, demo_id: str, version: str) -> None:
    """Make a demonstration another one, just as sound, under the same id."""
    path = library.folder(demo_id) / "zarr.json"
    document = json.loads(path.read_text())
    document["attributes"]["software"]["version"] = version
    path.write_text(json.dumps(document))
    write_manifest(library.folder(demo_id))
