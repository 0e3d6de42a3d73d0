"""One photograph of Flickr: the same statement, whichever of Flickr's answers it stood in."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from catalog.records import Candidate, Rights
from catalog.rights import read_rights
from harvest.credit import with_credit
from harvest.json_answer import listed, mapping, web_address, whole_number, words

EXTRAS = (
    "license,owner_name,date_taken,description,tags,media,original_format,"
    "url_o,url_6k,url_5k,url_4k,url_3k,url_k,url_h,url_l,url_c,url_z,url_m"
)
"""What a search is to say of each photograph besides."""

NAMES = {
    "0": "All rights reserved", "7": "No known copyright restrictions", "8": "United States government work", "9": "CC0",
    "10": "Public Domain Mark",
}  # fmt: skip
"""Flickr's own names of the codes that are no CC licence with conditions, for credit lines."""

_SIZES = ("o", "6k", "5k", "4k", "3k", "k", "h", "l", "c", "z", "m")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def photo_of(row: Mapping[str, Any], owner: str | None = None) -> dict[str, str]:
    """What is said of a photograph, from a search's row or from `getInfo`, as plain text; it can be carried as JSON.

    Args:
        row: As Flickr gives it.
        owner: Of all photographs of an album, whose rows do not name them.
    """
    by, dates, tags = row.get("owner"), mapping(row.get("dates")), row.get("tags")
    is_known = str(dates.get("takenunknown", row.get("datetakenunknown"))) != "1"
    if isinstance(tags, dict):
        tags = " ".join(text for one in listed(tags.get("tag")) if (text := words(_content(one))))
    found = {
        "id": words(row.get("id")),
        "owner": words(mapping(by).get("nsid")) or words(by) or owner,
        "owner_name": words(mapping(by).get("username")) or words(row.get("ownername")),
        "title": words(_content(row.get("title"))),
        "description": words(_content(row.get("description"))),
        "license": None if isinstance(row.get("license"), (dict, list)) else words(row.get("license")),
        "taken": words(dates.get("taken")) or words(row.get("datetaken")) if is_known else None,
        "tags": words(tags),
        "media": words(row.get("media")),
    }
    return {name: value for name, value in found.items() if value}


def largest_of_row(row: Mapping[str, Any]) -> tuple[str, int | None, int | None] | None:
    """(address, width, height) of the original, or of the largest size that a search's row names."""
    given = [(f"url_{size}", f"width_{size}", f"height_{size}") for size in _SIZES]
    return _largest((name == "url_o", row.get(name), row.get(width), row.get(height)) for name, width, height in given)


def largest_of_sizes(found: Mapping[str, Any]) -> tuple[str, int | None, int | None] | None:
    """(address, width, height) of the original, or of the largest size in an answer of `getSizes`."""
    sizes = [mapping(one) for one in listed(mapping(found.get("sizes")).get("size"))]
    photos = [one for one in sizes if one.get("media") in (None, "photo")]
    return _largest((one.get("label") == "Original", one.get("source"), one.get("width"), one.get("height")) for one in photos)


def candidate(
    photo: Mapping[str, str], size: tuple[str, int | None, int | None] | None, *, evidence: str, answer_sha256: str
) -> Candidate:
    """The candidate of one photograph.

    Args:
        photo: From `photo_of`, with an `id`; `licence_history` is kept beside the others.
        size: From `largest_of_row` or `largest_of_sizes`.
        evidence: Address of the question that states this photograph again, without the key.
        answer_sha256: Of the answer in which the licence stood.
    """
    url, width, height = size or (None, None, None)
    title, creator = photo.get("title"), photo.get("owner_name")
    rights, note = _credited(photo_rights(photo.get("license"), evidence=evidence), title, creator, photo["id"])
    owner = photo.get("owner")
    kept = {name: photo[name] for name in ("tags", "licence_history") if name in photo}
    sizes = {name: str(value) for name, value in (("width", width), ("height", height)) if value}
    return Candidate(
        source="flickr",
        source_id=photo["id"],
        rights=rights,
        outcome="metadata_only",
        page_url=f"https://www.flickr.com/photos/{quote(owner)}/{quote(photo['id'])}/" if owner else None,
        image_url=url,
        title=title,
        creator=creator,
        creation_date=photo.get("taken"),
        caption=photo.get("description"),
        other={**({"owner": owner} if owner else {}), **kept, **sizes, **note},
        answer_sha256=answer_sha256,
    )


def photo_rights(code: str | None, *, evidence: str) -> Rights:
    """The rights that one of Flickr's numbers stands for; unknown without one."""
    raw = (("license", code),) if code else ()
    return replace(read_rights({"flickr": code}), raw=raw, source_field="license", evidence=evidence)


def history(found: Mapping[str, Any]) -> str | None:
    """Changes of the licence, oldest first, as `2019-03-01: … → …`; "never changed" where Flickr says so.

    Addresses stand for the licences: their names are in an older wording, without version.
    """
    rows = found.get("license_history")
    rows = rows if isinstance(rows, list) else mapping(rows).get("license_history") or listed(found.get("history"))
    steps = []
    for row in [mapping(one) for one in listed(rows)[:200]]:
        before = words(row.get("old_license_url")) or words(row.get("old_license"))
        after = words(row.get("new_license_url")) or words(row.get("new_license"))
        if before and not after and len(rows) == 1:
            return f"never changed: {before}"
        if before or after:
            steps.append((whole_number(row.get("date_change")) or 0, before or "?", after or "?"))
    return "; ".join(f"{_day(at)}: {before} → {after}" for at, before, after in sorted(steps)) or None


def _credited(rights: Rights, title: str | None, creator: str | None, name: str) -> tuple[Rights, dict[str, str]]:
    """A credit line names the licence in words, where Flickr's raw word is a number."""
    code = rights.raw[0][1] if rights.raw else ""
    named = replace(rights, raw=((rights.source_field, NAMES[code]),)) if code in NAMES else rights
    credited, note = with_credit(named, None, title=title, creator=creator, name=name)
    return replace(credited, raw=rights.raw), note


def _largest(sizes: Iterable[tuple[bool, Any, Any, Any]]) -> tuple[str, int | None, int | None] | None:
    given = [
        (is_original, url, whole_number(width), whole_number(height))
        for is_original, address, width, height in sizes
        if (url := web_address(address))
    ]
    best = max(given, key=lambda one: (one[0], (one[2] or 0) * (one[3] or 0)), default=None)
    return best[1:] if best else None


def _content(value: Any) -> Any:
    """Flickr wraps texts in an object."""
    return value.get("_content") if isinstance(value, dict) else value


def _day(at: int) -> str:
    return (_EPOCH + timedelta(seconds=at)).date().isoformat() if 0 < at < 1 << 33 else "?"
