"""Reading tasks: what is said canonically is read back, and no text does worse than TaskError."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mt3.errors import TaskError
from mt3.skill_grammar import SKILLS, OtherRole
from mt3.task import TaskDescription

OBJECTS = st.lists(
    st.sampled_from(["red", "big", "old", "mug", "box", "t-shirt", "bottle", "pan", "key"]),
    min_size=1,
    max_size=3,
).map(" ".join)
NUMBERS = st.sampled_from(["", "_1", "_007", "_0123"])


@st.composite
def tasks(draw):
    skill = draw(st.sampled_from(sorted(SKILLS)))
    other = draw(OBJECTS) if SKILLS[skill].other is not OtherRole.NONE else None
    return TaskDescription(skill, draw(OBJECTS), other, "said")


def parts(task):
    return task.skill, task.target_object, task.other_object


@given(tasks())
def test_canonical_words_are_read_back(task):
    assert parts(TaskDescription.parse(task.as_words())) == parts(task)


@given(tasks(), NUMBERS)
def test_folder_names_are_read_back_whatever_their_number(task, number):
    folder = task.as_words().replace(" ", "_") + number
    assert parts(TaskDescription.parse(folder)) == parts(task)


@given(tasks())
def test_case_articles_and_politeness_change_nothing(task):
    polite = f"Please {task.as_words().upper()}!"
    assert parts(TaskDescription.parse(polite)) == parts(task)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text):
    try:
        task = TaskDescription.parse(text)
    except TaskError:
        return
    assert task.target_object


@pytest.mark.parametrize("skill", sorted(SKILLS))
def test_every_phrase_of_a_skill_is_read_as_that_skill(skill):
    for phrase in SKILLS[skill].phrases:
        for choice in range(9):
            words = [w.split("|")[choice % len(w.split("|"))] for w in phrase.split()]
            said = " ".join(words).replace("*", "rice").replace("_", " ")
            text = said.format(target="red mug", other="old key")
            assert TaskDescription.parse(text).skill == skill, text
