"""The samples as one Parquet table, from which Croissant reads: what each is, whose, under which licence, in which shard."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from base.errors import NoSpaceError
from export.card import licence_name
from shardset.write import NewSample

NAME = "samples.parquet"
COLUMNS = {
    "sha256": "VARCHAR", "shard": "VARCHAR", "member": "VARCHAR", "member_sha256": "VARCHAR", "split": "VARCHAR",
    "origin": "VARCHAR", "caption": "VARCHAR", "caption_language": "VARCHAR", "caption_origin": "VARCHAR",
    "concepts": "VARCHAR[]", "title": "VARCHAR", "creator": "VARCHAR", "creation_date": "VARCHAR", "licence": "VARCHAR",
    "licence_uri": "VARCHAR", "credit_line": "VARCHAR", "source": "VARCHAR", "page_url": "VARCHAR", "parent": "VARCHAR",
    "prompt": "VARCHAR", "model": "VARCHAR", "revision": "VARCHAR",
}  # fmt: skip
"""`sha256` is of the picture in the archive and the key of the sample, `member_sha256` of the bytes handed over."""


@contextmanager
def room_in_temporary_folder() -> Iterator[None]:
    """Names a full temporary folder, of which DuckDB tells in words of its own.

    Raises:
        NoSpaceError: there is no room left.
    """
    try:
        yield
    except duckdb.IOException as error:
        if "No space left" in str(error):
            where = tempfile.gettempdir()
            raise NoSpaceError(
                f"no space left in the temporary folder {where}: free some, or set TMPDIR, and run again."
            ) from error
        raise


def samples_table(samples: Sequence[NewSample], shards: Sequence[Mapping[str, Any]]) -> bytes:
    """A row a sample, by key; equal samples in equal shards give equal bytes.

    Args:
        samples: of the export.
        shards: as the manifest lists them.
    """
    placed = {row["key"]: (shard["name"], row["members"]) for shard in shards for row in shard["samples"]}
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for sample in sorted(samples, key=lambda one: one.key):
        shard, members = placed[sample.key]
        made = sample.record["variation"] or {}
        said = {
            **sample.record,
            "shard": shard,
            "member": f"{sample.key}.{sample.extension}",
            "member_sha256": members[sample.extension][2],
            "concepts": [concept["name"] for concept in sample.record["concepts"]],
            "licence": licence_name(sample.record["rights"]),
            "licence_uri": sample.record["rights"]["uri"],
            **{name: made.get(name) for name in ("prompt", "model", "revision")},
        }
        for name, values in columns.items():
            values.append(said[name])
    listed = ", ".join(f"unnest(${name}::{kind}[]) AS {name}" for name, kind in COLUMNS.items())
    with duckdb.connect(":memory:") as connection, tempfile.TemporaryDirectory(prefix="fototeca-samples-") as room:
        connection.execute("SET threads = 1")  # one writer, one order
        path = Path(room) / NAME
        quoted = str(path).replace("'", "''")
        with room_in_temporary_folder():
            connection.execute(f"COPY (SELECT {listed}) TO '{quoted}' (FORMAT parquet, COMPRESSION zstd)", columns)
        return path.read_bytes()
