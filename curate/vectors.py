"""Vectors of the catalogue as rows of one array on disk, so that a million of them are compared in little memory.

The catalogue is open only while they are copied out of it; the array lies in a folder that the caller throws away.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from base.errors import SourceError

ROWS_AT_A_TIME = 8192
"""Vectors of 512 numbers: 16 MB."""
NAME = "S64"
"""A SHA-256 as numpy holds it in 64 bytes."""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """`names[i]` is the image of `vectors[i]`, float32 of unit length; `fresh[i]` as the question that was copied said."""

    names: NDArray[np.bytes_]
    vectors: NDArray[np.float32]
    fresh: NDArray[np.bool_]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.names)

    def places(self, names: Sequence[str]) -> NDArray[np.int64]:
        """Where these images stand; -1 for one that is not there."""
        sought = np.asarray(names, NAME)
        found = self.order[np.minimum(np.searchsorted(self.names, sought, sorter=self.order), len(self) - 1)]
        return np.asarray(np.where(self.names[found] == sought, found, -1), np.int64)

    @functools.cached_property
    def order(self) -> NDArray[np.int64]:
        """The places in the order of the names."""
        return np.argsort(self.names, kind="stable")


def copy_out(connection: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, Any], path: Path) -> None:
    """Write the answer to a question into a Parquet file, its rows numbered, for `mapped` and `blocks`."""
    connection.execute(
        f"""
        COPY (SELECT row_number() OVER () - 1 AS place, * FROM ({sql}))
        TO '{quoted(path)}' (FORMAT parquet, ROW_GROUP_SIZE {ROWS_AT_A_TIME})
        """,
        dict(values) or None,
    )


def blocks(connection: duckdb.DuckDBPyConnection, path: Path) -> Iterator[list[dict[str, Any]]]:
    """The rows of a file of `copy_out`, a few thousand at a time."""
    total = connection.execute(f"SELECT count(*) FROM '{quoted(path)}'").fetchall()[0][0]
    for at in range(0, total, ROWS_AT_A_TIME):
        cursor = connection.execute(f"{_range(path)} ORDER BY place", [at, at + ROWS_AT_A_TIME])
        names = [column[0] for column in cursor.description or ()]
        yield [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def mapped(connection: duckdb.DuckDBPyConnection, path: Path) -> Rows:
    """The rows (sha256, vector, fresh) of a file of `copy_out`, the vectors in a file beside it that is mapped into memory.

    Raises:
        SourceError: vectors of one version differ in length, which no model makes.
    """
    found = connection.execute(f"SELECT sha256, fresh FROM '{quoted(path)}' ORDER BY place").fetchnumpy()
    names = np.asarray(found["sha256"], dtype=NAME)
    least, most = connection.execute(f"SELECT min(len(vector)), max(len(vector)) FROM '{quoted(path)}'").fetchall()[0]
    if not len(names):
        return Rows(names=names, vectors=np.empty((0, 0), np.float32), fresh=np.empty(0, np.bool_))
    if least != most:
        raise SourceError(f"the catalogue holds vectors of {least} and of {most} numbers under one version.")
    vectors = np.memmap(path.with_suffix(".f32"), dtype=np.float32, mode="w+", shape=(len(names), most))
    for at in range(0, len(names), ROWS_AT_A_TIME):
        sql = f"SELECT unnest(vector) AS number FROM ({_range(path)} ORDER BY place)"
        flat = connection.execute(sql, [at, at + ROWS_AT_A_TIME]).fetchnumpy()["number"]
        vectors[at : at + ROWS_AT_A_TIME] = np.asarray(flat, np.float32).reshape(-1, most)
    return Rows(names=names, vectors=vectors, fresh=np.asarray(found["fresh"], np.bool_))


def quoted(path: Path) -> str:
    """A path inside an SQL string."""
    return str(path).replace("'", "''")


def _range(path: Path) -> str:
    return f"SELECT * FROM '{quoted(path)}' WHERE place >= ? AND place < ?"
