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
            cursor = connection.execute(f"SELECT * FROM (\n{sql.strip().rstrip(';')}\n) LIMIT {int(limit) + 1}")
            names = [column[0] for column in cursor.description or ()]
            found = cursor.fetchall()
    except duckdb.Error as error:
        if "pytz" in str(error):
            return {"error": "a time with a zone cannot be shown: write CAST(… AS TIMESTAMP) around it."}
        return {"error": f"{str(error).splitlines()[0]}"}
    except MemoryError:
        return {"error": "the query needed too much memory; the catalogue is untouched."}
    return {"columns": names, "rows": found[:limit], "cut": len(found) > limit}


if __name__ == "__main__":
    _answer_request()
