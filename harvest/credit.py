"""The credit line of a picture: the source's own words where there are any, else composed in one stated way."""

from dataclasses import replace

from catalog.records import Rights

COMPOSED = "composed: title, creator, licence"
"""What `other['credit_line']` says of a candidate whose source gave no credit line."""


def with_credit(
    rights: Rights, given: str | None, *, title: str | None, creator: str | None, name: str
) -> tuple[Rights, dict[str, str]]:
    """The rights with a credit line, and what to note in the candidate's `other`.

    Args:
        rights: As read; a credit line that the reading itself found is kept.
        given: The source's own credit, if any; it wins.
        title: Title of the picture; `name` stands in when there is none.
        creator: Its author, if known.
        name: The source's identifier of the picture.
    """
    if given or rights.credit_line:
        return replace(rights, credit_line=given or rights.credit_line), {}
    parts = [title or name, creator, licence_words(rights)]
    return replace(rights, credit_line=", ".join(part for part in parts if part)), {"credit_line": COMPOSED}


def licence_words(rights: Rights) -> str | None:
    """The licence in short, as people write it: 'CC BY-SA 3.0 DE'; for others the source's own words; None if unknown."""
    if rights.family in ("unknown", "arr", "nonfree"):
        return None
    if rights.family == "cc0":
        return " ".join(filter(None, ["CC0", rights.version]))
    if rights.family.split("-")[0] == "by":
        port = rights.jurisdiction.upper() if rights.jurisdiction else None
        return " ".join(filter(None, ["CC", rights.family.upper(), rights.version, port]))
    own = (words for name, words in rights.raw if name == rights.source_field and len(words) <= 100)
    return next((words for words in own if not words.isdecimal()), rights.family)  # Flickr's licences are numbers


def licence_in_words(rights: Rights) -> str:
    """The licence for a table of counts: as people write it, else the family's name."""
    if rights.family.split("-")[0] in ("by", "cc0", "pdm"):
        return {"pdm": "Public domain"}.get(rights.family) or licence_words(rights) or rights.family
    return {"arr": "All rights reserved", "unknown": "Unknown"}.get(rights.family, rights.family.upper())
