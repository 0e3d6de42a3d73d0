"""A person's word that two pictures are the same, or are not: the rows that say so, and words that contradict each other."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from catalog import db
from catalog.records import Link

KINDS = {"same": "must", "different": "cannot"}
"""What a person says, and how the table calls it."""
WORDS = {"must": "the same", "cannot": "different"}


def link_row(a: str, b: str, word: str, reason: str, who: str) -> Link:
    """The row, the smaller sha256 first."""
    first, second = sorted((a, b))
    return Link(a=first, b=second, kind=KINDS[word], reason=reason, who=who)


def present(workspace: Path) -> dict[tuple[str, str], Link]:
    """Everybody's newest word on each pair."""
    found = db.rows(workspace, "SELECT a, b, kind, reason, who FROM current_links ORDER BY a, b")
    return {(row["a"], row["b"]): Link(**row) for row in found}


def contradictions(said: Mapping[tuple[str, str], Link], fresh: Sequence[Link]) -> list[str]:
    """Each pair called different that a chain of words, one of them fresh, makes the same: all these words, to be read.

    Args:
        said: the words that stand now.
        fresh: those to be written; each replaces the one on its pair.
    """
    every = {**said, **{(one.a, one.b): one for one in fresh}}
    touching: dict[str, list[Link]] = {}
    for one in every.values():
        if one.kind == "must":
            touching.setdefault(one.a, []).append(one)
            touching.setdefault(one.b, []).append(one)
    found = []
    for pair in sorted(every):
        if every[pair].kind == "cannot" and (chain := _chain(touching, *pair)):
            rows = [*chain, every[pair]]
            if any(row in fresh for row in rows):
                found.append("; ".join(_words(row) for row in rows))
    return found


def _chain(touching: Mapping[str, Sequence[Link]], start: str, goal: str) -> list[Link]:
    """The fewest must-links that lead from one picture to another; empty when none do."""
    reached: dict[str, list[Link]] = {start: []}
    edge = [start]
    while edge and goal not in reached:
        following = []
        for node in edge:
            for one in touching.get(node, ()):
                other = one.b if node == one.a else one.a
                if other not in reached:
                    reached[other] = [*reached[node], one]
                    following.append(other)
        edge = following
    return reached.get(goal, [])


def _words(one: Link) -> str:
    return f"{one.a[:12]} and {one.b[:12]} are {WORDS[one.kind]} (so says {one.who}: {one.reason})"
