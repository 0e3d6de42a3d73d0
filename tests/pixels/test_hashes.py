"""The hash is imagehash's, in eight orientations from one transform, of the frame and of what lies inside its borders."""

import imagehash
import numpy as np
import pytest
from curated_archive import drawn, encoded
from PIL import Image, ImageOps

from pixels.content_box import content_box
from pixels.decode import Picture, open_picture
from pixels.hashes import (
    HASH_SIDE_PX,
    ORIENTATIONS,
    aligned_grey,
    correlation,
    degenerate,
    hash_distance,
    hashed_grey,
    hashes,
    phash,
)


def _opened(picture: Image.Image) -> Picture:
    found = open_picture(encoded(picture), side_px=HASH_SIDE_PX)
    assert isinstance(found, Picture)
    return found


@pytest.mark.parametrize("seed", range(12))
def test_the_bits_are_those_of_imagehash(seed: int) -> None:
    picture = drawn(seed, 300)
    assert phash(picture.convert("L")) == int(str(imagehash.phash(picture)), 16)


def test_the_hash_of_a_reduced_scan_is_imagehash_s_of_the_same_array() -> None:
    picture = _opened(drawn(3, 1300))
    expected = int(str(imagehash.phash(hashed_grey(picture.grey))), 16)
    assert hashes(picture).frame["upright"] == expected


def test_golden_bits() -> None:
    """Fails when a dependency moves a bit; then DECODE_VERSION must rise. Written with Pillow 13.0.0 and numpy 2.4.6."""
    assert [f"{phash(drawn(seed, 300).convert('L')):016x}" for seed in (1, 2, 3)] == GOLDEN


GOLDEN = ["cce477d34027ccd8", "b57404aff9542565", "f4cfa50bd93b4409"]


def test_eight_orientations_equal_those_of_the_turned_picture() -> None:
    picture = drawn(5, 256)
    found = hashes(_opened(picture)).frame
    turns = (None, 0, 1, 3, 5, 2, 4, 6)  # of Image.Transpose, in the order of ORIENTATIONS
    for name, turn in zip(ORIENTATIONS, turns, strict=True):
        laid = picture if turn is None else picture.transpose(Image.Transpose(turn))
        assert hash_distance(found[name], phash(laid.convert("L"))) <= 2  # rounding of the resize is not symmetric


def test_a_balanced_hash_has_32_ones_and_a_flat_picture_has_not() -> None:
    assert not degenerate(hashes(_opened(drawn(1, 256))).frame["upright"])
    for grey in (0, 128, 255):
        assert degenerate(hashes(_opened(Image.new("L", (300, 200), grey))).frame["upright"])


@pytest.mark.parametrize("colour", ["white", "black", "#d8d0c0"])
def test_a_border_is_trimmed_and_the_inside_hashes_as_the_original(colour: str) -> None:
    original = drawn(6, 400)
    bordered = hashes(_opened(ImageOps.expand(original, 20, colour)))
    assert bordered.box is not None
    assert hash_distance(bordered.box["upright"], phash(original.convert("L"))) <= 4
    assert bordered.box_fractions == pytest.approx((20 / 440, 20 / 440, 420 / 440, 420 / 440), abs=0.006)


def test_no_border_means_no_box_and_a_box_too_narrow_is_refused() -> None:
    assert content_box(drawn(1, 300).convert("L")) is None
    assert content_box(Image.new("L", (300, 300), 255)) is None
    lonely = Image.new("L", (400, 400), 255)
    lonely.paste(drawn(1, 60).convert("L"), (170, 170))
    assert content_box(lonely) is None  # 60 of 400 is less than a fifth


def test_aligned_copies_correlate_and_others_do_not() -> None:
    original = drawn(7, 300)
    copy = ImageOps.expand(ImageOps.mirror(original), 15, "white")
    a = aligned_grey(original.convert("L"), "full", "mirrored")
    b = aligned_grey(copy.convert("L"), "box", "upright")
    assert correlation(a, b) > 0.97
    assert correlation(a, aligned_grey(drawn(8, 300).convert("L"), "full", "upright")) < 0.7
    assert correlation(a, np.zeros_like(a)) == 0.0
