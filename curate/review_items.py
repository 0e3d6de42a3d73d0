"""What waits for a person, gathered for the eye: copies beside the picture they are copies of, the others by criterion."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from base.files import canonical_json
from catalog import db
from curate.wishes import NEEDS_EVIDENCE

COPIES = ("near_duplicate", "same_subject_copy")
"""Criteria that let a picture step back for another; the other is in their evidence as `same_as`."""
PAGE_ITEMS = 200
"""Items on a page, so that a browser on an old machine keeps up."""

HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One verdict that speaks against an item, with its numbers."""

    criterion: str
    reason: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Item:
    """One picture to decide about, or one that is shown only for comparison: then `reasons` is empty.

    `other` is the sha256 of the picture beside which it is shown, `laid` the turn that lays it as that one lies.
    """

    row: Mapping[str, Any]
    reasons: tuple[Reason, ...] = ()
    other: str | None = None
    other_subject: str = ""
    laid: str = "upright"

    @property
    def subject(self) -> str:
        """Its id."""
        return str(self.row["subject"])

    @property
    def sha256(self) -> str:
        """Its picture."""
        return str(self.row["sha256"])

    @property
    def criterion(self) -> str:
        """The criterion under which it is shown."""
        beside = [one.criterion for one in self.reasons if "same_as_sha256" in one.evidence]
        return beside[0] if beside else str(self.row["criterion"])

    @property
    def evidence_needed(self) -> bool:
        """Whether a person may keep it only by showing why."""
        return any(one.criterion in NEEDS_EVIDENCE for one in self.reasons)

    @property
    def stamp(self) -> str:
        """Changes when something else is said of the item: what was thought of it before is then not taken for a decision."""
        said = [[one.criterion, one.reason] for one in self.reasons]
        return hashlib.sha256(canonical_json([self.subject, said]).encode()).hexdigest()[:12]


@dataclass(frozen=True, kw_only=True)
class Star:
    """Pictures shown side by side: the one that stays, where there is one, then those beside it.

    `centre` is shown for comparison only, unless it is among `items` too: then it waits itself.
    """

    criterion: str
    centre: Item | None
    items: tuple[Item, ...]


def stars(
    connection: duckdb.DuckDBPyConnection, *, left_out: bool = False, criterion: str | None = None, concept: str | None = None
) -> list[Star]:
    """Everything that waits (or all copies that were left out), in the order in which it is shown."""
    asked = {
        "verdict": "exclude" if left_out else "review",
        "criteria": [criterion] if criterion else [],
        "concept": concept,
    }
    rows = db.fetch(connection, (HERE / "review_items.sql").read_text(encoding="utf-8"), asked)
    if left_out:
        rows = [row for row in rows if row["criterion"] in COPIES]
    items = [_item(row) for row in rows]
    others = _others(connection, items)
    items = [replace(one, other_subject=others[one.other].subject) if one.other in others else one for one in items]
    return _gathered(items, others)


def pages(found: Sequence[Star], *, items: int = PAGE_ITEMS) -> list[list[Star]]:
    """Stars cut into pages; one that is too large for a page goes on with its centre on the next."""
    done: list[list[Star]] = []
    room = 0
    for star in _cut(found, items):
        if len(star.items) > room:
            done.append([])
            room = items
        done[-1].append(star)
        room -= len(star.items)
    return done


def limited(found: Sequence[Star], most: int) -> list[Star]:
    """The first stars, up to so many items."""
    kept: list[Star] = []
    for star in found:
        left = most - sum(len(one.items) for one in kept)
        if left <= 0:
            break
        kept.append(replace(star, items=star.items[:left]))
    return kept


def _item(row: Mapping[str, Any]) -> Item:
    reasons = tuple(
        Reason(criterion=one["criterion"], reason=one["reason"], evidence=_numbers(one["evidence"])) for one in row["reasons"]
    )
    beside = next((one for one in reasons if "same_as_sha256" in one.evidence), None)
    if beside is None:
        return Item(row=row, reasons=reasons, other=row["parent"])
    other = str(beside.evidence["same_as_sha256"])
    orientation = str(beside.evidence.get("orientation") or "upright").split(" ")[0]
    return Item(row=row, reasons=reasons, other=other, laid=_laid(orientation, row["sha256"] < other))


def _laid(orientation: str, is_first: bool) -> str:
    """How the item is to be turned to lie as the other: a pair's orientation lays the smaller sha256 as the larger."""
    back = {"turned_90": "turned_270", "turned_270": "turned_90"}  # all others are their own way back
    return orientation if is_first else back.get(orientation, orientation)


def _numbers(text: str | None) -> Mapping[str, Any]:
    value = json.loads(text or "{}")
    return value if isinstance(value, dict) else {}


def _others(connection: duckdb.DuckDBPyConnection, items: Sequence[Item]) -> dict[str, Item]:
    """What is known of each picture beside which an item is shown, by sha256."""
    pictures = sorted({one.other for one in items if one.other})
    if not pictures:
        return {}
    named = sorted({str(one.evidence["same_as"]) for item in items for one in item.reasons if "same_as" in one.evidence})
    text = (HERE / "review_others.sql").read_text(encoding="utf-8")
    rows = db.fetch(connection, text, {"pictures": pictures, "subjects": named})
    return {row["sha256"]: Item(row=row) for row in rows}


def _gathered(items: Sequence[Item], others: Mapping[str, Item]) -> list[Star]:
    """Stars first, each where its criterion stands; a centre that waits itself is decided in its own star."""
    own = {item.subject: item for item in items}
    members: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        if item.other in others:
            members.setdefault((item.criterion, str(item.other)), []).append(item)
    found: list[Star] = []
    placed: set[str] = set()
    for (criterion, other), gathered in members.items():
        centre = others[other]
        itself = own.get(centre.subject)
        if itself is not None and itself.other not in others and itself.subject not in placed:
            placed.add(itself.subject)
            gathered = [itself, *gathered]
        found.append(Star(criterion=criterion, centre=centre, items=tuple(gathered)))
    for item in items:
        if item.other not in others and item.subject not in placed:
            found.append(Star(criterion=item.criterion, centre=None, items=(item,)))
    return sorted(found, key=_place)


def _place(star: Star) -> tuple[bool, str, str, str]:
    first = star.centre or star.items[0]
    return star.criterion not in COPIES, star.criterion, str(first.row["title"] or "").lower(), first.subject


def _cut(found: Iterable[Star], items: int) -> Iterator[Star]:
    for star in found:
        for at in range(0, len(star.items), items):
            yield replace(star, items=star.items[at : at + items])
