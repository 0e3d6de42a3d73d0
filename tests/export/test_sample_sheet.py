"""The contact sheet of an export: variations beside their parent, room for every concept, nothing of a picture that went."""

import io

from PIL import Image, ImageColor
from told_samples import Told

from export.sample_sheet import GAP_PX, MOST_CONCEPTS, MOST_TILES, TILE_PX, sample_sheet


def drawn(told: Told) -> Image.Image:
    return Image.open(io.BytesIO(sample_sheet(told.samples, told.bytes.__getitem__)))


def places(sheet: Image.Image, colour: str) -> list[tuple[int, int]]:
    """Left upper corners of the tiles of this colour."""
    wanted, step = ImageColor.getrgb(colour), TILE_PX + GAP_PX
    width, height = sheet.size
    lefts = range(32, width - TILE_PX, step)
    pixels = sheet.load()
    assert pixels is not None
    found = []
    for left in lefts:
        column = [pixels[left + 60, top] == wanted for top in range(height)]
        found += [(left, top) for top in range(1, height) if column[top] and not column[top - 1]]
    return found


def test_drawn_twice_it_is_the_same() -> None:
    told = Told()
    told.vary(told.add("red"), "blue")
    one, two = (sample_sheet(order, told.bytes.__getitem__) for order in (told.samples, told.samples[::-1]))
    assert one == two


def test_variations_stand_beside_the_picture_they_vary_and_each_once() -> None:
    told = Told()
    told.add("lime")
    parent = told.add("red")
    for colour in ("blue", "navy", "teal", "aqua"):
        told.vary(parent, colour)
    told.add("yellow", "erva")
    sheet = drawn(told)
    ((left, top),) = places(sheet, "red")
    beside = [places(sheet, colour) for colour in ("blue", "navy", "teal", "aqua")]
    step = TILE_PX + GAP_PX
    assert sorted(place for found in beside for place in found) == [(left + at * step, top) for at in (1, 2, 3)]  # of four, three
    ((_, other),) = places(sheet, "yellow")
    assert other != top  # another concept, another row


def test_a_large_concept_leaves_room_for_a_small_one() -> None:
    told = Told()
    for number in range(2 * MOST_TILES):
        told.add(f"#{number:02x}0000", "araucária")
    told.add("#0000ff", "zabumba")
    assert len(places(drawn(told), "#0000ff")) == 1


def test_of_many_concepts_those_with_variations_and_the_largest_are_shown() -> None:
    told = Told()
    for number in range(MOST_CONCEPTS):
        told.add(f"#{number:02x}0000", f"a{number:02}")
        told.add(f"#{number:02x}0001", f"a{number:02}")
    told.add("lime", "small")
    told.vary(told.add("red", "varied"), "blue")
    sheet = drawn(told)
    assert (len(places(sheet, "red")), len(places(sheet, "blue")), len(places(sheet, "lime"))) == (1, 1, 0)


def test_pictures_without_a_concept_and_bytes_that_are_no_picture_are_shown_as_such() -> None:
    told = Told()
    told.add("no picture", None, data=b"no picture")
    told.add("lime", None)
    assert len(places(drawn(told), "lime")) == 1


def test_an_export_of_nothing_has_a_sheet() -> None:
    assert drawn(Told()).width > 0
