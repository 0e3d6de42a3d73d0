"""GBIF: a file's own licence decides, a search is paged within its limit, and what is no picture is noted as such."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from spoiled_answers import BODIES, refuse_unclean, spoiled

from base.errors import UsageError
from catalog.records import Candidate
from harvest.source import Answer, Ask, Problem
from harvest.sources.gbif import Source

URL = "https://api.gbif.org/v1/occurrence/search?mediaType=StillImage&limit=300&offset=0"
BY = "http://creativecommons.org/licenses/by/4.0/"


def medium(**more: Any) -> dict[str, Any]:
    """A photograph as GBIF describes one; None takes a field away."""
    whole = {
        "type": "StillImage",
        "format": "image/jpeg",
        "identifier": "https://media.example/1.jpg",
        "license": BY,
        "rightsHolder": "Museu Nacional",
        "creator": "Ana Lima",
        "created": "2024-01-06",
        "references": "https://museum.example/1",
        **more,
    }
    return {name: value for name, value in whole.items() if value is not None}


def record(*media: Any, **more: Any) -> dict[str, Any]:
    own = {"key": 12, "license": "http://creativecommons.org/publicdomain/zero/1.0/legalcode", "media": list(media)}
    return {**own, "scientificName": "Ilex paraguariensis", **more}


def parsed(whole: Any, url: str = URL) -> list[Any]:
    return list(Source().parse(Answer(url, json.dumps(whole).encode()), {}))


def one(**more: Any) -> Candidate:
    (found,) = parsed(record(medium(**more)))
    assert isinstance(found, Candidate)
    return found


@pytest.mark.parametrize(
    ("asked", "query"),
    [
        ("erva mate", {"q": ["erva mate"]}),
        ("taxon:2431762", {"taxonKey": ["2431762"]}),
        ("dataset:50c9509d-22c7-4a22-a47d-8c48425ef4a7", {"datasetKey": ["50c9509d-22c7-4a22-a47d-8c48425ef4a7"]}),
        ("taxonKey=212&country=PT&limit=5", {"taxonKey": ["212"], "country": ["PT"]}),
    ],
)
def test_searches_ask_for_pictures_from_the_beginning(asked: str, query: dict[str, list[str]]) -> None:
    (ask,) = Source().start([asked])
    wanted = {**query, "mediaType": ["StillImage"], "limit": ["300"], "offset": ["0"]}
    assert parse_qs(urlsplit(ask.url).query) == wanted


def test_one_occurrence_is_asked_for_by_its_key_also_at_a_mirror() -> None:
    (ask,) = Source(base_url="http://127.0.0.1:9/v1/").start(["id:4510402016"])
    assert ask.url == "http://127.0.0.1:9/v1/occurrence/4510402016"


@pytest.mark.parametrize("asked", ["", "  ", "id:", "id:x", "taxon:Ilex", "dataset:x", "taxn:5"])
def test_what_makes_no_sense_is_refused_before_anything_is_asked(asked: str) -> None:
    with pytest.raises(UsageError):
        list(Source().start([asked]))


@pytest.mark.parametrize(
    ("licence", "family"),
    [
        (BY, "by"),
        ("CC_BY_NC_4_0", "by-nc"),
        ("http://creativecommons.org/licenses/by-sa/4.0/legalcode", "by-sa"),
        ("All rights reserved", "arr"),
        ("Usage Conditions Apply", "unknown"),
        ("https://museum.example/access-digital-reproductions-works-public-domain", "unknown"),
        ("UNSPECIFIED", "unknown"),
        (None, "unknown"),
        ("", "unknown"),
        ({"a": 1}, "unknown"),
    ],
)
def test_only_the_files_own_licence_counts(licence: Any, family: str) -> None:
    candidate = one(license=licence)
    assert candidate.rights.family == family
    assert (candidate.rights.scope, candidate.rights.source_field) == ("media", "results[].media[].license")
    assert ("refuse" in candidate.rights.flags) is (family in ("arr", "unknown"))
    assert "zero" in candidate.other["record_licence"]


def test_a_file_keeps_who_made_it_who_holds_it_and_where_it_is_shown() -> None:
    candidate = one()
    assert (candidate.source_id, candidate.creator, candidate.page_url) == ("12#0", "Ana Lima", "https://museum.example/1")
    assert candidate.other["rights_holder"] == "Museu Nacional"
    assert candidate.rights.evidence == "https://api.gbif.org/v1/occurrence/12"
    assert candidate.rights.credit_line == "Ilex paraguariensis, Ana Lima, CC BY 4.0"
    assert one(creator=None).rights.credit_line == "Ilex paraguariensis, Museu Nacional, CC BY 4.0"
    assert one(references=None).page_url == "https://www.gbif.org/occurrence/12"


def test_whoever_collected_a_specimen_is_not_its_photographs_author() -> None:
    (found,) = parsed(record(medium(creator=None), recordedBy="F. Sellow"))
    assert found.creator is None
    assert found.other["recorded_by"] == "F. Sellow"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"type": "Sound"}, "a sound recording"),
        ({"type": "MovingImage", "format": "video/mp4"}, "a film"),
        ({"type": "InteractiveResource", "format": "application/ld+json"}, "a IIIF manifest, which the source iiif can read"),
        ({"format": "dzi"}, "a tile pyramid"),
        ({"type": None, "format": "text/html"}, "of type text/html"),
        ({"type": "audio/mpeg", "format": "Sound"}, "a sound recording"),
    ],
)
def test_what_is_no_picture_is_noted_and_never_asked_for(fields: dict[str, Any], words: str) -> None:
    candidate = one(**fields)
    assert candidate.outcome == "not_an_image"
    assert candidate.image_url is None
    assert candidate.outcome_detail == f"the source says: {words}"
    assert candidate.other["file_address"] == "https://media.example/1.jpg"


@pytest.mark.parametrize(
    "fields",
    [{"type": None}, {"format": None}, {"type": None, "format": None}, {"type": "image/jpeg", "format": "StillImage"}],
)
def test_a_file_that_nothing_says_otherwise_of_is_a_picture(fields: dict[str, Any]) -> None:
    assert one(**fields).image_url == "https://media.example/1.jpg"


@pytest.mark.parametrize(
    "address", [None, "", "no address", "ftp://media.example/1.jpg", "http://a.example/1 http://a.example/2"]
)
def test_a_file_without_a_usable_address_is_noted_without_one(address: Any) -> None:
    assert one(identifier=address).image_url is None


def test_an_address_is_completed_and_quoted() -> None:
    assert one(identifier="//media.example/My photo's.jpg").image_url == "https://media.example/My%20photo%27s.jpg"


def page(rows: int, *, end: bool = False) -> dict[str, Any]:
    return {"endOfRecords": end, "count": 99_999, "results": [{"key": number} for number in range(1, rows + 1)]}


@pytest.mark.parametrize(
    ("offset", "rows", "end", "following"),
    [(0, 300, False, "300"), (300, 217, False, "517"), (9_600, 300, False, "9900"), (0, 300, True, None), (0, 0, False, None)],
)
def test_pages_follow_each_other_to_the_end(offset: int, rows: int, end: bool, following: str | None) -> None:
    asks = [found for found in parsed(page(rows, end=end), URL.replace("offset=0", f"offset={offset}")) if isinstance(found, Ask)]
    assert [parse_qs(urlsplit(ask.url).query)["offset"][0] for ask in asks] == ([following] if following else [])
    if following == "9900":
        assert "limit=100" in asks[0].url


def test_beyond_ten_thousand_records_a_problem_says_what_to_do() -> None:
    (problem,) = parsed(page(100), URL.replace("offset=0", "offset=9900"))
    assert isinstance(problem, Problem)
    assert "first 10,000 records" in problem.what


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"message": "Max offset of 100001 exceeded"}, "GBIF answers: Max offset of 100001 exceeded"),
        ({"results": [], "endOfRecords": True}, "GBIF finds no record for this question"),
        ({"hello": 1}, "GBIF answers: neither a search's answer nor an occurrence"),
        ({"results": [{"media": [{}]}]}, "a record without a key: its files cannot be named, so they are passed over"),
    ],
)
def test_errors_in_an_answer_are_problems_of_the_run(answer: Any, words: str) -> None:
    (problem,) = parsed(answer)
    assert isinstance(problem, Problem)
    assert problem.what == words


def test_an_item_is_asked_for_again_by_its_record_and_then_states_the_same() -> None:
    (in_search,) = parsed({"results": [record(medium())], "endOfRecords": True})
    asked = Source().again(in_search.source_id, in_search.other)
    assert asked == "id:12"
    (ask,) = Source().start([asked])
    (alone,) = parsed(record(medium()), ask.url)
    assert alone.digest() == in_search.digest()
    assert Source().again("nonsense", {}) is None


def test_rubbish_in_any_place_never_raises_and_never_comes_through_unclean() -> None:
    whole = {"endOfRecords": False, "results": [record(medium(description="x", title="y"), None)]}
    for body in (*BODIES, *(json.dumps(other).encode() for _, other in spoiled(whole))):
        refuse_unclean(Source(), body)
