"""One page of Wikimedia Commons as a candidate: the file, who made it, what it shows, and what may be done with it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from catalog.records import Candidate, Rights
from catalog.rights import read_rights
from harvest.commons_html import SITE, Author, author, described, plain_words, preferred
from harvest.credit import with_credit
from harvest.json_answer import listed, mapping, web_address, whole_number, words
from harvest.source import Problem
from harvest.text import clean

PATH = "imageinfo[0].extmetadata."
"""Where the fields of rights stand in a page."""

RIGHTS_FIELDS = (
    "LicenseUrl", "LicenseShortName", "License", "UsageTerms", "Permission", "NonFree", "DeletionReason", "Restrictions",
    "Copyrighted", "AttributionRequired",
)  # fmt: skip

GONE = "the file is gone, or never was: the service has no page of this name or number"
GONE_FILE = "the page is there, but its file is gone or hidden"
UNDESCRIBED = "the answer says nothing about the file (no imageinfo): passed over"

_REMEMBERED = 4_096
_IMAGES = ("BITMAP", "DRAWING")
_NO_IMAGES = ("AUDIO", "VIDEO", "OFFICE", "MULTIMEDIA", "TEXT", "ARCHIVE", "EXECUTABLE", "3D")
_NO_IMAGE_ENDINGS = re.compile(r"\.(?:og[gavx]|opus|mp[34]|mpe?g|wav|flac|midi?|webm|pdf|djvu?|stl|tab|map|txt|zip)$", re.I)
_SHA1 = re.compile(r"[0-9a-f]{40}", re.I)
_ENDING = re.compile(r"\.[A-Za-z0-9]{2,5}$")


def read_page(page: Mapping[str, Any], *, evidence: str, where: str, answer_sha256: str) -> Iterator[Candidate | Problem]:
    """The page's file as a candidate, or the reason why there is none.

    Args:
        page: As the service describes it, merged from all parts.
        evidence: Address of the question that states this one page again.
        where: Stands for the page in problems when it has neither title nor address.
        answer_sha256: Of the answer that completed it.
    """
    title = words(page.get("title"))
    given = listed(page.get("imageinfo"))
    file = mapping(given[0]) if given else {}
    where = web_address(file.get("descriptionurl")) or title or words(page.get("pageid")) or where
    if page.get("invalid") not in (None, False):
        yield Problem(where=where, what="no possible title of a page")
    elif page.get("missing") not in (None, False) and not file:
        yield Problem(where=where, what=GONE, gone=True)
    elif {"filemissing", "filehidden"} & {key for key, value in {**page, **file}.items() if value not in (None, False)}:
        yield Problem(where=where, what=GONE_FILE, gone=True)
    elif not file:
        yield Problem(where=where, what=UNDESCRIBED)
    elif kind := _no_image(file, title):
        yield Problem(where=where, what=f"not an image but {kind}: passed over")
    else:
        yield _candidate(page, file, evidence=evidence, where=where, answer_sha256=answer_sha256)


def _candidate(page: Mapping[str, Any], file: Mapping[str, Any], *, evidence: str, where: str, answer_sha256: str) -> Candidate:
    stated = fields(file)
    number = whole_number(page.get("pageid"))
    source_id = str(number) if number else where
    made_by = author(stated.get("Artist"))
    title = plain_words(stated.get("ObjectName")) or _file_name(page)
    texts = described(stated.get("ImageDescription"))
    language, caption = preferred(texts)
    given = plain_words(stated.get("Attribution"))
    rights = read_file_rights(stated, evidence=evidence)
    rights, note = with_credit(
        rights, given, title=title, creator=made_by.name or (made_by.said or "").rstrip("."), name=source_id
    )
    sha1 = file.get("sha1")
    return Candidate(
        source="commons",
        source_id=source_id,
        rights=rights,
        outcome="metadata_only",
        page_url=web_address(file.get("descriptionurl"), SITE) or web_address(file.get("descriptionshorturl"), SITE),
        image_url=web_address(file.get("url"), SITE),
        title=title,
        creator=made_by.name,
        creation_date=plain_words(stated.get("DateTimeOriginal")),
        caption=caption,
        caption_language=language,
        other={
            **_other(page, file, stated, made_by),
            **{f"caption ({name})": text for name, text in texts.items() if name != language},
            **note,
        },
        checksum=f"sha1:{sha1.lower()}" if isinstance(sha1, str) and _SHA1.fullmatch(sha1) else None,
        answer_sha256=answer_sha256,
    )


def fields(file: Mapping[str, Any]) -> dict[str, Any]:
    """The values of `extmetadata` by name; each stands in an object beside its origin."""
    return {name: one.get("value") if isinstance(one, dict) else one for name, one in mapping(file.get("extmetadata")).items()}


def read_file_rights(stated: Mapping[str, Any], *, evidence: str) -> Rights:
    """The rights of one file. Of several licence templates Commons shows only one: that others may exist is flagged."""
    given = {name: _flat(stated[name]) for name in RIGHTS_FIELDS if stated.get(name) not in (None, "", [], {})}
    texts = tuple((name, text) for name, text in given.items() if isinstance(text, str))
    return replace(_remembered(texts) if len(texts) == len(given) else _read(given), evidence=evidence)


@lru_cache(maxsize=_REMEMBERED)
def _remembered(given: tuple[tuple[str, str], ...]) -> Rights:
    """Most files share a few statements: each is read once."""
    return _read(dict(given))


def _read(given: Mapping[str, Any]) -> Rights:
    rights = read_rights(given)
    known = rights.family != "unknown"
    return replace(
        rights,
        raw=tuple((PATH + name, clean(text)) for name, text in rights.raw) if given else (),
        source_field=PATH + (rights.source_field if given else "LicenseShortName"),
        flags=tuple(sorted({*rights.flags, "alternatives-unknown"})) if known else rights.flags,
    )


def _flat(value: Any) -> Any:
    """One text where a field came in several languages."""
    return plain_words(value) if isinstance(value, dict) else value


def _no_image(file: Mapping[str, Any], title: str | None) -> str | None:
    """What the file is when it is no image; the media type says it, then the MIME type, then the name's ending."""
    mime, kind = words(file.get("mime")) or "", (words(file.get("mediatype")) or "").upper()
    named = {"AUDIO": "sound", "VIDEO": "video", "OFFICE": "a document"}.get(kind, "another kind of file")
    if kind in _NO_IMAGES or mime == "image/vnd.djvu":
        return f"{named if kind in _NO_IMAGES else 'a document'} ({mime})" if mime else named
    if kind in _IMAGES or mime.startswith("image/"):
        return None
    if mime:
        return f"a file of type {mime}"
    name = words(file.get("url")) or title or ""
    return "sound, video or a document by its name" if _NO_IMAGE_ENDINGS.search(name.partition("?")[0]) else None


