"""GBIF, the Global Biodiversity Information Facility: photographs of specimens and sightings from thousands of institutions.

It is asked by a search text, `taxon:2431762`, `dataset:UUID`, `id:4510402016` (one occurrence), or the service's own
parameters, `taxonKey=212&country=PT`. Nothing is filtered by licence: GBIF filters by the record's, and a file's may be
another. A search gives its first 10,000 records only; narrow it, or use GBIF's download service, for more.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from catalog.records import Candidate
from harvest.credit import with_credit
from harvest.json_answer import json_object, line, listed, mapping, web_address, whole_number, words
from harvest.questions import SEARCH, address, asked_value, changed, parameters, refuse_unless, term
from harvest.source import Answer, Ask, Politeness, Problem, WebSource
from harvest.stated_rights import media_address, no_image, stated_rights

KINDS = ("taxon", "dataset", "id")
NUMBER = re.compile(r"[0-9]{1,19}")
UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
ROWS = 300
FURTHEST = 10_000
"""Records of one search that may be paged through."""

FIELD = "results[].media[].license"
FACTS = {"scientificName": "scientific_name", "vernacularName": "vernacular_name", "institutionCode": "institution",
         "collectionCode": "collection", "catalogNumber": "catalogue_number", "basisOfRecord": "basis_of_record",
         "country": "country", "locality": "locality", "recordedBy": "recorded_by", "typeStatus": "type_status",
         "license": "record_licence", "datasetKey": "dataset", "datasetName": "dataset_name", "taxonKey": "taxon"}  # fmt: skip
"""Fields of an occurrence that are kept in `other`, by the names they get. `recordedBy` collected it; that is no creator."""

NOT_IMAGES = {"sound": "a sound recording", "movingimage": "a film", "interactiveresource": "an interactive resource",
              "physicalobject": "an object", "text": "a text", "dataset": "a data set"}  # fmt: skip
TYPES = {"stillimage", *NOT_IMAGES}


class Source(WebSource):
    """An item is a file of a record, `4510402016#0`: the occurrence and the file's place in it."""

    institution = "institutions that publish through GBIF"
    home_url = "https://www.gbif.org/"
    terms_url = "https://www.gbif.org/terms/data-user"
    api_url = "https://api.gbif.org/v1"
    asks = "TEXT, taxon:KEY, dataset:UUID, id:OCCURRENCE or NAME=VALUE&NAME=VALUE"
    politeness = Politeness(delay_s=1.0, connections=1)

    def start(self, asked: Sequence[str]) -> Iterator[Ask]:
        """One question for each term."""
        for one in dict.fromkeys(asked):
            kind, rest = term(one, KINDS, "gbif")
            if kind == "id":
                number = refuse_unless(NUMBER, rest, kind, "gbif", "4510402016")
                yield Ask(url=self._record(number))
                continue
            if kind == "taxon":
                pairs = [("taxonKey", refuse_unless(NUMBER, rest, kind, "gbif", "2431762"))]
            elif kind == "dataset":
                pairs = [("datasetKey", refuse_unless(UUID, rest, kind, "gbif", "50c9509d-22c7-4a22-a47d-8c48425ef4a7"))]
            else:
                assert kind == SEARCH
                pairs = parameters(rest) or [("q", rest)]
            url = address(self.base_url, "/occurrence/search", pairs)
            yield Ask(url=changed(url, {"mediaType": "StillImage", "limit": ROWS, "offset": 0}))

    def again(self, source_id: str, other: Mapping[str, str]) -> str | None:
        """The occurrence that holds the file."""
        number = source_id.partition("#")[0]
        return f"id:{number}" if NUMBER.fullmatch(number) else None

    def parse(self, answer: Answer, carry: Mapping[str, Any]) -> Iterator[Candidate | Ask | Problem]:
        """The files of all records of a page and the question for the next page, or the files of one record."""
        found = json_object(answer)
        if found is None:
            yield Problem(where=answer.url, what="the answer is no JSON object, so no record of GBIF")
        elif isinstance(found.get("results"), list):
            if not found["results"] and not asked_offset(answer.url):
                yield Problem(where=answer.url, what="GBIF finds no record for this question", gone=True)
            for record in found["results"]:
                yield from self._files(mapping(record), answer)
            yield from self._next(found, answer.url)
        elif "key" in found or "media" in found:
            yield from self._files(found, answer)
        else:
            what = line(found.get("message")) or line(found.get("error")) or "neither a search's answer nor an occurrence"
            yield Problem(where=answer.url, what=f"GBIF answers: {what[:200]}")

    def _next(self, found: Mapping[str, Any], url: str) -> Iterator[Ask | Problem]:
        if found.get("endOfRecords") is not False or not found["results"]:
            return
        offset = asked_offset(url) + len(found["results"])
        if offset >= FURTHEST:
            what = f"GBIF shows only the first {FURTHEST:,} records of a search: narrow it, or use GBIF's downloads"
            yield Problem(where=changed(url, {"offset": 0}), what=what)
        else:
            yield Ask(url=changed(url, {"limit": min(ROWS, FURTHEST - offset), "offset": offset}))

    def _files(self, record: Mapping[str, Any], answer: Answer) -> Iterator[Candidate | Problem]:
        key = whole_number(record.get("key"))
        media = listed(record.get("media"))
        if key is None:
            yield Problem(where=answer.url, what="a record without a key: its files cannot be named, so they are passed over")
            return
        if not media:
            return
        evidence, page = self._record(str(key)), f"https://www.gbif.org/occurrence/{key}"
        shared = {ours: text[:1000] for theirs, ours in FACTS.items() if (text := words(record.get(theirs)))}
        shared["record"] = page
        for place, one in enumerate(media):
            name = f"{key}#{place}"
            medium = mapping(one)
            kind = _no_image(medium)
            if not medium:
                yield Problem(where=evidence, what=f"file {name} is not described: passed over")
            else:
                candidate = _candidate(shared, medium, name, evidence, answer.sha256)
                yield no_image(candidate, kind) if kind else candidate

    def _record(self, key: str) -> str:
        return address(self.base_url, f"/occurrence/{key}")


