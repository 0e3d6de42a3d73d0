"""The Met: CC0 only where the museum says so of the object, one item for each image, and rubbish that never raises."""

import json
from typing import Any

import pytest
from spoiled_answers import BODIES, refuse_unclean, spoiled

from base.errors import UsageError
from catalog.records import Candidate
from harvest.source import Answer, Ask, Problem
from harvest.sources.met import Source

API = "https://collectionapi.metmuseum.org/public/collection/v1"
IMAGES = "https://images.metmuseum.org/CRDImages/as/original"


def thing(**more: Any) -> dict[str, Any]:
    """An object with one image; texts are "" where the museum knows nothing."""
    return {
        "objectID": 45734,
        "isPublicDomain": True,
        "primaryImage": f"{IMAGES}/DP1.jpg",
        "primaryImageSmall": "https://images.metmuseum.org/CRDImages/as/web-large/DP1.jpg",
        "additionalImages": [],
        "title": "Quail and Millet",
        "artistDisplayName": "Kiyohara Yukinobu",
        "artistRole": "Artist",
        "objectDate": "late 17th century",
        "creditLine": "The Howard Mansfield Collection, 1936",
        "objectURL": "https://www.metmuseum.org/art/collection/search/45734",
        "rightsAndReproduction": "",
        "medium": "Hanging scroll; ink on silk",
        "constituents": [{"name": "Kiyohara Yukinobu", "role": "Artist"}],
        "tags": [{"term": "Birds"}],
        **more,
    }


def parsed(whole: Any, url: str = f"{API}/objects/45734") -> list[Any]:
    return list(Source().parse(Answer(url, json.dumps(whole).encode()), {}))


def one(**more: Any) -> Candidate:
    (found,) = parsed(thing(**more))
    assert isinstance(found, Candidate)
    return found


@pytest.mark.parametrize(
    ("asked", "rest"),
    [
        ("yerba mate", "/search?hasImages=true&isPublicDomain=true&q=yerba+mate"),
        ("all:mate", "/search?hasImages=true&q=mate"),
        ("object:45734", "/objects/45734"),
        ("department:11", "/objects?departmentIds=11"),
        ("since:2024-01-31", "/objects?metadataDate=2024-01-31"),
        ("department:11 since:2024-01-31", "/objects?departmentIds=11&metadataDate=2024-01-31"),
    ],
)
def test_each_term_is_one_question(asked: str, rest: str) -> None:
    assert [ask.url for ask in Source().start([asked, asked])] == [API + rest]


@pytest.mark.parametrize(
    "asked", ["", "object:", "object:x", "department:Asian", "since:2024", "objct:5", "department:1 since:x"]
)
def test_what_makes_no_sense_is_refused_before_anything_is_asked(asked: str) -> None:
    with pytest.raises(UsageError):
        list(Source().start([asked]))


def test_a_list_of_objects_is_followed_object_by_object() -> None:
    found = parsed({"total": 3, "objectIDs": [1, 2, 2, "x", None]}, f"{API}/search?q=x")
    assert [ask.url for ask in found if isinstance(ask, Ask)] == [f"{API}/objects/1", f"{API}/objects/2"]


@pytest.mark.parametrize("numbers", [None, [], "x"])
def test_a_search_without_objects_says_so(numbers: Any) -> None:
    (problem,) = parsed({"total": 0, "objectIDs": numbers})
    assert problem.what == "the museum names no object for this question"
    assert problem.gone


@pytest.mark.parametrize(
    ("said", "family"),
    [(True, "cc0"), ("true", "cc0"), (False, "unknown"), ("", "unknown"), (None, "unknown"), (1, "unknown"), ([True], "unknown")],
)
def test_only_what_the_museum_marks_as_public_domain_is_cc0(said: Any, family: str) -> None:
    rights = one(isPublicDomain=said).rights
    assert (rights.family, rights.source_field) == (family, "isPublicDomain")
    assert ("refuse" in rights.flags) is (family != "cc0")


def test_a_notice_of_reserved_rights_beside_the_mark_closes_the_image() -> None:
    assert "refuse" in one(rightsAndReproduction="© 2020 Artist / ARS. All rights reserved.").rights.flags
    assert "refuse" not in one(rightsAndReproduction="© 2020 The Museum").rights.flags


def test_each_image_is_an_item_and_the_reduced_copy_is_none() -> None:
    more = [f"{IMAGES}/DP2.jpg", f"{IMAGES}/DP1.jpg", "https://images.metmuseum.org/CRDImages/ad/original/DP2.jpg", "", 7]
    found = parsed(thing(additionalImages=more))
    names = ["45734#DP1.jpg", "45734#DP2.jpg", "45734#https://images.metmuseum.org/CRDImages/ad/original/DP2.jpg"]
    assert [each.source_id for each in found if isinstance(each, Candidate)] == names
    assert [each.what for each in found if isinstance(each, Problem)] == ["an image without a usable address: passed over"]


def test_what_the_museum_knows_of_an_object_is_kept() -> None:
    candidate = one()
    assert (candidate.title, candidate.creator) == ("Quail and Millet", "Kiyohara Yukinobu")
    assert candidate.creation_date == "late 17th century"
    assert candidate.rights.credit_line == "The Howard Mansfield Collection, 1936"
    assert candidate.rights.evidence == f"{API}/objects/45734"
    assert candidate.other["medium"] == "Hanging scroll; ink on silk"
    assert candidate.other["constituents"] == "Kiyohara Yukinobu (Artist)"
    assert candidate.other["tags"] == "Birds"


def test_empty_texts_are_no_words() -> None:
    candidate = one(title="", artistDisplayName="", creditLine="", objectURL="", tags=None, constituents=None)
    assert (candidate.title, candidate.creator, candidate.page_url) == (None, None, None)
    assert candidate.rights.credit_line == "45734#DP1.jpg, CC0"


@pytest.mark.parametrize(
    ("answer", "words", "gone"),
    [
        ({"message": "ObjectID not found"}, "the museum answers: ObjectID not found", False),
        ({}, "the museum answers: neither a list of objects nor an object", False),
        (thing(primaryImage="", additionalImages=[]), "the museum gives no image of this object", True),
        (thing(primaryImage=None, additionalImages=None), "the museum gives no image of this object", True),
    ],
)
def test_errors_in_an_answer_are_problems_of_the_run(answer: Any, words: str, gone: bool) -> None:
    (problem,) = parsed(answer)
    assert (problem.what, problem.gone) == (words, gone)


def test_an_item_is_asked_for_again_by_its_object() -> None:
    assert Source().again("45734#DP1.jpg", {}) == "object:45734"
    assert Source().again("x#DP1.jpg", {}) is None


def test_rubbish_in_any_place_never_raises_and_never_comes_through_unclean() -> None:
    whole = thing(additionalImages=[f"{IMAGES}/DP2.jpg"])
    for body in (*BODIES, *(json.dumps(other).encode() for _, other in spoiled(whole))):
        refuse_unclean(Source(), body)
