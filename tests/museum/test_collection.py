"""What hangs in the museum: true terms, pictures that differ, and each trap present."""

import io
from importlib import util
from itertools import combinations
from typing import get_args

import imagehash
import pytest
from PIL import Image, ImageOps

from base.errors import UsageError
from fototeca.museum import collection
from fototeca.museum.collection import Item, Trap, items

NEAR_BITS = 6  # the distance within which curate calls two 64-bit perceptual hashes near


@pytest.fixture(scope="module")
def shown() -> list[Item]:
    return items()


def bytes_of(item: Item) -> bytes:
    content = item.content()
    assert content is not None
    return content


def by_id(shown: list[Item], name: str) -> Item:
    return next(item for item in shown if item.id == name)


def test_ids_are_unique(shown: list[Item]) -> None:
    assert len({item.id for item in shown}) == len(shown)


def test_each_kind_of_trap_is_set(shown: list[Item]) -> None:
    assert {item.trap for item in shown if item.trap} == set(get_args(Trap))


def test_sizes_are_those_of_the_files(shown: list[Item]) -> None:
    for item in shown:
        if item.trap not in ("truncated", "html_as_image", "not_found"):
            assert Image.open(io.BytesIO(bytes_of(item))).size == (item.width_px, item.height_px), item.id


def test_honest_pictures_are_no_near_duplicates_of_each_other(shown: list[Item]) -> None:
    hashes = {}
    for item in shown:
        if item.trap is None:
            picture = Image.open(io.BytesIO(bytes_of(item))).convert("RGB")
            hashes[item.id] = (imagehash.phash(picture), imagehash.phash(ImageOps.mirror(picture)))
    for first, second in combinations(hashes, 2):
        for turned in hashes[second]:
            assert hashes[first][0] - turned > NEAR_BITS, (first, second)


def test_smaller_copy_is_a_near_duplicate(shown: list[Item]) -> None:
    copy, original = (
        imagehash.phash(Image.open(io.BytesIO(bytes_of(by_id(shown, name))))) for name in ("araucaria-again", "araucaria-01")
    )
    assert copy - original <= NEAR_BITS
    assert by_id(shown, "araucaria-again").width_px < by_id(shown, "araucaria-01").width_px


def test_second_record_has_the_same_bytes(shown: list[Item]) -> None:
    assert bytes_of(by_id(shown, "pampas-again")) == bytes_of(by_id(shown, "pampas-02"))


def test_torn_file_ends_before_the_picture_does(shown: list[Item]) -> None:
    with pytest.raises(OSError, match="truncated"):
        Image.open(io.BytesIO(bytes_of(by_id(shown, "torn-araucaria")))).load()


def test_photographs_are_served_as_scikit_image_brings_them(shown: list[Item]) -> None:
    coffee = by_id(shown, "photograph-coffee")
    assert bytes_of(coffee) == (collection.photograph_folder() / "coffee.png").read_bytes()
    assert (coffee.creator, coffee.rights) == ("Rachel Michetti", "http://creativecommons.org/publicdomain/zero/1.0/")


def test_scarce_concept_is_scarce(shown: list[Item]) -> None:
    count = {name: sum(name in item.concepts for item in shown if not item.trap) for name in ("chimarrão", "araucária", "pampas")}
    assert count == {"chimarrão": 9, "araucária": 14, "pampas": 12}


def test_drawn_pictures_are_the_same_at_each_run(shown: list[Item]) -> None:
    first = bytes_of(by_id(shown, "chimarrao-01"))
    collection.jpeg.cache_clear()
    assert bytes_of(by_id(shown, "chimarrao-01")) == first


def test_missing_scikit_image_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"fototeca\[demo\]"):
        items()