def _file_name(page: Mapping[str, Any]) -> str | None:
    """The page's title without namespace and ending."""
    title = words(page.get("title"))
    return _ENDING.sub("", title.partition(":")[2] or title) or title if title else None


def _other(page: Mapping[str, Any], file: Mapping[str, Any], stated: Mapping[str, Any], made_by: Author) -> dict[str, str]:
    latitude, longitude = words(stated.get("GPSLatitude")), words(stated.get("GPSLongitude"))
    restrictions, categories = plain_words(stated.get("Restrictions")), plain_words(stated.get("Categories"))
    found = {
        "file": words(page.get("title")),
        "size_bytes": _number(file.get("size")),
        "width": _number(file.get("width")),
        "height": _number(file.get("height")),
        "mime": words(file.get("mime")),
        "uploaded_at": words(file.get("timestamp")),
        "uploaded_by": words(file.get("user")),
        "artist": made_by.said,
        "creator_url": made_by.url,
        "author_count": words(stated.get("AuthorCount")),
        "source": plain_words(stated.get("Credit")),
        "position": f"{latitude}, {longitude}" if latitude and longitude else None,
        "categories": categories.replace("|", "; ") if categories else None,
        "restrictions": restrictions.replace("|", "; ") if restrictions else None,
        "nonfree": _said(stated.get("NonFree")),
        "deletion_reason": _said(stated.get("DeletionReason")),
    }
    return {name: value for name, value in found.items() if value}


def _said(value: Any) -> str | None:
    """A warning in words; a bare true counts."""
    return "true" if value is True else plain_words(value)


def _number(value: Any) -> str | None:
    """A size of at least 1: sound has the width 0."""
    return str(number) if (number := whole_number(value)) else None
