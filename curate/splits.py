"""Splits: pictures that resemble each other or show one object share one, drawn once, kept in the ledger for ever.

The last step of curating. Groups are loose on purpose: to hold too much together costs little, to tear a copy apart lets a
model be tested on what it was trained on. A group is named by an anchor, the smallest sha256 when it first gets a split.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from base.seeds import fraction
from catalog import db
from catalog.records import Decision, Group, Split
from catalog.runs import Run
from curate.stars import components
from pixels.hashes import PHASH_VERSION

TRAIN_UP_TO, VAL_UP_TO = 0.8, 0.9
"""Shares of train, val and test: 0.8, 0.1, 0.1 of the groups."""
FEW_GROUPS = 10
"""A concept with fewer groups stays in train: a tenth of nine is none, and every picture is needed to learn from."""
ENOUGH_FOR_ONE = 5
"""From so many groups up a scarce concept gives one of them to val, so that its held-out loss can be seen."""
LOOSE_CORRELATION = 0.6
"""A pair of near hashes holds a group together from here up, or when it could not be verified (not measured, cautious)."""
PROVEN_CORRELATION = 0.9
"""From here up a cannot-link parts two pictures as items, not as splits: two prints of one negative that a person wants both
kept are still, to a model, the same picture, and to test on one what was trained on the other is to test nothing."""
CROWDED_PAGE = 50
"""A page that more pictures share is a collection's own page and names no object; so is one that more than half of a
source's pictures share, where the source has more than `FEW_GROUPS` of them (assumptions, not measured). Otherwise a sheet
with one address in every row would make one group of everything, and one split."""
VERSION = "1"
HELD_OUT_FIRST = ("test", "val", "train")
HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Groups among the pictures that pass, splits drawn now by name, and subjects evicted or taken back now."""

    groups: int = 0
    drawn: Mapping[str, int] = field(default_factory=dict)
    evicted: int = 0
    readmitted: int = 0


@dataclass(frozen=True, kw_only=True)
class Member:
    """One harvested picture: its group so far, whether it passes, its concepts, and the pages (source, URL) it stands on."""

    sha256: str
    anchor: str | None
    split: str | None
    passes: bool
    concepts: tuple[str, ...]
    objects: tuple[tuple[str, str], ...]


def split(workspace: Path, run: Run) -> Drawn:
    """Draw a split for every new group, let newcomers inherit, and evict the training side where groups have met."""
    with db.reading(workspace) as connection:
        rows = db.fetch(connection, (HERE / "split_members.sql").read_text(encoding="utf-8"))
        members = {row["sha256"]: _member(row) for row in rows}
        edges = [(row["a"], row["b"]) for row in db.fetch(connection, LOOSE_EDGES, _LOOSE)]
        subjects = db.fetch(connection, (HERE / "split_subjects.sql").read_text(encoding="utf-8"))
        ledger = dict(connection.execute("SELECT anchor, split FROM splits").fetchall())
    edges += same_object(members.values())
    placed, evicted, newcomers = place(components(members, edges), members)
    groups: dict[str, list[str]] = {}
    for sha256, anchor in placed.items():
        groups.setdefault(anchor, []).append(sha256)
        if members[sha256].anchor != anchor:
            run.add("groups", Group(anchor=anchor, member=sha256))
    drawn = draw({anchor: _concepts(groups[anchor], members) for anchor in groups}, ledger, newcomers)
    for anchor, name in sorted(drawn.items()):
        run.add("splits", Split(anchor=anchor, split=name))
    out, back = _evict(run, subjects, evicted)
    counts = {name: sum(one == name for one in drawn.values()) for name in reversed(HELD_OUT_FIRST)}
    return Drawn(groups=len(groups), drawn=counts, evicted=out, readmitted=back)


LOOSE_EDGES = """
SELECT a, b FROM pairs
WHERE kind = 'phash' AND version = $version AND coalesce(verified, 1) >= $least
  AND (
    verified >= $proven
    OR NOT EXISTS (SELECT 1 FROM current_links AS link WHERE link.a = pairs.a AND link.b = pairs.b AND link.kind = 'cannot')
  )
UNION
SELECT a, b FROM current_links WHERE kind = 'must'
ORDER BY a, b
"""
_LOOSE = {"version": PHASH_VERSION, "least": LOOSE_CORRELATION, "proven": PROVEN_CORRELATION}


