"""What the views, `why`, `status`, `check` and `sql` answer."""

import os
from pathlib import Path

import duckdb
import pytest
from small_catalogue import candidate, stored

from base.errors import UsageError
from catalog import db, query, runs, subjects
from catalog.check import check
from catalog.status import status
from catalog.store import Store
from catalog.why import why


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT title FROM kept ORDER BY title",
        "SELECT title FROM kept ORDER BY title -- a comment",
        "SELECT title FROM kept ORDER BY title;",
        "FROM kept SELECT title ORDER BY title",
        "WITH x AS (SELECT title FROM kept) SELECT * FROM x ORDER BY title",
    ],
)
def test_an_honest_select_is_answered(workspace: Path, collection: dict[str, str], sql: str) -> None:
    assert query.ask(workspace, sql).rows == (("Picture a/one.jpg",), ("Picture b/two.jpg",))


def test_a_large_catalogue_copied_as_a_file_answers_the_same(
    workspace: Path, collection: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = "SELECT * EXCLUDE (stated_at) FROM records ORDER BY subject"
    slow = query.ask(workspace, asked)
    before = db.catalogue_path(workspace).read_bytes()
    monkeypatch.setattr(query, "LARGE_BYTES", 0)
    assert query.ask(workspace, asked) == slow
    assert db.catalogue_path(workspace).read_bytes() == before


def test_the_row_limit_is_stated(workspace: Path, collection: dict[str, str]) -> None:
    answer = query.ask(workspace, "SELECT * FROM range(10)", limit=3)
    assert len(answer.rows) == 3
    assert answer.cut


def test_every_candidate_is_kept_waiting_excluded_or_unjudged(workspace: Path, collection: dict[str, str]) -> None:
    total = status(workspace)["totals"]
    assert total["candidates"] == 3
    assert total["kept_harvested"] + total["waiting"] + total["excluded"] + total["unjudged"] == 3
    assert db.rows(workspace, "SELECT criterion, reason FROM excluded") == [
        {"criterion": "rights_not_cleared", "reason": "No licence is stated."}
    ]


def test_a_newer_statement_is_not_kept_until_it_is_judged(workspace: Path, collection: dict[str, str]) -> None:
    with runs.begin(workspace, "harvest", {}) as run:
        run.add("candidates", candidate("a/one.jpg", collection["a/one.jpg"], title="New title"))
    assert [row["source_id"] for row in db.rows(workspace, "SELECT source_id FROM kept")] == ["b/two.jpg"]
    assert [row["source_id"] for row in db.rows(workspace, "SELECT source_id FROM unjudged")] == ["a/one.jpg"]
    with runs.begin(workspace, "curate", {}):
        pass
    assert len(db.rows(workspace, "SELECT 1 FROM kept")) == 2


def test_a_persons_word_outranks_a_criterion(workspace: Path, collection: dict[str, str]) -> None:
    subject = candidate("a/one.jpg").candidate_id
    for criterion, verdict in (("near_duplicate", "exclude"), ("person", "keep")):
        with runs.begin(workspace, "decide", {}) as run:
            run.add(
                "decisions",
                {
                    "subject": subject,
                    "criterion": criterion,
                    "version": "1",
                    "verdict": verdict,
                    "reason": f"{criterion} says so",
                    "evidence": {},
                    "who": "Ana",
                },
            )
        said = db.rows(workspace, "SELECT verdict, criterion FROM verdicts WHERE subject = ?", [subject])
        assert said == [{"verdict": verdict, "criterion": criterion}]


def test_concepts_of_source_and_caption_are_joined(workspace: Path, collection: dict[str, str]) -> None:
    found = db.rows(workspace, "SELECT concepts FROM records WHERE source_id = 'a/one.jpg'")
    assert found == [{"concepts": ["araucária", "pampas"]}]


@pytest.mark.parametrize("name", ["one.jpg", "a/one.jpg", "Picture a/one.jpg"])
def test_a_subject_is_found_by_any_of_its_names(workspace: Path, collection: dict[str, str], name: str) -> None:
    subject = candidate("a/one.jpg").candidate_id
    assert subjects.find(workspace, name) == subject
    assert subjects.find(workspace, collection["a/one.jpg"][:10]) == subject
    assert subjects.find(workspace, subject) == subject


def test_an_ambiguous_name_lists_what_it_may_be(workspace: Path, collection: dict[str, str]) -> None:
    with runs.begin(workspace, "harvest", {}) as run:
        run.add("candidates", candidate("c/one.jpg", stored(run, b"another")))
    with pytest.raises(UsageError, match=r"may be any of these[\s\S]*a/one.jpg[\s\S]*c/one.jpg"):
        subjects.find(workspace, "one.jpg")
    with pytest.raises(UsageError, match="nothing here is called"):
        subjects.find(workspace, "nowhere.jpg")


def test_why_tells_the_rights_in_the_sources_own_words(workspace: Path, collection: dict[str, str]) -> None:
    story = why(workspace, "three.jpg")
    assert story["verdict"]["reason"] == "No licence is stated."
    assert why(workspace, "a/one.jpg")["record"]["rights_raw"] == [["licence", "CC BY 4.0"]]


def test_check_names_missing_and_altered_bytes(workspace: Path, collection: dict[str, str]) -> None:
    assert check(workspace, read_bytes=True).faults == ()
    store = Store(workspace)
    altered, missing = collection["a/one.jpg"], collection["b/two.jpg"]
    store.path(altered).chmod(0o644)
    store.path(altered).write_bytes(b"altered")
    store.path(missing).unlink()
    faults = check(workspace, read_bytes=True).faults
    assert {what for _, what in faults} == {altered, missing}


def test_bytes_are_stored_once_and_unchanged(workspace: Path) -> None:
    store = Store(workspace)
    data = os.urandom(5000)
    sha256 = store.put(data)
    assert not store.has(sha256)
    store.sync()
    assert store.read(sha256) == data
    changed = store.path(sha256).stat().st_mtime_ns
    assert store.put(data) == sha256
    store.sync()
    assert store.path(sha256).stat().st_mtime_ns == changed


@pytest.mark.parametrize("refusal", ["opted_out", "rights_not_cleared", "restricted_subject"])
def test_a_persons_keep_without_evidence_yields_to_a_later_refusal(
    workspace: Path, collection: dict[str, str], refusal: str
) -> None:
    subject = candidate("a/one.jpg").candidate_id
    row = {"subject": subject, "version": "1", "reason": "said", "who": "Ana"}
    said = []
    for criterion, verdict, evidence in (
        ("person", "keep", {"evidence": None}),
        (refusal, "exclude", {}),
        ("person", "keep", {"evidence": "letter of 3 May"}),
    ):
        with runs.begin(workspace, "decide", {}) as run:
            run.add("decisions", {**row, "criterion": criterion, "verdict": verdict, "evidence": evidence})
        said += db.rows(workspace, "SELECT verdict, criterion FROM verdicts WHERE subject = ?", [subject])
    assert [(one["verdict"], one["criterion"]) for one in said] == [("keep", "person"), ("exclude", refusal), ("keep", "person")]


def test_what_is_poured_while_a_curation_works_is_not_judged_by_it(workspace: Path, collection: dict[str, str]) -> None:
    with runs.begin(workspace, "curate", {}) as curation:
        curation.pour()  # here it looks
        with runs.begin(workspace, "harvest", {}) as run:
            run.add("candidates", candidate("late.jpg", stored(run, b"late")))
    assert [row["source_id"] for row in db.rows(workspace, "SELECT source_id FROM unjudged")] == ["late.jpg"]
    assert len(db.rows(workspace, "SELECT 1 FROM kept")) == 2


def test_a_time_with_a_zone_is_shown_as_text_without_another_package(workspace: Path, collection: dict[str, str]) -> None:
    (row,) = query.ask(workspace, "SELECT TIMESTAMPTZ '2026-11-21 05:00:00+02' AS at, [now()] AS several, 1 AS one").rows
    assert (row[0], row[2]) == ("2026-11-21 03:00:00+00", 1)


def test_of_a_large_collection_the_count_is_kept_until_the_catalogue_changes(
    workspace: Path, collection: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from catalog import status as status_room

    counted = status(workspace)
    assert not (workspace / "spool" / "status.json").exists()
    monkeypatch.setattr(status_room, "MANY", 1)
    status(workspace)
    with monkeypatch.context() as patched:
        patched.setattr(status_room, "_counted", lambda _: pytest.fail("counted again"))
        again = status(workspace)
    assert {**again, "disk": None} == {**counted, "disk": None}
    with runs.begin(workspace, "harvest", {}) as run:
        run.add("candidates", candidate("late.jpg", stored(run, b"late")))
    assert status(workspace)["totals"]["candidates"] == counted["totals"]["candidates"] + 1
    with duckdb.connect(str(db.catalogue_path(workspace))) as other_program:
        other_program.execute("DELETE FROM candidates WHERE source_id = 'late.jpg'")
    assert status(workspace)["totals"] == counted["totals"] | {"images": counted["totals"]["images"] + 1} | {
        "size_bytes": counted["totals"]["size_bytes"] + 4
    }


@pytest.mark.parametrize("damage", ["", "{}", "[1]", '{"state": "x"}'])
def test_a_damaged_note_of_the_count_is_counted_anew(
    workspace: Path, collection: dict[str, str], monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setattr("catalog.status.MANY", 1)
    (workspace / "spool" / "status.json").write_text(damage)
    assert status(workspace)["totals"]["candidates"] == 3


def test_status_counts_what_the_views_list(archive_with_variations: Path) -> None:
    total = status(archive_with_variations)["totals"]
    for name in ("waiting", "excluded", "unjudged"):
        listed = db.rows(archive_with_variations, f"SELECT count(*) AS items FROM {name}")[0]["items"]
        assert total[name] == listed > 0, name
    kept = db.rows(archive_with_variations, "SELECT kind, count(*) AS items FROM kept GROUP BY kind ORDER BY kind")
    assert [one["items"] for one in kept] == [total["kept_generated"], total["kept_harvested"]]


@pytest.fixture
def archive_with_variations(workspace: Path, collection: dict[str, str]) -> Path:
    """The collection and: variations of a kept and of a left-out picture, a second item of one file, one that waits, one new."""
    one, two = collection["a/one.jpg"], collection["b/two.jpg"]
    with runs.begin(workspace, "augment", {}) as run:
        run.add("candidates", candidate("again/one.jpg", one))
        run.add("candidates", candidate("waits.jpg", stored(run, b"waits")))
        for parent in (one, two):
            made = stored(run, b"of " + parent.encode(), origin="generated")
            asked = {"parent": parent, "concept": "pampas", "prompt": "p", "negative_prompt": "", "model": "m", "revision": "r"}
            size = {"seed": 1, "strength": 0.3, "guidance": 1.0, "steps": 2, "scheduler": "DDIM", "width_px": 64, "height_px": 64}
            run.add("requests", {**asked, **size, "digest": parent[:8]})
            run.add("variations", {"request": parent[:8], "parent": parent, "sha256": made})
    with runs.begin(workspace, "curate", {}) as run:
        said = {"version": "1", "reason": "so", "evidence": {}, "who": "criteria"}
        run.add(
            "decisions", {**said, "subject": candidate("waits.jpg").candidate_id, "criterion": "blurred", "verdict": "review"}
        )
        run.add("decisions", {**said, "subject": candidate("b/two.jpg").candidate_id, "criterion": "x", "verdict": "exclude"})
    with runs.begin(workspace, "harvest", {}) as run:
        run.add("candidates", candidate("new.jpg", stored(run, b"new")))
    return workspace
