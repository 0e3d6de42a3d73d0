"""What cannot have changed is not asked again, and judging a part gives what judging everything would."""

import shutil
from pathlib import Path

import pytest
from curated_archive import Archive, drawn, encoded

from catalog import db, runs
from curate import judge, judged_before
from curate.curate import curate
from curate.decide import decide
from curate.settings import CurationSettings, read

LATER = {"same_bytes", "near_duplicate", "same_subject_copy"}


@pytest.fixture(scope="module")
def curated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scans of one picture, another picture, and one under NC, judged twice, so that splits are drawn and seen."""
    archive = Archive(tmp_path_factory.mktemp("judged") / "workspace")
    archive.add_all(
        {
            "small.png": encoded(drawn(1, 256)),
            "large.png": encoded(drawn(1, 256).resize((400, 400))),
            "other.png": encoded(drawn(2, 280)),
        }
    )
    archive.add("nc.png", encoded(drawn(3)), licence="CC BY-NC 4.0")
    for _ in range(2):
        curate(archive.folder)
    return archive.folder


@pytest.fixture
def judged(curated: Path, tmp_path: Path) -> Archive:
    """A copy of it, to change."""
    shutil.copytree(curated, tmp_path / "workspace")
    return Archive(tmp_path / "workspace")


def _judge(archive: Archive, settings: CurationSettings | None = None) -> judge.Judged:
    with runs.begin(archive.folder, "curate", {}) as run:
        return judge.judge(archive.folder, run, settings or read(archive.folder))


def _decisions(archive: Archive) -> list[dict[str, object]]:
    return archive.rows("SELECT subject, criterion, version, verdict, reason, evidence FROM current_decisions ORDER BY ALL")


def test_nothing_is_asked_when_nothing_changed_and_the_counts_are_the_same(judged: Archive) -> None:
    found = _judge(judged)
    assert found.asked == {}
    assert found.excluded["near_duplicate"] == 1
    assert sum(found.new.values()) == 0


def test_another_threshold_asks_its_criterion_and_those_that_look_at_others(judged: Archive) -> None:
    stricter = CurationSettings(criteria={"too_small": {"min_side_px": 300}})
    found = _judge(judged, stricter)
    assert set(found.asked) == {"too_small", *LATER}
    assert found.excluded["too_small"] == 3
    part = _decisions(judged)
    (judged.folder / "spool" / judged_before.FILE_NAME).unlink()
    whole = _judge(judged, stricter)
    assert set(whole.asked) == set(judge.loaded())
    assert (whole.excluded, whole.review, whole.abstained) == (found.excluded, found.review, found.abstained)
    assert sum(whole.new.values()) == 0
    assert _decisions(judged) == part


def test_a_purpose_asks_only_those_that_go_by_it(judged: Archive) -> None:
    assert set(_judge(judged, CurationSettings(purpose="commercial")).asked) == {"rights_not_cleared", *LATER}


def test_a_new_item_or_a_person_s_word_asks_everything(judged: Archive) -> None:
    judged.add("new.png", encoded(drawn(5)))
    assert set(_judge(judged).asked) == set(judge.loaded())
    assert _judge(judged).asked == {}
    decide(judged.folder, "other.png", "exclude", reason="Not ours.", who="Ana")
    assert set(_judge(judged).asked) == set(judge.loaded())


def test_new_splits_ask_only_those_that_rank_by_them(judged: Archive) -> None:
    with db.writing(judged.folder) as connection:
        connection.execute("INSERT INTO splits VALUES (?, 'train', 'r', '2026-11-21')", ["f" * 64])
    assert set(_judge(judged).asked) == LATER


def test_a_note_whose_answers_never_reached_the_catalogue_counts_for_nothing(judged: Archive) -> None:
    with db.writing(judged.folder) as connection:
        connection.execute("DELETE FROM decisions WHERE criterion = 'near_duplicate'")
    found = _judge(judged)
    assert set(found.asked) == set(judge.loaded())
    assert found.new["near_duplicate"] == 1
    (judged.folder / "spool" / judged_before.FILE_NAME).write_text("{torn")
    assert set(_judge(judged).asked) == set(judge.loaded())


def test_criteria_of_the_first_round_read_nothing_that_curation_writes_after_judging() -> None:
    for name, module in judge.loaded().items():
        if judge.round_of(module) == judge.FIRST_ROUND:
            words = set(module.QUERY.replace(".", " ").replace(",", " ").split())
            assert not words & {"split", "splits", "anchor", "groups", "current_groups", "standing", "given"}, name
