"""Europeana: names behind addresses, a file's own rights over the record's, keys that never stay, rubbish that never raises."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from iiif_loopback import Loopback
from spoiled_answers import BODIES, refuse_unclean, spoiled

from base.errors import UsageError
from catalog.records import Candidate
from harvest.crawl import harvest_web
from harvest.keys import refuse_without_key, scrubbed_answer, with_key
from harvest.source import Answer, Ask, Problem
from harvest.sources.europeana import Source

API = "https://api.europeana.eu/record/v2"
URL = f"{API}/search.json?query=x&rows=100&cursor=*"
CC0 = "http://creativecommons.org/publicdomain/zero/1.0/"
BY = "http://creativecommons.org/licenses/by/4.0/"
ANA, RUI, HOUSE = ("http://data.example/agent#1", "http://data.example/agent#2", "http://data.example/agent#3")


def item(**more: Any) -> dict[str, Any]:
    """A thing as a search shows it, key and all."""
    return {
        "id": "/2022704/lod_1",
        "type": "IMAGE",
        "title": ["A cloister", "Un claustro"],
        "rights": [CC0],
        "edmIsShownBy": ["https://media.example/1.jpg"],
        "edmIsShownAt": ["https://museum.example/1"],
        "guid": "https://www.europeana.eu/item/2022704/lod_1?utm_source=api&utm_campaign=secret-of-mine",
        "link": f"{API}/2022704/lod_1.json?wskey=secret-of-mine",
        "dataProvider": ["Biblioteca"],
        "provider": ["Hispana"],
        "year": ["1842"],
        "dcCreator": [ANA, RUI],
        "edmAgent": [ANA, HOUSE, RUI],
        "edmAgentLabel": [{"def": "Ana Lima"}, {"def": "The House"}, {"es": "Rui, 1813-18"}],
        "dcDescription": ["Uma vista"],
        "dcDescriptionLangAware": {"def": ["Ohne Sprache"], "pt": ["Uma <b>vista</b>"], "en": ["A view"]},
        **more,
    }


def search(*items: Any, **more: Any) -> dict[str, Any]:
    return {"apikey": "secret-of-mine", "success": True, "itemsCount": len(items), "items": list(items), **more}


def parsed(whole: Any, url: str = URL, depth: int = 0) -> list[Any]:
    return list(Source(depth=depth).parse(Answer(url, json.dumps(whole).encode()), {}))


def one(**more: Any) -> Candidate:
    (found,) = parsed(search(item(**more)))
    assert isinstance(found, Candidate)
    return found


@pytest.mark.parametrize(
    ("asked", "query"),
    [
        ('who:"Rembrandt"', {"query": ['who:"Rembrandt"'], "qf": ["TYPE:IMAGE"], "reusability": ["open"]}),
        ("all:mate", {"query": ["mate"], "qf": ["TYPE:IMAGE"]}),
        ("id:/2022704/lod_1", {"query": ['europeana_id:"/2022704/lod_1"']}),
    ],
)
def test_searches_ask_for_images_with_a_cursor(asked: str, query: dict[str, list[str]]) -> None:
    (ask,) = Source().start([asked])
    paging = {"media": ["true"], "profile": ["rich"], "rows": ["100"], "cursor": ["*"]}
    assert parse_qs(urlsplit(ask.url).query) == {**query, **paging}


@pytest.mark.parametrize("asked", ["", "id:2022704", "record:/a", "id:/a/b c", 'id:/a/"', "recrd:/a/b"])
def test_what_makes_no_sense_is_refused_before_anything_is_asked(asked: str) -> None:
    with pytest.raises(UsageError):
        list(Source().start([asked]))


def test_the_key_is_asked_for_and_reaches_no_candidate_question_or_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    key = Source.key
    assert key is not None
    monkeypatch.delenv(key.variable, raising=False)
    with pytest.raises(UsageError, match=key.variable):
        refuse_without_key("europeana", key)
    monkeypatch.setenv(key.variable, "secret-of-mine")
    (ask,) = Source().start(["mate"])
    asked = with_key(ask.url, key)[0]
    assert parse_qs(urlsplit(asked).query)["wskey"] == ["secret-of-mine"]
    for whole in (
        search(item(title=["secret-of-mine"], edmIsShownAt=None), {}, nextCursor="abc/+="),
        {"success": False, "error": "Invalid key secret-of-mine", "apikey": "secret-of-mine"},
    ):
        came = scrubbed_answer(Answer(asked, json.dumps(whole).encode()), ask.url, key)
        found = list(Source().parse(came, {}))
        assert found
        assert "secret-of-mine" not in repr(found)


def test_the_address_at_europeana_is_kept_without_its_query() -> None:
    assert one().other["europeana_page"] == "https://www.europeana.eu/item/2022704/lod_1"
    assert one(edmIsShownAt=None).page_url == "https://www.europeana.eu/item/2022704/lod_1"


@pytest.mark.parametrize(
    ("fields", "creator"),
    [
        ({}, "Ana Lima; Rui, 1813-18"),
        ({"dcCreator": ["Anonymous"]}, "Anonymous"),
        ({"dcCreator": [ANA, "Ana Lima", "Estúdio"]}, "Ana Lima; Estúdio"),
        ({"dcCreator": ["http://data.example/agent#9"]}, None),
        ({"dcCreator": None}, None),
        ({"edmAgent": None, "edmAgentLabel": None}, None),
        ({"edmAgentLabel": [{"def": "Ana"}]}, None),
        ({"dcCreator": [ANA], "edmAgent": [ANA], "edmAgentLabel": [{"def": "Ana"}, {"def": "Anna"}]}, "Ana"),
        (
            {
                "dcCreator": [ANA],
                "edmAgent": [ANA],
                "edmAgentLabel": [{"def": "Анна"}, {"def": "Ana"}],
                "edmAgentLabelLangAware": {"ru": ["Анна"], "en": ["Ann"]},
            },
            "Ann",
        ),
        ({"edmAgentLabel": ["Ana", {"def": ["H"]}, {"en": ["Rui", "Ruy"]}]}, "Ana; Rui"),
    ],
)
def test_names_are_found_behind_the_addresses_of_makers_only(fields: dict[str, Any], creator: str | None) -> None:
    assert one(**fields).creator == creator


def test_an_address_that_nothing_explains_is_kept_as_what_it_is() -> None:
    assert one(dcCreator=["http://data.example/agent#9"]).other["creator_addresses"] == "http://data.example/agent#9"


@pytest.mark.parametrize(
    ("rights", "family", "field"),
    [
        ([CC0], "cc0", "items[].rights[0]"),
        (CC0, "cc0", "items[].rights[0]"),
        (["http://rightsstatements.org/vocab/InC/1.0/"], "inc", "items[].rights[0]"),
        ([CC0, "http://rightsstatements.org/vocab/InC/1.0/"], "inc", "items[].rights"),
        ([], "unknown", "items[].rights"),
        (None, "unknown", "items[].rights"),
        (["free to use"], "unknown", "items[].rights[0]"),
    ],
)
def test_the_stated_rights_are_read_and_of_several_the_strictest_counts(rights: Any, family: str, field: str) -> None:
    found = one(rights=rights).rights
    assert (found.family, found.source_field) == (family, field)
    assert found.evidence == f"{API}/2022704/lod_1.json"


def test_words_come_in_the_preferred_language_and_the_others_are_kept() -> None:
    candidate = one()
    assert (candidate.title, candidate.caption, candidate.caption_language) == ("A cloister", "A view", "en")
    assert candidate.other["caption (pt)"] == "Uma vista"
    assert one(dcDescriptionLangAware=None).caption == "Uma vista"
    assert candidate.creation_date == "1842"
    assert candidate.other["data_provider"] == "Biblioteca"
    assert candidate.rights.credit_line == "A cloister, Ana Lima; Rui, 1813-18, CC0 1.0"


def test_a_reduced_rendering_names_the_service_behind_it() -> None:
    service = "https://iiif.example/image/1"
    assert one(edmIsShownBy=[f"{service}/full/512,/0/default.jpg"]).other["image_service"] == service
    assert "image_service" not in one(edmIsShownBy=[f"{service}/full/max/0/default.jpg"]).other


def test_several_files_are_several_items_and_none_is_still_one() -> None:
    found = parsed(search(item(edmIsShownBy=["https://a.example/1.jpg", "https://a.example/2.jpg", "https://a.example/1.jpg"])))
    assert [each.source_id for each in found] == ["/2022704/lod_1", "/2022704/lod_1#https://a.example/2.jpg"]
    assert one(edmIsShownBy=None).image_url is None
    assert (one(type="SOUND").outcome, one(type="SOUND").image_url) == ("not_an_image", None)


@pytest.mark.parametrize(
    ("url", "cursor", "following"),
    [(URL, "AoE/x+=", "AoE/x+="), (URL.replace("*", "abc"), "abc", None), (URL, None, None), (URL, 7, None)],
)
def test_pages_follow_the_cursor_to_its_end(url: str, cursor: Any, following: str | None) -> None:
    asks = [each for each in parsed(search(item(), nextCursor=cursor), url) if isinstance(each, Ask)]
    assert [parse_qs(urlsplit(ask.url).query)["cursor"][0] for ask in asks] == ([following] if following else [])
    assert not [each for each in parsed(search(nextCursor="x"), url) if isinstance(each, Ask)]


@pytest.mark.parametrize(
    ("whole", "words"),
    [
        ({"success": False, "error": "Invalid API key"}, "Europeana answers: Invalid API key"),
        ({"success": False, "items": [], "error": None}, "Europeana answers: neither a search's answer nor a record"),
        ({"success": True}, "Europeana answers: neither a search's answer nor a record"),
        (search(), "Europeana finds nothing for this question"),
        (search({"title": ["x"]}), "a thing without an identifier: passed over"),
    ],
)
def test_errors_in_an_answer_are_problems_of_the_run(whole: Any, words: str) -> None:
    (problem,) = parsed(whole)
    assert isinstance(problem, Problem)
    assert problem.what == words


def record(**more: Any) -> dict[str, Any]:
    """The same thing as a record, with a second view that has rights of its own and a sound recording."""
    resources = [
        {"about": "https://museum.example/1", "ebucoreHasMimeType": "text/html"},
        {
            "about": "https://media.example/1.jpg",
            "ebucoreHasMimeType": "image/jpeg",
            "ebucoreWidth": 795,
            "textAttributionSnippet": " - A cloister. Biblioteca. CC0",
        },
        {"about": "https://media.example/2.jpg", "webResourceEdmRights": {"def": [BY]}},
        {"about": "https://media.example/3.mp3", "ebucoreHasMimeType": "audio/mpeg"},
    ]
    aggregation = {
        "edmRights": {"def": [CC0]},
        "edmIsShownBy": "https://media.example/1.jpg",
        "edmIsShownAt": "https://museum.example/1",
        "hasView": ["https://media.example/2.jpg", "https://media.example/1.jpg", "https://media.example/3.mp3"],
        "edmDataProvider": {"def": ["http://data.example/organization/1"]},
        "webResources": resources,
        **more,
    }
    proxies = [
        {"europeanaProxy": True, "dcTitle": {"en": ["A cloister"]}, "dcDate": {"def": ["#1801"]}},
        {
            "europeanaProxy": False,
            "dcTitle": {"es": ["Un claustro"]},
            "dcCreator": {"def": [ANA, "Estúdio"]},
            "dcDescription": {"es": ["Una vista"]},
            "dctermsCreated": {"def": ["1842"]},
        },
    ]
    whole = {
        "about": "/2022704/lod_1",
        "aggregations": [aggregation],
        "proxies": proxies,
        "agents": [{"about": ANA, "prefLabel": {"es": ["Ana Lima"]}}],
        "organizations": [{"about": "http://data.example/organization/1", "prefLabel": {"en": ["The Library"]}}],
        "europeanaAggregation": {"edmLandingPage": "https://www.europeana.eu/item/2022704/lod_1?utm_campaign=k"},
    }
    return {"apikey": "k", "success": True, "object": whole}


def test_a_record_gives_every_file_with_its_own_rights_before_the_records() -> None:
    first, second, sound = parsed(record())
    assert (first.source_id, first.rights.family, first.rights.scope) == ("/2022704/lod_1", "cc0", "record")
    assert second.source_id == "/2022704/lod_1#https://media.example/2.jpg"
    assert (second.rights.family, second.rights.scope, second.other["record_licence"]) == ("by", "media", CC0)
    assert (sound.outcome, sound.image_url) == ("not_an_image", None)
    assert first.rights.credit_line == "A cloister. Biblioteca. CC0"
    assert (first.creator, first.title, first.creation_date) == ("Ana Lima; Estúdio", "Un claustro", "1842")
    assert (first.caption, first.caption_language) == ("Una vista", "es")
    assert (first.other["data_provider"], first.other["width_px"]) == ("The Library", "795")


def test_a_record_of_the_older_shape_is_read_too() -> None:
    whole = record(edmRights="", webResources=[{"about": "https://media.example/1.jpg", "webResourceEdmRights": BY}])
    assert parsed(whole)[0].rights.family == "by"
    (found,) = parsed({"object": {"about": "/1/2", "title": ["Old"]}})
    assert (found.title, found.image_url, found.rights.family) == ("Old", None, "unknown")


def test_a_statement_that_the_record_spells_out_is_followed() -> None:
    whole = record(edmRights={"def": ["http://data.example/rights#1"]})
    statement = "http://rightsstatements.org/vocab/NoC-NC/1.0/"
    spelled = {"about": "http://data.example/rights#1", "odrlInheritFrom": statement, "ccDeprecatedOn": "2029-01-01"}
    whole["object"]["licenses"] = [spelled]
    first = parsed(whole)[0]
    assert (first.rights.family, first.other["rights_until"]) == ("noc-nc", "2029-01-01")


def test_with_depth_each_thing_of_a_search_is_asked_for_as_a_record() -> None:
    (ask,) = parsed(search(item()), depth=1)
    assert ask.url == f"{API}/2022704/lod_1.json"


def test_an_item_is_asked_for_again_in_the_form_in_which_it_was_stated() -> None:
    source, candidate = Source(), one()
    assert source.again(candidate.source_id, candidate.other) == "id:/2022704/lod_1"
    view = parsed(record())[1]
    assert source.again(view.source_id, view.other) == "record:/2022704/lod_1"
    assert [ask.url for ask in source.start(["record:/2022704/lod 1".replace(" ", "_")])] == [f"{API}/2022704/lod_1.json"]
    assert source.again("nonsense", {}) is None


def test_rubbish_in_any_place_never_raises_and_never_comes_through_unclean() -> None:
    for whole in (search(item(), nextCursor="x"), record()):
        for body in (*BODIES, *(json.dumps(other).encode() for _, other in spoiled(whole))):
            refuse_unclean(Source(), body)


def test_a_harvest_sends_the_key_and_keeps_it_nowhere(
    loopback: Loopback, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = Source.key
    assert key is not None
    monkeypatch.setenv(key.variable, "secret-of-mine")
    (ask,) = Source(base_url=f"{loopback.url}/api").start(["mate"])
    path = with_key(ask.url, key)[0].removeprefix(loopback.url)
    things = [item(title=["for secret-of-mine"]), item(id="/1/2", type="VIDEO"), {"wskey": "secret-of-mine"}]
    loopback.page(path, search(*things))
    report = harvest_web(
        workspace,
        "europeana",
        ["mate"],
        allow_hosts=[loopback.host],
        base_urls={"europeana": f"{loopback.url}/api"},
        metadata_only=True,
    )
    assert path in loopback.asked
    assert report.outcomes == {"metadata_only": 1, "not_an_image": 1}
    kept = [file.read_bytes() for file in workspace.rglob("*") if file.is_file()]
    assert kept
    assert not [None for content in kept if b"secret-of-mine" in content]
