"""What can be known of a demonstration without reading its arrays."""

from dataclasses import dataclass

from mt3.task import TaskDescription


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """What can be known of a demonstration without reading its arrays."""

    demo_id: str
    content_hash: str
    task: TaskDescription
