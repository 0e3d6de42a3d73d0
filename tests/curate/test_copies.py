"""Copies are found however they were made, confirmed by a second look, and step back for the best of them only."""

import numpy as np
import pytest
from curated_archive import Archive, drawn, encoded
from PIL import Image, ImageOps

from catalog import runs
from curate.curate import curate


def test_near_duplicate_keeps_the_larger_scan(archive: Archive) -> None:
    small = archive.add("small.jpg", encoded(drawn(1).resize((220, 220)), "JPEG", quality=70))
    large = archive.add("large.jpg", encoded(drawn(1, 512), "JPEG", quality=95), title="Cuia de prata")
    other = archive.add("other.jpg", encoded(drawn(2, 400), "JPEG"))
    report = curate(archive.folder)
    assert archive.verdict(large)[0] == archive.verdict(other)[0] == "keep"
    verdict, criterion, reason = archive.verdict(small)
    assert (verdict, criterion) == ("exclude", "near_duplicate")
    assert str(reason).startswith("The same picture as “Cuia de prata” (folder:test), which is the larger scan: ")
    assert "bits apart, correlation 0.9" in str(reason) or "bits apart, correlation 1" in str(reason)
    assert (report.pairs, report.verified) == (1, 1)


@pytest.mark.parametrize(
    ("change", "orientation"),
    [
        (lambda picture: ImageOps.expand(picture, 9, "white"), "upright"),
        (lambda picture: picture.rotate(90, expand=True), "turned_90"),
        (lambda picture: picture.rotate(180), "turned_180"),
    ],
    ids=["white border", "quarter turn", "half turn"],
)
def test_bordered_and_turned_copies_are_found(archive: Archive, change: object, orientation: str) -> None:
    assert callable(change)
    original = drawn(1, 300).crop((0, 0, 300, 260))
    archive.add("a.png", encoded(original))
    archive.add("b.jpg", encoded(change(original), "JPEG", quality=85))
    curate(archive.folder)
    pairs = archive.rows("SELECT orientation, verified FROM pairs")
    assert len(pairs) == 1
    assert pairs[0]["verified"] > 0.95
    turned = str(pairs[0]["orientation"]).split(" ")[0].replace("270", "90")  # which of the two is a depends on the hash
    assert turned == orientation
    assert archive.rows("SELECT criterion FROM excluded") == [{"criterion": "near_duplicate"}]


def test_a_mirror_image_waits_for_a_person(archive: Archive) -> None:
    archive.add("a.png", encoded(drawn(1, 300)))
    mirrored = archive.add("b.jpg", encoded(ImageOps.mirror(drawn(1, 280)), "JPEG"))
    curate(archive.folder)
    verdict, criterion, reason = archive.verdict(mirrored)
    assert (verdict, criterion) == ("review", "near_duplicate")
    assert str(reason).startswith("It is the mirror image of “a.png”")
    assert str(reason).endswith("A person must look.")


def test_flat_pictures_are_never_matched(archive: Archive) -> None:
    for number in range(4):
        archive.add(f"{number}.png", encoded(Image.new("RGB", (300, 300 + number), "white")))
    assert curate(archive.folder).pairs == 0


def test_a_hash_that_is_near_but_a_picture_that_differs_is_no_copy(archive: Archive) -> None:
    """Two pictures of equal coarse structure: the hash looks at 8 x 8 waves only, the correlation at 64 x 64 pixels."""
    chance = np.random.default_rng(5)
    coarse = np.asarray(drawn(3, 256).convert("L").resize((8, 8)).resize((256, 256), Image.Resampling.BICUBIC), dtype=float)
    items = []
    for number in range(2):
        noise = Image.fromarray(chance.integers(0, 255, (64, 64), dtype=np.uint8)).resize((256, 256), Image.Resampling.NEAREST)
        mixed = (0.35 * coarse + 0.65 * np.asarray(noise)).astype(np.uint8)
        items.append(archive.add(f"{number}.png", encoded(Image.fromarray(mixed))))
    curate(archive.folder)
    assert [archive.verdict(item)[0] for item in items] == ["keep", "keep"]


def test_a_copy_of_an_excluded_picture_is_not_excluded_with_it(archive: Archive) -> None:
    archive.add("reserved.jpg", encoded(drawn(1, 512), "JPEG"), licence="All rights reserved")
    free = archive.add("free.jpg", encoded(drawn(1, 300), "JPEG"))
    curate(archive.folder)
    assert archive.verdict(free)[0] == "keep"


def test_a_variation_is_no_duplicate_of_its_parent(archive: Archive) -> None:
    parent = archive.add("a.png", encoded(drawn(1, 300)))
    archive.vary(str(parent.sha256), encoded(drawn(1, 256)))
    curate(archive.folder)
    assert archive.rows("SELECT count(*) AS n FROM pairs") == [{"n": 1}]
    assert archive.rows("SELECT * FROM decisions WHERE criterion = 'near_duplicate'") == []


def test_a_person_s_word_on_a_pair_comes_first(archive: Archive) -> None:
    one = archive.add("a.png", encoded(drawn(1, 300)))
    two = archive.add("b.jpg", encoded(drawn(1, 280), "JPEG"))
    three = archive.add("c.png", encoded(drawn(9, 280)))
    same, apart = sorted([str(one.sha256), str(three.sha256)]), sorted([str(one.sha256), str(two.sha256)])
    with runs.begin(archive.folder, "decide", {}) as run:
        run.add("links", {"a": same[0], "b": same[1], "kind": "must", "reason": "one negative", "who": "Ana"})
        run.add("links", {"a": apart[0], "b": apart[1], "kind": "cannot", "reason": "two prints", "who": "Ana"})
    curate(archive.folder)
    assert archive.verdict(two)[0] == "keep"
    assert str(archive.verdict(three)[2]).startswith("A person says that it is the same picture as “a.png”")
