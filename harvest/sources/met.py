"""The Metropolitan Museum of Art, New York: objects and their images, each image CC0 where the object is in the public domain.

It is asked by a search text (only objects with images that the museum marks as public domain), `all:TEXT` (whatever the
rights), `object:45734`, `department:11`, `since:2024-01-31` (records changed since that day) or a department's number and a
day as `department:11 since:2024-01-31`. A list of objects is followed object by object, one request for each.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from catalog.records import Candidate
from harvest.credit import with_credit
from harvest.json_answer import json_object, line, listed, mapping, web_address, whole_number, words
from harvest.questions import SEARCH, address, refuse_unless, term
from harvest.source import Answer, Ask, Politeness, Problem, WebSource
from harvest.stated_rights import media_address, stated_rights

NUMBER = re.compile(r"[0-9]{1,9}")
NUMBERS = re.compile(r"[0-9]{1,3}(?:\|[0-9]{1,3})*")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
KINDS = ("all", "object", "department", "since")
FACTS = ("objectName", "medium", "dimensions", "classification", "culture", "period", "dynasty", "department", "country",
         "accessionNumber", "artistRole", "artistPrefix", "artistSuffix", "artistDisplayBio", "artistULAN_URL",
         "objectWikidata_URL", "repository")  # fmt: skip
"""Fields of an object that are kept in `other` under their own names. No times of change: a record that is only touched
says nothing new."""


class Source(WebSource):
    """Each image is an item of its own, `45734#DP251139.jpg`: museums reorder images, file names stay."""

    institution = "The Metropolitan Museum of Art"
    home_url = "https://www.metmuseum.org/"
    terms_url = "https://metmuseum.github.io/"
    api_url = "https://collectionapi.metmuseum.org/public/collection/v1"
    asks = "TEXT, all:TEXT, object:NUMBER, department:NUMBER or since:DAY"
    politeness = Politeness(delay_s=1.0, connections=1)  # 403 after about 30 quick requests, whatever the documentation says

    def start(self, asked: Sequence[str]) -> Iterator[Ask]:
        """One question for each term."""
        for one in dict.fromkeys(asked):
            kind, rest = term(one, KINDS, "met")
            if kind == "object":
                number = refuse_unless(NUMBER, rest, kind, "met", "45734")
                yield Ask(url=self._object(number))
            elif kind == "department":
                number, _, day = rest.partition(" since:")
                pairs = [("departmentIds", refuse_unless(NUMBERS, number.strip(), kind, "met", "11"))]
                if day:
                    pairs.append(("metadataDate", refuse_unless(DAY, day.strip(), "since", "met", "2024-01-31")))
                yield Ask(url=address(self.base_url, "/objects", pairs))
            elif kind == "since":
                day = refuse_unless(DAY, rest, kind, "met", "2024-01-31")
                yield Ask(url=address(self.base_url, "/objects", [("metadataDate", day)]))
            else:
                # q comes last: filters that stand after it were seen to be ignored
                open_only = [("isPublicDomain", "true")] if kind == SEARCH else []
                yield Ask(url=address(self.base_url, "/search", [("hasImages", "true"), *open_only, ("q", rest)]))

    def again(self, source_id: str, other: Mapping[str, str]) -> str | None:
        """The object of the image."""
        number = source_id.partition("#")[0]
        return f"object:{number}" if NUMBER.fullmatch(number) else None

    def parse(self, answer: Answer, carry: Mapping[str, Any]) -> Iterator[Candidate | Ask | Problem]:
        """A list of objects as follow-up questions, an object as one candidate for each of its images."""
        found = json_object(answer)
        if found is None:
            yield Problem(where=answer.url, what="the answer is no JSON object, so no record of the museum")
        elif "objectIDs" in found:
            wholes = (whole_number(one) for one in listed(found["objectIDs"]))
            numbers = [str(one) for one in wholes if one is not None]
            if not numbers:
                yield Problem(where=answer.url, what="the museum names no object for this question", gone=True)
            for number in dict.fromkeys(numbers):
                yield Ask(url=self._object(number))
        elif (own := whole_number(found.get("objectID"))) is not None:
            yield from self._images(found, str(own), answer)
        else:
            what = line(found.get("message")) or "neither a list of objects nor an object"
            yield Problem(where=answer.url, what=f"the museum answers: {what[:200]}")

    def _images(self, found: Mapping[str, Any], number: str, answer: Answer) -> Iterator[Candidate | Problem]:
        given = [found.get("primaryImage"), *listed(found.get("additionalImages"))]
        stated = [one for one in given if not (one is None or (isinstance(one, str) and not one.strip()))]
        if not stated:
            yield Problem(where=self._object(number), what="the museum gives no image of this object", gone=True)
        seen: dict[str, str] = {}
        for one in stated:
            url = media_address(one)
            if url is None:
                yield Problem(where=self._object(number), what="an image without a usable address: passed over")
            elif url not in seen.values():
                name = f"{number}#{_file_name(url)}"
                name = f"{number}#{url}" if name in seen else name
                seen[name] = url
                yield self._candidate(found, number, name, url, answer)

    def _candidate(self, found: Mapping[str, Any], number: str, name: str, url: str, answer: Answer) -> Candidate:
        title, creator = words(found.get("title")), words(found.get("artistDisplayName"))
        rights = stated_rights(
            found.get("isPublicDomain", ""),
            field="isPublicDomain",
            code="met",
            evidence=self._object(number),
            beside=("rightsAndReproduction", line(found.get("rightsAndReproduction"))),
        )
        rights, note = with_credit(rights, words(found.get("creditLine")), title=title, creator=creator, name=name)
        return Candidate(
            source="met",
            source_id=name,
            rights=rights,
            outcome="metadata_only",
            page_url=web_address(found.get("objectURL")),
            image_url=url,
            title=title,
            creator=creator,
            creation_date=words(found.get("objectDate")),
            other={**_other(found), **note},
            answer_sha256=answer.sha256,
        )

    def _object(self, number: str) -> str:
        return address(self.base_url, f"/objects/{number}")


def _file_name(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[2] or url


def _other(found: Mapping[str, Any]) -> dict[str, str]:
    """The museum's own facts of the object, its makers with their roles, and its tags."""
    kept = {name: text[:1000] for name in FACTS if (text := words(found.get(name)))}
    makers = [_named(mapping(one)) for one in listed(found.get("constituents"))[:40]]
    tags = [words(mapping(one).get("term")) for one in listed(found.get("tags"))[:40]]
    for name, texts in (("constituents", makers), ("tags", tags)):
        if said := "; ".join(dict.fromkeys(text for text in texts if text)):
            kept[name] = said[:2000]
    return kept


def _named(maker: Mapping[str, Any]) -> str | None:
    name, role = words(maker.get("name")), words(maker.get("role"))
    return f"{name} ({role})" if name and role else name
