"""What one crawl is to do, as the command hands it to the crawling process."""

import hashlib
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, kw_only=True)
class CrawlPlan:
    """Settings of one crawl; `held` are keys (`held_key`) of images that are not to be asked for again."""

    source: str
    asked: tuple[str, ...]
    allow_hosts: tuple[str, ...] = ()
    contact: str | None = None
    limit: int | None = None
    metadata_only: bool = False
    fetch_anyway: str | None = None
    held: frozenset[str] = frozenset()

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {key: list(value) if isinstance(value, (tuple, frozenset)) else value for key, value in asdict(self).items()}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "CrawlPlan":
        """The plan that `as_json` made."""
        values = {one.name: row[one.name] for one in fields(cls)}
        for name in ("asked", "allow_hosts"):
            values[name] = tuple(values[name])
        return cls(**{**values, "held": frozenset(values["held"])})


def held_key(candidate_id: str, image_url: str) -> str:
    """Names one item at one address: when the address changes, the bytes are asked for again."""
    return hashlib.sha256(f"{candidate_id} {image_url}".encode()).hexdigest()[:32]