def _candidate(shared: Mapping[str, str], medium: Mapping[str, Any], name: str, evidence: str, answer_sha256: str) -> Candidate:
    """One file; `shared` is what its record says of all of them, the licence of the record among it, which is not used."""
    creator, holder = words(medium.get("creator")), words(medium.get("rightsHolder"))
    title = words(medium.get("title")) or shared.get("scientific_name")
    rights = stated_rights(medium.get("license", ""), field=FIELD, code="gbif", evidence=evidence)
    rights, note = with_credit(rights, None, title=title, creator=creator or holder, name=name)
    publisher, source = words(medium.get("publisher")), words(medium.get("source"))
    own = {"rights_holder": holder, "publisher": publisher, "file_source": source}
    return Candidate(
        source="gbif",
        source_id=name,
        rights=rights,
        outcome="metadata_only",
        page_url=web_address(medium.get("references")) or shared["record"],
        image_url=media_address(medium.get("identifier")),
        title=title,
        creator=creator,
        creation_date=line(medium.get("created")),
        caption=words(medium.get("description")),
        other={**shared, **{key: text[:1000] for key, text in own.items() if text}, **note},
        answer_sha256=answer_sha256,
    )


def asked_offset(url: str) -> int:
    """Where the page that was asked for begins."""
    return whole_number(asked_value(url, "offset")) or 0


def _no_image(medium: Mapping[str, Any]) -> str | None:
    """What a file is that is no picture; None for a picture, or where nothing says otherwise. Publishers swap the fields."""
    stated = [(line(medium.get(name)) or "").casefold() for name in ("type", "format")]
    kind = next((one for one in stated if one in TYPES), None)
    form = next((one for one in stated if one and one not in TYPES), "")
    if kind in NOT_IMAGES:
        return "a IIIF manifest, which the source iiif can read" if "json" in form else NOT_IMAGES[str(kind)]
    if "dzi" in form or "deepzoom" in form:
        return "a tile pyramid"
    if form.startswith(("image/", "jpeg", "jpg", "png", "tif", "gif", "webp", ".")):
        return None
    if form.startswith(("audio/", "video/", "text/", "application/", "model/")) and "octet" not in form:
        return f"of type {form[:60]}"
    return None
