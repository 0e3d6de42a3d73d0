"""Smithsonian: each medium's own terms, makers by their role, keys that never stay, and rubbish that never raises."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from spoiled_answers import BODIES, refuse_unclean, spoiled

from base.errors import UsageError
from catalog.records import Candidate
from harvest.keys import refuse_without_key, scrubbed_answer, with_key
from harvest.smithsonian_names import creator
from harvest.source import Answer, Ask, Problem
from harvest.sources.smithsonian import Source

API = "https://api.si.edu/openaccess/api/v1.0"
URL = f"{API}/search?q=x&start=0&rows=1000&api_key=DEMO_KEY"


def medium(**more: Any) -> dict[str, Any]:
    return {
        "type": "Images",
        "idsId": "SIA-1",
        "guid": "http://n2t.net/ark:/65665/m1",
        "content": "https://ids.si.edu/ids/deliveryService?id=SIA-1",
        "thumbnail": "https://ids.si.edu/ids/deliveryService?id=SIA-1&max=150",
        "usage": {"access": "CC0", "text": ""},
        **more,
    }


def pair(label: str, content: str) -> dict[str, str]:
    return {"label": label, "content": content}


def row(*media: Any, **free: Any) -> dict[str, Any]:
    """A record as a search gives it; `free` are groups of its free text."""
    whole = {
        "record_ID": "siris_1",
        "online_media": {"mediaCount": len(media), "media": list(media)},
        "title": pair("Title", "An elephant"),
        "metadata_usage": {"access": "CC0"},
        "record_link": "http://n2t.net/ark:/65665/1",
        "guid": "http://n2t.net/ark:/65665/2",
        "unit_code": "SIA",
    }
    content = {"descriptiveNonRepeating": whole, "freetext": free, "indexedStructured": {"name": ["X"]}}
    return {"id": "edanmdm-siris_1", "url": "edanmdm:siris_1", "title": "An elephant", "unitCode": "SIA", "content": content}


def answer(*rows: Any, count: int = 1) -> dict[str, Any]:
    return {"status": 200, "responseCode": 1, "response": {"rows": list(rows), "rowCount": count, "message": "content found"}}


def parsed(whole: Any, url: str = URL) -> list[Any]:
    return list(Source().parse(Answer(url, json.dumps(whole).encode()), {}))


def one(free: dict[str, Any] | None = None, **more: Any) -> Candidate:
    (found,) = parsed(answer(row(medium(**more), **(free or {}))))
    assert isinstance(found, Candidate)
    return found


@pytest.mark.parametrize(
    ("asked", "query"),
    [
        ("gourd OR mate", "(gourd OR mate) AND online_media_type:Images AND media_usage:CC0"),
        ("all:mate", "(mate) AND online_media_type:Images"),
        ("unit:SAAM", "(unit_code:SAAM) AND online_media_type:Images AND media_usage:CC0"),
    ],
)
def test_searches_ask_for_images_from_the_beginning(asked: str, query: str) -> None:
    (ask,) = Source().start([asked])
    found = parse_qs(urlsplit(ask.url).query)
    assert found == {"q": [query], "start": ["0"], "rows": ["1000"], "api_key": ["DEMO_KEY"]}


@pytest.mark.parametrize("asked", ["", "id:", "id:a b", "unit:x y", "unit:"])
def test_what_makes_no_sense_is_refused_before_anything_is_asked(asked: str) -> None:
    with pytest.raises(UsageError):
        list(Source().start([asked]))


def test_without_a_key_the_published_demo_key_is_used_and_with_one_only_that(monkeypatch: pytest.MonkeyPatch) -> None:
    key = Source.key
    assert key is not None
    monkeypatch.delenv(key.variable, raising=False)
    refuse_without_key("smithsonian", key)
    (ask,) = Source().start(["mate"])
    assert with_key(ask.url, key)[0] == ask.url
    monkeypatch.setenv(key.variable, "secret-of-mine")
    assert parse_qs(urlsplit(with_key(ask.url, key)[0]).query)["api_key"] == ["secret-of-mine"]


def test_a_key_that_is_echoed_reaches_no_candidate_and_no_question(monkeypatch: pytest.MonkeyPatch) -> None:
    key = Source.key
    assert key is not None
    monkeypatch.setenv(key.variable, "secret-of-mine")
    (ask,) = Source().start(["mate"])
    body = json.dumps(answer(row(medium(caption="got with secret-of-mine")), count=9)).encode()
    came = scrubbed_answer(Answer(with_key(ask.url, key)[0], body), ask.url, key)
    found = list(Source().parse(came, {}))
    assert [type(each) for each in found] == [Candidate, Ask]
    assert "secret-of-mine" not in repr(found)


@pytest.mark.parametrize(
    ("usage", "family"),
    [
        ({"access": "CC0"}, "cc0"),
        ({"access": "cc0"}, "cc0"),
        ({"access": "Usage conditions apply", "text": "CC0"}, "unknown"),
        ({"access": ""}, "unknown"),
        ({"text": "CC0"}, "unknown"),
        ({}, "unknown"),
        (None, "unknown"),
        ("CC0", "unknown"),
    ],
)
def test_only_the_mediums_own_terms_count(usage: Any, family: str) -> None:
    rights = one({"objectRights": [pair("Rights", "CC0")]}, usage=usage).rights
    assert rights.family == family
    assert rights.source_field == "response.rows[].content.descriptiveNonRepeating.online_media.media[].usage.access"
    assert ("refuse" in rights.flags) is (family == "unknown")


def test_terms_in_words_beside_the_mediums_code_can_only_close() -> None:
    assert "refuse" in one(usage={"access": "CC0", "text": "All rights reserved"}).rights.flags
    assert "refuse" not in one(usage={"access": "CC0", "text": "See our terms of use"}).rights.flags


def test_rights_of_the_object_are_kept_and_are_not_those_of_its_picture() -> None:
    candidate = one({"objectRights": [pair("Restrictions & Rights", "No Copyright - United States")]})
    assert (candidate.rights.family, candidate.rights.flags) == ("cc0", ())
    assert candidate.other["object_rights"] == "No Copyright - United States"
    assert candidate.other["metadata_licence"] == "CC0"


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        ([("Creator", "Gruber, Martin A"), ("Subject", "National Zoological Park")], "Gruber, Martin A"),
        ([("Collector", "N. Woodman"), ("Microhabitat Description", "Marsh")], None),
        ([("Ocean/Sea/Gulf", "Indian Ocean")], None),
        ([("Sitter", "George Washington"), ("Artist", "Gilbert Stuart")], "Gilbert Stuart"),
        ([("Maker", "Tiffany"), ("Photographer", "A. Lima")], "A. Lima"),
        ([("Artist", "A"), ("Artist", "B"), ("Artist", "A")], "A; B"),
        ([("Designed by:", "Ana"), ("Manufacturer", "Fábrica")], "Ana; Fábrica"),
        ([("Artist (attributed)", "Anon")], "Anon"),
        ([("Attributed to", "Anon"), ("Former owner", "B"), ("Publisher", "C")], None),
        ([("Artist formerly attributed to", "X")], None),
        ([("", "X")], None),
    ],
)
def test_only_a_label_that_names_a_maker_names_one(names: list[tuple[str, str]], wanted: str | None) -> None:
    assert creator([pair(*each) for each in names]) == wanted


def test_what_is_known_of_a_medium_is_kept() -> None:
    free = {
        "date": [pair("Date", "1919"), pair("Date", "C. 1920")],
        "notes": [pair("Cite as", "SIA, Image 1"), pair("Summary", "An elephant at <b>rest</b>")],
        "creditLine": [pair("Credit Line", "Gift of <i>Ana</i>")],
    }
    resources = [{"label": "High-resolution TIFF", "url": "https://ids.si.edu/ids/download?id=SIA-1.tif"}, {"label": "x"}]
    candidate = one(free, resources=resources)
    assert (candidate.source_id, candidate.page_url) == ("SIA-1", "http://n2t.net/ark:/65665/1")
    assert (candidate.creation_date, candidate.caption) == ("1919; C. 1920", "An elephant at rest")
    assert candidate.rights.credit_line == "Gift of Ana"
    assert candidate.rights.evidence == f"{API}/content/edanmdm:siris_1"
    assert candidate.other["file (High-resolution TIFF)"].endswith("SIA-1.tif")
    assert candidate.other["cite_as"] == "SIA, Image 1"
    assert one(caption="A view").caption == "A view"


def test_the_day_a_specimen_was_found_is_not_the_day_of_its_picture() -> None:
    candidate = one({"date": [pair("Collection Date", "20 Apr 2002")]})
    assert candidate.creation_date is None
    assert candidate.other["date_of_collection"] == "20 Apr 2002"


def test_each_medium_is_an_item_and_no_image_is_noted_as_such() -> None:
    film = medium(idsId="SIA-2", type="Video", content="https://si.edu/2.mp4")
    found = parsed(answer(row(medium(), film, medium(), medium(idsId=None, guid=None), {"type": "Images"})))
    names = ["SIA-1", "SIA-2", "SIA-1#2", "https://ids.si.edu/ids/deliveryService?id=SIA-1"]
    assert [each.source_id for each in found if isinstance(each, Candidate)] == names
    assert (found[1].outcome, found[1].image_url) == ("not_an_image", None)
    assert found[1].other["file_address"] == "https://si.edu/2.mp4"
    assert isinstance(found[4], Problem)
    assert one(content=None).image_url is None


@pytest.mark.parametrize(
    ("start", "rows", "count", "following"), [(0, 2, 5, "2"), (2, 2, 5, "4"), (4, 1, 5, None), (0, 0, 5, None)]
)
def test_pages_follow_each_other_to_the_end(start: int, rows: int, count: int, following: str | None) -> None:
    found = parsed(answer(*[row()] * rows, count=count), URL.replace("start=0", f"start={start}"))
    asks = [each for each in found if isinstance(each, Ask)]
    assert [parse_qs(urlsplit(ask.url).query)["start"][0] for ask in asks] == ([following] if following else [])


@pytest.mark.parametrize(
    ("whole", "words"),
    [
        ({"error": {"code": "API_KEY_INVALID", "message": "An invalid api_key"}}, "the Smithsonian answers: An invalid api_key"),
        ({"response": {"message": "no content found"}}, "the Smithsonian answers: no content found"),
        (answer(count=0), "the Smithsonian finds no record for this question"),
        ({}, "the Smithsonian answers: neither a search's answer nor a record"),
    ],
)
def test_errors_in_an_answer_are_problems_of_the_run(whole: Any, words: str) -> None:
    (problem,) = parsed(whole)
    assert isinstance(problem, Problem)
    assert problem.what == words


def test_an_item_is_asked_for_again_by_its_record_and_then_states_the_same() -> None:
    candidate = one()
    asked = Source().again(candidate.source_id, candidate.other)
    (ask,) = Source().start([str(asked)])
    assert ask.url == f"{API}/content/edanmdm:siris_1?api_key=DEMO_KEY"
    (again,) = parsed({"status": 200, "responseCode": 1, "response": row(medium())}, ask.url)
    assert again.digest() == candidate.digest()
    assert Source().again("SIA-1", {}) is None


def test_rubbish_in_any_place_never_raises_and_never_comes_through_unclean() -> None:
    free = {
        "name": [pair("Artist", "A")],
        "date": [pair("Date", "1919")],
        "notes": [pair("Summary", "S")],
        "place": [pair("P", "Q")],
    }
    whole = answer(row(medium(resources=[{"label": "TIFF", "url": "https://a.example/1"}]), **free), count=9)
    for body in (*BODIES, *(json.dumps(other).encode() for _, other in spoiled(whole))):
        refuse_unclean(Source(), body)
