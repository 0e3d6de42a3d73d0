"""A table of hostile SQL for `fototeca sql`: each row is refused or limited in plain words, and no file anywhere changes."""

import hashlib
import os
import re
import resource
import time
from pathlib import Path

import duckdb
import pytest
from small_catalogue import candidate, stored

from base.errors import UsageError
from catalog import query, runs

FOREVER_S = 1.0
"""Time given to rows that would never end; the others take far less than `PATIENCE_S`."""
PATIENCE_S = 60.0
PASSWORD = "open-sesame-7731"

OTHER_KINDS = [
    "COPY (SELECT 1) TO '{catalogue}' (FORMAT csv, USE_TMP_FILE false)",
    "COPY candidates TO '{outside}/stolen.parquet' (FORMAT parquet)",
    "/* a note */ COPY -- another\n (SELECT 1) TO '{outside}/stolen.csv'",
    "COPY candidates FROM '{outside}/private.csv'",
    "COPY FROM DATABASE snapshot TO memory",
    "FROM candidates SELECT title; COPY candidates TO '{outside}/stolen.csv'",
    "EXPORT DATABASE '{outside}/stolen'",
    "IMPORT DATABASE '{outside}'",
    "ATTACH '{catalogue}' AS live",
    "ATTACH '{catalogue}' AS live (READ_ONLY)",
    "ATTACH ':memory:' AS scratch",
    "DETACH snapshot",
    "USE memory",
    "INSTALL httpfs",
    "FORCE INSTALL httpfs FROM community",
    "LOAD httpfs",
    "SET memory_limit = '100GB'",
    "SET GLOBAL enable_external_access = true",
    "RESET lock_configuration",
    "SET VARIABLE x = 1",
    "PRAGMA database_list",
    "PRAGMA enable_profiling",
    "PRAGMA memory_limit = '100GB'",
    "CALL pragma_version()",
    "CALL enable_logging()",
    "CREATE TABLE x AS SELECT 1",
    "CREATE TEMP VIEW candidates AS SELECT 1",
    "CREATE OR REPLACE TEMP MACRO licence_name(a, b, c) AS 'CC0'",
    "CREATE PERSISTENT SECRET s (TYPE http, BEARER_TOKEN 'x')",
    "DROP VIEW kept",
    "ALTER TABLE candidates DROP COLUMN title",
    "INSERT INTO candidates SELECT * FROM candidates",
    "UPDATE candidates SET title = 'x'",
    "DELETE FROM candidates",
    "TRUNCATE candidates",
    "MERGE INTO candidates USING images ON FALSE WHEN NOT MATCHED THEN INSERT DEFAULT VALUES",
    "PREPARE theft AS SELECT 1",
    "EXECUTE theft",
    "DEALLOCATE theft",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{catalogue}'",
    "EXPLAIN ANALYZE SELECT 1",
    "BEGIN",
    "COMMIT",
    "CHECKPOINT",
    "VACUUM",
    "ANALYZE",
    "COMMENT ON TABLE candidates IS 'x'",
    "PIVOT candidates ON source USING count(*)",
    "SELECT 1; DROP TABLE candidates",
    "SELECT 1 -- ; \n ; DELETE FROM candidates",
    "SELECT 1;;SELECT 2",
]
"""Other statements than one SELECT: refused before anything is copied."""

NO_SQL = [
    "",
    ";",
    "-- only a comment",
    "SELECT FROM WHERE",
    "SELECT 'never closed",
    'SELECT "never closed',
    "SELECT 1 /* never closed",
    "SELECT 1\0; DROP TABLE candidates",
    "\0",
    "SELECT '\ud800'",
    "SELECT\u202e 1 ;\u2066DROP",
    "SELECT 1 $$",
    "SELECT " + "(" * 5_000 + "1" + ")" * 5_000,
    "SELECT * FROM " + "(SELECT * FROM " * 100_000 + "range(1)" + ")" * 100_000,
    "SELECT '" + "x" * 2_000_000 + "'",
]
"""What is no SQL at all, or too long or too deep to be read."""

