"""iNaturalist: photographs of living things by the people who took them, each photograph under its own licence.

It is asked by a search text, `taxon:176578`, `place:ID`, `user:LOGIN`, `project:SLUG`, `id:83103252` (one observation), or
the service's own parameters, `taxon_id=3&place_id=6857`. Searches ask for observations that have an openly licensed
photograph (`photo_license`), unless the parameters say otherwise; which photographs of an observation may be taken, each
photograph's own `license_code` decides. The service names no versions: it means CC 4.0, and null means all rights reserved.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from catalog.records import Candidate, Rights
from harvest.credit import with_credit
from harvest.json_answer import json_object, line, listed, mapping, web_address, whole_number, words
from harvest.questions import address, asked_value, changed, parameters, refuse_unless, step, term
from harvest.source import Answer, Ask, Politeness, Problem, WebSource
from harvest.stated_rights import media_address, stated_rights, stopped

KINDS = {"taxon": "taxon_id", "place": "place_id", "user": "user_id", "project": "project_id", "id": "id"}
NUMBER = re.compile(r"[0-9]{1,18}")
NAME = re.compile(r"[\w.-]{1,100}")
ROWS = 200
OPEN = "cc0,cc-by,cc-by-sa,cc-by-nc,cc-by-nc-sa,cc-by-nd,cc-by-nc-nd"

AUTHOR = re.compile(r"\s*(?:\(c\)|©)?\s*(.+?),?\s+(?:some|all|no) rights reserved\b", re.I | re.S)
SIZES = ("url", "original_url", "large_url", "medium_url", "small_url", "square_url")
SIZE = re.compile(r"/(?:square|thumb|small|medium|large)(\.[A-Za-z]{3,4})$")


class Source(WebSource):
    """An item is a photograph; the observation that it belongs to stands in `other`."""

    institution = "iNaturalist and its community"
    home_url = "https://www.inaturalist.org/"
    terms_url = "https://www.inaturalist.org/pages/terms"
    api_url = "https://api.inaturalist.org/v1"
    asks = "TEXT, taxon:ID, place:ID, user:LOGIN, project:SLUG, id:OBSERVATION or NAME=VALUE&NAME=VALUE"
    politeness = Politeness(delay_s=1.0, connections=1)  # 60 requests a minute are asked for, 100 enforced

    def start(self, asked: Sequence[str]) -> Iterator[Ask]:
        """One question for each term."""
        for one in dict.fromkeys(asked):
            kind, rest = term(one, tuple(KINDS), "inaturalist")
            if kind == "id":
                yield Ask(url=self._observation(refuse_unless(NUMBER, rest, kind, "inaturalist", "83103252")))
                continue
            if kind in KINDS:
                shape, like = (NUMBER, "3") if kind in ("taxon", "place") else (NAME, "kueda")
                pairs = [(KINDS[kind], refuse_unless(shape, rest, kind, "inaturalist", like))]
            else:
                pairs = parameters(rest) or [("q", rest)]
            if not any(name == "photo_license" for name, _ in pairs):
                pairs.append(("photo_license", OPEN))
            url = address(self.base_url, "/observations", pairs)
            yield Ask(url=changed(url, {"per_page": ROWS, "order_by": "id", "order": "asc", "id_above": 0}))

    def again(self, source_id: str, other: Mapping[str, str]) -> str | None:
        """The observation that the photograph belongs to."""
        number = other.get("observation", "")
        return f"id:{number}" if NUMBER.fullmatch(number) else None

    def parse(self, answer: Answer, carry: Mapping[str, Any]) -> Iterator[Candidate | Ask | Problem]:
        """The photographs of all observations of a page and the question for the next page, or those of one observation."""
        found = json_object(_as_search(answer))
        if found is None:
            yield Problem(where=answer.url, what="the answer is no JSON object, so no observation of iNaturalist")
        elif isinstance(found.get("results"), list):
            if not found["results"] and asked_value(answer.url, "id_above") in (None, "0"):
                yield Problem(where=answer.url, what="iNaturalist finds no observation for this question", gone=True)
            for observation in found["results"]:
                yield from self._photos(mapping(observation), "results[].", answer)
            yield from self._next(found, answer.url)
        elif "photos" in found or "observation_photos" in found:
            yield from self._photos(found, "", answer)
        else:
            error = found.get("error")
            what = line(mapping(error).get("original")) or line(mapping(error).get("message")) or line(error)
            what = what or "neither a search's answer nor an observation"
            yield Problem(where=answer.url, what=f"iNaturalist answers: {what[:200]}")

    def _next(self, found: Mapping[str, Any], url: str) -> Iterator[Ask]:
        """By the last number, not by page: the service ends paging at 10,000 observations."""
        results = found["results"]
        asked_for = whole_number(found.get("per_page")) or ROWS
        total = whole_number(found.get("total_results"))
        last = max((whole_number(mapping(one).get("id")) or 0 for one in results), default=0)
        if last and len(results) >= asked_for and (total is None or total > len(results)):
            yield Ask(url=changed(url, {"order_by": "id", "order": "asc", "id_above": last}))

    def _photos(self, observation: Mapping[str, Any], path: str, answer: Answer) -> Iterator[Candidate | Problem]:
        """The list of photographs stands twice in an observation; each photograph counts once."""
        number = whole_number(observation.get("id"))
        evidence = self._observation(str(number)) if number is not None else None
        listings = [(f"{path}photos[].", one) for one in listed(observation.get("photos"))]
        for one in listed(observation.get("observation_photos")):
            listings.append((f"{path}observation_photos[].photo.", mapping(one).get("photo")))
        seen = set()
        for place, one in listings:
            photo = mapping(one)
            name = whole_number(photo.get("id"))
            if name is None:
                yield Problem(where=evidence or answer.url, what="a photograph without a number: passed over")
            elif name not in seen:
                seen.add(name)
                yield _candidate(observation, photo, str(name), place, evidence or answer.url, answer)

    def _observation(self, number: str) -> str:
        return address(self.base_url, f"/observations/{step(number)}")


def _as_search(answer: Answer) -> Answer:
    """The service's older interface answers a search with a bare list."""
    return replace(answer, body=b'{"results":' + answer.body + b"}") if answer.body.lstrip()[:1] == b"[" else answer


