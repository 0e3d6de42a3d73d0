"""A picture from a web page, beside what its own file says of rights: agreement is noted, a conflict makes it stricter."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from base import plugins
from catalog.records import Candidate, Rights
from catalog.rights import same_licence
from harvest.credit import COMPOSED, with_credit
from harvest.embedded import Embedded, over, stated_in
from harvest.gate import EXCUSE
from pixels.marks import read_marks

NOTE = "embedded_rights"
"""The key in `other` that says how file and page stand to each other."""


def completed(candidate: Candidate, picture: bytes | Path) -> Candidate:
    """The candidate with what the picture's file says; unchanged where its source does not ask for that.

    A page that states no licence leaves the word to the file. Facts that the page lacks come from the file.

    Args:
        candidate: As the page states it.
        picture: Its bytes, or where they are held.

    Raises:
        OSError: the file cannot be read.
    """
    if not _wanted(candidate.source.partition(":")[0]):
        return candidate
    embedded = stated_in(read_marks(picture), candidate.image_url or candidate.source_id)
    if embedded == Embedded():
        return candidate
    rights, note = _weighed(candidate.rights, embedded)
    other = {**candidate.other, **{name: text for name, text in embedded.other if name not in candidate.other}, **note}
    title, creator = candidate.title or embedded.title, candidate.creator or embedded.creator
    given = None
    if other.get("credit_line") == COMPOSED:
        del other["credit_line"]
        rights, given = replace(rights, credit_line=None), embedded.credit
    rights, composed = with_credit(rights, given, title=title, creator=creator, name=candidate.source_id)
    return replace(
        candidate,
        rights=rights,
        title=title,
        creator=creator,
        caption=candidate.caption or embedded.caption,
        caption_language=candidate.caption_language if candidate.caption else embedded.caption_language,
        creation_date=candidate.creation_date or embedded.date,
        other={**other, **composed},
    )


def _weighed(page: Rights, embedded: Embedded) -> tuple[Rights, dict[str, str]]:
    """The rights, and the note on how page and file agree."""
    inside = embedded.rights
    if inside is None:
        return page, {}
    words = next((text for _, text in inside.raw), "")[:300]
    if not any(text.strip() for _, text in page.raw):
        excuse = (page.evidence or "").partition(EXCUSE)[1:]
        evidence = "; ".join(filter(None, [inside.evidence, "".join(excuse)]))
        rights = replace(inside, evidence=evidence, credit_line=page.credit_line)
        return rights, {NOTE: f"only the file states a licence: {words}"}
    both = over(page, inside) or page
    if "conflict" in both.flags and "conflict" not in page.flags:
        return both, {NOTE: f"the file differs: {words}"}
    if inside.family not in ("unknown", "arr") and same_licence(page, inside):
        return both, {NOTE: f"the file agrees: {words}"}
    return both, {NOTE: f"the file says: {words}"}


@cache
def _wanted(plug_in: str) -> bool:
    """Whether the source asks for it: its class says `reads_embedded_rights = True`."""
    source = plugins.load("harvest.sources", plug_in).Source
    return bool(getattr(source, "reads_embedded_rights", False))
