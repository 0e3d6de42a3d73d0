"""Whether a candidate's bytes may be asked for at all: refused rights say no, unless a person gave a reason."""

from dataclasses import replace

from catalog.records import Candidate, Rights

EXCUSE = "fetched although refused: "
"""Begins the part of a rights' evidence that records a person's reason."""


def is_refused(rights: Rights) -> bool:
    """Nothing is permitted. Of a choice the most open licence comes first, so the others need no look.

    Soft families pass: whether they are accepted is decided when curating.
    """
    return "refuse" in rights.flags


def why_refused(rights: Rights) -> str:
    """The outcome's detail, in a sentence that stays the same at every harvest."""
    words = next((text for _, text in rights.raw if text.strip()), None)
    if words is None:
        return "no licence is stated, so the bytes were not taken"
    return f"the licence is not cleared (read as {rights.family}), so the bytes were not taken"


def excused(candidate: Candidate, reason: str) -> Candidate:
    """The candidate with the person's reason in its rights' evidence, where its rights or an opt-out need one."""
    evidence = candidate.rights.evidence or ""
    if EXCUSE in evidence or not (candidate.opt_outs or is_refused(candidate.rights)):
        return candidate
    evidence = "; ".join(filter(None, [evidence, EXCUSE + reason]))
    return replace(candidate, rights=replace(candidate.rights, evidence=evidence))


def still_excused(candidate: Candidate, evidence_before: str | None) -> Candidate:
    """A candidate whose bytes are held because of a reason given earlier keeps that reason."""
    _, found, reason = (evidence_before or "").partition(EXCUSE)
    return excused(candidate, reason) if found else candidate
