"""One SELECT from a person, on a disposable copy of the catalogue, in a child process with limits.

A read-only DuckDB connection can still overwrite its own file by COPY, read files and take all memory; hence a copy in a
folder of its own, a locked configuration, a statement wrapped as a subquery, and a child that can be killed.
"""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from base.errors import UsageError
from catalog import db
from catalog.query_process import THREADS

TIMEOUT_S = 60
ADDRESS_SPACE_BYTES = 4 << 30  # DuckDB reserves more than it uses; 13 GB queries were seen without a limit
ROW_LIMIT = 100_000
MOST_SQL_BYTES = 100_000
"""Longer ones are refused unread: 100,000 nested subqueries (1.5 MB) overflow the stack of DuckDB 2.0.0's parser."""
ENVIRONMENT = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "TZ")
"""What the child is told of its surroundings: no keys, no names."""
REFUSED = "only one SELECT (or FROM, VALUES, WITH … SELECT) is taken"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Column names and rows; `cut` says that there were more than `ROW_LIMIT` rows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    cut: bool


def ask(workspace: Path, sql: str, *, timeout_s: float = TIMEOUT_S, limit: int = ROW_LIMIT) -> Answer:
    """Run one SELECT on a snapshot.

    Raises:
        UsageError: it is no single SELECT, it is wrong, it took longer than `timeout_s` or too much memory.
        BusyError: the catalogue was held for 10 s.
    """
    check_statement(sql)
    spool = workspace / "spool"
    spool.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="snapshot-", dir=spool))
    try:
        snapshot(workspace, folder / "snapshot.duckdb")
        (folder / "snapshot.duckdb").chmod(0o400)
        return _ask_in_child(folder, sql, timeout_s=timeout_s, limit=limit)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


LARGE_BYTES = 100 << 20
"""A catalogue of so many bytes is copied as a file: of a million pictures `sql` then answers in 4 s, not 36 (2026-11-21)."""


def snapshot(workspace: Path, target: Path) -> None:
    """Copy tables and views into a new file, or a large catalogue as it lies: a withdrawal has left no words in it either."""
    with db.reading(workspace) as connection:
        path = db.catalogue_path(workspace)
        if path.stat().st_size >= LARGE_BYTES and not path.with_name(path.name + ".wal").exists():
            shutil.copyfile(path, target)  # nobody writes while we read: a catalogue lets in one writer or many readers
            return
        connection.execute("SET threads = 2")
        attached = str(target).replace("'", "''")
        connection.execute(f"ATTACH '{attached}' AS snapshot (READ_WRITE, STORAGE_VERSION '{db.STORAGE_VERSION}')")
        name = connection.execute("SELECT current_database()").fetchone()
        connection.execute(f'COPY FROM DATABASE "{name[0] if name else "catalog"}" TO snapshot')
        connection.execute("DETACH snapshot")


def check_statement(sql: str) -> None:
    """Refuse what is no single SELECT, before anything is copied.

    Raises:
        UsageError: it does not parse, is several statements, or is another kind of statement.
    """
    try:
        size_bytes = len(sql.encode())
    except UnicodeEncodeError as error:
        raise UsageError(f"this is no SQL: it is not UTF-8 from character {error.start} on.") from error
    if size_bytes > MOST_SQL_BYTES:
        raise UsageError(f"this query has {size_bytes} bytes; at most {MOST_SQL_BYTES} are taken.")
    if "\0" in sql:
        raise UsageError("this is no SQL: it holds a NUL character.")
    try:
        with duckdb.connect(":memory:") as connection:
            statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise UsageError(f"this is no SQL: {str(error).splitlines()[0]}") from error
    if len(statements) != 1:
        raise UsageError(f"{REFUSED}, this holds {len(statements)} statements: {sql.strip()[:120]!r}")
    kind = statements[0].type.name
    if kind not in ("SELECT", "SELECT_STATEMENT"):
        raise UsageError(f"{REFUSED}, this is {kind}: {sql.strip()[:120]!r}")


def _ask_in_child(folder: Path, sql: str, *, timeout_s: float, limit: int) -> Answer:
    request = json.dumps({"file": str(folder / "snapshot.duckdb"), "sql": sql, "limit": limit})
    known = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    try:
        child = subprocess.run(
            [sys.executable, "-m", "catalog.query_process"],
            input=request,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout_s,
            cwd=folder,
            env={**known, "PYTHONPATH": str(Path(__file__).parents[1]), "PYTHONUTF8": "1", "HOME": str(folder)},
            preexec_fn=partial(_limit_child, timeout_s) if os.name == "posix" else None,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UsageError(f"the query took longer than {timeout_s:g} s and was stopped; the catalogue is untouched.") from None
    if child.returncode != 0:
        raise UsageError(f"the query was stopped ({_cause(child.returncode, child.stderr)}); the catalogue is untouched.")
    answer = json.loads(child.stdout)
    if "error" in answer:
        raise UsageError(answer["error"])
    return Answer(columns=tuple(answer["columns"]), rows=tuple(map(tuple, answer["rows"])), cut=answer["cut"])


def _cause(code: int, said: str) -> str:
    """Why a child ended without an answer, in words."""
    if code == -signal.SIGXCPU:
        return "it took too much time"
    if code < 0:
        return f"it needed too much memory, or broke DuckDB: {signal.Signals(-code).name}"
    return (said.strip().splitlines() or ["no message"])[-1][:200]


def _limit_child(timeout_s: float) -> None:
    """Memory; time, should the parent die first; no file written, whatever the query; no image of the memory left behind."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
    processor_s = int(timeout_s * THREADS) + 5
    resource.setrlimit(resource.RLIMIT_CPU, (processor_s, processor_s + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
