"""What would change under other settings is told by concept, and nothing is written."""

import pytest
from curated_archive import Archive, drawn, encoded

from base.errors import UsageError
from catalog import db
from curate.curate import curate
from curate.what_if import what_if


@pytest.fixture(scope="module")
def small_and_large(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Two pictures of a gourd, one of 256 and one of 400 pixels, and a variation of the small one."""
    archive = Archive(tmp_path_factory.mktemp("archive"))
    small = archive.add("small.png", encoded(drawn(1, 256)), concepts=("cuia",))
    archive.add("large.png", encoded(drawn(2, 400)), concepts=("cuia",), licence="CC BY-NC 4.0")
    assert small.sha256 is not None
    archive.vary(small.sha256, encoded(drawn(3, 400)))
    curate(archive.folder)
    return archive


def test_a_higher_threshold_is_counted_by_concept_and_takes_variations_along(small_and_large: Archive) -> None:
    found = what_if(small_and_large.folder, ["too_small.min_side_px=300"])
    whole = next(row for row in found.concepts if row["concept"] == "(all)")
    assert (whole["kept_before"], whole["kept_after"], whole["excluded_after"]) == (3, 1, 2)
    assert found.moved == ({"before": "keep", "after": "exclude", "pictures": 2},)


def test_another_purpose_is_a_what_if_too(small_and_large: Archive) -> None:
    found = what_if(small_and_large.folder, ["purpose=commercial"])
    assert [row["title"] for row in found.examples] == ["large.png"]


def test_asking_writes_nothing(small_and_large: Archive) -> None:
    before = db.rows(small_and_large.folder, "SELECT count(*) AS n FROM decisions"), db.rows(small_and_large.folder, "FROM runs")
    what_if(small_and_large.folder, ["too_small.min_side_px=300"])
    assert before == (
        db.rows(small_and_large.folder, "SELECT count(*) AS n FROM decisions"),
        db.rows(small_and_large.folder, "FROM runs"),
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("to_small.min_side_px=300", "too_small"),
        ("too_small.min_side=300", "min_side_px"),
        ("too_small.min_side_px=large", "min_side_px"),
        ("too_small.min_side_px", "CRITERION.PARAMETER=VALUE"),
        ("purpose=fun", "purpose"),
    ],
)
def test_a_slip_names_the_right_word(small_and_large: Archive, change: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        what_if(small_and_large.folder, [change])
