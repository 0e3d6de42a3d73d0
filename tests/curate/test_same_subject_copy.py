"""The same subject twice waits for a person: around the best one, without chains, and never against a person's word."""

import pytest
from seen_archive import SeenArchive

PAIRS = [
    # one, other, kind, distance (1 - cosine), bits and correlation of a hash, a person's word; who steps back, and why
    (
        "a large",
        "a small",
        "semantic",
        0.03,
        None,
        None,
        "a small",
        "It seems to show the same as “a large” (folder:test), which is",
    ),
    ("b large", "b small", "copy", 0.20, None, None, "b small", "A model for copies takes it for the same picture as “b large”"),
    ("c large", "c small", "semantic", 0.04, None, None, "c small", "likeness 0.96. A person must look."),
    ("d large", "d small", "semantic", 0.05, None, None, None, None),
    ("e large", "e small", "copy", 0.25, None, None, "e small", "likeness 0.75. A person must look."),
    ("f large", "f small", "copy", 0.26, None, None, None, None),
    ("g large", "g small", "semantic", 0.03, None, "cannot", None, None),
    ("h large", "h small", "semantic", 0.03, None, "must", None, None),  # near_duplicate's: it goes there
    ("i large", "i small", "semantic", 0.03, (2.0, 0.99), None, None, None),  # near_duplicate's too
    ("j large", "j small", "semantic", 0.03, (2.0, 0.5), None, "j small", "which is the larger scan: likeness 0.97"),
]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> SeenArchive:
    archive = SeenArchive(tmp_path_factory.mktemp("archive"), "same_subject_copy")
    for large, small, kind, distance, hashed, link, *_ in PAIRS:
        archive.item(large, side_px=800)
        archive.item(small, side_px=400)
        archive.pair(large, small, kind, distance)
        if hashed is not None:
            archive.pair(large, small, "phash", *hashed)
        if link is not None:
            archive.link(large, small, link)
    archive.pair("b large", "b small", "semantic", 0.01)  # found by both models
    for name, side_px in (("k best", 900), ("k middle", 800), ("k last", 700)):
        archive.item(name, side_px=side_px)
    archive.pair("k best", "k middle", "semantic", 0.02)
    archive.pair("k middle", "k last", "semantic", 0.02)  # not near to the best: it stays
    archive.embedded(archive.names.values())
    archive.embedded(archive.names.values(), "copy")
    archive.item("not seen by any model")
    archive.item("seen by one of two")
    archive.embedded(["seen by one of two"])
    report = archive.curate()
    assert report.abstained["same_subject_copy"] == 2
    return archive


@pytest.mark.parametrize(("pair", "steps_back", "said"), [(line[:2], line[6], line[7]) for line in PAIRS])
def test_the_lesser_of_two_waits(seen: SeenArchive, pair: tuple[str, str], steps_back: str | None, said: str | None) -> None:
    decided = seen.decided()
    assert [name for name in pair if name in decided] == ([steps_back] if steps_back else [])
    if steps_back:
        assert decided[steps_back][0] == "review"
        assert str(said) in decided[steps_back][1]


def test_nothing_chains(seen: SeenArchive) -> None:
    assert [name for name in seen.decided() if name.startswith("k ")] == ["k middle"]


@pytest.mark.parametrize(
    ("change", "moves"),
    [
        ("min_likeness=0.95", {"d small": "keep → review"}),
        ("min_likeness=0.97", {"c small": "review → keep"}),
        ("min_copy_likeness=0.74", {"f small": "keep → review"}),
        # the other model still finds pair b
        ("min_copy_likeness=0.9", {"e small": "review → keep"}),
        ("verdict=exclude", {f"{letter} small": "review → exclude" for letter in "abcej"} | {"k middle": "review → exclude"}),
    ],
)
def test_what_would_change(seen: SeenArchive, change: str, moves: dict[str, str]) -> None:
    assert seen.moved(change) == moves
