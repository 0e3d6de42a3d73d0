"""iNaturalist: each photograph under its own licence, counted once, paged by number, and rubbish that never raises."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from spoiled_answers import BODIES, refuse_unclean, spoiled

from base.errors import UsageError
from catalog.records import Candidate
from harvest.source import Answer, Ask, Problem
from harvest.sources.inaturalist import Source, original

URL = "https://api.inaturalist.org/v1/observations?q=mate&per_page=200&order_by=id&order=asc&id_above=0"
PHOTO = "https://inaturalist-open-data.s3.amazonaws.com/photos/7/square.jpg?1623739627"


def photo(**more: Any) -> dict[str, Any]:
    return {
        "id": 7,
        "license_code": "cc-by",
        "attribution": "(c) Ana Lima, some rights reserved (CC BY)",
        "url": PHOTO,
        "original_dimensions": {"width": 1365, "height": 2048},
        "flags": [],
        **more,
    }


def observation(*photos: Any, **more: Any) -> dict[str, Any]:
    return {
        "id": 83,
        "license_code": "cc0",
        "observed_on": "2021-06-10",
        "description": "On the <i>fence</i>",
        "uri": "https://www.inaturalist.org/observations/83",
        "taxon": {"id": 3, "name": "Ilex paraguariensis", "default_photo": {"id": 99, "license_code": "cc0", "url": PHOTO}},
        "user": {"login": "analima", "name": "Ana M. Lima"},
        "comments": [{"license_code": "cc-by-nd"}],
        "photos": list(photos),
        "observation_photos": [{"id": 1, "photo": each} for each in photos],
        **more,
    }


def parsed(whole: Any, url: str = URL) -> list[Any]:
    return list(Source().parse(Answer(url, json.dumps(whole).encode()), {}))


def one(**more: Any) -> Candidate:
    (found,) = parsed({"results": [observation(photo(**more))]})
    assert isinstance(found, Candidate)
    return found


@pytest.mark.parametrize(
    ("asked", "query"),
    [
        ("erva mate", {"q": ["erva mate"]}),
        ("taxon:3", {"taxon_id": ["3"]}),
        ("place:6857", {"place_id": ["6857"]}),
        ("user:kueda", {"user_id": ["kueda"]}),
        ("taxon_id=3&quality_grade=research", {"taxon_id": ["3"], "quality_grade": ["research"]}),
    ],
)
def test_searches_ask_for_open_photographs_in_the_order_of_their_numbers(asked: str, query: dict[str, list[str]]) -> None:
    (ask,) = Source().start([asked])
    found = parse_qs(urlsplit(ask.url).query)
    paging = {"per_page": ["200"], "order_by": ["id"], "order": ["asc"], "id_above": ["0"]}
    assert found.pop("photo_license")[0].startswith("cc0,cc-by,")
    assert found == {**query, **paging}


def test_the_filter_by_licence_can_be_replaced() -> None:
    (ask,) = Source().start(["q=mate&photo_license=cc0"])
    assert parse_qs(urlsplit(ask.url).query)["photo_license"] == ["cc0"]


@pytest.mark.parametrize("asked", ["", "id:", "id:abc", "taxon:Ilex", "user:a b"])
def test_what_makes_no_sense_is_refused_before_anything_is_asked(asked: str) -> None:
    with pytest.raises(UsageError):
        list(Source().start([asked]))


@pytest.mark.parametrize(
    ("code", "family", "version"),
    [
        ("cc0", "cc0", "1.0"),
        ("cc-by", "by", "4.0"),
        ("CC-BY", "by", "4.0"),
        ("cc-by-nc-nd", "by-nc-nd", "4.0"),
        (None, "arr", None),
        ("", "unknown", None),
        ("gfdl", "unknown", None),
        (4, "unknown", None),
        (["cc0"], "unknown", None),
    ],
)
def test_only_the_photographs_own_code_counts(code: Any, family: str, version: str | None) -> None:
    candidate = one(license_code=code, attribution="")
    assert (candidate.rights.family, candidate.rights.version) == (family, version)
    assert candidate.rights.source_field == "results[].photos[].license_code"
    assert candidate.other["record_licence"] == "cc0"
    assert ("refuse" in candidate.rights.flags) is (family in ("arr", "unknown"))


def test_a_photograph_without_any_code_is_unknown() -> None:
    whole = photo()
    del whole["license_code"]
    (found,) = parsed({"results": [observation(whole)]})
    assert (found.rights.family, found.rights.raw[0][0]) == ("unknown", "results[].photos[].attribution")


@pytest.mark.parametrize(
    ("attribution", "flags"),
    [
        ("(c) Ana Lima, some rights reserved (CC BY)", set()),
        ("(c) Ana Lima, some rights reserved (CC BY-NC)", {"conflict", "refuse"}),
        ("(c) Ana Lima, all rights reserved", {"conflict", "refuse"}),
        ("no rights reserved", set()),
    ],
)
def test_a_credit_line_that_says_less_is_allowed_closes_the_photograph(attribution: str, flags: set[str]) -> None:
    assert set(one(attribution=attribution).rights.flags) == flags


@pytest.mark.parametrize(
    ("flags", "stopped"),
    [
        ([{"flag": "copyright infringement", "resolved": False}], True),
        ([{"flag": "spam"}], True),
        ([{"flag": "copyright infringement", "resolved": True}], False),
        ([], False),
        ("x", False),
    ],
)
def test_a_flag_that_nobody_has_settled_stops(flags: Any, stopped: bool) -> None:
    rights = one(flags=flags).rights
    assert ("refuse" in rights.flags) is stopped
    assert any(field.endswith("flags") for field, _ in rights.raw) is stopped


@pytest.mark.parametrize(
    ("attribution", "creator"),
    [
        ("(c) Ana Lima, some rights reserved (CC BY)", "Ana Lima"),
        ("(c) Lima, Ana, all rights reserved", "Lima, Ana"),
        ("© João, some rights reserved (CC BY-NC), uploaded by Rui", "João"),
        ("Ana Lima, no rights reserved (CC0)", "Ana Lima"),
        ("no rights reserved", "Ana M. Lima"),
        (None, "Ana M. Lima"),
    ],
)
def test_the_author_is_named_in_the_credit_line_or_else_the_observer(attribution: str | None, creator: str) -> None:
    candidate = one(attribution=attribution)
    assert candidate.creator == creator
    if attribution:
        assert candidate.rights.credit_line == attribution


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        (PHOTO, "https://inaturalist-open-data.s3.amazonaws.com/photos/7/original.jpg"),
        ("https://static.inaturalist.org/photos/7/medium.jpeg", "https://static.inaturalist.org/photos/7/original.jpeg"),
        ("https://static.inaturalist.org/photos/7/original.JPG?1", "https://static.inaturalist.org/photos/7/original.JPG"),
        ("https://static.inaturalist.org/large/7.jpg", "https://static.inaturalist.org/large/7.jpg"),
    ],
)
def test_the_original_is_taken_whatever_size_is_named(url: str, wanted: str) -> None:
    assert original(url) == wanted
    assert one(url=url).image_url == wanted


def test_a_photograph_listed_twice_counts_once_and_no_other_licence_or_picture_is_taken() -> None:
    found = parsed({"results": [observation(photo(), photo(id=8))]})
    assert [each.source_id for each in found] == ["7", "8"]
    only_there = observation(photos=None, observation_photos=[{"photo": photo()}])
    (found_there,) = parsed({"results": [only_there]})
    assert found_there.rights.source_field == "results[].observation_photos[].photo.license_code"


def test_what_is_known_of_a_photograph_is_kept() -> None:
    candidate = one()
    assert candidate.page_url == "https://www.inaturalist.org/photos/7"
    assert (candidate.title, candidate.caption) == ("Ilex paraguariensis", "On the fence")
    assert (candidate.creation_date, candidate.other["width_px"]) == ("2021-06-10", "1365")
    assert candidate.rights.evidence == "https://api.inaturalist.org/v1/observations/83"


@pytest.mark.parametrize(
    ("answer", "following"),
    [
        ({"total_results": 9, "per_page": 2, "results": [{"id": 5}, {"id": 11}]}, "11"),
        ({"per_page": 2, "results": [{"id": 5}, {"id": 11}]}, "11"),
        ({"total_results": 2, "per_page": 2, "results": [{"id": 5}, {"id": 11}]}, None),
        ({"total_results": 9, "per_page": 3, "results": [{"id": 5}, {"id": 11}]}, None),
        ({"total_results": 9, "per_page": 1, "results": ["x"]}, None),
    ],
)
def test_pages_follow_by_the_last_number(answer: dict[str, Any], following: str | None) -> None:
    asks = [found for found in parsed(answer) if isinstance(found, Ask)]
    assert [parse_qs(urlsplit(ask.url).query)["id_above"][0] for ask in asks] == ([following] if following else [])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"error": "Unknown taxon_id", "status": 422}, "iNaturalist answers: Unknown taxon_id"),
        ({"error": {"original": {}, "message": "throttled"}}, "iNaturalist answers: throttled"),
        ({"total_results": 0, "results": []}, "iNaturalist finds no observation for this question"),
        ({}, "iNaturalist answers: neither a search's answer nor an observation"),
    ],
)
def test_errors_in_an_answer_are_problems_of_the_run(answer: Any, words: str) -> None:
    (problem,) = parsed(answer)
    assert isinstance(problem, Problem)
    assert problem.what == words


def test_an_item_is_asked_for_again_by_its_observation_and_then_states_the_same() -> None:
    candidate = one()
    asked = Source().again(candidate.source_id, candidate.other)
    (ask,) = Source().start([str(asked)])
    assert ask.url == "https://api.inaturalist.org/v1/observations/83"
    (again,) = parsed({"total_results": 1, "page": 1, "per_page": 1, "results": [observation(photo())]}, ask.url)
    assert again.digest() == candidate.digest()
    assert Source().again("7", {}) is None


def test_the_older_interface_is_read_too() -> None:
    sizes = {"url": None, "medium_url": "https://static.inaturalist.org/photos/7/medium.jpeg?15"}
    (candidate,) = parsed([observation(photo(**sizes))])
    assert candidate.image_url == "https://static.inaturalist.org/photos/7/original.jpeg"


def test_rubbish_in_any_place_never_raises_and_never_comes_through_unclean() -> None:
    whole = {"total_results": 9, "per_page": 1, "results": [observation(photo(flags=[{"flag": "x"}]))]}
    for body in (*BODIES, *(json.dumps(other).encode() for _, other in spoiled(whole))):
        refuse_unclean(Source(), body)
