"""What can be known of a demonstration without reading its arrays."""

from dataclasses import dataclass

from mt3.task import TaskDescription


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """What can be known of a demonstration without reading its arrays."""

    demo_id: str
    content_hash: str
    task: TaskDescription

    def words(self) -> str:
        """What can be looked for: skill, objects and text in small letters, a space before each."""
        skill, other = self.task.skill, self.task.other_object or ""
        texts = (skill, skill.replace("_", " "), self.task.target_object, other, self.task.text)
        return " " + " ".join(" ".join(texts).lower().split())

    def has_words(self, words: str) -> bool:
        """Whether it has every one of some words, in any case; "mug" is found in mugs too."""
        here = self.words()
        return all(f" {word}" in here for word in words.lower().split())
