"""Reads one text as a statement of rights: an address, a name, several of them, or running text, in that order."""

import re
from functools import lru_cache

from catalog.records import Rights
from catalog.rights_address import looks_like_address, read_address
from catalog.rights_build import unknown
from catalog.rights_combine import combine_and, combine_or, same_licence
from catalog.rights_name import read_name
from catalog.rights_prose import read_prose
from catalog.rights_text import Clean, clean, trim

_BETWEEN = re.compile(r"[\s,;|]+(?:(?:and|or|et|und|oder|y|e|o|/)\s+)?")
_CHOICE = re.compile(r"\s(?:or|oder|o)\s")


@lru_cache(maxsize=16384)
def read_text(value: str) -> Rights:
    """The rights that this text states, without raw text or field; unknown with flag refuse for anything else."""
    text = trim(value)
    if not text:
        return unknown()
    inner = trim(text[1:-1]) if text[0] == "<" and text[-1] == ">" else text
    if inner.casefold().startswith("url:"):
        inner = trim(inner[4:])
    if looks_like_address(inner):
        return read_address(inner.rstrip(".,;"))
    cleaned = clean(text)
    if cleaned.links or cleaned.images:
        return _read_markup(cleaned)
    if looks_like_address(cleaned.text):
        return read_address(cleaned.text)
    return read_name(cleaned.text) or _read_several(cleaned.text) or read_prose(cleaned)


def _read_markup(cleaned: Clean) -> Rights:
    """HTML with links or pictures: a link alone is its address; a badge alone is nothing; the rest is running text."""
    if not cleaned.links and not cleaned.text:
        return unknown()
    alone = cleaned.text == cleaned.link_text and len(set(cleaned.links)) == 1
    if not alone:
        return read_prose(cleaned)
    address = read_address(trim(cleaned.links[0]))
    words = cleaned.link_text
    said = read_address(words) if looks_like_address(words) else read_name(words)
    if said is None:
        said = read_prose(cleaned) if words else None
        telling = said is not None and {"prose-negation", "conflict"} & set(said.flags)
        return said if said is not None and telling else address
    if address.family == "unknown" or said.family == "unknown" or same_licence(address, said):
        return address
    return combine_and([address, said])


def _read_several(text: str) -> Rights | None:
    """Nothing but addresses: layers that all hold, unless "or" stands between them."""
    parts = [part for part in _BETWEEN.split(text) if part]
    if len(parts) < 2 or not all(looks_like_address(part) and "/" in part for part in parts):
        return None
    read = [read_address(part) for part in parts]
    return combine_or(read) if _CHOICE.search(text) else combine_and(read)