def place(
    together: Sequence[Sequence[str]], members: Mapping[str, Member]
) -> tuple[dict[str, str], dict[str, tuple[str, str]], set[str]]:
    """Which anchor each passing picture belongs to, which pictures are evicted and why, and which anchors are new.

    Where groups with different splits have met, the held-out side stays and the rest is evicted, not moved.

    Returns:
        (sha256 to anchor of what passes and is not evicted, evicted sha256 to (its split, the held-out anchor), new anchors).
    """
    placed: dict[str, str] = {}
    evicted: dict[str, tuple[str, str]] = {}
    newcomers: set[str] = set()
    for group in together:
        passing = [members[sha256] for sha256 in group if members[sha256].passes]
        if not passing:
            continue
        known = [one for one in passing if one.anchor] or [members[sha256] for sha256 in group if members[sha256].anchor]
        if not known:
            anchor = min(one.sha256 for one in passing)
            newcomers.add(anchor)
            placed |= {one.sha256: anchor for one in passing}
            continue
        stays = min(HELD_OUT_FIRST.index(one.split or "train") for one in known)
        sides = sorted({one.anchor for one in known if HELD_OUT_FIRST.index(one.split or "train") == stays and one.anchor})
        for one in passing:
            if one.anchor is None or one.anchor in sides:
                placed[one.sha256] = sides[0]
            else:
                evicted[one.sha256] = (one.split or "train", sides[0])
    return placed, evicted, newcomers


def draw(concepts: Mapping[str, Sequence[str]], ledger: Mapping[str, str], newcomers: set[str]) -> dict[str, str]:
    """The split of every new group, by the hash of its anchor; groups of scarce concepts stay in train but for one.

    Args:
        concepts: of each group, by anchor, new and old.
        ledger: splits drawn before, by anchor; they are never drawn again.
        newcomers: the anchors to draw for.
    """
    groups_of: dict[str, list[str]] = {}
    for anchor in sorted(concepts):
        for concept in concepts[anchor]:
            groups_of.setdefault(concept, []).append(anchor)
    scarce = {concept for concept, anchors in groups_of.items() if len(anchors) < FEW_GROUPS}
    drawn: dict[str, str] = {}
    for anchor in sorted(newcomers):
        drawn[anchor] = "train" if scarce & set(concepts[anchor]) else by_hash(anchor)
    for concept in sorted(scarce):
        anchors = groups_of[concept]
        held_out = any({**ledger, **drawn}.get(anchor, "train") != "train" for anchor in anchors)
        if len(anchors) < ENOUGH_FOR_ONE or held_out:
            continue
        free = [
            anchor
            for anchor in anchors
            if anchor in drawn and all(len(groups_of[other]) >= ENOUGH_FOR_ONE for other in concepts[anchor])
        ]
        if free:
            drawn[min(free, key=lambda anchor: fraction("val", anchor))] = "val"
    return drawn


def by_hash(anchor: str) -> str:
    """train, val or test, from nothing but the anchor."""
    place_of = fraction("split", anchor)
    return "train" if place_of < TRAIN_UP_TO else "val" if place_of < VAL_UP_TO else "test"


def same_object(members: Iterable[Member]) -> list[tuple[str, str]]:
    """Pictures of one page at the source show one object: an edge from each to the first of them."""
    objects: dict[tuple[str, str], list[str]] = {}
    sizes: Counter[str] = Counter()
    for one in members:
        sizes.update({source for source, _ in one.objects})
        for name in one.objects:
            objects.setdefault(name, []).append(one.sha256)
    edges = []
    for (source, _), names in sorted(objects.items()):
        most = min(CROWDED_PAGE, sizes[source] // 2 if sizes[source] > FEW_GROUPS else CROWDED_PAGE)
        edges += [(names[0], other) for other in names[1:]] if len(names) <= most else []
    return edges


def _concepts(group: Sequence[str], members: Mapping[str, Member]) -> list[str]:
    return sorted({concept for sha256 in group for concept in members[sha256].concepts})


def _evict(run: Run, subjects: Sequence[Mapping[str, Any]], evicted: Mapping[str, tuple[str, str]]) -> tuple[int, int]:
    """Spool an exclusion for each subject of an evicted picture, variations too, and take back those that no longer hold."""
    out = back = 0
    for row in subjects:
        verdict, reason, evidence = None, "", {}
        if row["sha256"] in evicted:
            was, anchor = evicted[row["sha256"]]
            verdict = "exclude"
            what = "It" if row["kind"] == "harvested" else "The picture that it varies"
            reason = (
                f"{what} was in {was} and resembles a picture that is held out (group {anchor[:12]}): held-out pictures stay."
            )
            evidence = {"held_out_anchor": anchor, "was": was}
        elif row["old_verdict"] == "exclude":
            verdict, reason = "keep", f"No longer so: {row['old_reason']}"
        if verdict is None or (verdict, reason) == (row["old_verdict"], row["old_reason"]):
            continue
        out += verdict == "exclude"
        back += verdict == "keep"
        row_of = {"subject": row["subject"], "criterion": "split", "version": VERSION, "who": "criteria"}
        run.add("decisions", Decision(**row_of, verdict=verdict, reason=reason, evidence=evidence))
    return out, back


def _member(row: Mapping[str, Any]) -> Member:
    return Member(
        sha256=row["sha256"],
        anchor=row["anchor"],
        split=row["split"],
        passes=row["passes"],
        concepts=tuple(row["concepts"] or ()),
        objects=tuple(sorted((one["source"], one["page"]) for one in row["objects"] or () if one is not None)),
    )
