"""The Image API: the most that a server allows and never more, its own description, and what that says of rights."""

import json
from typing import Any

import pytest
from drawn_pictures import drawn
from iiif_loopback import BY, Loopback, canvas, manifest

from catalog import db
from catalog.records import Candidate
from harvest.crawl import harvest_iiif
from harvest.iiif_service import is_reduced, largest_size, rendering, service_kind
from harvest.source import Answer, Ask, Problem
from harvest.sources.iiif import Source

URL = "https://museum.example/manifest"
SERVICE = "https://m.example/iiif/1"
TWO = {"@id": SERVICE, "@context": "http://iiif.io/api/image/2/context.json", "profile": "http://iiif.io/api/image/2/level2.json"}
THREE = {"id": SERVICE, "type": "ImageService3", "profile": "level2"}
INFO = {
    "@context": "http://iiif.io/api/image/3/context.json",
    "id": SERVICE,
    "type": "ImageService3",
    "width": 4000,
    "height": 3000,
}


@pytest.mark.parametrize(
    ("described", "version", "size"),
    [
        ({}, 3, "max"),
        ({}, 2, "full"),
        ({"width": 4000, "height": 3000, "maxWidth": 1000}, 3, "!1000,1000"),
        ({"width": 4000, "height": 3000, "maxWidth": 1000, "maxHeight": 500}, 2, "!1000,500"),
        ({"width": 4000, "height": 3000, "maxArea": 3_000_000}, 3, "!2000,1500"),
        ({"width": 4000, "height": 3000, "maxArea": 3_000_000, "maxWidth": 1000}, 3, "!1000,750"),
        ({"width": 4000, "height": 3000, "maxArea": 99_000_000}, 2, "full"),
        ({"width": 400, "height": 300, "maxWidth": 1000}, 2, "full"),
        ({"width": 4000, "height": 3000, "maxHeight": 500}, 3, "max"),  # says nothing without maxWidth
        ({"width": 4000, "height": 3000, "maxWidth": 1000, "profile": "level1"}, 3, "1000,"),
        ({"width": 3000, "height": 4000, "profile": ["level1", {"maxWidth": 1000}]}, 2, "750,"),
        ({"maxArea": 100}, 3, "max"),  # without the whole size only the server can tell
        ({"maxWidth": 800}, 2, "!800,800"),
        ({"profile": "level0", "sizes": [{"width": 10, "height": 5}, {"width": 90, "height": 45}]}, 3, "90,45"),
        ({"profile": "level0", "sizes": [{"width": 90, "height": 45}]}, 2, "90,"),
        ({"profile": "level0", "width": 90, "height": 45}, 3, "max"),
        ({"profile": "level3", "maxWidth": "600"}, 3, "!600,600"),
        ({"maxWidth": -5, "maxHeight": True, "sizes": "x", "width": None}, 3, "max"),
    ],
)
def test_the_size_asked_for_is_the_most_that_the_service_allows(described: dict[str, Any], version: int, size: str) -> None:
    assert largest_size(described, version) == size


@pytest.mark.parametrize(
    ("service", "version"),
    [
        (TWO, 2),
        (THREE, 3),
        ({"@type": "ImageService2"}, 2),
        ({"profile": "level1"}, 2),
        ({"protocol": "http://iiif.io/api/image", "profile": ["http://iiif.io/api/image/2/level0.json", {}]}, 2),
        ({"profile": "http://library.stanford.edu/iiif/image-api/compliance.html#level0"}, 1),
        ({"@context": "http://iiif.io/api/search/0/context.json"}, None),
        ("x", None),
    ],
)
def test_an_image_service_betrays_its_version(service: Any, version: int | None) -> None:
    assert service_kind(service) == version


@pytest.mark.parametrize(
    ("size", "whole", "reduced"),
    [
        ("full", (10, 10), False),
        ("max", None, False),
        ("pct:100", (10, 10), False),
        ("pct:25", (100, 100), True),
        ("620,1024", (2670, 4412), True),
        ("2670,", (2670, 4412), False),
        (",4412", (2670, 4412), False),
        ("!512,512", (2670, 4412), True),
        ("!512,512", None, True),
        (",", (5, 5), True),
    ],
)
def test_a_reduced_rendering_is_told_from_a_whole_one(size: str, whole: tuple[int, int] | None, reduced: bool) -> None:
    own = rendering(f"{SERVICE}/full/{size}/0/default.jpg")
    assert own is not None
    assert is_reduced(own, whole) is reduced


