"""The lists that stand beside the shards, a line a sample: credits to print, and licences as a table."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from catalog import attribution
from export.card import licence_name
from export.samples_table import written
from shardset.write import NewSample

LICENCES = "licences.parquet"
LICENCE_FILES = {"licences.csv": "FORMAT csv, HEADER", LICENCES: "FORMAT parquet, COMPRESSION zstd"}
LICENCE_COLUMNS = {
    "sha256": "VARCHAR", "split": "VARCHAR", "kind": "VARCHAR", "family": "VARCHAR", "version": "VARCHAR",
    "jurisdiction": "VARCHAR", "uri": "VARCHAR", "spdx": "VARCHAR", "derivatives": "BOOLEAN", "commercial": "BOOLEAN",
    "redistribute": "BOOLEAN", "attribution": "BOOLEAN", "share_alike": "BOOLEAN", "credit_line": "VARCHAR",
    "creator": "VARCHAR", "source": "VARCHAR", "page_url": "VARCHAR",
}  # fmt: skip

Apart = tuple[str, dict[str, str], str]
"""A list of credits: what stands before its entries, the entries by key, and what stands behind them."""


def lists(
    samples: Sequence[NewSample], earlier: Mapping[str, bytes] = MappingProxyType({}), standing: Collection[str] = ()
) -> dict[str, bytes]:
    """Credits and licences of every sample.

    Args:
        samples: of the export, by key.
        earlier: these files as the export before wrote them.
        standing: keys of samples of which they say what is to be said now.
    """
    new = {sample.key: _credit(sample) for sample in samples if sample.key not in standing}
    told = {name: _credits(name, samples, new, earlier.get(name)) for name in CREDITS}
    return {**told, **_licences([sample for sample in samples if sample.key in new], earlier.get(LICENCES), standing)}


def _credits(name: str, samples: Sequence[NewSample], new: Mapping[str, Mapping[str, Any]], earlier: bytes | None) -> bytes:
    """A page or table of credits: those of `new` are written, the others taken from the earlier one."""
    write, apart = CREDITS[name]
    if earlier is None or len(new) == len(samples):
        return write(new.values()).encode()
    head, entries, tail = apart(earlier.decode())
    if new:
        head, written_now, tail = apart(write(new.values()))
        entries |= written_now
    return (head + "".join(entries[sample.key] for sample in samples) + tail).encode()


def _csv_apart(text: str) -> Apart:
    """Every row is one line and begins with its key: `catalog.attribution` leaves no line end in a value."""
    head, *lines = text.removesuffix("\n").split("\n")
    return f"{head}\n", {line[:64]: f"{line}\n" for line in lines}, ""


def _html_apart(text: str) -> Apart:
    """Every entry is a paragraph that is named by its key; no word of a source can look like the beginning of one."""
    head, *parts = text.split(PARAGRAPH)
    parts[-1], end, tail = parts[-1].rpartition("\n</body>")
    return head, {part[:64]: f"{PARAGRAPH}{part}" for part in parts}, end + tail


PARAGRAPH = '\n<p id="sha256-'
CREDITS: Mapping[str, tuple[Callable[[Iterable[Mapping[str, Any]]], str], Callable[[str], Apart]]] = {
    "credits.csv": (attribution.as_csv, _csv_apart),
    "credits.html": (attribution.as_html, _html_apart),
}
NAMES = frozenset((*CREDITS, *LICENCE_FILES))


def _licences(samples: Sequence[NewSample], earlier: bytes | None, standing: Collection[str]) -> dict[str, bytes]:
    """The licence of every sample, as CSV and as Parquet."""
    columns: dict[str, list[Any]] = {name: [] for name in LICENCE_COLUMNS}
    for sample in samples:
        said = {**sample.record, **sample.record["rights"], **sample.record["permissions"], "kind": sample.kind}
        for name, values in columns.items():
            values.append(said[name])
    return written(columns, LICENCE_COLUMNS, LICENCE_FILES, earlier, standing)


def _credit(sample: NewSample) -> dict[str, Any]:
    record, rights = sample.record, sample.record["rights"]
    return {
        "sha256": sample.key,
        "title": record["title"],
        "creator": record["creator"],
        "licence": licence_name(rights),
        "licence_uri": rights["uri"],
        "credit_line": record["credit_line"],
        "source": record["source"],
        "page_url": record["page_url"],
        "modified": record["origin"] == "generated",
        "scaled": bool(record["scaled"]),
        "parent": record["parent"],
    }
