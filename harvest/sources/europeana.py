"""Europeana: things from thousands of European museums, libraries and archives, with the rights that each provider states.

It is asked by a search text (only images that may be reused freely: `reusability=open`), `all:TEXT` (whatever the rights),
`id:/2022704/lod_123` (one thing, as a search shows it) or `record:/2022704/lod_123` (its whole record: further views, each
with its own rights). With depth 1 each thing that a search finds is asked for as a record. Texts may use the service's own
field queries, `who:"Rembrandt"`. The key is free of charge and goes only to Europeana.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from catalog.records import Candidate
from harvest.credit import with_credit
from harvest.europeana_names import as_texts, by_language, creators, joined
from harvest.europeana_record import read_record
from harvest.iiif_text import chosen, in_other_languages
from harvest.json_answer import json_object, line, listed, mapping, web_address, words
from harvest.questions import SEARCH, address, asked_value, changed, refuse_unless, step, term
from harvest.source import Answer, Ask, Key, Politeness, Problem, WebSource
from harvest.stated_rights import media_address, no_image, stated_rights

KINDS = ("all", "id", "record")
IDENTIFIER = re.compile(r"/[^/\s\"]{1,100}/[^/\s\"]{1,300}")
ROWS = 100
LONGEST_CURSOR = 2_000
FIELD = "items[].rights[0]"
NOT_IMAGES = {"SOUND": "a sound recording", "VIDEO": "a film", "3D": "a model in three dimensions"}
REDUCED = re.compile(r"(.+?)/full/(?!full/|max/)[^/]+/[!0-9.]+/(?:default|native|color|gray)\.[a-z0-9]{3,4}", re.I)


class Source(WebSource):
    """An item is a thing's file: `/2022704/lod_123` for the one that Europeana shows, with `#ADDRESS` for further views."""

    institution = "institutions that publish through Europeana"
    home_url = "https://www.europeana.eu/"
    terms_url = "https://www.europeana.eu/en/rights/terms-of-use"
    api_url = "https://api.europeana.eu/record/v2"
    asks = "TEXT, all:TEXT, id:/DATASET/THING or record:/DATASET/THING"
    key = Key(variable="EUROPEANA_API_KEY", parameter="wskey")
    politeness = Politeness(delay_s=1.0, connections=1, timeout_s=60.0)

    def start(self, asked: Sequence[str]) -> Iterator[Ask]:
        """One question for each term."""
        for one in dict.fromkeys(asked):
            kind, rest = term(one, KINDS, "europeana")
            if kind in ("id", "record"):
                refuse_unless(IDENTIFIER, rest, kind, "europeana", "/2022704/lod_123")
            if kind == "record":
                yield Ask(url=self._record(rest))
                continue
            pairs = [("query", f'europeana_id:"{rest}"')] if kind == "id" else [("query", rest), ("qf", "TYPE:IMAGE")]
            if kind == SEARCH:
                pairs.append(("reusability", "open"))
            pairs += [("media", "true"), ("profile", "rich"), ("rows", str(ROWS)), ("cursor", "*")]
            yield Ask(url=address(self.base_url, "/search.json", pairs))

    def again(self, source_id: str, other: Mapping[str, str]) -> str | None:
        """The thing, in the form in which it was asked for before, so that only a real change is one."""
        identifier = source_id.partition("#")[0]
        if not IDENTIFIER.fullmatch(identifier):
            return None
        return f"{'record' if other.get('answer') == 'record' else 'id'}:{identifier}"

    def parse(self, answer: Answer, carry: Mapping[str, Any]) -> Iterator[Candidate | Ask | Problem]:
        """The things of a page and the question for the next page, or the files of one record."""
        found = json_object(answer)
        if found is None:
            yield Problem(where=answer.url, what="the answer is no JSON object, so no record of Europeana")
        elif found.get("success") is False or not ("items" in found or "object" in found):
            what = line(found.get("error")) or line(found.get("message")) or "neither a search's answer nor a record"
            yield Problem(where=answer.url, what=f"Europeana answers: {what[:200]}")
        elif isinstance(found.get("object"), dict):
            record = found["object"]
            identifier = line(record.get("about"))
            yield from read_record(record, answer, self._record(identifier) if identifier else answer.url)
        else:
            items = listed(found.get("items"))
            if not items and asked_value(answer.url, "cursor") in (None, "*"):
                yield Problem(where=answer.url, what="Europeana finds nothing for this question", gone=True)
            for item in items:
                yield from self._thing(mapping(item), answer)
            following = found.get("nextCursor")
            if not (items and isinstance(following, str) and following != asked_value(answer.url, "cursor")):
                return
            if len(following) > LONGEST_CURSOR:
                yield Problem(where=answer.url, what="the cursor of the next page is too long to be asked for")
            else:
                yield Ask(url=changed(answer.url, {"cursor": following}))

    def _thing(self, item: Mapping[str, Any], answer: Answer) -> Iterator[Candidate | Ask | Problem]:
        identifier = line(item.get("id"))
        if identifier is None:
            yield Problem(where=answer.url, what="a thing without an identifier: passed over")
        elif self.depth and IDENTIFIER.fullmatch(identifier):
            yield Ask(url=self._record(identifier))
        else:
            kind = NOT_IMAGES.get(str(line(item.get("type"))).upper())
            stated = [one for one in dict.fromkeys(map(line, as_texts(item.get("edmIsShownBy")))) if one]
            for place, one in enumerate(stated or [None]):
                candidate = self._candidate(item, identifier, identifier if place == 0 else f"{identifier}#{one}", one, answer)
                yield no_image(candidate, kind) if kind else candidate

    def _candidate(self, item: Mapping[str, Any], identifier: str, name: str, file: str | None, answer: Answer) -> Candidate:
        title = next(filter(None, map(words, as_texts(item.get("title")))), None)
        creator, unexplained = creators(item)
        described = by_language(item.get("dcDescriptionLangAware"))
        described = described or {"none": as_texts(item.get("dcDescription"))}
        caption, language = chosen(described)
        stated = as_texts(item.get("rights"))
        rights = stated_rights(
            stated[0] if len(stated) == 1 else stated or "",
            field=FIELD if len(stated) == 1 else "items[].rights",
            scope="record",  # Europeana defines a record's statement as that of its files
            evidence=self._record(identifier),
        )
        rights, note = with_credit(rights, None, title=title, creator=creator, name=name)
        guid = (web_address(item.get("guid")) or "").partition("?")[0]  # its query holds the key
        service = REDUCED.fullmatch(file or "")
        more = {
            "data_provider": joined(item.get("dataProvider")),
            "provider": joined(item.get("provider")),
            "country": joined(item.get("country")),
            "europeana_page": guid,
            "creator_addresses": "; ".join(unexplained),
            "image_service": service[1] if service else None,
        }
        return Candidate(
            source="europeana",
            source_id=name,
            rights=rights,
            outcome="metadata_only",
            page_url=next(filter(None, map(web_address, as_texts(item.get("edmIsShownAt")))), None) or guid or None,
            image_url=media_address(file),
            title=title,
            creator=creator,
            creation_date=joined(item.get("year")),
            caption=caption,
            caption_language=language,
            other={
                **{key: text[:1000] for key, text in more.items() if text},
                **in_other_languages(described, language),
                **note,
            },
            answer_sha256=answer.sha256,
        )

    def _record(self, identifier: str) -> str:
        steps = "/".join(step(one) for one in identifier.strip("/").split("/"))
        return address(self.base_url, f"/{steps}.json")