OUT_OF_REACH = [
    "WITH x AS (COPY (SELECT 1) TO '{catalogue}' (FORMAT csv, USE_TMP_FILE false)) SELECT * FROM x",
    "WITH x AS (COPY (SELECT 1) TO 'snapshot.duckdb' (FORMAT csv, USE_TMP_FILE false)) SELECT * FROM x",
    "WITH x AS (COPY (SELECT 1) TO 'snapshot.duckdb.wal' (FORMAT blob)) FROM x",
    "WITH x AS MATERIALIZED (/**/COPY/**/(SELECT 1) TO '{outside}/stolen.csv') SELECT 1",
    "WITH x AS (INSERT INTO candidates SELECT * FROM candidates RETURNING *) SELECT * FROM x",
    "WITH x AS (DELETE FROM candidates RETURNING *) SELECT * FROM x",
    "SELECT 1) TO '{outside}/x.csv'; COPY (SELECT 1",
    "SELECT 1) UNION ALL SELECT * FROM (COPY (SELECT 1) TO '{outside}/x.csv'",
    "FROM query('COPY (SELECT 1) TO ''{outside}/x.csv''')",
    "FROM query('DROP TABLE candidates')",
    "FROM query_table('{outside}/private.csv')",
    "SELECT * FROM '{outside}/private.csv'",
    "SELECT * FROM '/etc/passwd'",
    "FROM '{catalogue}'",
    "SELECT * FROM read_csv('{outside}/private.csv')",
    "SELECT * FROM read_csv('/etc/passwd', header = false, sep = chr(1))",
    "SELECT content FROM read_text('/etc/passwd')",
    "SELECT content FROM read_text('/proc/self/environ')",
    "SELECT content FROM read_blob('{catalogue}')",
    "SELECT content FROM read_blob(['{outside}/private.csv', '/etc/hostname'])",
    "SELECT * FROM read_json('{outside}/*.json')",
    "SELECT * FROM read_json_objects('/etc/passwd')",
    "SELECT * FROM read_parquet('{outside}/*.parquet')",
    "SELECT * FROM parquet_metadata('{outside}/x.parquet')",
    "SELECT * FROM sniff_csv('{outside}/private.csv')",
    "SELECT * FROM read_duckdb('{catalogue}', table_name = 'candidates')",
    "SELECT * FROM read_csv('https://example.com/x.csv')",
    "SELECT * FROM 's3://bucket/x.parquet'",
    "SELECT * FROM sqlite_scan('{outside}/x.db', 'x')",
    "FROM enable_logging(storage = 'file', storage_path = '{outside}/log')",
    "SELECT getenv('HOME')",
    "SELECT * FROM which_secret('https://example.com', 'http')",
    "SELECT nextval('x')",
    "SELECT * FROM live.candidates",
    "SELECT * FROM sql",
    "SELECT * FROM arrow_scan(0, 0, 0)",
    "SELECT current_setting('no_such_setting')",
]
"""SELECTs that reach for what is not theirs."""

TOO_MUCH = [
    "SELECT count(*) FROM range(1000000000000) a, range(1000000) b WHERE a.range = -b.range - 1",
    "WITH RECURSIVE endless(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM endless) SELECT max(n) FROM endless",
    "SELECT list_sum(list_transform(range(100000000), lambda x: list_sum(range(x))))",  # one scalar call: no interrupt helps
]
"""What would never end: killed at the deadline."""

TOO_LARGE = [
    "SELECT repeat('x', 4200000000)",
    "SELECT repeat(repeat('x', 1000000), 1000000)",
    "SELECT len(list_transform(range(2000000000), lambda x: x))",
    "SELECT repeat('x', 20000000) FROM range(10)",
]
"""What would take all memory, here or in the command that asks."""

HARMLESS = [
    "SELECT content FROM read_blob('snapshot.duckdb')",  # the disposable copy itself: curation.md 7.6 says so
    "SELECT * FROM duckdb_settings()",
    "SELECT current_setting('memory_limit')",
    "SELECT * FROM checkpoint()",
    "SHOW TABLES",
    "DESCRIBE candidates",
    "SUMMARIZE images",
    "SELECT write_log('a line')",
    "SELECT * FROM range(1000000)",
    "SELECT title FROM candidates -- );DROP TABLE candidates",
    'SELECT \'; DROP TABLE candidates; --\' AS "a""b\nc"',
    "SELECT MAP {{[1]: 2}} AS list, MAP {{1: 'x'}} AS number, 'nan'::DOUBLE AS nan, '\\x00'::BLOB AS bytes, chr(0) AS nul",
]
"""What is answered, and may be."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace for all rows, and private files beside it."""
    place = tmp_path_factory.mktemp("hostile")
    workspace = place / "workspace"
    with runs.begin(workspace, "harvest", {}) as run:
        run.add("candidates", candidate("a.jpg", stored(run, b"a")))
    (place / "private.csv").write_text(f"name,password\nana,{PASSWORD}\n")
    (place / "private.json").write_text(f'{{"password": "{PASSWORD}"}}')
    duckdb.sql(f"SELECT '{PASSWORD}' AS password").write_parquet(str(place / "private.parquet"))
    return workspace