def found(body: dict[str, Any], ask: bool = True, **more: Any) -> Any:
    own = canvas(f"{URL}/c1", "x", width=4000, height=3000)
    own["items"][0]["items"][0]["body"] = {"type": "Image", **body}
    carry = next(iter(Source().start([URL]))).carry if ask else {}
    (one,) = Source().parse(Answer(URL, json.dumps(manifest(URL, own, **{"rights": BY, **more})).encode()), carry)
    return one


def informed(info: Any, body: dict[str, Any], status: int = 200, **more: Any) -> list[Any]:
    """What comes of a manifest whose service answers with `info`."""
    ask = found(body, **more)
    assert isinstance(ask, Ask)
    assert (ask.url, ask.even_unanswered) == (f"{SERVICE}/info.json", True)
    text = info if isinstance(info, bytes) else json.dumps(info).encode()
    return list(Source().parse(Answer(ask.url, text, status), json.loads(json.dumps(ask.carry))))


REDUCED = {"id": f"{SERVICE}/full/600,/0/default.jpg", "service": [THREE]}


@pytest.mark.parametrize(
    "body",
    [
        {"id": f"{SERVICE}/full/max/0/default.jpg", "service": [THREE]},
        {"id": f"{SERVICE}/full/full/0/native.jpg", "service": TWO},
        {"id": f"{SERVICE}/full/4000,/0/default.jpg", "service": [THREE]},
        {"id": f"{SERVICE}/100,100,50,50/600,/0/default.jpg", "service": [THREE]},
        {"id": "https://m.example/whole.jpg", "width": 4000, "height": 3000, "service": [THREE]},
        {"id": "https://m.example/some.jpg", "service": [THREE]},
        {"id": "https://m.example/1.jpg"},
    ],
)
def test_services_are_not_asked_where_the_manifest_gives_the_whole_picture(body: dict[str, Any]) -> None:
    assert found(body).image_url == body["id"]


def test_without_being_told_to_ask_a_manifest_speaks_for_itself() -> None:
    assert found(REDUCED, ask=False).image_url == REDUCED["id"]
    assert found(REDUCED, rights="http://rightsstatements.org/vocab/InC/1.0/").image_url == REDUCED["id"]  # not to be had anyway


def test_an_address_that_asks_for_more_than_allowed_is_made_smaller() -> None:
    limited = {**THREE, "width": 4000, "height": 3000, "maxWidth": 1000}
    body = {"id": f"{SERVICE}/full/full/0/color.png", "service": [limited]}
    assert found(body).image_url == f"{SERVICE}/full/!1000,1000/0/color.png"
    assert found({**body, "id": f"{SERVICE}/full/max/0/default.jpg"}).image_url.endswith("/full/max/0/default.jpg")


@pytest.mark.parametrize(
    ("body", "info", "end"),
    [
        (REDUCED, INFO, "full/max/0/default.jpg"),
        (REDUCED, {**INFO, "maxWidth": 2000}, "full/!2000,2000/0/default.jpg"),
        ({**REDUCED, "id": f"{SERVICE}/full/512,/0/color.png"}, INFO, "full/max/0/color.png"),
        ({"id": f"{URL}#fragment", "service": [THREE]}, INFO, "full/max/0/default.jpg"),
        ({"id": SERVICE, "service": [THREE]}, INFO, "full/max/0/default.jpg"),
        ({"id": "https://m.example/small.jpg", "width": 400, "height": 300, "service": [THREE]}, INFO, "full/max/0/default.jpg"),
        (
            REDUCED,
            {**TWO, "profile": ["level2", {"maxWidth": 900}], "width": 4000, "height": 3000},
            "full/!900,900/0/default.jpg",
        ),
        (REDUCED, {**INFO, "profile": "level0", "sizes": [{"width": 1000, "height": 750}]}, "full/1000,750/0/default.jpg"),
    ],
)  # fmt: skip
def test_the_service_says_how_much_may_be_asked(body: dict[str, Any], info: Any, end: str) -> None:
    (candidate,) = informed(info, body)
    assert candidate.image_url == f"{SERVICE}/{end}"
    assert candidate.other["image_service"] == SERVICE
    assert candidate.rights.family == "by"


