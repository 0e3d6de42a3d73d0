"""Reads one record of Europeana's Record API: every file of the thing, with its own statement of rights where it has one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from catalog.records import Candidate
from harvest.credit import with_credit
from harvest.europeana_names import all_texts, as_texts, by_language, joined, named, names_by_address
from harvest.iiif_text import chosen, in_other_languages
from harvest.json_answer import line, listed, mapping, web_address, whole_number, words
from harvest.source import Answer, Problem
from harvest.stated_rights import media_address, no_image, stated_rights

RECORD_FIELD = "object.aggregations[].edmRights"
FILE_FIELD = "object.aggregations[].webResources[].webResourceEdmRights"
NOT_IMAGES = ("audio/", "video/", "text/", "application/", "model/")


@dataclass(frozen=True)
class _Record:
    """What all files of one record share."""

    identifier: str
    aggregation: Mapping[str, Any]
    licences: Mapping[str, Mapping[str, Any]]  # statements that the record itself spells out, by address
    shared: Mapping[str, Any]  # fields of the candidate
    other: Mapping[str, str]
    evidence: str
    answer: Answer


def read_record(whole: Mapping[str, Any], answer: Answer, evidence: str) -> Iterator[Candidate | Problem]:
    """The files of a record: the one that Europeana shows, and the further views, each once.

    Args:
        whole: The answer's `object`.
        answer: The answer.
        evidence: Address of the record, without a key.
    """
    identifier = line(whole.get("about"))
    if identifier is None:
        yield Problem(where=answer.url, what="a record without an identifier: passed over")
        return
    aggregations = [mapping(one) for one in as_list(whole.get("aggregations"))] or [{}]
    record = _shared(whole, identifier, aggregations[0], answer, evidence)
    taken: set[str] = set()
    for aggregation in aggregations:
        described = {mapping(one).get("about"): mapping(one) for one in listed(aggregation.get("webResources"))
                     if isinstance(mapping(one).get("about"), str)}  # fmt: skip
        for stated in [*as_texts(aggregation.get("edmIsShownBy")), *as_texts(aggregation.get("hasView"))]:
            if not isinstance(stated, str) or stated in taken:
                continue
            taken.add(stated)
            resource = described.get(stated, {})
            kind = (line(resource.get("ebucoreHasMimeType")) or "").casefold()
            candidate = _candidate(replace(record, aggregation=aggregation), resource, stated, first=len(taken) == 1)
            pictured = not kind.startswith(NOT_IMAGES) or kind == "application/octet-stream"
            yield candidate if pictured else no_image(candidate, f"a file of type {kind[:60]}")
    if not taken:
        yield _candidate(record, {}, None, first=True)


def _candidate(record: _Record, resource: Mapping[str, Any], stated: str | None, *, first: bool) -> Candidate:
    url = media_address(stated)
    name = record.identifier if first else f"{record.identifier}#{line(stated)}"
    of_record, until = _rights_of(record.aggregation.get("edmRights"), record)
    of_file, own_until = _rights_of(resource.get("webResourceEdmRights"), record)
    rights = stated_rights(
        of_file or of_record,
        field=FILE_FIELD if of_file else RECORD_FIELD,
        scope="media" if of_file else "record",  # Europeana defines a record's statement as that of its files
        evidence=record.evidence,
    )
    shared = record.shared
    credit = (words(resource.get("textAttributionSnippet")) or "").lstrip(" -")  # so it begins where there is no title
    rights, note = with_credit(rights, credit or None, title=shared["title"], creator=shared["creator"], name=name)
    more = {
        "record_licence": joined(of_record) if of_file else None,
        "rights_until": own_until if of_file else until,
        "file_rights": joined(resource.get("webResourceDcRights")),
        "image_service": line(next(iter(as_texts(resource.get("svcsHasService"))), None)),
        "manifest": web_address(next(iter(as_texts(resource.get("dctermsIsReferencedBy"))), None)),
        "mime_type": line(resource.get("ebucoreHasMimeType")),
        "width_px": line(whole_number(resource.get("ebucoreWidth"))),
        "height_px": line(whole_number(resource.get("ebucoreHeight"))),
    }
    return Candidate(
        source="europeana",
        source_id=name,
        rights=rights,
        outcome="metadata_only",
        image_url=url,
        other={**record.other, **{key: text[:1000] for key, text in more.items() if text}, **note},
        answer_sha256=record.answer.sha256,
        **shared,
    )


def _shared(whole: Mapping[str, Any], identifier: str, aggregation: Mapping[str, Any], answer: Answer, evidence: str) -> _Record:
    proxies = [mapping(one) for one in as_list(whole.get("proxies"))]
    # the provider's own statements stand in proxies that are not Europeana's; Europeana's only adds
    proxies.sort(key=lambda proxy: proxy.get("europeanaProxy") is True)
    stated = [text for proxy in proxies for text in all_texts(proxy.get("dcCreator"))]
    # makers and institutions are named by address; a workshop may stand among the concepts
    names = {**names_by_address(whole.get("concepts")), **names_by_address(whole.get("agents"))}
    creator, unexplained = named(list(dict.fromkeys(stated)), names)
    institutions = names_by_address(whole.get("organizations"))
    described = by_language(_first(proxies, "dcDescription"))
    caption, language = chosen(described)
    titles = by_language(_first(proxies, "dcTitle"))
    europeana = mapping(whole.get("europeanaAggregation"))
    landing = web_address(europeana.get("edmLandingPage"))
    page = web_address(next(iter(as_texts(aggregation.get("edmIsShownAt"))), None))
    more = {
        "data_provider": named(all_texts(aggregation.get("edmDataProvider")), institutions)[0],
        "provider": named(all_texts(aggregation.get("edmProvider")), institutions)[0],
        "country": joined(europeana.get("edmCountry")),
        "europeana_page": landing.partition("?")[0] if landing else None,
        "creator_addresses": "; ".join(unexplained),
        "answer": "record",
    }
    return _Record(
        identifier=identifier,
        aggregation=aggregation,
        licences={one["about"]: one for one in map(mapping, listed(whole.get("licenses"))) if isinstance(one.get("about"), str)},
        shared={
            "page_url": page or (landing.partition("?")[0] if landing else None),
            "title": next(iter(all_texts(titles)), None) or words(next(iter(as_texts(whole.get("title"))), None)),
            "creator": creator,
            "creation_date": _date(proxies) or joined(whole.get("year")),
            "caption": caption,
            "caption_language": language,
        },
        other={**{key: text[:1000] for key, text in more.items() if text}, **in_other_languages(described, language)},
        evidence=evidence,
        answer=answer,
    )


def _rights_of(value: Any, record: _Record) -> tuple[Any, str | None]:
    """(statement, last day) of a language map: one text where it is one, None where there is none.

    An address may name a statement that the record spells out: then the statement that it builds on counts.
    """
    texts = all_texts(value)
    spelled = [record.licences.get(text, {}) for text in texts]
    texts = [line(one.get("odrlInheritFrom")) or text for one, text in zip(spelled, texts, strict=True)]
    until = next(filter(None, (line(one.get("ccDeprecatedOn")) for one in spelled)), None)
    return (texts[0] if len(texts) == 1 else texts or None), until


def _date(proxies: list[Mapping[str, Any]]) -> str | None:
    for field in ("dctermsCreated", "dcDate"):
        texts = [one for values in by_language(_first(proxies, field)).values() for one in values]
        if text := joined(texts):
            return text
    return None


def _first(proxies: list[Mapping[str, Any]], field: str) -> Any:
    return next((proxy[field] for proxy in proxies if proxy.get(field)), None)


def as_list(value: Any) -> list[Any]:
    """A list as it is, an object as a list of one."""
    return [value] if isinstance(value, dict) else listed(value)
