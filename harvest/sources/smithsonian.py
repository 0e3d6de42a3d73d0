"""Smithsonian Open Access: images of the Smithsonian's museums, archives and libraries, each with its own terms of use.

It is asked by a search text (only images that are CC0), `all:TEXT` (images whatever their terms), `unit:SAAM` (one museum)
or `id:edanmdm:nmnhvz_14800560` (one record). A text may use the service's own field queries. The key comes from api.data.gov
(1,000 requests an hour); without one the service's DEMO_KEY is used, which allows 30 an hour and 50 a day.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from catalog.records import Candidate
from harvest.credit import with_credit
from harvest.json_answer import json_object, line, listed, mapping, web_address, whole_number, words
from harvest.questions import address, asked_value, changed, refuse_unless, step, term
from harvest.smithsonian_names import creator
from harvest.source import Answer, Ask, Key, Politeness, Problem, WebSource
from harvest.stated_rights import media_address, no_image, stated_rights

KINDS = ("all", "unit", "id")
UNIT = re.compile(r"[A-Za-z0-9_-]{2,20}")
RECORD = re.compile(r"[\w:.,/=@+-]{1,300}")
ROWS = 1_000
DEMO_KEY = "DEMO_KEY"
"""A word that the service publishes for trying it out; no secret."""

FIELD = "content.descriptiveNonRepeating.online_media.media[].usage"
CAPTIONS = ("summary", "description", "caption", "label text", "gallery label", "scope and contents")
FOUND_ON = ("collection date", "date collected")
"""Labels of dates that speak of finding a specimen, not of making a picture."""

FREE = {"objectRights": "object_rights", "objectType": "object_type", "physicalDescription": "physical_description",
        "place": "place", "topic": "topics", "identifier": "identifiers", "taxonomicName": "taxonomic_name",
        "dataSource": "data_source"}  # fmt: skip
"""Groups of the record's free text that are kept in `other`. The rights of the object are not those of its picture."""


class Source(WebSource):
    """An item is a medium, by the name that the Smithsonian's image service gives it; its record stands in `other`."""

    institution = "Smithsonian Institution"
    home_url = "https://www.si.edu/openaccess"
    terms_url = "https://www.si.edu/termsofuse"
    api_url = "https://api.si.edu/openaccess/api/v1.0"
    asks = "TEXT, all:TEXT, unit:CODE or id:RECORD"
    key = Key(variable="SMITHSONIAN_API_KEY", parameter="api_key", required=False)
    politeness = Politeness(delay_s=4.0, connections=1, timeout_s=120.0)  # 1,000 requests an hour; a page of 1,000 rows is slow

    def start(self, asked: Sequence[str]) -> Iterator[Ask]:
        """One question for each term."""
        for one in dict.fromkeys(asked):
            kind, rest = term(one, KINDS, "smithsonian")
            if kind == "id":
                record = refuse_unless(RECORD, rest, kind, "smithsonian", "edanmdm:nmnhvz_14800560")
                yield Ask(url=changed(self._record(record), {"api_key": DEMO_KEY}))
                continue
            if kind == "unit":
                rest = f"unit_code:{refuse_unless(UNIT, rest, kind, 'smithsonian', 'SAAM')}"
            query = f"({rest}) AND online_media_type:Images"
            if kind != "all":
                query += " AND media_usage:CC0"
            url = address(self.base_url, "/search", [("q", query)])
            yield Ask(url=changed(url, {"start": 0, "rows": ROWS, "api_key": DEMO_KEY}))

    def again(self, source_id: str, other: Mapping[str, str]) -> str | None:
        """The record that the medium belongs to."""
        record = other.get("record", "")
        return f"id:{record}" if RECORD.fullmatch(record) else None

    def parse(self, answer: Answer, carry: Mapping[str, Any]) -> Iterator[Candidate | Ask | Problem]:
        """The images of all rows of a page and the question for the next page, or the images of one record."""
        found = json_object(answer)
        if found is None:
            yield Problem(where=answer.url, what="the answer is no JSON object, so no record of the Smithsonian")
            return
        inner = mapping(found.get("response"))
        if isinstance(inner.get("rows"), list):
            if not inner["rows"] and not asked_start(answer.url):
                yield Problem(where=answer.url, what="the Smithsonian finds no record for this question", gone=True)
            for row in inner["rows"]:
                yield from self._images(mapping(row), "response.rows[].", answer)
            yield from self._next(inner, answer.url)
        elif "content" in inner:
            yield from self._images(inner, "response.rows[].", answer)  # as a search names it: the same statement
        elif "content" in found:
            yield from self._images(found, "", answer)
        else:
            error = mapping(found.get("error"))
            what = (
                line(error.get("message")) or line(found.get("error")) or line(inner.get("message")) or line(inner.get("error"))
            )
            what = what or "neither a search's answer nor a record"
            yield Problem(where=answer.url, what=f"the Smithsonian answers: {what[:200]}")

    def _next(self, inner: Mapping[str, Any], url: str) -> Iterator[Ask]:
        start = asked_start(url) + len(inner["rows"])
        if inner["rows"] and start < (whole_number(inner.get("rowCount")) or 0):
            yield Ask(url=changed(url, {"start": start}))

    def _images(self, row: Mapping[str, Any], path: str, answer: Answer) -> Iterator[Candidate | Problem]:
        content = mapping(row.get("content"))
        whole = mapping(content.get("descriptiveNonRepeating"))
        media = listed(mapping(whole.get("online_media")).get("media"))
        record = line(row.get("url")) or line(row.get("id")) or line(whole.get("record_ID"))
        where = self._record(record) if record else answer.url
        used: dict[str, int] = {}
        for one in media:
            medium = mapping(one)
            kind = words(medium.get("type"))
            name = next(filter(None, (line(medium.get(field)) for field in ("idsId", "guid", "content"))), None)
            if name is None:
                yield Problem(where=where, what="a medium without a name or an address: passed over")
            else:
                used[name] = used.get(name, 0) + 1
                name = name if used[name] == 1 else f"{name}#{used[name]}"
                candidate = self._candidate(row, medium, name, path, record, answer)
                pictured = kind is None or kind.casefold() in ("images", "image")
                yield candidate if pictured else no_image(candidate, str(kind)[:60])

    def _candidate(
        self, row: Mapping[str, Any], medium: Mapping[str, Any], name: str, path: str, record: str | None, answer: Answer
    ) -> Candidate:
        content = mapping(row.get("content"))
        whole, free = mapping(content.get("descriptiveNonRepeating")), mapping(content.get("freetext"))
        title = words(row.get("title")) or words(mapping(whole.get("title")).get("content"))
        maker = creator(free.get("name"))
        usage = medium.get("usage")
        rights = stated_rights(
            mapping(usage).get("access", ""),
            field=f"{path}{FIELD}.access",
            code="smithsonian",
            evidence=self._record(record) if record else answer.url,
            beside=(f"{path}{FIELD}.text", line(mapping(usage).get("text"))),
        )
        rights, note = with_credit(rights, _joined(free.get("creditLine")), title=title, creator=maker, name=name)
        dates, found_on = _dates(free.get("date"))
        return Candidate(
            source="smithsonian",
            source_id=name,
            rights=rights,
            outcome="metadata_only",
            page_url=web_address(whole.get("record_link")) or web_address(whole.get("guid")),
            image_url=media_address(medium.get("content")),
            title=title,
            creator=maker,
            creation_date=dates,
            caption=words(medium.get("caption")) or _noted(free.get("notes"), CAPTIONS),
            other={**_other(row, medium, record, found_on), **note},
            answer_sha256=answer.sha256,
        )

    def _record(self, record: str) -> str:
        return address(self.base_url, f"/content/{step(record)}")


