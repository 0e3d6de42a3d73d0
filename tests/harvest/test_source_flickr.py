"""Flickr: its numbers, its refusals, and one photograph out of several answers."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from broken_json import broken, unclean

from base.errors import UsageError
from catalog.records import Candidate
from harvest.flickr_photo import history
from harvest.keys import refuse_without_key, with_key
from harvest.source import Answer, Ask, Problem
from harvest.sources.flickr import GONE, Source

URL = "https://api.flickr.com/services/rest?method=flickr.photos.search&text=mate&page=1&format=json&nojsoncallback=1"
LIVE = "https://live.staticflickr.com/65535/2636503812"


def row(**more: Any) -> dict[str, Any]:
    """A photograph in a search, in the shape of the service."""
    return {
        "id": "2636503812", "owner": "12037949754@N01", "secret": "abc", "server": "65535", "farm": 66, "title": "Mate gourd",
        "ispublic": 1, "isfriend": 0, "isfamily": 0, "license": "4", "description": {"_content": "A <b>gourd</b> &amp; bombilla"},
        "datetaken": "1998-05-02 00:00:00", "datetakengranularity": 4, "datetakenunknown": "0", "ownername": "Ana Souza",
        "tags": "cuia mate", "media": "photo", "media_status": "ready", "url_m": f"{LIVE}_m.jpg", "height_m": 375, "width_m": 500,
        "url_l": f"{LIVE}_l.jpg", "height_l": "768", "width_l": "1024", **more,
    }  # fmt: skip


def info(**more: Any) -> dict[str, Any]:
    """The same photograph in the answer of getInfo."""
    tags = [{"id": "1", "raw": "Cuia", "_content": "cuia"}, {"id": "2", "raw": "Mate", "_content": "mate"}]
    photo = {
        "id": "2636503812", "secret": "abc", "server": "65535", "farm": 66, "license": "4", "rotation": 0, "media": "photo",
        "owner": {"nsid": "12037949754@N01", "username": "Ana Souza", "realname": "Ana de Souza", "path_alias": "ana"},
        "title": {"_content": "Mate gourd"}, "description": {"_content": "A <b>gourd</b> &amp; bombilla"},
        "visibility": {"ispublic": 1, "isfriend": 0, "isfamily": 0}, "tags": {"tag": tags},
        "dates": {"posted": "1100897479", "taken": "1998-05-02 00:00:00", "takengranularity": 4, "takenunknown": "0"},
        "urls": {"url": [{"type": "photopage", "_content": "https://www.flickr.com/photos/ana/2636503812/"}]}, **more,
    }  # fmt: skip
    return {"photo": photo, "stat": "ok"}


SIZES = {
    "sizes": {"canblog": 0, "canprint": 0, "candownload": 1, "size": [
        {"label": "Medium", "width": 500, "height": 375, "source": f"{LIVE}_m.jpg", "url": "", "media": "photo"},
        {"label": "Large", "width": "1024", "height": "768", "source": f"{LIVE}_l.jpg", "url": "", "media": "photo"},
    ]},
    "stat": "ok",
}  # fmt: skip
FAIL = {"stat": "fail", "code": 1, "message": "Photo not found"}


def found(*rows: Any, **more: Any) -> dict[str, Any]:
    return {"photos": {"page": 1, "pages": 1, "perpage": 250, "total": len(rows), "photo": list(rows), **more}, "stat": "ok"}


def read(resource: Any, carry: Mapping[str, Any] | None = None, url: str = URL) -> list[Any]:
    body = resource if isinstance(resource, bytes) else json.dumps(resource).encode()
    return list(Source().parse(Answer(url, body), carry or {}))


def one(**more: Any) -> Candidate:
    (candidate,) = read(found(row(**more)))
    assert isinstance(candidate, Candidate)
    return candidate


def query(ask: Ask) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(ask.url).query).items()}


def followed(asked: str, *answers: Any) -> list[Any]:
    """What comes of one photograph, each question answered in turn."""
    (ask,) = Source().start([asked])
    for answer in answers:
        *problems, ask = read(answer, json.loads(json.dumps(ask.carry)), ask.url)
        assert all(isinstance(one, Problem) for one in problems)
    return [*problems, ask]


# What is asked


@pytest.mark.parametrize(
    ("given", "method", "name", "value"),
    [
        ("mate gourd", "flickr.photos.search", "text", "mate gourd"),
        ("search:mate", "flickr.photos.search", "text", "mate"),
        ("tags:cuia,mate", "flickr.photos.search", "tags", "cuia,mate"),
        ("user:12037949754@N01", "flickr.photos.search", "user_id", "12037949754@N01"),
        ("photo:7", "flickr.photos.getInfo", "photo_id", "7"),
        ("history:7", "flickr.photos.getInfo", "photo_id", "7"),
        ("https://www.flickr.com/photos/ana/7/in/photostream", "flickr.photos.getInfo", "photo_id", "7"),
    ],
)
def test_what_a_user_names_becomes_one_question_in_json(given: str, method: str, name: str, value: str) -> None:
    (ask,) = Source().start([given])
    asked = query(ask)
    assert (asked["method"], asked[name], asked["format"], asked["nojsoncallback"]) == (method, value, "json", "1")
    assert "api_key" not in asked


@pytest.mark.parametrize("given", ["photo:x", "user:ana", "tags:", "", "photos:7"])
def test_what_makes_no_sense_is_refused_before_anything_is_asked(given: str) -> None:
    with pytest.raises(UsageError):
        list(Source().start([given]))


def test_the_key_comes_from_the_environment_and_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLICKR_API_KEY", raising=False)
    with pytest.raises(UsageError, match="FLICKR_API_KEY"):
        refuse_without_key("flickr", Source.key)
    monkeypatch.setenv("FLICKR_API_KEY", "s3cretkey")
    assert with_key(URL, Source.key)[0].endswith("&api_key=s3cretkey")


# Searches


def test_all_that_is_said_of_a_photograph_is_kept() -> None:
    photo = one()
    assert (photo.source, photo.source_id, photo.title, photo.creator) == ("flickr", "2636503812", "Mate gourd", "Ana Souza")
    assert (photo.caption, photo.creation_date) == ("A gourd & bombilla", "1998-05-02 00:00:00")
    assert (photo.page_url, photo.image_url) == ("https://www.flickr.com/photos/12037949754%40N01/2636503812/", f"{LIVE}_l.jpg")
    assert (photo.rights.family, photo.rights.version, photo.rights.raw) == ("by", "2.0", (("license", "4"),))
    assert photo.rights.credit_line == "Mate gourd, Ana Souza, CC BY 2.0"
    assert "photo_id=2636503812" in str(photo.rights.evidence)
    assert photo.other == {
        "owner": "12037949754@N01", "tags": "cuia mate", "width": "1024", "height": "768",
        "credit_line": "composed: title, creator, licence",
    }  # fmt: skip
    assert Source().again(photo.source_id, photo.other) == "photo:2636503812"


@pytest.mark.parametrize(
    ("more", "url"),
    [
        ({"url_o": f"{LIVE}_o.jpg", "width_o": "800", "height_o": "600"}, f"{LIVE}_o.jpg"),
        ({"url_o": ""}, f"{LIVE}_l.jpg"),
        ({"url_6k": f"{LIVE}_6k.jpg", "width_6k": 6144, "height_6k": 4096}, f"{LIVE}_6k.jpg"),
        ({"url_l": None, "url_m": None}, None),
        ({"width_l": None, "height_l": "x"}, f"{LIVE}_m.jpg"),
    ],
)
def test_the_original_is_taken_or_else_the_largest_size(more: dict[str, Any], url: str | None) -> None:
    assert one(**more).image_url == url


def test_a_date_that_is_not_known_is_none() -> None:
    assert one(datetakenunknown="1").creation_date is None
    assert one(datetakenunknown=1).creation_date is None


LICENCES: list[tuple[Any, str, str | None, str | None]] = [
    ("0", "arr", None, None), ("1", "by-nc-sa", "2.0", "CC BY-NC-SA 2.0"), ("2", "by-nc", "2.0", "CC BY-NC 2.0"),
    ("3", "by-nc-nd", "2.0", "CC BY-NC-ND 2.0"), (4, "by", "2.0", "CC BY 2.0"), ("5", "by-sa", "2.0", "CC BY-SA 2.0"),
    ("6", "by-nd", "2.0", "CC BY-ND 2.0"), ("7", "nkcr", None, "No known copyright restrictions"),
    ("8", "pdm", None, "United States government work"), ("9", "cc0", "1.0", "CC0 1.0"),
    ("10", "pdm", "1.0", "Public Domain Mark"), ("11", "by", "4.0", "CC BY 4.0"), ("12", "by-sa", "4.0", "CC BY-SA 4.0"),
    ("13", "by-nd", "4.0", "CC BY-ND 4.0"), ("14", "by-nc", "4.0", "CC BY-NC 4.0"), ("15", "by-nc-sa", "4.0", "CC BY-NC-SA 4.0"),
    ("16", "by-nc-nd", "4.0", "CC BY-NC-ND 4.0"), ("17", "unknown", None, None), ("", "unknown", None, None),
    (None, "unknown", None, None), (True, "unknown", None, None), ([4], "unknown", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("code", "family", "version", "words"), LICENCES)
def test_each_number_is_its_licence_and_credit_lines_hold_words(code: Any, family: str, version: str | None, words: Any) -> None:
    rights = one(license=code).rights
    assert (rights.family, rights.version) == (family, version)
    assert rights.credit_line == ", ".join(filter(None, ["Mate gourd", "Ana Souza", words]))
    assert ("refuse" in rights.flags) is (family in ("arr", "unknown"))


def test_pages_follow_one_another_until_flickr_would_repeat_itself() -> None:
    _, ask = read(found(row(), pages=40, total=9999))
    assert query(ask)["page"] == "2"
    assert query(ask)["text"] == "mate"
    _, problem = read(found(row(), page=16, pages=40, total=9999))
    assert "narrow the search" in problem.what
    assert len(read(found(row(), page=3, pages=3))) == 1
    assert read(found(pages=40)) == []


def test_video_is_no_candidate_and_an_album_names_the_owner_once() -> None:
    (problem,) = read(found(row(media="video")))
    assert "video" in problem.what
    (photo,) = read({"photoset": {"owner": "9@N01", "photo": [row(owner=None)]}, "stat": "ok"})
    assert photo.other["owner"] == "9@N01"


# One photograph


def test_a_photograph_is_stated_alike_by_a_search_and_by_its_number() -> None:
    (alone,) = followed("photo:2636503812", info(), SIZES)
    assert alone.statement() == one().statement()


def test_the_history_of_its_licence_is_kept_where_it_is_asked_for() -> None:
    changes = [
        {"date_change": 1733215279, "old_license": "All Rights Reserved", "old_license_url": "https://www.flickrhelp.com/arr",
         "new_license": "Attribution License", "new_license_url": "https://creativecommons.org/licenses/by/2.0/"},
        {"date_change": "1100000000", "old_license": "", "old_license_url": "", "new_license": "All Rights Reserved",
         "new_license_url": "https://www.flickrhelp.com/arr"},
    ]  # fmt: skip
    (photo,) = followed("history:2636503812", info(), SIZES, {"license_history": changes, "stat": "ok"})
    assert photo.other["licence_history"] == (
        "2004-11-09: ? → https://www.flickrhelp.com/arr; "
        "2024-12-03: https://www.flickrhelp.com/arr → https://creativecommons.org/licenses/by/2.0/"
    )
    assert Source().again(photo.source_id, photo.other) == "history:2636503812"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([{"date_change": 1, "old_license": "Attribution License", "new_license": ""}], "never changed: Attribution License"),
        ([], None), (None, None), ("x", None), ([None, 3, {}], None),
        ([{"date_change": 10**30, "old_license": "A", "new_license": "B"}], "?: A → B"),
    ],
)  # fmt: skip
def test_a_history_in_any_shape_is_read_or_left_out(given: Any, words: str | None) -> None:
    assert history({"license_history": given}) == words
    assert history({"license_history": {"license_history": given}}) == words


def test_parts_that_cannot_be_had_are_left_out_and_the_photograph_is_kept() -> None:
    (photo,) = followed("history:2636503812", info(), FAIL, FAIL)[-1:]
    assert isinstance(photo, Candidate)
    assert (photo.image_url, "licence_history" in photo.other) == (None, False)


# Refusals


@pytest.mark.parametrize(
    ("given", "asked", "words", "gone"),
    [
        (FAIL, "photo:7", GONE, True),
        ({"stat": "fail", "code": "2", "message": "Permission denied"}, "photo:7", GONE, True),
        ({"stat": "fail", "code": 1, "message": "Too many tags in ALL query"}, "tags:a", "error 1: Too many tags", False),
        ({"stat": "fail", "code": 100, "message": "Invalid API Key"}, "mate", "check FLICKR_API_KEY", False),
        ({"stat": "fail", "code": 105, "message": "Service currently unavailable"}, "photo:7", "error 105", False),
        ({"stat": "fail"}, "mate", "error ?", False),
        (b'<?xml version="1.0"?><rsp stat="ok">', "mate", "XML", False),
        (b"<html>", "mate", "no JSON", False),
        ({"stat": "ok"}, "mate", "no photographs", False),
        ({"stat": "ok", "photo": {}}, "photo:7", "without a number", False),
        (found({}), "mate", "without a number", False),
    ],
)
def test_refusals_are_problems_in_clear_words(given: Any, asked: str, words: str, gone: bool) -> None:
    (ask,) = Source().start([asked])
    (problem,) = read(given, ask.carry, ask.url)
    assert words in problem.what
    assert problem.gone is gone


def test_json_within_a_function_call_is_read_all_the_same() -> None:
    assert len(read(b"jsonFlickrApi(" + json.dumps(found(row())).encode() + b")")) == 1
    assert len(read(b"jsonFlickrApi(" + json.dumps(found(row())).encode() + b");\n")) == 1


def test_nothing_that_is_answered_raises_or_leaves_markup_behind() -> None:
    candidates = [one for body in broken(found(row(), row(id="8"), pages=3), 300) for one in read(body)]
    (start,) = Source().start(["history:2636503812"])
    for body in broken(info(), 200):
        candidates += read(body, start.carry)
    (sizes,) = read(info(), start.carry)
    for body in broken(SIZES, 200):
        candidates += read(body, {**sizes.carry, "steps": []})
    candidates = [one for one in candidates if isinstance(one, Candidate)]
    assert len(candidates) > 500
    assert [unclean(one) for one in candidates if unclean(one)] == []
