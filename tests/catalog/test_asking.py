"""What the views, `why`, `status`, `check` and `sql` answer."""

import os
from pathlib import Path

import pytest
from small_catalogue import candidate, stored

from base.errors import UsageError
from catalog import db, query, runs, subjects
from catalog.check import check
from catalog.status import status
from catalog.store import Store
from catalog.why import why

HOSTILE = [
    "COPY (SELECT 1) TO 'catalog.duckdb' (FORMAT csv)",
    "WITH x AS (COPY (SELECT 1) TO 'snapshot.duckdb' (FORMAT csv, USE_TMP_FILE false)) SELECT * FROM x",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO 'snapshot.duckdb'",
    "SELECT 1) TO 'x'; COPY (SELECT 1",
    "SELECT 1; DROP TABLE candidates",
    "DELETE FROM candidates",
    "UPDATE candidates SET title = 'x'",
    "INSERT INTO candidates SELECT * FROM candidates",
    "CREATE TABLE x AS SELECT 1",
    "DROP VIEW kept",
    "ATTACH 'other.duckdb' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET memory_limit = '100GB'",
    "PRAGMA database_list",
    "CALL pragma_version()",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_blob('snapshot.duckdb')",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM '/etc/passwd'",
    "EXPORT DATABASE 'x'",
    "CHECKPOINT",
    "VACUUM",
    "SELECT * FROM read_json('../*.jsonl')",
    "",
    "SELECT FROM WHERE",
]


@pytest.mark.parametrize("sql", HOSTILE)
def test_hostile_sql_is_refused_and_the_catalogue_is_untouched(workspace: Path, collection: dict[str, str], sql: str) -> None:
    before = (workspace / "catalog.duckdb").read_bytes()
    outside = sorted(path.name for path in workspace.parent.iterdir())
    try:
        found = query.ask(workspace, sql, timeout_s=20)
    except UsageError:
        found = None
    # reading the disposable copy itself is possible (curation.md 7.6); anything else must be refused
    assert found is None or sql == "SELECT * FROM read_blob('snapshot.duckdb')"
    assert (workspace / "catalog.duckdb").read_bytes() == before
    assert sorted(path.name for path in workspace.parent.iterdir()) == outside
    assert list((workspace / "spool").glob("snapshot-*")) == []


@pytest.mark.parametrize(
    "sql", ["SELECT count(*) FROM range(1000000000000) a, range(1000000) b WHERE a.range = -b.range - 1"], ids=["endless"]
)
def test_an_endless_query_is_stopped(workspace: Path, collection: dict[str, str], sql: str) -> None:
    with pytest.raises(UsageError, match="longer than 1 s"):
        query.ask(workspace, sql, timeout_s=1)


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


def test_a_persons_keep_without_evidence_yields_to_a_later_opt_out(workspace: Path, collection: dict[str, str]) -> None:
    subject = candidate("a/one.jpg").candidate_id
    row = {"subject": subject, "version": "1", "reason": "said", "who": "Ana"}
    said = []
    for criterion, verdict, evidence in (
        ("person", "keep", {"evidence": None}),
        ("opted_out", "exclude", {}),
        ("person", "keep", {"evidence": "letter of 3 May"}),
    ):
        with runs.begin(workspace, "decide", {}) as run:
            run.add("decisions", {**row, "criterion": criterion, "verdict": verdict, "evidence": evidence})
        said += db.rows(workspace, "SELECT verdict, criterion FROM verdicts WHERE subject = ?", [subject])
    assert [(one["verdict"], one["criterion"]) for one in said] == [
        ("keep", "person"),
        ("exclude", "opted_out"),
        ("keep", "person"),
    ]


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