def asked_start(url: str) -> int:
    """Where the page that was asked for begins."""
    return whole_number(asked_value(url, "start")) or 0


def _other(row: Mapping[str, Any], medium: Mapping[str, Any], record: str | None, found_on: str | None) -> dict[str, str]:
    content = mapping(row.get("content"))
    whole, free = mapping(content.get("descriptiveNonRepeating")), mapping(content.get("freetext"))
    found = {
        "record": record,
        "unit": line(row.get("unitCode")) or line(whole.get("unit_code")),
        "metadata_licence": line(mapping(whole.get("metadata_usage")).get("access")),
        "medium_guid": line(medium.get("guid")),
        "date_of_collection": found_on,
        "cite_as": _noted(free.get("notes"), ("cite as",)),
        **{ours: _joined(free.get(theirs)) for theirs, ours in FREE.items()},
    }
    for one in listed(medium.get("resources"))[:8]:
        label, url = words(mapping(one).get("label")), media_address(mapping(one).get("url"))
        if label and url:
            found[f"file ({label[:60]})"] = url
    return {name: text[:1000] for name, text in found.items() if text}


def _dates(value: Any) -> tuple[str | None, str | None]:
    """(dates of making, dates of finding): a specimen's label speaks of the day on which it was collected."""
    pairs = [mapping(one) for one in listed(value)]
    found = [one for one in pairs if (words(one.get("label")) or "").casefold() in FOUND_ON]
    return _joined([one for one in pairs if one not in found]), _joined(found)


def _noted(value: Any, labels: Sequence[str]) -> str | None:
    """The first note of the first of these labels that there is."""
    pairs = [mapping(one) for one in listed(value)]
    for label in labels:
        for pair in pairs:
            if (words(pair.get("label")) or "").casefold() == label and (text := words(pair.get("content"))):
                return text
    return None


def _joined(value: Any) -> str | None:
    texts = [words(mapping(one).get("content")) for one in listed(value)[:40]]
    return "; ".join(dict.fromkeys(text for text in texts if text)) or None
