"""The steps of recording one task, and what an operator can do in each."""

from enum import StrEnum

from mt3.operator_action import OperatorAction


class Step(StrEnum):
    """Where the recording of one task stands, in order."""

    PICTURE = "picture"
    MASK = "mask"
    APPROACH = "approach"
    DEMONSTRATE = "demonstrate"
    REVIEW = "review"


PROMPTS = {
    Step.PICTURE: "Put the object in view and the arm out of it, then take the picture.",
    Step.MASK: "Is the whole object outlined, and nothing else? Accept, or choose by number.",
    Step.APPROACH: "Go to the bottleneck: near the object, where the motion begins. Then mark it.",
    Step.DEMONSTRATE: "Show the motion from here on. End when the task is done.",
    Step.REVIEW: "Keep it, or try it again. The replay check does the task from this recording.",
}

CHOICES = {
    Step.PICTURE: (OperatorAction.PICTURE, OperatorAction.DISCARD, OperatorAction.QUIT),
    Step.MASK: (
        OperatorAction.ACCEPT,
        OperatorAction.PICTURE,
        OperatorAction.DISCARD,
        OperatorAction.QUIT,
    ),
    Step.APPROACH: (OperatorAction.MARK, OperatorAction.REDO, OperatorAction.QUIT),
    Step.DEMONSTRATE: (OperatorAction.END, OperatorAction.REDO, OperatorAction.QUIT),
    Step.REVIEW: (
        OperatorAction.KEEP,
        OperatorAction.REDO,
        OperatorAction.DISCARD,
        OperatorAction.REPLAY,
        OperatorAction.QUIT,
    ),
}

_MEANINGS = {
    OperatorAction.PICTURE: "take the picture",
    OperatorAction.ACCEPT: "accept the mask",
    OperatorAction.MARK: "mark the bottleneck",
    OperatorAction.END: "end the demonstration",
    OperatorAction.REPLAY: "replay check",
    OperatorAction.KEEP: "keep",
    OperatorAction.REDO: "set aside, record it again",
    OperatorAction.DISCARD: "set aside, next task",
    OperatorAction.QUIT: "stop here, resume later",
}


def describe_action(step: Step, action: OperatorAction) -> str:
    """What an action does in a step, in a few words."""
    if action is OperatorAction.DISCARD and step in (Step.PICTURE, Step.MASK):
        return "skip this task"
    if action is OperatorAction.PICTURE and step is Step.MASK:
        return "take it again"
    return _MEANINGS[action]
