"""Who made a thing, out of the Smithsonian's list of names, which also holds collectors, sitters, habitats and seas."""

import re
from typing import Any

from harvest.json_answer import listed, mapping, words

ROLES = (
    ("photographer", "artist", "artist/maker", "artists", "painter", "printmaker", "sculptor", "draftsman", "calligrapher",
     "photo", "photography"),
    ("creator", "creators", "author", "authors", "illustrator", "engraver", "etcher", "lithographer", "woodcutter",
     "cartographer", "architect", "designer", "maker", "makers", "studio", "photography studio", "photographic studio",
     "potter", "weaver", "ceramicist", "goldsmith", "silversmith", "cinematographer"),
    ("print maker", "printer", "workshop", "manufacturer", "fabricator", "built", "made", "created", "designed",
     "photographed", "drawn", "painted", "engraved", "illustrated"),
)  # fmt: skip
"""Labels that name a maker, as `_role` folds them, the nearest to the picture first: only the first rank present counts."""

_QUALIFIED = re.compile(
    r"\((?:s|es|attributed|possibly|probably|main|primary)\)|\bby\b|^(?:attributed|possibly|probably)\b", re.I
)
_RANKS = {label: rank for rank, labels in enumerate(ROLES) for label in labels}


def creator(names: Any) -> str | None:
    """The makers of the highest rank that is present, in the record's order; None when no label names a role."""
    found: dict[int, list[str]] = {}
    for one in listed(names):
        pair = mapping(one)
        rank = _RANKS.get(_role(words(pair.get("label")) or ""))
        name = words(pair.get("content"))
        if rank is not None and name:
            found.setdefault(rank, []).append(name)
    return "; ".join(dict.fromkeys(found[min(found)]))[:2000] if found else None


def _role(label: str) -> str:
    return " ".join(_QUALIFIED.sub(" ", label[:80]).strip(" :").casefold().split())
