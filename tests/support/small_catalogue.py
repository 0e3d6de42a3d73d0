"""A small collection for tests: candidates, stored bytes, and "the same content" as the design means it."""

from pathlib import Path
from typing import Any

from catalog import db, runs
from catalog.records import Candidate, Image, Rights
from catalog.store import Store


def content(workspace: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All tables but the logs (runs, answers), without run ids and times, sorted: what the design calls the same content."""
    found = {}
    with db.reading(workspace) as connection:
        tables = [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables() WHERE NOT internal").fetchall()]
        for table in sorted(set(tables) - {"runs", "upgrades", "answers"}):
            names = [
                name
                for (name,) in connection.execute(
                    "SELECT column_name FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index", [table]
                ).fetchall()
                if name != "run_id" and not name.endswith("_at")
            ]
            found[table] = sorted(connection.execute(f"SELECT {', '.join(names)} FROM {table}").fetchall(), key=repr)
    return found


def by(version: str = "4.0") -> Rights:
    """CC BY, as read from a sheet."""
    return Rights(
        family="by",
        version=version,
        uri=f"https://creativecommons.org/licenses/by/{version}/",
        raw=(("licence", f"CC BY {version}"),),
        source_field="licence",
        confidence="code",
        credit_line="Maria, CC BY",
    )


def candidate(name: str, sha256: str | None = None, **changes: object) -> Candidate:
    """A candidate of the folder `atelier`."""
    fields: dict[str, object] = {
        "source": "folder:atelier",
        "source_id": name,
        "rights": by(),
        "outcome": "stored" if sha256 else "not_fetched_rights",
        "title": f"Picture {name}",
        "creator": "Maria",
        "sha256": sha256,
    }
    return Candidate(**{**fields, **changes})  # type: ignore[arg-type]  # the fields are spelled out above


def stored(run: runs.Run, data: bytes, origin: str = "harvested") -> str:
    """Put bytes into the store and spool their image row."""
    store = Store(run.workspace)
    sha256 = store.put(data)
    store.sync()
    run.add("images", Image(sha256=sha256, origin=origin, format="JPEG", width_px=640, height_px=480, size_bytes=len(data)))
    return sha256
