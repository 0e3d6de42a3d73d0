"""The child process of `catalog.query`: one request on stdin, one answer on stdout, nothing else within reach."""

import json
import sys
from typing import Any

import duckdb

LOCKED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "temp_directory": "",
    "memory_limit": "2GB",
    "threads": "2",
    "lock_configuration": "true",
}


def _answer_request() -> None:
    """The child: read a request on stdin, write one JSON answer on stdout."""
    request = json.loads(sys.stdin.read())
    sys.stdout.write(json.dumps(_run(request["file"], request["sql"], request["limit"]), default=str, ensure_ascii=False))


def _run(file: str, sql: str, limit: int) -> dict[str, Any]:
    try:
        with duckdb.connect(file, read_only=True, config=LOCKED) as connection:
            # Wrapped: a COPY in a WITH must stand at the top level; the line break ends a trailing comment.
            wrapped = f"SELECT * FROM (\n{sql.strip().rstrip(';')}\n)"
            cursor = connection.execute(f"{_without_zones(connection, wrapped)} LIMIT {int(limit) + 1}")
            names = [column[0] for column in cursor.description or ()]
            found = cursor.fetchall()
    except duckdb.Error as error:
        return {"error": f"{str(error).splitlines()[0]}"}
    except MemoryError:
        return {"error": "the query needed too much memory; the catalogue is untouched."}
    return {"columns": names, "rows": found[:limit], "cut": len(found) > limit}


def _without_zones(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """The query with every time that has a zone as text: DuckDB gives such times to Python only through pytz."""
    described = [
        (f"c{place}", str(row[0]), str(row[1])) for place, row in enumerate(connection.execute(f"DESCRIBE {sql}").fetchall())
    ]
    if not any("TIME ZONE" in kind for _, _, kind in described):
        return sql
    picked = (f"{short}{'::VARCHAR' if 'TIME ZONE' in kind else ''} AS {_quoted(name)}" for short, name, kind in described)
    return f"SELECT {', '.join(picked)} FROM ({sql}) AS found({', '.join(short for short, _, _ in described)})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


if __name__ == "__main__":
    _answer_request()
