"""Several licences at once: a choice (OR), layers that all hold (AND), and which licence a derivative may carry."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from catalog.licences import FAMILIES
from catalog.records import Rights
from catalog.rights_build import unknown

_CARRIED = frozenset(("us-only", "photo-of-2d-work", "pd-assertion", "prose", "conflict", "alternatives-unknown"))
"""Flags that one layer leaves on the whole."""

_FREE = frozenset(("cc0", "pddl", "dl-de-zero", "unlicense", "wtfpl", "pdm", "free-use"))
_CREDIT_ONLY = frozenset(("ogl", "etalab", "nlod", "dl-de-by", "odc-by", "kogl-1", "ogdl-tw", "attribution", "mit"))
_COPYLEFT = frozenset(("by-sa", "by-nc-sa"))


@dataclass(frozen=True, kw_only=True)
class Permissions:
    """Five answers, each true, false or None for "no answer"."""

    derivatives: bool | None
    commercial: bool | None
    redistribute: bool | None
    attribution: bool | None
    share_alike: bool | None


def permissions(rights: Rights) -> Permissions:
    """What these rights permit; a refuse flag takes everything away, whatever the family."""
    facts = FAMILIES[rights.family]
    if "refuse" in rights.flags and not facts.refused:
        return Permissions(derivatives=False, commercial=False, redistribute=False, attribution=None, share_alike=None)
    return Permissions(
        derivatives=facts.derivatives,
        commercial=facts.commercial,
        redistribute=facts.redistribute,
        attribution=facts.attribution,
        share_alike=facts.share_alike,
    )


def openness(rights: Rights) -> int:
    """0 for the freest; refused rights come last whatever their family."""
    rank = FAMILIES[rights.family].openness
    return rank + 100 if "refuse" in rights.flags and rank < 40 else rank


def same_licence(a: Rights, b: Rights) -> bool:
    """True when the two can be one statement: equal families, and no version or port that contradicts."""
    return (
        a.family == b.family
        and (a.version == b.version or a.version is None or b.version is None)
        and (a.jurisdiction == b.jurisdiction or a.jurisdiction is None or b.jurisdiction is None)
    )


def merge_same(several: Sequence[Rights]) -> Rights:
    """One of several statements of one licence: the one that says most, with every informative flag."""
    best = max(several, key=lambda one: (one.version is not None, one.jurisdiction is not None, one.uri is not None))
    carried = None if FAMILIES[best.family].refused else _CARRIED
    flags = set(best.flags).union(*(set(one.flags) if carried is None else set(one.flags) & carried for one in several))
    if best.version is not None and best.family == "pdm":
        flags.discard("pd-assertion")
    raw = tuple(dict.fromkeys(pair for one in several for pair in one.raw))
    return replace(best, flags=tuple(sorted(flags)), raw=raw)


def combine_or(several: Sequence[Rights]) -> Rights:
    """The licensor offers a choice: the most open first (newest version among equals), the rest in `alternatives`."""
    if not several:
        return unknown()
    ordered = sorted(several, key=lambda one: tuple(-number for number in _order(one)))
    ordered.sort(key=openness)
    best, *rest = _distinct(ordered)
    if not rest:
        return best
    offered = tuple(rest) + tuple(other for one in (best, *rest) for other in one.alternatives)
    raw = tuple(dict.fromkeys(pair for one in several for pair in one.raw))
    flags = tuple(sorted({*best.flags, "alternatives"}))
    return replace(best, flags=flags, raw=raw, alternatives=tuple(replace(one, alternatives=()) for one in offered))


def combine_and(several: Sequence[Rights]) -> Rights:
    """All layers hold: the strictest wins, NonFree before anything; flag conflict where they differ.

    Layers of which neither contains the other (no commerce here, no derivatives there) have no common family: unknown.
    """
    if not several:
        return unknown()
    distinct = _distinct(several)
    if len(distinct) == 1:
        return merge_same(several)
    winner = max(distinct, key=openness)
    raw = tuple(dict.fromkeys(pair for one in several for pair in one.raw))
    flags = {*winner.flags, "conflict"}.union(*(set(one.flags) & _CARRIED for one in several))
    if "refuse" not in winner.flags and not all(_within(winner, one) for one in distinct):
        nothing = unknown(*(flags - {"soft", "no-version"}))
        return replace(nothing, raw=raw, source_field=winner.source_field, scope=winner.scope, alternatives=tuple(distinct))
    return replace(winner, flags=tuple(sorted(flags)), raw=raw)


def share_alike_accepts(a: Rights, b: Rights) -> bool:
    """True when something made from an input under `a` may be shared under `b`, by the terms of `a`.

    CC BY-SA 1.0 accepts only itself; 4.0 accepts itself and the Free Art License 1.3, both ways (unconfirmed).
    """
    given, asked = permissions(a), permissions(b)
    if not (given.redistribute and given.derivatives and asked.redistribute):
        return False
    if given.commercial is False and asked.commercial is not False:
        return False
    if a.family in _FREE or a.family == "noc-nc":
        return True
    if a.family in _CREDIT_ONLY:
        return asked.attribution is True
    if {(a.family, a.version), (b.family, b.version)} == {("by-sa", "4.0"), ("fal", "1.3")}:
        return True
    if a.family == "by":
        return b.family.startswith("by") and _same_or_later(a, b)
    if a.family == "by-nc":
        return b.family in ("by-nc", "by-nc-sa", "by-nc-nd") and _same_or_later(a, b)
    if a.family != b.family:
        return False
    if a.family in _COPYLEFT and a.version != "1.0":
        return _same_or_later(a, b)
    if a.family == "fal":
        return _same_or_later(a, b)
    return a.version == b.version and a.jurisdiction == b.jurisdiction


def _order(rights: Rights) -> tuple[int, ...]:
    return tuple(int(number) for number in (rights.version or "0.0").split("."))


def _same_or_later(a: Rights, b: Rights) -> bool:
    """By version; a licence without version is compatible only with itself. Ports of one version accept each other."""
    if a.version is None or b.version is None:
        return a.family == b.family and a.version == b.version and a.jurisdiction == b.jurisdiction
    return _order(b) >= _order(a)


def _distinct(several: Sequence[Rights]) -> list[Rights]:
    """One of each licence, in the given order; statements that can be one licence are merged."""
    found: list[Rights] = []
    for one in several:
        for place, other in enumerate(found):
            if same_licence(one, other) and ("refuse" in one.flags) == ("refuse" in other.flags):
                found[place] = merge_same([other, one])
                break
        else:
            found.append(one)
    return found


def _within(strict: Rights, other: Rights) -> bool:
    """True when `strict` permits nothing that `other` forbids."""
    mine, theirs = permissions(strict), permissions(other)
    pairs = (
        (mine.derivatives, theirs.derivatives),
        (mine.commercial, theirs.commercial),
        (mine.redistribute, theirs.redistribute),
    )
    return all(ours is not True or their is True for ours, their in pairs)
