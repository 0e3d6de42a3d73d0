"""The samples as one Parquet table, from which Croissant reads: what each is, whose, under which licence, in which shard."""

import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
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


def samples_table(
    samples: Sequence[NewSample],
    shards: Sequence[Mapping[str, Any]],
    earlier: bytes | None = None,
    standing: Collection[str] = (),
) -> bytes:
    """A row a sample, by key; equal samples in equal shards give equal bytes.

    Args:
        samples: of the export.
        shards: as the manifest lists them.
        earlier: this table as the export before wrote it.
        standing: keys of samples whose row in it is the same now.
    """
    placed = {row["key"]: (shard["name"], row["members"]) for shard in shards for row in shard["samples"]}
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for sample in samples:
        if sample.key in standing:
            continue
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
    return written(columns, COLUMNS, {NAME: "FORMAT parquet, COMPRESSION zstd"}, earlier, standing)[NAME]


def written(
    columns: Mapping[str, Sequence[Any]],
    kinds: Mapping[str, str],
    files: Mapping[str, str],
    earlier: bytes | None,
    standing: Collection[str],
) -> dict[str, bytes]:
    """A table of samples as files, by key; of equal rows the bytes are equal, whichever come out of an earlier file.

    Args:
        columns: values of the rows that are new.
        kinds: DuckDB's type of each column; one is `sha256`, the key.
        files: options of COPY, by name of the file.
        earlier: the table as a Parquet file, written here.
        standing: keys of the rows that are taken from it.
    """
    rows = f"SELECT {', '.join(f'unnest(${name}::{kind}[]) AS {name}' for name, kind in kinds.items())}"
    with duckdb.connect(":memory:") as connection, tempfile.TemporaryDirectory(prefix="fototeca-samples-") as room:
        connection.execute("SET threads = 1")  # one writer, one order
        connection.execute(f"CREATE TABLE listed AS {rows}", dict(columns))
        with room_in_temporary_folder():
            if earlier is not None and standing:
                path = Path(room) / "earlier"
                path.write_bytes(earlier)
                connection.execute("CREATE TABLE standing AS SELECT unnest($keys::VARCHAR[]) AS sha256", {"keys": list(standing)})
                connection.execute(f"INSERT INTO listed FROM read_parquet('{_quoted(path)}') SEMI JOIN standing USING (sha256)")
            for name, options in files.items():
                connection.execute(f"COPY (FROM listed ORDER BY sha256) TO '{_quoted(Path(room) / name)}' ({options})")
        return {name: (Path(room) / name).read_bytes() for name in files}


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
