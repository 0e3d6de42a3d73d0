"""The catalogue explains itself, upgrades itself, and is opened by any duckdb client."""

from pathlib import Path

import duckdb
import pytest

from base.errors import BusyError, SourceError, UsageError
from catalog import db, spool


def _objects(workspace: Path, sql: str) -> list[tuple[str, ...]]:
    with db.writing(workspace):
        pass
    with db.reading(workspace) as connection:
        return connection.execute(sql).fetchall()


def test_every_table_and_column_has_a_comment(workspace: Path) -> None:
    tables = _objects(workspace, "SELECT table_name FROM duckdb_tables() WHERE NOT internal AND comment IS NULL")
    columns = _objects(
        workspace,
        """
        SELECT table_name || '.' || column_name
        FROM duckdb_columns()
        WHERE NOT internal AND comment IS NULL AND table_name IN (SELECT table_name FROM duckdb_tables())""",
    )
    assert tables == []
    assert columns == []


def test_every_view_has_a_comment(workspace: Path) -> None:
    assert _objects(workspace, "SELECT view_name FROM duckdb_views() WHERE NOT internal AND comment IS NULL") == []


def test_every_view_answers_on_an_empty_catalogue(workspace: Path) -> None:
    for (name,) in _objects(workspace, "SELECT view_name FROM duckdb_views() WHERE NOT internal"):
        assert isinstance(db.rows(workspace, f"SELECT * FROM {name}"), list)


def test_time_columns_are_timestamps_without_a_zone(workspace: Path) -> None:
    found = _objects(
        workspace,
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal AND ends_with(column_name, '_at')",
    )
    assert found
    assert {kind for _, _, kind in found} == {"TIMESTAMP"}


def test_the_plain_duckdb_client_opens_the_file_and_the_views_answer(workspace: Path) -> None:
    with db.writing(workspace):
        pass
    with duckdb.connect(str(workspace / "catalog.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
        tags = connection.execute("SELECT tags FROM duckdb_databases() WHERE database_name = 'catalog'").fetchone()
    assert tags is not None
    assert "v1.4.0" in str(tags[0])


@pytest.mark.parametrize("applied", range(1, len(db.table_files()) + 1))
def test_every_older_schema_is_brought_up_to_date(workspace: Path, applied: int, monkeypatch: pytest.MonkeyPatch) -> None:
    files = db.table_files()
    workspace.mkdir()
    with monkeypatch.context() as older, duckdb.connect(str(workspace / "catalog.duckdb")) as connection:
        older.setattr(db, "table_files", lambda: files[:applied])
        older.setattr(db, "views", lambda: "SELECT 1;")
        db.version.cache_clear()
        db.upgrade(connection)
    db.version.cache_clear()
    with db.writing(workspace) as connection:
        numbers = connection.execute("SELECT number FROM upgrades ORDER BY number").fetchall()
    assert [number for (number,) in numbers] == [number for number, _, _ in files]
    assert db.rows(workspace, "SELECT * FROM records") == []


def test_an_edited_table_file_is_refused(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with db.writing(workspace):
        pass
    files = db.table_files()
    edited = [(files[0][0], files[0][1], files[0][2] + "-- edited"), *files[1:]]
    monkeypatch.setattr(db, "table_files", lambda: edited)
    db.version.cache_clear()
    try:
        with pytest.raises(SourceError, match="was edited after it was applied"), db.writing(workspace):
            pass
    finally:
        monkeypatch.undo()
        db.version.cache_clear()


def test_a_catalogue_of_a_newer_fototeca_is_refused(workspace: Path) -> None:
    with db.writing(workspace) as connection:
        connection.execute("INSERT INTO upgrades VALUES (9999, 'x.sql', 'x', TIMESTAMP '2026-01-01')")
        connection.execute("CREATE OR REPLACE VIEW catalogue_version AS SELECT 'other' AS version")
    with pytest.raises(SourceError, match="9999"), db.reading(workspace):
        pass


def test_a_missing_catalogue_says_how_to_begin(workspace: Path) -> None:
    with pytest.raises(UsageError, match="fototeca harvest"):
        db.rows(workspace, "SELECT 1")


def test_a_file_that_is_no_catalogue_is_named(workspace: Path) -> None:
    workspace.mkdir()
    (workspace / "catalog.duckdb").write_bytes(b"this is no database" * 1000)
    with pytest.raises(SourceError, match="no catalogue"):
        db.rows(workspace, "SELECT 1")


def test_a_catalogue_held_by_another_program_is_reported_with_its_pid(
    workspace: Path, foreign_holder: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "PATIENCE_S", 0.3)
    with pytest.raises(BusyError, match=f"PID {foreign_holder}"):
        db.rows(workspace, "SELECT 1")


def test_columns_are_those_of_a_whole_catalogue() -> None:
    with duckdb.connect(":memory:") as connection:
        db.upgrade(connection)
        sql = "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal ORDER BY column_index"
        whole: dict[str, dict[str, str]] = {}
        for table, column, kind in connection.execute(sql).fetchall():
            whole.setdefault(table, {})[column] = kind
    for table in spool.RULES:
        assert list(db.columns(table).items()) == list(whole[table].items())
