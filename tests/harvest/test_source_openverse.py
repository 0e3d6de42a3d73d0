"""Openverse: bounded searches, images handed over to their provider, and second-hand rights for the rest."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from broken_json import broken, unclean

from base import plugins
from base.errors import UsageError
from catalog.records import Candidate
from harvest.keys import with_key
from harvest.openverse_image import provider_of
from harvest.source import Answer, Ask, Problem
from harvest.sources.openverse import MOST_PAGES, Source

URL = "https://api.openverse.org/v1/images/?q=mate&page=1&page_size=20"
IDENTIFIER = "4bc43a04-ef46-4544-a0c1-63c63f56e276"
MUSEUM = "https://museum.example/object/7"


def result(landing: Any = MUSEUM, **more: Any) -> dict[str, Any]:
    """One result, in the shape of the service."""
    return {
        "id": IDENTIFIER, "title": "Mate gourd", "indexed_on": "2022-03-01T10:00:00Z", "foreign_landing_url": landing,
        "url": "https://media.museum.example/7.jpg", "creator": "Ana Souza", "creator_url": "https://museum.example/ana",
        "license": "by-sa", "license_version": "4.0", "license_url": "https://creativecommons.org/licenses/by-sa/4.0/",
        "provider": "museum", "source": "museum", "category": "photograph", "filesize": 1234, "filetype": "jpg",
        "tags": [{"name": "cuia", "accuracy": None, "unstable__provider": "museum"}, {"name": "mate", "accuracy": 0.9}],
        "attribution": '"Mate gourd" by Ana Souza is licensed under CC BY-SA 4.0.', "fields_matched": ["title"], "mature": False,
        "height": 480, "width": 640, "thumbnail": "https://api.openverse.org/v1/images/x/thumb/", "unstable__sensitivity": [],
        "detail_url": "https://api.openverse.org/v1/images/x/", "related_url": "https://api.openverse.org/v1/images/x/related/",
        **more,
    }  # fmt: skip


def results(*given: Any, page_count: int = 1) -> dict[str, Any]:
    return {"result_count": len(given), "page_count": page_count, "page_size": 20, "page": 1, "results": list(given)}


def read(resource: Any, carry: Mapping[str, Any] | None = None) -> list[Any]:
    body = resource if isinstance(resource, bytes) else json.dumps(resource).encode()
    return list(Source().parse(Answer(URL, body), carry or {}))


def one(**more: Any) -> Candidate:
    (found,) = read(results(result(**more)))
    assert isinstance(found, Candidate)
    return found


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@pytest.mark.parametrize("given", ["mate gourd", "search:mate gourd", " search: mate gourd"])
def test_a_search_starts_at_its_first_page_of_twenty(given: str) -> None:
    (ask,) = Source().start([given])
    assert ask.url == "https://api.openverse.org/v1/images/?q=mate+gourd&page=1&page_size=20"


@pytest.mark.parametrize("given", ["image:7", "own:", "search:", "", "imagee:" + IDENTIFIER])
def test_what_makes_no_sense_is_refused_before_anything_is_asked(given: str) -> None:
    with pytest.raises(UsageError):
        list(Source().start([given]))


def test_the_token_is_sent_as_a_bearer(monkeypatch: pytest.MonkeyPatch) -> None:
    assert with_key(URL, Source.key) == (URL, {})
    monkeypatch.setenv("OPENVERSE_TOKEN", "s3cret-token")
    assert with_key(URL, Source.key) == (URL, {"Authorization": "Bearer s3cret-token"})


# Paging


def test_pages_follow_one_another_until_the_last() -> None:
    (ask,) = Source().start(["mate"])
    asked = [ask.url]
    while isinstance(ask, Ask):
        *_, ask = read(results(result(), page_count=3), ask.carry)
        asked += [ask.url] if isinstance(ask, Ask) else []
    assert [query(url)["page"] for url in asked] == ["1", "2", "3"]
    assert {query(url)["q"] for url in asked} == {"mate"}


def test_a_search_ends_after_twenty_pages_and_says_so() -> None:
    carry = {"search": "mate", "page": MOST_PAGES}
    _, problem = read(results(result(), page_count=240), carry)
    assert "narrow the search" in problem.what
    assert len(read(results(result(), page_count=MOST_PAGES), carry)) == 1


def test_an_empty_page_ends_a_search() -> None:
    assert read(results(page_count=9), {"search": "mate", "page": 1}) == []


# Handing over

PLACES: list[tuple[Any, tuple[str, str] | None]] = [
    ("https://commons.wikimedia.org/w/index.php?curid=44672185", ("commons", "pageid:44672185")),
    ("https://commons.wikimedia.org/w/index.php?foo=1&curid=7", ("commons", "pageid:7")),
    ("https://commons.wikimedia.org/wiki/File:Cuia_%C3%A0.jpg", ("commons", "File:Cuia_à.jpg")),
    ("http://www.metmuseum.org/art/collection/search/45734", ("met", "object:45734")),
    ("https://www.inaturalist.org/observations/12", ("inaturalist", "id:12")),
    ("https://www.inaturalist.org/photos/12", None),
    ("https://www.gbif.org/occurrence/4510402016", ("gbif", "id:4510402016")),
    ("https://www.flickr.com/photos/1@N01/2636503812", ("flickr", "photo:2636503812")),
    ("https://www.flickr.com/photos/1@N01/2636503812/in/album-1", ("flickr", "photo:2636503812")),
    ("https://www.flickr.com/photos/1@N01/", None),
    ("https://collections.si.edu/search/detail/edanmdm:nmnhvz_14800560", ("smithsonian", "id:edanmdm:nmnhvz_14800560")),
    ("https://www.europeana.eu/en/item/2022704/lod_oai_7", ("europeana", "id:/2022704/lod_oai_7")),
    ("https://commons.wikimedia.org.evil.example/w/index.php?curid=7", None),
    ("https://evil.example/?x=commons.wikimedia.org/w/index.php?curid=7", None),
    ("https://commons.wikimedia.org/wiki/User:Ana", None),
    ("javascript:alert(1)", None),
    (MUSEUM, None), (None, None), (7, None), ("", None), ("http://[", None),
]  # fmt: skip


@pytest.mark.parametrize(("landing", "place"), PLACES)
def test_the_provider_is_known_by_its_landing_page_and_understands_the_question(landing: Any, place: Any) -> None:
    keyed = frozenset(("flickr", "smithsonian", "europeana"))
    assert provider_of(result(landing), keyed) == place
    if place:
        source = plugins.load("harvest.sources", place[0]).Source()
        assert len(list(source.start([place[1]]))) == 1
        if place[0] in keyed:
            assert provider_of(result(landing), frozenset()) is None
            assert source.key is not None


def test_images_of_a_provider_are_asked_for_together_and_no_candidate_stands_for_them() -> None:
    landings = [f"https://commons.wikimedia.org/w/index.php?curid={n}" for n in (1, 2, 1)]
    candidate, ask = read(results(*map(result, landings), result()))
    assert candidate.source == "openverse"
    assert (ask.reader, ask.asked, ask.url) == ("commons", ("pageid:1", "pageid:2"), "")


def test_a_provider_that_wants_a_key_is_asked_only_when_the_key_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    given = results(result("https://www.flickr.com/photos/1@N01/7"))
    for key, kind in (("", Candidate), ("0123456789", Ask)):
        monkeypatch.setenv("FLICKR_API_KEY", key)
        (ask,) = Source().start(["mate"])
        assert "0123456789" not in json.dumps(ask.carry)
        (found,) = read(given, ask.carry)
        assert isinstance(found, kind)


def test_a_recheck_asks_openverse_itself() -> None:
    (ask,) = Source().start([str(Source().again(IDENTIFIER, {}))])
    assert ask.url == f"https://api.openverse.org/v1/images/{IDENTIFIER}/"
    single = result("https://commons.wikimedia.org/w/index.php?curid=7")
    (own,) = read(single, ask.carry)
    assert (own.source, own.source_id) == ("openverse", IDENTIFIER)
    (ask,) = Source().start([f"image:{IDENTIFIER}"])
    (handed,) = read(single, ask.carry)
    assert handed.reader == "commons"


# Second-hand rights

RIGHTS: list[tuple[Any, Any, Any, str, str | None, str | None, set[str]]] = [
    ("by-sa", "4.0", "https://creativecommons.org/licenses/by-sa/4.0/", "by-sa", "4.0", None, set()),
    ("by-sa", "3.0", "https://creativecommons.org/licenses/by-sa/3.0/de/", "by-sa", "3.0", "de", set()),
    ("cc0", "1.0", "https://creativecommons.org/publicdomain/zero/1.0/", "cc0", "1.0", None, set()),
    ("pdm", "1.0", None, "pdm", "1.0", None, set()),
    ("pdm", "4.0", None, "unknown", None, None, {"impossible-version", "refuse"}),
    ("cc0", "4.0", "", "unknown", None, None, {"impossible-version", "refuse"}),
    ("by", None, None, "by", None, None, {"no-version"}),
    ("by", "", "", "by", None, None, {"no-version"}),
    ("by", "9.0", None, "unknown", None, None, {"refuse"}),
    ("by", "2.0", "https://creativecommons.org/licenses/by-nc/2.0/", "by-nc", "2.0", None, {"conflict"}),
    ("by-nd", "4.0", "http://[", "unknown", None, None, {"refuse"}),
    ("sampling+", "1.0", None, "sampling+", None, None, {"refuse"}),
    (None, None, None, "unknown", None, None, {"refuse"}),
    ({"a": 1}, [2], 3, "unknown", None, None, {"refuse"}),
]  # fmt: skip


@pytest.mark.parametrize(("slug", "number", "address", "family", "version", "port", "flags"), RIGHTS)
def test_rights_are_second_hand_and_impossible_pairs_are_refused(
    slug: Any, number: Any, address: Any, family: str, version: str | None, port: str | None, flags: set[str]
) -> None:
    rights = one(license=slug, license_version=number, license_url=address).rights
    assert (rights.family, rights.version, rights.jurisdiction) == (family, version, port)
    assert flags | {"second-hand"} <= set(rights.flags)
    assert (rights.source_field, rights.scope) == ("license", "media")
    assert rights.evidence == f"https://api.openverse.org/v1/images/{IDENTIFIER}/"


def test_all_that_is_said_of_an_image_is_kept() -> None:
    found = one(mature=True, unstable__sensitivity=["sensitive_text"])
    assert (found.page_url, found.image_url) == (MUSEUM, "https://media.museum.example/7.jpg")
    assert (found.title, found.creator) == ("Mate gourd", "Ana Souza")
    assert found.rights.credit_line == '"Mate gourd" by Ana Souza is licensed under CC BY-SA 4.0.'
    assert found.other == {
        "provider": "museum", "provider_source": "museum", "creator_url": "https://museum.example/ana", "width": "640",
        "height": "480", "size_bytes": "1234", "filetype": "jpg", "category": "photograph", "tags": "cuia; mate",
        "mature": "true", "sensitivity": "sensitive_text",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (b"<html>", "no JSON object"),
        ({"detail": "Not found."}, "no results"),
        ({"results": None}, "no results"),
        (results({"title": "x"}), "without an identifier"),
        (results(None), "without an identifier"),
    ],
)
def test_answers_that_hold_no_image_are_problems(given: Any, words: str) -> None:
    (problem,) = read(given)
    assert isinstance(problem, Problem)
    assert words in problem.what


def test_nothing_that_is_answered_raises_or_leaves_markup_behind() -> None:
    whole = results(result(), result("https://commons.wikimedia.org/w/index.php?curid=7"), result(title="<b>x</b>"), page_count=9)
    candidates = [found for body in broken(whole, 500) for found in read(body) if isinstance(found, Candidate)]
    assert len(candidates) > 500
    assert [unclean(one) for one in candidates if unclean(one)] == []
