"""The child process of `catalog.query`: one request on stdin, one answer on stdout, nothing else within reach."""

import json
import sys

import duckdb

THREADS = 2
MOST_ANSWER_BYTES = 64 << 20
"""More is not given: the command that asked holds the answer in memory, and no one reads it."""
ROWS_AT_ONCE = 500

LOCKED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "temp_directory": "",
    "memory_limit": "2GB",
    "threads": str(THREADS),
    "python_enable_replacements": "false",
    "lock_configuration": "true",
}


def _answer_request() -> None:
    """The child: read a request on stdin, write one JSON answer on stdout."""
    request = json.loads(sys.stdin.read())
    try:
        answer = _run(request["file"], request["sql"], request["limit"])
    except duckdb.Error as error:
        answer = json.dumps({"error": str(error).splitlines()[0]}, ensure_ascii=False)
    except (MemoryError, OverflowError):
        answer = json.dumps({"error": "the query needed too much memory; the catalogue is untouched."})
    sys.stdout.write(answer)


def _run(file: str, sql: str, limit: int) -> str:
    """The answer as one JSON object; the rows are fetched and written by parts."""
    with duckdb.connect(file, read_only=True, config=LOCKED) as connection:
        # Wrapped: a COPY in a WITH must stand at the top level; the line break ends a trailing comment.
        wrapped = f"SELECT * FROM (\n{sql.strip().rstrip(';')}\n)"
        cursor = connection.execute(f"{_without_zones(connection, wrapped)} LIMIT {int(limit) + 1}")
        names = json.dumps([column[0] for column in cursor.description or ()], ensure_ascii=False)
        parts: list[str] = []
        rows = size_bytes = 0
        while found := cursor.fetchmany(ROWS_AT_ONCE):
            part = json.dumps(found[: max(limit - rows, 0)], default=str, ensure_ascii=False)[1:-1]
            rows += len(found)
            size_bytes += len(part)
            if size_bytes > MOST_ANSWER_BYTES:
                said = (
                    f"the answer is larger than {MOST_ANSWER_BYTES >> 20} MB: ask for fewer rows or columns (--limit, left(…))."
                )
                return json.dumps({"error": said}, ensure_ascii=False)
            parts += [part] if part else []
    return f'{{"columns": {names}, "rows": [{", ".join(parts)}], "cut": {json.dumps(rows > limit)}}}'


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