@pytest.mark.parametrize(
    ("info", "family", "flags"),
    [
        ({"rights": BY}, "by", set()),
        ({"rights": "http://creativecommons.org/licenses/by-nc/4.0/"}, "by-nc", {"conflict"}),
        ({"license": "http://rightsstatements.org/vocab/InC/1.0/"}, "inc", {"conflict", "refuse"}),
        ({"attribution": "Photo: Ana"}, "by", set()),
        ({"attribution": "© Museum"}, "by", set()),
        ({"attribution": "© Museum. All rights reserved."}, "by", {"conflict", "refuse"}),
        ({"rights": "see our terms"}, "unknown", {"conflict", "refuse"}),
        ({"service": {"profile": "http://iiif.io/api/auth/1/login"}}, "by", {"access-restricted", "refuse"}),
    ],
)
def test_manifest_and_service_both_hold(info: dict[str, Any], family: str, flags: set[str]) -> None:
    (candidate,) = informed({**INFO, **info}, REDUCED)
    assert (candidate.rights.family, set(candidate.rights.flags)) == (family, flags)


def test_a_credit_line_of_the_service_replaces_a_composed_one() -> None:
    (candidate,) = informed({**INFO, "attribution": "Photo: Ana", "rights": BY}, REDUCED)
    assert candidate.rights.credit_line == "Photo: Ana"
    assert "credit_line" not in candidate.other


@pytest.mark.parametrize(
    ("info", "status", "kinds"),
    [
        (b"", 404, [Candidate]),
        (b"", 403, [Candidate]),
        (b"<html>", 200, [Problem, Candidate]),
        (b"[]", 200, [Problem, Candidate]),
        (b'{"a": 1}', 200, [Problem, Candidate]),
        (b"[" * 99_999, 200, [Problem, Candidate]),
        (b"", 503, [Problem]),
        (b"", 0, [Problem]),
    ],
)
def test_no_candidate_is_lost_when_its_service_is_silent_for_good(info: bytes, status: int, kinds: list[type]) -> None:
    stated = informed(info, REDUCED, status)
    assert [type(one) for one in stated] == kinds
    if kinds[-1] is Candidate:
        assert stated[-1].image_url == REDUCED["id"]
        assert "refuse" not in stated[-1].rights.flags


def test_a_service_that_asks_for_a_login_closes_the_image() -> None:
    (candidate,) = informed(b"", REDUCED, 401)
    assert {"access-restricted", "refuse"} <= set(candidate.rights.flags)


def test_a_crawl_asks_services_and_loses_no_image_over_them(workspace: Any, loopback: Loopback) -> None:
    picture = drawn(7)
    # Two canvases share one service; one service does not exist; robots.txt closes the last.
    loopback.page("/robots.txt", "User-agent: *\nDisallow: /closed/\n")
    canvases = []
    for number, name in enumerate(("s", "s", "gone", "closed")):
        service = {"id": f"{loopback.url}/{name}", "type": "ImageService3", "profile": "level2"}
        own = loopback.canvas(f"{name}{number}", f"{loopback.url}/{name}/full/50,/0/default.jpg", width=400, height=300)
        own["items"][0]["items"][0]["body"]["service"] = [service]
        canvases.append(own)
    loopback.page("/s/info.json", {**INFO, "id": f"{loopback.url}/s", "width": 400, "height": 300, "maxWidth": 200})
    loopback.page("/s/full/!200,200/0/default.jpg", picture, ("Content-Type", "image/jpeg"))
    loopback.page("/gone/full/50,/0/default.jpg", picture, ("Content-Type", "image/jpeg"))
    url = loopback.page("/sizes.json", manifest(f"{loopback.url}/sizes.json", *canvases, rights=BY))
    report = harvest_iiif(workspace, [url], allow_hosts=[loopback.host])
    assert report.outcomes == {"stored": 3, "robots": 1}
    rows = db.rows(workspace, "SELECT image_url FROM current_candidates ORDER BY image_url")
    assert [row["image_url"].removeprefix(loopback.url) for row in rows] == [
        "/closed/full/50,/0/default.jpg",
        "/gone/full/50,/0/default.jpg",
        "/s/full/!200,200/0/default.jpg",
        "/s/full/!200,200/0/default.jpg",
    ]