def _files(archive: Path) -> dict[str, str]:
    """SHA-256 of every file of the workspace and beside it."""
    paths = (path for path in archive.parent.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def _asked(archive: Path, sql: str, timeout_s: float = PATIENCE_S) -> query.Answer | str:
    """The answer, or the refusal; whichever it is, no file has changed, come or gone."""
    before = _files(archive)
    for name, path in (("{catalogue}", archive / "catalog.duckdb"), ("{outside}", archive.parent)):
        sql = sql.replace(name, str(path))
    try:
        found: query.Answer | str = query.ask(archive, sql.replace("{{", "{").replace("}}", "}"), timeout_s=timeout_s)
    except UsageError as error:
        found = str(error)
    assert _files(archive) == before
    assert not list((archive / "spool").glob("snapshot-*"))
    return found


def _ids(rows: list[str]) -> list[str]:
    return [f"{number}-{re.sub('[^A-Za-z_]+', '_', sql[:40])}" for number, sql in enumerate(rows)]


@pytest.mark.parametrize("sql", OTHER_KINDS, ids=_ids(OTHER_KINDS))
def test_another_statement_than_one_select_is_refused_before_a_copy_is_made(
    archive: Path, monkeypatch: pytest.MonkeyPatch, sql: str
) -> None:
    monkeypatch.setattr(query, "snapshot", lambda *_: pytest.fail("a copy was made"))
    assert re.search("only one SELECT|this is no SQL", str(_asked(archive, sql)))


@pytest.mark.parametrize("sql", NO_SQL, ids=_ids(NO_SQL))
def test_what_is_no_sql_is_refused_in_one_plain_line(archive: Path, monkeypatch: pytest.MonkeyPatch, sql: str) -> None:
    monkeypatch.setattr(query, "snapshot", lambda *_: pytest.fail("a copy was made"))
    said = _asked(archive, sql)
    assert isinstance(said, str)
    assert re.search("only one SELECT|this is no SQL|at most", said)
    assert len(said.splitlines()) == 1
    assert len(said) < 400


@pytest.mark.parametrize("sql", OUT_OF_REACH, ids=_ids(OUT_OF_REACH))
def test_a_select_cannot_reach_beyond_its_copy(archive: Path, sql: str) -> None:
    said = _asked(archive, sql)
    assert isinstance(said, str), said
    assert PASSWORD not in said
    assert "Traceback" not in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("sql", TOO_MUCH, ids=_ids(TOO_MUCH))
def test_what_never_ends_is_killed_at_its_deadline(archive: Path, sql: str) -> None:
    begun = time.monotonic()
    said = _asked(archive, sql, FOREVER_S)
    assert re.search("took longer than 1 s and was stopped; the catalogue is untouched|Out of Memory|memory", str(said))
    assert time.monotonic() - begun < FOREVER_S + 20  # a loaded machine makes the copy slowly; the query has one second


@pytest.mark.parametrize("sql", TOO_LARGE, ids=_ids(TOO_LARGE))
def test_what_is_too_large_is_refused_within_the_childs_memory(archive: Path, sql: str) -> None:
    said = _asked(archive, sql, 20)
    assert isinstance(said, str)
    assert re.search("(?i)memory|larger than|stopped|allocat|maximum supported string size", said), said
    if os.uname().sysname == "Linux":
        largest_bytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        assert largest_bytes < query.ADDRESS_SPACE_BYTES


@pytest.mark.parametrize("sql", HARMLESS, ids=_ids(HARMLESS))
def test_what_may_be_asked_is_answered(archive: Path, sql: str) -> None:
    assert isinstance(_asked(archive, sql), query.Answer)


def test_the_child_learns_nothing_of_its_surroundings(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLICKR_API_KEY", "very secret")
    seen: list[dict[str, str]] = []
    whole = query.subprocess.run
    monkeypatch.setattr(query.subprocess, "run", lambda *words, **more: (seen.append(more["env"]), whole(*words, **more))[1])
    _asked(archive, "SELECT 1")
    assert set(seen[0]) <= {*query.ENVIRONMENT, "PYTHONPATH", "PYTHONUTF8", "HOME"}


def test_the_child_can_write_no_file_even_where_duckdb_would(archive: Path) -> None:
    tried = "file = open('x', 'w'); file.write('x'); file.flush()"
    done = query.subprocess.run(
        [query.sys.executable, "-c", tried],
        cwd=archive.parent,
        preexec_fn=lambda: query._limit_child(5),
        capture_output=True,
        text=True,
        check=False,
    )
    (archive.parent / "x").unlink()
    assert "File too large" in done.stderr
