"""The steps of recording one task, and what an operator can do in each."""

from enum import StrEnum


class Action(StrEnum):
    """What a key or a button of the teleoperation device asks for."""

    PICTURE = "picture"
    ACCEPT = "accept"
    MARK = "mark"
    END = "end"
    REPLAY = "replay"
    KEEP = "keep"
    REDO = "redo"
    DISCARD = "discard"
    QUIT = "quit"


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
    Step.PICTURE: (Action.PICTURE, Action.DISCARD, Action.QUIT),
    Step.MASK: (Action.ACCEPT, Action.PICTURE, Action.DISCARD, Action.QUIT),
    Step.APPROACH: (Action.MARK, Action.REDO, Action.QUIT),
    Step.DEMONSTRATE: (Action.END, Action.REDO, Action.QUIT),
    Step.REVIEW: (Action.KEEP, Action.REDO, Action.DISCARD, Action.REPLAY, Action.QUIT),
}

_MEANINGS = {
    Action.PICTURE: "take the picture",
    Action.ACCEPT: "accept the mask",
    Action.MARK: "mark the bottleneck",
    Action.END: "end the demonstration",
    Action.REPLAY: "replay check",
    Action.KEEP: "keep",
    Action.REDO: "set aside, record it again",
    Action.DISCARD: "set aside, next task",
    Action.QUIT: "stop here, resume later",
}


def describe_action(step: Step, action: Action) -> str:
    """What an action does in a step, in a few words."""
    if action is Action.DISCARD and step in (Step.PICTURE, Step.MASK):
        return "skip this task"
    if action is Action.PICTURE and step is Step.MASK:
        return "take it again"
    return _MEANINGS[action]
