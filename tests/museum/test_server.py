"""The museum on loopback: what it answers, and that it counts what it was asked."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib import robotparser

import pytest

from base.errors import BusyError
from fototeca.museum.collection import Item
from fototeca.museum.server import Museum, open_museum, path_of


@pytest.fixture(scope="module")
def museum() -> Iterator[Museum]:
    with open_museum() as opened:
        yield opened


def asked(url: str) -> tuple[Any, bytes]:
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.headers, answer.read()


def read(url: str) -> dict[str, Any]:
    document = json.loads(asked(url)[1])
    assert isinstance(document, dict)
    return document


def item_with(museum: Museum, trap: str) -> Item:
    return next(item for item in museum.items if item.trap == trap)


def test_every_manifest_of_the_collection_answers(museum: Museum) -> None:
    listed = read(museum.collection_url)["items"]
    assert len(listed) == len(museum.items)
    for entry in listed:
        assert read(entry["id"])["type"] == "Manifest"


def test_manifest_says_what_the_item_says(museum: Museum) -> None:
    item = next(item for item in museum.items if item.id == "chimarrao-01")
    told = read(f"{museum.url}/iiif/manifest/chimarrao-01.json")
    assert told["rights"] == item.rights
    assert told["requiredStatement"]["value"]["en"] == [item.statement]
    assert told["summary"] == {"en": [item.caption]}
    facts = {pair["label"]["en"][0]: pair["value"]["none"][0] for pair in told["metadata"]}
    assert facts == {"creator": "fototeca demo", "date": "2026", "concept": "chimarrão"}


def test_painted_body_and_its_service_lead_to_the_same_picture(museum: Museum) -> None:
    told = read(f"{museum.url}/iiif/manifest/photograph-coffee.json")
    body = told["items"][0]["items"][0]["items"][0]["body"]
    service = body["service"][0]["id"]
    information = read(f"{service}/info.json")
    assert body["id"].startswith(f"{information['id']}/full/max/0/default.")
    assert asked(body["id"])[0]["Content-Type"] == "image/png"
    assert (information["width"], information["height"]) == (600, 400)


def test_item_without_rights_says_nothing_about_them(museum: Museum) -> None:
    told = read(f"{museum.url}/iiif/manifest/{item_with(museum, 'no_rights').id}.json")
    assert "rights" not in told
    assert "requiredStatement" not in told


def test_noai_header_comes_with_the_picture(museum: Museum) -> None:
    headers, _ = asked(museum.url + path_of(item_with(museum, "noai_header")))
    assert headers["X-Robots-Tag"] == "noai, noimageai"


def test_robots_txt_closes_the_private_picture_and_no_other(museum: Museum) -> None:
    rules = robotparser.RobotFileParser()
    rules.parse(asked(f"{museum.url}/robots.txt")[1].decode().splitlines())
    closed = {item.trap for item in museum.items if not rules.can_fetch("fototeca", museum.url + path_of(item))}
    assert closed == {"robots_disallowed"}


def test_page_is_called_an_image(museum: Museum) -> None:
    headers, body = asked(museum.url + path_of(item_with(museum, "html_as_image")))
    assert headers["Content-Type"] == "image/jpeg"
    assert body.startswith(b"<!doctype html>")


def test_missing_picture_answers_404(museum: Museum) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404") as refused:
        asked(museum.url + path_of(item_with(museum, "not_found")))
    refused.value.close()


def test_requests_are_counted_by_path() -> None:
    with open_museum() as museum:
        asked(f"{museum.url}/robots.txt")
        asked(f"{museum.url}/robots.txt?again")
        assert museum.requests == {"/robots.txt": 2}


def test_museum_opens_again_where_it_was() -> None:
    with open_museum() as museum:
        port = museum.port
    with open_museum(port=port) as museum:
        assert museum.port == port


def test_taken_port_is_named() -> None:
    with open_museum() as museum, pytest.raises(BusyError, match=str(museum.port)), open_museum(port=museum.port):
        pass
