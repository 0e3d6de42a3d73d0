"""A variation that is a copy of another harvested picture than its parent goes: whose it is, nobody can say any more."""

import pytest
from seen_archive import SeenArchive, sha256_of

CASES = [
    # name, what it is near to, likeness by SSCD, bits apart, correlation, paired; what is said of it
    ("apart", "stranger", None, None, None, True, None),
    ("under the bar of SSCD", "stranger", 0.7499, None, None, True, None),
    ("at the bar of SSCD", "stranger", 0.75, None, None, True, "likeness 0.75 to a model for copies, where less than 0.75"),
    ("a copy by its hash", "stranger", None, 6.0, 0.90, True, "6 bits apart, correlation 0.9."),
    ("near by hash, looked at and other", "stranger", None, 2.0, 0.89, True, None),
    ("too far by hash", "stranger", None, 8.0, 0.99, True, None),
    ("near by hash, not looked at", "stranger", None, 2.0, None, True, None),
    ("a copy of what was left out", "thumbnail", 0.9, None, None, True, "of “thumbnail”: likeness 0.9"),
    ("never compared", "stranger", None, None, None, False, None),
    ("near to its parent only", "parent of near to its parent only", 0.95, 0.0, 1.0, True, None),
    ("near to another variation", "apart", 0.95, 0.0, 1.0, True, None),
]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> SeenArchive:
    archive = SeenArchive(tmp_path_factory.mktemp("another"), "copy_of_another")
    archive.item("stranger")
    archive.item("thumbnail", side_px=40)
    archive.fact("thumbnail", "width_px", value=40.0)
    archive.fact("thumbnail", "height_px", value=40.0)
    for name, other, copied, distance, correlation, paired, _ in CASES:
        archive.item(f"parent of {name}")
        _made(archive, name, f"parent of {name}", paired=paired)
        _near(archive, name, other, copied, distance, correlation)
    archive.item("print")
    archive.item("another print")
    archive.item("said to be the print")
    _near(archive, "print", "another print", 0.8)
    archive.link("print", "said to be the print", "must")
    for name, other in (("of a print", "another print"), ("of a print a person knows", "said to be the print")):
        _made(archive, name, "print")
        _near(archive, name, other, 0.8)
    archive.item("parent of two")
    _made(archive, "of two strangers", "parent of two")
    _near(archive, "of two strangers", "stranger", None, 4.0, 0.95)
    _near(archive, "of two strangers", "thumbnail", 0.8)
    report = archive.curate()
    assert report.excluded["too_small"] == 1
    assert report.abstained["copy_of_another"] == 2
    return archive


def _made(archive: SeenArchive, name: str, parent: str, *, paired: bool = True) -> None:
    archive.variation(name, parent)
    archive.embedded([name], "copy")
    if paired:
        archive.fact(name, "paired", value=1.0)


def _near(
    archive: SeenArchive, one: str, other: str, copied: float | None, distance: float | None = None, seen: float | None = None
) -> None:
    if copied is not None:
        archive.pair(one, other, "copy", 1 - copied)
    if distance is not None:
        archive.pair(one, other, "phash", distance, seen)


@pytest.mark.parametrize(("name", "said"), [(name, said) for name, *_, said in CASES])
def test_a_copy_of_another_picture_goes(archive: SeenArchive, name: str, said: str | None) -> None:
    verdict, reason = archive.decided().get(name, (None, None))
    assert verdict == (said and "exclude")
    assert said is None or said in str(reason)


def test_where_the_parent_is_as_near_to_that_picture_it_is_no_news(archive: SeenArchive) -> None:
    assert not {"of a print", "of a print a person knows"} & set(archive.decided())


def test_of_several_the_surest_is_named_in_the_evidence(archive: SeenArchive) -> None:
    found = archive.evidence("of two strangers")
    assert found.pop("same_as") in archive.names
    assert found == {
        "copy_likeness": 0.8,
        "correlation": None,
        "distance_bits": None,
        "same_as_sha256": sha256_of("thumbnail"),
    }


@pytest.mark.parametrize(
    ("change", "moves"),
    [
        ("min_copy_likeness=0.74", {"under the bar of SSCD": "keep → exclude"}),
        ("max_distance_bits=4", {"a copy by its hash": "exclude → keep"}),
        ("min_correlation=0.89", {"near by hash, looked at and other": "keep → exclude"}),
        ("verdict=review", dict.fromkeys([*(one[0] for one in CASES if one[-1]), "of two strangers"], "exclude → review")),
    ],
)
def test_what_would_change(archive: SeenArchive, change: str, moves: dict[str, str]) -> None:
    assert archive.moved(change) == moves
