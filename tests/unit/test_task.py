"""Tasks as people say them, and as the official release names its folders."""

import pytest

from mt3.errors import TaskError
from mt3.skill_grammar import SKILLS
from mt3.task import TaskDescription


@pytest.mark.parametrize(
    ("text", "skill", "target", "other"),
    [
        ("pick up the red mug from the shelf", "pick_up_from", "red mug", "shelf"),
        ("Pick up the red mug.", "pick_up", "red mug", None),
        ("grab the mug", "pick_up", "mug", None),
        ("pick the mug up", "pick_up", "mug", None),
        ("could you please take a mug?", "pick_up", "mug", None),
        ("place the can on the tray", "place_on", "tray", "can"),
        ("put the can on the tray", "place_on", "tray", "can"),
        ("put the can in the box on the shelf", "place_in", "box on the shelf", "can"),
        ("put the can next to the bowl", "place_next_to", "bowl", "can"),
        ("push the box", "push", "box", None),
        ("push the box on the table", "push", "box", None),
        ("push down the button", "press", "button", None),
        ("pour from the bottle into the bowl", "pour_from_into", "bowl", "bottle"),
        ("pour water from the bottle into the bowl", "pour_from_into", "bowl", "bottle"),
        ("pour the cup into the bowl", "pour_from_into", "bowl", "cup"),
        ("turn the lamp on", "turn_on", "lamp", None),
        ("switch off the lamp", "turn_off", "lamp", None),
        ("turn the knob to the left", "turn-left", "knob", None),
        ("turn the cap counterclockwise", "twist-anticlockwise", "cap", None),
        ("zip up the jacket", "zip", "jacket", None),
        ("take the lid off the pot", "remove_from", "lid", "pot"),
        ("wipe the table with a sponge", "wipe_with", "table", "sponge"),
        ("stir the soup with the spoon", "stir_in", "soup", "spoon"),
        ("pick up the person's mug, please", "pick_up", "person's mug", None),
    ],
)
def test_sentences(text, skill, target, other):
    task = TaskDescription.parse(text)
    assert (task.skill, task.target_object, task.other_object) == (skill, target, other)
    assert task.text == text


OFFICIAL = [
    # folder name, skill, target, other: the 36 templates, and the spellings they come in
    ("pick_up_red_mug_001", "pick_up", "red mug", None),
    ("pick_up_mug_from_shelf_001", "pick_up_from", "mug", "shelf"),
    ("place_can_on_tray_001", "place_on", "tray", "can"),
    ("place_can_in_box_001", "place_in", "box", "can"),
    ("place_can_next_to_box_001", "place_next_to", "box", "can"),
    ("place_can_on/in/next_to_box", "place_on", "box", "can"),
    ("pour_from_bottle_into_bowl_001", "pour_from_into", "bowl", "bottle"),
    ("pour_water_from_bottle_into_bowl_001", "pour_from_into", "bowl", "bottle"),
    ("insert_key_into_lock_001", "insert_into", "lock", "key"),
    ("scoop_rice_from_pot_001", "scoop_from", "pot", "rice"),
    ("open_drawer_1", "open", "drawer", None),
    ("close_drawer_0012", "close", "drawer", None),
    ("stir_spoon_in_cup_001", "stir_in", "cup", "spoon"),
    ("fold_towel_001", "fold", "towel", None),
    ("unfold_towel_001", "unfold", "towel", None),
    ("iron_shirt_001", "iron", "shirt", None),
    ("swipe_card_on_reader_001", "swipe_on", "reader", "card"),
    ("turn_on_lamp_001", "turn_on", "lamp", None),
    ("turn-on_lamp_001", "turn_on", "lamp", None),
    ("turn_off_lamp_001", "turn_off", "lamp", None),
    ("turn-off_lamp_001", "turn_off", "lamp", None),
    ("wipe_table_with_sponge_001", "wipe_with", "table", "sponge"),
    ("shake_bottle_001", "shake", "bottle", None),
    ("dust_shelf_with_duster_001", "dust_with", "shelf", "duster"),
    ("hang_mug_on_hook_001", "hang_on", "hook", "mug"),
    ("zip_bag_001", "zip", "bag", None),
    ("unzip_bag_001", "unzip", "bag", None),
    ("light_candle_001", "light", "candle", None),
    ("push_box_001", "push", "box", None),
    ("pull_box_001", "pull", "box", None),
    ("twist-clockwise_cap_001", "twist-clockwise", "cap", None),
    ("twist-anticlockwise_cap_001", "twist-anticlockwise", "cap", None),
    ("press_button_001", "press", "button", None),
    ("turn-left_knob_001", "turn-left", "knob", None),
    ("turn-right_knob_001", "turn-right", "knob", None),
    ("remove_lid_from_pot_001", "remove_from", "lid", "pot"),
    ("wash_plate_with_sponge_001", "wash_with", "plate", "sponge"),
    ("fill_cup_with_water_001", "fill_with", "cup", "water"),
    ("sharpen_knife_with_sharpener_001", "sharpen_with", "sharpener", "knife"),
    ("stack_cup_001", "stack", "cup", None),
    ("regrasp_knife_on_board_001", "regrasp_on", "board", "knife"),
]


@pytest.mark.parametrize(("folder", "skill", "target", "other"), OFFICIAL)
def test_official_folder_names(folder, skill, target, other):
    task = TaskDescription.parse(folder)
    assert (task.skill, task.target_object, task.other_object) == (skill, target, other)


def test_the_official_names_cover_all_37_skills():
    assert {skill for _, skill, _, _ in OFFICIAL} == set(SKILLS)
    assert len(SKILLS) == 37


@pytest.mark.parametrize(
    "text", ["", "  ", "42", "juggle the balls", "pick up", "pick up the", "open_001", "mug " * 99]
)
def test_what_names_no_skill_or_object_is_refused(text):
    with pytest.raises(TaskError, match="expected"):
        TaskDescription.parse(text)


def test_refusal_names_the_nearest_skill_and_how_to_say_it():
    with pytest.raises(TaskError, match="wipe <object> with <other>"):
        TaskDescription.parse("wipe the table")


def test_unknown_skill_is_refused_at_construction():
    with pytest.raises(TaskError, match="skill: got 'juggle'"):
        TaskDescription("juggle", "ball", None, "juggle the ball")
