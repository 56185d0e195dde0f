"""Pictures of masks: outlined and numbered, and the same in a terminal."""

import io

import numpy as np
import pytest
from rich.console import Console

from mt3.errors import ImageError
from mt3.perception.mask_preview import HalfBlockImage, numbered_preview

GREEN = (0, 220, 60)


def masks():
    left, right = np.zeros((2, 120, 160), np.bool_)
    left[30:80, 20:60] = True
    right[40:90, 90:140] = True
    return left, right


def shows(picture, color):
    return (picture == np.array(color, np.uint8)).all(axis=-1)


def test_the_chosen_mask_is_green_and_the_image_stays_as_it_was():
    image = np.full((120, 160, 3), 90, np.uint8)
    left, right = masks()
    picture = numbered_preview(image, [left, right], chosen=1)
    assert (image == 90).all()
    green = shows(picture, GREEN)
    assert green[:, 85:].any()
    assert not green[:, :70].any()
    assert (picture[:, :70] != 90).any(), "the other is outlined too"
    assert (picture[:20] == 90).all(), "away from the masks nothing is drawn"
    assert not shows(numbered_preview(image, [left, right]), GREEN).any()


def test_an_empty_mask_has_no_number_and_wrong_ones_are_refused():
    image = np.zeros((120, 160, 3), np.uint8)
    assert not numbered_preview(image, [np.zeros((120, 160), np.bool_)]).any()
    with pytest.raises(ImageError, match="expected"):
        numbered_preview(image, [np.zeros((12, 16), np.bool_)])
    with pytest.raises(ImageError, match="chosen: got 2"):
        numbered_preview(image, masks(), chosen=2)


def printed(image, width, **options):
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=True, color_system="truecolor")
    console.print(HalfBlockImage(image, **options))
    return out.getvalue()


def test_a_picture_fits_the_terminal_and_keeps_its_shape():
    image = np.zeros((120, 160, 3), np.uint8)
    image[:60] = (255, 0, 0)
    text = printed(image, width=40)
    lines = text.splitlines()
    assert len(lines) == 15
    assert all(line.count("▀") == 40 for line in lines)
    assert "255;0;0" in lines[0]
    assert "255;0;0" not in lines[-1]
    assert printed(image, 40, max_height=6).count("\n") == 6
    assert printed(image, 40, max_width=10).splitlines()[0].count("▀") == 10


def test_without_colours_in_the_terminal_it_still_prints():
    out = io.StringIO()
    Console(file=out, width=20, color_system=None).print(
        HalfBlockImage(np.zeros((12, 16, 3), np.uint8))
    )
    assert out.getvalue().count("▀") == 16 * 6
