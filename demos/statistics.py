"""How much a library holds, by skill and objects."""

from dataclasses import dataclass, field

from demos.layout import is_frame
from demos.open_library import AnyLibrary
from mt3.demo_summary import DemoSummary


@dataclass(slots=True)
class Amount:
    """What some demonstrations come to.

    Args:
        demonstrations: How many.
        duration_s: From their first sample to the end of the interaction.
        samples: In that time.
        stored_bytes: Of all files.
        with_stream: How many have a camera stream.
        stream_bytes: Of its frames.
    """

    demonstrations: int = 0
    duration_s: float = 0.0
    samples: int = 0
    stored_bytes: int = 0
    with_stream: int = 0
    stream_bytes: int = 0

    def add(self, other: "Amount") -> None:
        """Count another amount in."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class Statistics:
    """What a library comes to: per task (skill, object, other object), and in all."""

    tasks: dict[tuple[str, str, str], Amount] = field(default_factory=dict)
    total: Amount = field(default_factory=Amount)

    def count(self, summary: DemoSummary, amount: Amount) -> None:
        """Count one demonstration in."""
        task = summary.task
        key = (task.skill, task.target_object, task.other_object or "")
        self.tasks.setdefault(key, Amount()).add(amount)
        self.total.add(amount)


def measure_demonstration(library: AnyLibrary, summary: DemoSummary) -> Amount:
    """What one demonstration comes to.

    Raises:
        DemoFormatError: It is damaged.
        DemoNotFoundError: It was removed meanwhile.
    """
    demo = library.load(summary.demo_id)
    sizes = library.sizes(summary)
    stream_bytes = sum(size for name, size in sizes.items() if is_frame(name))
    return Amount(
        demonstrations=1,
        duration_s=float(demo.t_s[-1]),
        samples=len(demo.t_s),
        stored_bytes=sum(sizes.values()),
        with_stream=int(stream_bytes > 0),
        stream_bytes=stream_bytes,
    )
