"""What asking again for one item brought: whether its words, licence or bytes changed, and whether it is gone."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from catalog.licences import FAMILIES
from catalog.records import Candidate, Rights
from catalog.rights_combine import openness, permissions
from catalog.rights_sources import fold
from harvest.again import GONE, GONE_STATUSES
from harvest.credit import licence_in_words
from harvest.gate import still_excused
from harvest.text import plain
from harvest.wire import Answered

GONE_AT_SOURCE = "its source no longer states it"

LONGEST_WORDS = 300

_THERE = ("not_modified", "same_bytes", "other_bytes")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found out about one item.

    `news` is `not_modified`, `same_bytes`, `other_bytes`, `noted` (nothing is held of it), `gone`, `opted_out`, `refused`,
    or the outcome by which asking failed. `candidate` is what is to be stated now, `body` bytes to be stored, `answered` has
    marks only if they are those of the bytes that are held. `causes` for a withdrawal are sentences by the kind of proposal.
    `stated_anew` when its source was asked and stated it.
    """

    news: str
    candidate: Candidate
    body: bytes | None = None
    answered: Answered | None = None
    causes: Mapping[str, str] = field(default_factory=dict)
    stated_anew: bool = False

    def clears(self, kind: str, detail: str) -> bool:
        """Whether the cause of an earlier proposal was looked for, and is no longer there."""
        if kind in self.causes:
            return False
        if kind == "gone":
            return self.stated_anew if detail == GONE_AT_SOURCE else self.news in _THERE
        if kind == "opt_out":
            return self.news in _THERE and not self.candidate.opt_outs
        return self.stated_anew


def found_out(
    before: Candidate,
    found: Candidate,
    body: bytes | None,
    held: bool,
    answered: Answered | None,
    *,
    stated_anew: bool,
) -> Finding:
    """What a delivery means for an item.

    Args:
        before: Its current statement.
        found: As the crawl handed it over.
        body: Bytes, if any came.
        held: The server said that they have not changed.
        answered: What the image's server said, if it was asked.
        stated_anew: `found` holds what its source says now, and not what it said before.
    """
    if found.outcome == GONE:
        return Finding(news="gone", candidate=before, causes={"gone": GONE_AT_SOURCE})
    if found.outcome == "withdrawn":
        return Finding(news="withdrawn", candidate=found)
    if found.outcome == "failed_not_asked":
        return Finding(news=found.outcome, candidate=before)
    concepts = tuple(dict.fromkeys((*found.concepts, *before.concepts)))  # a person may have claimed some when harvesting
    found = replace(found, concepts=concepts)
    if before.sha256 is None:
        return Finding(news="noted", candidate=found, causes=_marked(found) if stated_anew else {}, stated_anew=stated_anew)
    candidate, news = _with_bytes(before, found, body, held, answered)
    causes = _marked(found) if stated_anew else {}
    if news == "gone" and answered is not None:
        causes["gone"] = f"its address answered with status {answered.status}"
    if new := [one for one in candidate.opt_outs if one not in before.opt_outs]:
        causes["opt_out"] = f"the owner has opted out since: {new[0].channel}, {new[0].value} ({new[0].where})"
    return Finding(
        news=news,
        candidate=candidate,
        body=body if news == "other_bytes" else None,
        answered=answered if answered is None or news in _THERE else replace(answered, etag=None, last_modified=None),
        causes=causes,
        stated_anew=stated_anew,
    )


def change_of_licence(before: Candidate, now: Candidate) -> dict[str, str] | None:
    """{subject, from, to, direction} where the licence is another one, else None."""
    turn = direction(before.rights, now.rights)
    if turn == "same":
        return None
    return {"subject": now.candidate_id, "from": _words(before.rights), "to": _words(now.rights), "direction": turn}


def direction(before: Rights, now: Rights) -> str:
    """`upgrade` where more is permitted than before, `downgrade` where less, `changed` or `same`; as view rights_history has it.

    Where the permissions are equal, the licence that asks for less is the freer one.
    """
    if _named(before) == _named(now):
        return "same"
    then, today = _permitted(before), _permitted(now)
    gained, lost = today - then, then - today
    if bool(gained) != bool(lost):
        return "upgrade" if gained else "downgrade"
    then_rank, now_rank = openness(before), openness(now)
    if gained or then_rank == now_rank or (_refused(before) and _refused(now)):
        return "changed"
    return "upgrade" if now_rank < then_rank else "downgrade"


def _named(rights: Rights) -> tuple[object, ...]:
    several = (rights, *rights.alternatives)
    return "refuse" in rights.flags, [(one.family, one.version, one.jurisdiction) for one in several]


def _refused(rights: Rights) -> bool:
    return "refuse" in rights.flags or FAMILIES[rights.family].refused


def _permitted(rights: Rights) -> set[str]:
    answers = permissions(rights)
    return {name for name in ("redistribute", "commercial", "derivatives") if getattr(answers, name)}


def _with_bytes(
    before: Candidate, found: Candidate, body: bytes | None, held: bool, answered: Answered | None
) -> tuple[Candidate, str]:
    """What is stated now of an item whose bytes are held, and the news: whatever came, they stay held."""
    if body is not None:
        # A whole answer was read through every channel: what these said before counts no longer.
        elsewhere = (one for one in before.opt_outs if one.channel not in found.consulted)
        found = replace(found, opt_outs=tuple(dict.fromkeys((*found.opt_outs, *elsewhere))))
        if hashlib.sha256(body).hexdigest() != before.sha256:
            return found, "other_bytes"
        news = "same_bytes"
    else:
        found = replace(found, opt_outs=tuple(dict.fromkeys((*before.opt_outs, *found.opt_outs))))
        news = "not_modified" if held else _refusal(found, answered)
    kept = replace(found, outcome="stored", outcome_detail=before.outcome_detail, sha256=before.sha256)
    return still_excused(kept, before.rights.evidence), news


def _refusal(found: Candidate, answered: Answered | None) -> str:
    if answered is not None and answered.status in GONE_STATUSES:
        return "gone"
    if found.outcome == "not_fetched_opt_out" or (found.outcome == "robots" and found.opt_outs):
        return "opted_out"
    return "refused" if found.outcome == "not_fetched_rights" else found.outcome


def _marked(found: Candidate) -> dict[str, str]:
    """Causes that the source itself names: a reason for deleting the item, a mark that it is not free."""
    causes: dict[str, str] = {}
    for name, words in (*found.rights.raw, *found.other.items()):
        key = fold(name.rpartition(".")[2])
        if words.strip().casefold() in ("", "false", "0", "no"):
            continue
        said = f"{name}: {plain(words)[:LONGEST_WORDS]}"
        if key == "deletionreason":
            causes.setdefault("deletion", f"its source gives a reason for deleting it ({said})")
        elif key == "nonfree":
            causes.setdefault("flag", f"its source marks it as not free ({said})")
    if found.rights.family == "nonfree":
        causes.setdefault("flag", "its source marks it as not free")
    return causes


def _words(rights: Rights) -> str:
    refused = " (refused)" if "refuse" in rights.flags and rights.family not in ("arr", "unknown") else ""
    return licence_in_words(rights) + refused
