"""The verdict on a recording's reported twists: how well they fit, and what is wrong if not."""

from dataclasses import dataclass, replace
from typing import Any

from demos.twist_check import Motion, TwistComparison, compare_twists
from demos.twist_culprit import name_culprit


@dataclass(frozen=True, slots=True)
class TwistCheck:
    """Reported twists against poses.

    Args:
        interaction: From the bottleneck to the end, which is replayed.
        approach: From the first sample to the bottleneck; turns more, and so shows what the
            interaction may hide.
        culprit: The likely mistake, or an empty text where all is well.
    """

    interaction: TwistComparison
    approach: TwistComparison
    culprit: str = ""

    def defects(self) -> list[str]:
        """What disagrees, and the likely reason, in words."""
        parts = (("interaction", self.interaction), ("approach", self.approach))
        worst = next(((name, part) for name, part in parts if not part.ok), None)
        if worst is None:
            return []
        name, comparison = worst
        return [
            f"V_BE_E: the reported twists do not fit poses and times over the {name} "
            f"({comparison.describe()}), expected within 5 % and 5 deg; likely: {self.culprit}"
        ]

    def as_json(self) -> dict[str, Any]:
        """The record's ``twist_check`` attribute."""
        if not (self.interaction.possible or self.approach.possible):
            return {"status": "not possible"}
        status = "failed" if self.defects() else "passed"
        return {"status": status, **self.interaction.as_json(), "approach": self.approach.as_json()}


def prove_twists(interaction: Motion, approach: Motion) -> TwistCheck:
    """Compare the reported twists of a recording's parts with its poses."""
    checked = TwistCheck(compare_twists(interaction), compare_twists(approach))
    if checked.interaction.ok and checked.approach.ok:
        return checked
    return replace(checked, culprit=name_culprit([interaction, approach]))