def _candidate(
    observation: Mapping[str, Any], photo: Mapping[str, Any], name: str, place: str, evidence: str, answer: Answer
) -> Candidate:
    attribution = words(photo.get("attribution"))
    creator = _creator(attribution, mapping(observation.get("user")))
    taxon = mapping(observation.get("taxon"))
    title = words(taxon.get("preferred_common_name")) or words(observation.get("species_guess")) or words(taxon.get("name"))
    rights = _rights(photo, place, attribution, evidence)
    rights, note = with_credit(rights, attribution, title=title, creator=creator, name=name)
    number = whole_number(observation.get("id"))
    size = mapping(photo.get("original_dimensions"))
    more = {
        "observation": str(number) if number is not None else None,
        "observation_page": web_address(observation.get("uri")),
        "record_licence": line(observation.get("license_code")),
        "scientific_name": words(taxon.get("name")),
        "taxon": line(whole_number(taxon.get("id"))),
        "place": words(observation.get("place_guess")),
        "observer": words(mapping(observation.get("user")).get("login")),
        "quality_grade": words(observation.get("quality_grade")),
        "width_px": line(whole_number(size.get("width"))),
        "height_px": line(whole_number(size.get("height"))),
    }
    url = next(filter(None, (media_address(photo.get(size)) for size in SIZES)), None)
    return Candidate(
        source="inaturalist",
        source_id=name,
        rights=rights,
        outcome="metadata_only",
        page_url=f"https://www.inaturalist.org/photos/{name}",
        image_url=original(url) if url else None,
        title=title,
        creator=creator,
        creation_date=line(observation.get("observed_on")),
        caption=words(observation.get("description")),
        other={**{name: text[:1000] for name, text in more.items() if text}, **note},
        answer_sha256=answer.sha256,
    )


def original(url: str) -> str:
    """The address of the photograph as it was uploaded, from that of any of its sizes."""
    return SIZE.sub(r"/original\1", url.partition("?")[0])


def _rights(photo: Mapping[str, Any], place: str, attribution: str | None, evidence: str) -> Rights:
    """The photograph's own code, its credit line beside it; a flag that nobody has settled stops."""
    rights = stated_rights(
        photo.get("license_code", ""),
        field=f"{place}license_code",
        code="inaturalist",
        evidence=evidence,
        beside=(f"{place}attribution", attribution),
    )
    flags = [mapping(one) for one in listed(photo.get("flags"))]
    open_flags = [words(one.get("flag")) or "flagged" for one in flags if one and one.get("resolved") is not True]
    if not open_flags:
        return rights
    said = "; ".join(dict.fromkeys(open_flags))[:1000]
    return stopped(replace(rights, raw=(*rights.raw, (f"{place}flags", said))), "conflict")


def _creator(attribution: str | None, user: Mapping[str, Any]) -> str | None:
    """The name in the credit line, which is the photographer's; else the observer's."""
    found = AUTHOR.match(attribution or "")
    return (words(found[1]) if found else None) or words(user.get("name")) or words(user.get("login"))
