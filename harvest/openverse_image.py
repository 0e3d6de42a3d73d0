"""One result of Openverse: where its provider can be asked for it again, or else a candidate with second-hand rights."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

from catalog.records import Candidate, Rights
from catalog.rights import read_rights
from harvest.credit import with_credit
from harvest.json_answer import listed, mapping, web_address, whole_number, words
from harvest.text import clean

SECOND_HAND = "second-hand"
"""Flag of rights that were not read at the provider: Openverse loses ports, and some of its versions are wrong (#4318)."""

RIGHTS_FIELDS = ("license", "license_version", "license_url")


def provider_of(result: Mapping[str, Any], keyed: frozenset[str]) -> tuple[str, str] | None:
    """(reader, what it is to be asked) of the source that can state the image itself; None when there is none.

    Args:
        result: As Openverse gives it.
        keyed: Of the sources that want a key, those whose key is set.
    """
    address = web_address(result.get("foreign_landing_url"))
    if address is None:
        return None
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    for reader, wanted, pattern, asked in _PLACES:
        if host == wanted and (reader not in _KEYED or reader in keyed):
            place = unquote(parts.path) + (f"?{parts.query}" if "curid=" in parts.query else "")
            if found := pattern.search(place):
                return reader, asked.format(found[1])
    return None


_PLACES = (
    ("commons", "commons.wikimedia.org", re.compile(r"[?&]curid=([0-9]{1,15})(?:&|$)"), "pageid:{}"),
    ("commons", "commons.wikimedia.org", re.compile(r"^/wiki/File:([^|#?]{1,300})$"), "File:{}"),
    ("flickr", "flickr.com", re.compile(r"^/photos/[^/]+/([0-9]{1,20})(?:/|$)"), "photo:{}"),
    ("met", "metmuseum.org", re.compile(r"^/art/collection/search/([0-9]{1,9})/?$"), "object:{}"),
    ("inaturalist", "inaturalist.org", re.compile(r"^/observations/([0-9]{1,18})/?$"), "id:{}"),
    ("smithsonian", "collections.si.edu", re.compile(r"^/search/detail/(edanmdm:[\w:.-]{1,200})$"), "id:{}"),
    (
        "europeana",
        "europeana.eu",
        re.compile(r"^(?:/[a-z]{2})?/(?:item|record)(/[\w-]{1,100}/[\w-]{1,300})(?:\.html)?$"),
        "id:{}",
    ),
    ("gbif", "gbif.org", re.compile(r"^/occurrence/([0-9]{1,12})/?$"), "id:{}"),
)
"""(reader, host of the landing page, the identifier in its path, how the reader is asked for it)."""

_KEYED = ("flickr", "smithsonian", "europeana")
"""Those of them that want a key."""


def candidate(result: Mapping[str, Any], *, evidence: str, answer_sha256: str) -> Candidate | None:
    """The image as Openverse tells of it; None without an identifier.

    Args:
        result: As Openverse gives it.
        evidence: Address of the question that states this one image again.
        answer_sha256: Of the answer it stood in.
    """
    identifier = words(result.get("id"))
    if identifier is None:
        return None
    title, creator = words(result.get("title")), words(result.get("creator"))
    rights = second_hand_rights(result, evidence=evidence)
    rights, note = with_credit(rights, words(result.get("attribution")), title=title, creator=creator, name=identifier)
    return Candidate(
        source="openverse",
        source_id=identifier,
        rights=rights,
        outcome="metadata_only",
        page_url=web_address(result.get("foreign_landing_url")),
        image_url=web_address(result.get("url")),
        title=title,
        creator=creator,
        other={**_other(result), **note},
        answer_sha256=answer_sha256,
    )


def second_hand_rights(result: Mapping[str, Any], *, evidence: str) -> Rights:
    """The licence that Openverse names, flagged as second-hand; pairs that cannot exist are unknown and refused."""
    given = {name: result[name] for name in RIGHTS_FIELDS if result.get(name) not in (None, "", [], {})}
    rights = read_rights({"source": "openverse", "license": None, **given})
    return replace(
        rights,
        raw=tuple((name, clean(text)) for name, text in rights.raw if name in given),
        source_field="license",
        flags=tuple(sorted({*rights.flags, SECOND_HAND})),
        evidence=evidence,
    )


def _other(result: Mapping[str, Any]) -> dict[str, str]:
    tags = [text for one in listed(result.get("tags"))[:100] if (text := words(mapping(one).get("name")))]
    sensitivity = [text for one in listed(result.get("unstable__sensitivity"))[:20] if (text := words(one))]
    numbers = {name: whole_number(result.get(name)) for name in ("width", "height", "filesize")}
    found = {
        "provider": words(result.get("provider")),
        "provider_source": words(result.get("source")),
        "creator_url": web_address(result.get("creator_url")),
        "width": str(numbers["width"]) if numbers["width"] else None,
        "height": str(numbers["height"]) if numbers["height"] else None,
        "size_bytes": str(numbers["filesize"]) if numbers["filesize"] else None,
        "filetype": words(result.get("filetype")),
        "category": words(result.get("category")),
        "tags": "; ".join(dict.fromkeys(tags)) or None,
        "mature": "true" if result.get("mature") is True else None,
        "sensitivity": "; ".join(sensitivity) or None,
    }
    return {name: value for name, value in found.items() if value}
