"""A person's word on two pictures: it is kept by their sha256, and the next curation follows it."""

from pathlib import Path

import pytest
from curated_archive import Archive, drawn, encoded
from waiting_archive import empty_archive

from base.errors import UsageError
from curate.curate import curate
from curate.decide import link


@pytest.fixture
def archive(workspace: Path) -> Archive:
    """An empty archive that is quickly made."""
    return empty_archive(workspace)


def test_two_scans_that_a_person_calls_different_are_both_kept(archive: Archive) -> None:
    first, second = drawn(1, 300), drawn(2, 300)
    archive.add_all(
        {
            "large.png": encoded(first),
            "small.jpg": encoded(first.resize((260, 260)), "JPEG"),
            "other.png": encoded(second),
            "its-copy.jpg": encoded(second.resize((260, 260)), "JPEG"),
        }
    )
    said = link(archive.folder, "small.jpg", "large.png", "different", reason="Two prints.", who="Ana")
    pictures = {row["sha256"] for row in archive.rows("SELECT sha256 FROM records WHERE source_id IN ('large.png', 'small.jpg')")}
    assert {said.a, said.b} == pictures
    assert said.a < said.b
    curate(archive.folder)
    kept = {row["source_id"] for row in archive.rows("SELECT source_id FROM kept")}
    assert kept == {"large.png", "small.jpg", "other.png"}, "without a person's word a copy steps back"


def test_a_later_word_replaces_the_former(archive: Archive) -> None:
    a, b = (archive.add(name, encoded(drawn(at, 24))).candidate_id for at, name in enumerate(("a.png", "b.png")))
    link(archive.folder, a, b, "same", reason="One work.", who="Ana")
    for _ in range(2):
        link(archive.folder, b, a, "different", reason="I erred.", who="Ana")
    assert archive.rows("SELECT kind, reason FROM current_links") == [{"kind": "cannot", "reason": "I erred."}]
    assert archive.rows("SELECT count(*) AS said FROM links") == [{"said": 2}]


def test_words_that_contradict_each_other_are_shown_and_not_written(archive: Archive) -> None:
    a, b, c = (archive.add(f"{name}.png", encoded(drawn(at, 24))).candidate_id for at, name in enumerate("abc"))
    link(archive.folder, a, b, "same", reason="First.", who="Ana")
    link(archive.folder, a, c, "different", reason="Second.", who="Rui")
    with pytest.raises(UsageError, match=r"contradict.*so says Rui: Second"):
        link(archive.folder, b, c, "same", reason="Third.", who="Ana")
    assert archive.rows("SELECT count(*) AS said FROM links") == [{"said": 2}]


def test_nothing_is_said_of_pictures_that_are_not_held(archive: Archive) -> None:
    a = archive.add("a.png", encoded(drawn(1, 24))).candidate_id
    words_only = archive.add("only-words.png", outcome="metadata_only").candidate_id
    for other, words in ((words_only, "is not held"), (a, "the same file"), ("0" * 32, "nothing here is called")):
        with pytest.raises(UsageError, match=words):
            link(archive.folder, a, other, "same", reason="x", who="Ana")
    with pytest.raises(UsageError, match="--by is empty"):
        link(archive.folder, a, words_only, "same", reason="x", who=" ")


def test_links_need_a_catalogue(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no catalogue"):
        link(tmp_path, "a", "b", "same", reason="x", who="Ana")
