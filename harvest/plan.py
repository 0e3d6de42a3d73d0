"""What one crawl is to do, as the command hands it to the crawling process."""

import hashlib
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from catalog.records import Candidate
from harvest.addresses import normalised
from harvest.wire import candidate_from, row_of


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One known item that is to be asked for again.

    `asked` is what its source is asked so as to state it anew; None: it goes through as it is. `conditions` are request
    headers that are sent to its image's address while that stays the same. `noted_only`: its bytes are not wanted.
    """

    candidate: Candidate
    asked: str | None = None
    conditions: Mapping[str, str] = field(default_factory=dict)
    noted_only: bool = False


@dataclass(frozen=True, kw_only=True)
class CrawlPlan:
    """Settings of one crawl, and what is held or withdrawn already.

    `held`, `held_urls` and `held_checksums` are looked up in the file `shelf` where one is named (see `harvest/shelf.py`):
    they may be far too many for a message. With `wanted`, only these items are asked for again; `asked` then counts for nothing.
    """

    source: str
    asked: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()
    contact: str | None = None
    limit: int | None = None
    metadata_only: bool = False
    fetch_anyway: str | None = None
    base_urls: Mapping[str, str] = field(default_factory=dict)  # by source
    depth: int | None = None
    held: Container[str] = frozenset()  # `held_key`s of items with their bytes
    held_urls: Mapping[str, str] = field(default_factory=dict)  # `url_key` to sha256, over the whole catalogue
    held_checksums: Mapping[str, str] = field(default_factory=dict)  # "sha1:<hex>" to sha256, over the whole catalogue
    withdrawn: frozenset[str] = frozenset()  # candidate ids
    withdrawn_checksums: frozenset[str] = frozenset()  # "sha1:<hex>"
    shelf: str | None = None
    wanted: tuple[Wanted, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values; what the shelf holds stays there."""
        row = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in _ON_THE_SHELF}
        for name in ("asked", "allow_hosts"):
            row[name] = list(row[name])
        for name in ("withdrawn", "withdrawn_checksums"):
            row[name] = sorted(row[name])
        row["base_urls"] = dict(self.base_urls)
        row["wanted"] = [
            {**{one.name: getattr(item, one.name) for one in fields(item)}, "candidate": row_of(item.candidate)}
            for item in self.wanted
        ]
        return row

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "CrawlPlan":
        """The plan that `as_json` made; the shelf is not opened yet."""
        values = dict(row)
        for name in ("asked", "allow_hosts"):
            values[name] = tuple(values[name])
        for name in ("withdrawn", "withdrawn_checksums"):
            values[name] = frozenset(values[name])
        values["wanted"] = tuple(Wanted(**{**one, "candidate": candidate_from(one["candidate"])}) for one in row["wanted"])
        return cls(**values)


_ON_THE_SHELF = ("held", "held_urls", "held_checksums")


def held_key(candidate_id: str, image_url: str) -> str:
    """Names one item at one address: when the address changes, the bytes are asked for again."""
    return hashlib.sha256(f"{candidate_id} {image_url}".encode()).hexdigest()[:32]


def url_key(url: str) -> str:
    """Names an address in any of its spellings."""
    return hashlib.sha256(normalised(url).encode("utf-8", "replace")).hexdigest()[:32]
