"""IIIF Presentation 3 answers: rights by nearness, images only, and rubbish that never raises."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from iiif_loopback import BY, canvas, manifest

from catalog.records import Candidate
from harvest.iiif import DEEPEST, read_answer
from harvest.source import Answer, Ask, Problem
from harvest.wire import pack

URL = "https://museum.example/iiif/manifest"
IMAGE = "https://media.museum.example/1.jpg"


def parsed(resource: Any, carry: dict[str, Any] | None = None, url: str = URL) -> list[Any]:
    body = resource if isinstance(resource, bytes) else json.dumps(resource).encode()
    return list(read_answer(Answer(url, body), carry or {}))


def one(**more: Any) -> Candidate:
    """The only candidate of a manifest with one canvas; `canvas`, `body` and `above` add to those parts."""
    own = canvas(f"{URL}/c1", IMAGE, **more.pop("canvas", {}))
    own["items"][0]["items"][0]["body"].update(more.pop("body", {}))
    (found,) = parsed(manifest(URL, own, **more), more.pop("carry", None))
    assert isinstance(found, Candidate)
    return found


def test_recorded_manifests_give_what_is_expected_of_them(shared_data: Path) -> None:
    folder = shared_data / "responses" / "iiif3"
    for name, expected in json.loads((folder / "expected.json").read_text()).items():
        body = (folder / name).read_bytes()
        found = parsed(body, url=json.loads(body)["id"])
        assert len(found) == expected["media_count"], name
        for candidate, medium in zip(found, expected["media"], strict=True):
            assert candidate.source_id == medium["id"]
            assert candidate.image_url == medium["url"]
            rights = candidate.rights
            got = {"family": rights.family, "version": rights.version, "jurisdiction": rights.jurisdiction}
            assert got == medium["licence"]
            assert rights.source_field == medium["source_field"]
            assert set(medium.get("flags", ())) <= set(rights.flags)
            assert "refuse" not in rights.flags


@pytest.mark.parametrize(
    ("places", "family", "scope"),
    [
        ({"body": {"rights": BY}, "canvas": {"rights": "x"}, "rights": "y"}, "by", "media"),
        ({"canvas": {"rights": BY}, "rights": "http://rightsstatements.org/vocab/InC/1.0/"}, "by", "canvas"),
        ({"rights": BY}, "by", "record"),
        ({"canvas": {"rights": "http://rightsstatements.org/vocab/InC/1.0/"}, "rights": BY}, "inc", "canvas"),
        ({}, "unknown", "record"),
        ({"rights": [BY]}, "by", "record"),
        ({"rights": "see our website"}, "unknown", "record"),
        ({"rights": {"a": 1}}, "unknown", "record"),
    ],
)
def test_the_nearest_statement_of_rights_wins(places: dict[str, Any], family: str, scope: str) -> None:
    rights = one(**places).rights
    assert (rights.family, rights.scope) == (family, scope)


def test_rights_of_a_collection_hold_where_the_manifest_says_nothing() -> None:
    collection = {
        "type": "Collection",
        "id": "https://museum.example/c",
        "rights": BY,
        "items": [{"type": "Manifest", "id": URL}],
    }
    (ask,) = parsed(collection, url="https://museum.example/c")
    assert isinstance(ask, Ask)
    carry = json.loads(json.dumps(ask.carry))  # it must survive any way of keeping it
    (candidate,) = parsed(manifest(URL, canvas("c1", IMAGE)), carry)
    assert (candidate.rights.family, candidate.rights.scope) == ("by", "dataset")
    (candidate,) = parsed(manifest(URL, canvas("c1", IMAGE), rights="http://rightsstatements.org/vocab/InC/1.0/"), carry)
    assert candidate.rights.family == "inc"


def required(text: str) -> dict[str, Any]:
    return {"label": {"en": ["Attribution"]}, "value": {"en": [text]}}


def test_prose_counts_only_where_no_structured_field_stands() -> None:
    text = "Photo by Ana, <a href='https://creativecommons.org/licenses/by/4.0/'>CC BY 4.0</a>"
    assert one(requiredStatement=required(text)).rights.family == "by"
    assert "prose" in one(requiredStatement=required(text)).rights.flags
    assert one(requiredStatement=required(text), rights="nonsense").rights.family == "unknown"
    assert one(requiredStatement=required("Courtesy of the Museum")).rights.family == "unknown"


@pytest.mark.parametrize(
    ("text", "flags", "refused"),
    [
        ("© Museu do Pampa", (), False),
        ("© Museu do Pampa. All rights reserved.", ("conflict",), True),
        ("Museum, CC BY-NC-ND 4.0", ("conflict",), True),
        ("Museum, CC0 1.0", ("conflict",), False),
        ("This image is not licensed under CC BY 4.0", ("conflict",), True),
        ("Rights unassigned - staff access only", ("access-restricted",), True),
    ],
)
def test_prose_beside_a_licence_can_only_close(text: str, flags: tuple[str, ...], refused: bool) -> None:
    rights = one(rights=BY, requiredStatement=required(text)).rights
    assert rights.family == "by"
    assert set(flags) <= set(rights.flags)
    assert ("refuse" in rights.flags) is refused


def test_the_required_statement_is_the_credit_line_in_plain_text() -> None:
    candidate = one(rights=BY, requiredStatement=required("<p>Photo: <b>Ana &amp; Rui</b></p>"))
    assert candidate.rights.credit_line == "Photo: Ana & Rui"


def test_without_a_required_statement_a_credit_line_is_composed_and_marked() -> None:
    metadata = [{"label": {"pt": ["Autoria"]}, "value": {"none": ["João Simões"]}}]
    candidate = one(rights=BY, metadata=metadata)
    assert candidate.creator == "João Simões"
    assert candidate.rights.credit_line == "A picture, João Simões, CC BY 4.0"
    assert candidate.other["credit_line"].startswith("composed")


@pytest.mark.parametrize("label", ["Creator", "Artist:", "Fotógrafo", "Autora", "AUTOR"])
def test_creators_are_found_by_their_label(label: str) -> None:
    pair = {"label": {"none": [label]}, "value": {"none": ["Ana <em>Lima</em>"]}}
    assert one(metadata=[pair]).creator == "Ana Lima"


def test_contributors_and_owners_are_no_creators() -> None:
    pairs = [{"label": {"en": [label]}, "value": {"en": ["X"]}} for label in ("Contributors", "Owner", "Subject")]
    assert one(metadata=pairs).creator is None


def test_words_come_in_the_preferred_language_and_the_others_are_kept() -> None:
    candidate = one(summary={"pt": ["Uma <i>cuia</i>"], "en": ["A gourd"], "es": ["Un mate"]})
    assert (candidate.caption, candidate.caption_language) == ("A gourd", "en")
    assert candidate.other["caption (pt)"] == "Uma cuia"
    assert candidate.other["caption (es)"] == "Un mate"
    assert one(summary={"@none": ["Words"]}).caption_language is None
    assert one(summary="Words").caption == "Words"


def test_canvases_of_one_manifest_are_told_apart_by_title_and_id() -> None:
    canvases = [canvas(f"{URL}/c{n}", IMAGE, label={"none": [words]}) for n, words in enumerate(("f. 1r", "-"))]
    first, second = parsed(manifest(URL, *canvases))
    assert (first.title, second.title) == ("A picture, f. 1r", "A picture")
    assert first.candidate_id != second.candidate_id


def test_canvases_without_an_id_or_with_the_same_are_not_lost() -> None:
    nameless = canvas("x", IMAGE)
    del nameless["id"]
    found = parsed(manifest(URL, nameless, canvas("c", IMAGE), canvas("c", IMAGE)))
    assert [each.source_id for each in found if isinstance(each, Candidate)] == [f"{URL}#canvas-1", "c", "c#2"]
    assert [each.where for each in found if isinstance(each, Problem)] == [f"{URL} canvas 1"]


def test_the_source_is_the_host_that_answered_not_what_the_manifest_claims() -> None:
    (candidate,) = parsed(manifest("https://famous.example/m", canvas("https://famous.example/c", IMAGE)))
    assert candidate.source == "iiif:museum.example"


@pytest.mark.parametrize(
    "body",
    [
        {"type": "Sound", "id": "https://m.example/a.mp3"},
        {"type": "Video", "id": "https://m.example/a.mp4"},
        {"type": "TextualBody", "value": "words"},
        {"type": "Choice", "items": [{"type": "Sound", "id": "x"}, {"type": "Video", "id": "y"}]},
        {},
        None,
        7,
        ["x"],
        {"type": "SpecificResource", "source": {"type": "SpecificResource", "source": {"type": "SpecificResource"}}},
    ],
)
def test_what_is_no_image_is_no_candidate(body: Any) -> None:
    own = canvas("c", IMAGE)
    own["items"][0]["items"][0]["body"] = body
    assert not parsed(manifest(URL, own, thumbnail=[{"id": IMAGE, "type": "Image"}], logo=IMAGE, accompanyingCanvas=own))


def test_of_a_choice_the_first_image_is_taken_and_a_wrapped_image_is_unwrapped() -> None:
    own = canvas("c", IMAGE)
    pictures = [{"type": "Image", "id": f"https://m.example/{n}.jpg"} for n in range(2)]
    own["items"][0]["items"][0]["body"] = {"type": "Choice", "items": pictures}
    assert [each.image_url for each in parsed(manifest(URL, own))] == ["https://m.example/0.jpg"]
    own["items"][0]["items"][0]["body"] = {"type": "SpecificResource", "source": pictures[1]}
    assert [each.image_url for each in parsed(manifest(URL, own))] == ["https://m.example/1.jpg"]


SERVICE = "https://m.example/iiif/1"
THREE = {"id": SERVICE, "type": "ImageService3"}


@pytest.mark.parametrize(
    ("service", "end"),
    [
        (THREE, "full/max/0/default.jpg"),
        ({"@id": SERVICE + "/", "@type": "ImageService2", "profile": "level2"}, "full/full/0/default.jpg"),
        ({"id": SERVICE, "profile": "http://library.stanford.edu/iiif/image-api/1.1/x"}, "full/full/0/native.jpg"),
        ({**THREE, "width": 4000, "height": 3000, "maxWidth": 1000}, "full/!1000,1000/0/default.jpg"),
        ({**THREE, "width": 400, "height": 300, "maxWidth": 1000}, "full/max/0/default.jpg"),
        (
            {**THREE, "profile": "level0", "sizes": [{"width": 10, "height": 5}, {"width": 90, "height": 45}]},
            "full/90,45/0/default.jpg",
        ),
        ({"id": SERVICE, "type": "ImageService2", "profile": ["level2", {"maxWidth": 800}]}, "full/!800,800/0/default.jpg"),
    ],
)  # fmt: skip
def test_a_body_that_is_only_a_fragment_is_had_from_its_service(service: dict[str, Any], end: str) -> None:
    for shape in (service, [service]):
        candidate = one(body={"id": f"{URL}#body", "service": shape})
        assert candidate.image_url == f"{SERVICE}/{end}"


@pytest.mark.parametrize("where", ["body", "canvas", "manifest"])
def test_what_stands_behind_a_login_is_refused(where: str) -> None:
    service = {"service": [{"id": "https://m.example/login", "type": "AuthCookieService1"}]}
    rights = one(rights=BY, **(service if where == "manifest" else {where: service})).rights
    assert {"access-restricted", "refuse"} <= set(rights.flags)


def test_collections_lead_on_but_neither_in_circles_nor_for_ever() -> None:
    url = "https://museum.example/c"
    items = [
        {"type": "Manifest", "id": "m1"},
        {"type": "Collection", "id": url},
        {"type": "Manifest", "id": "file:///etc/passwd"},
        {"type": "Range", "id": "https://museum.example/r"},
        7,
        {"type": "Collection", "@id": "https://museum.example/d#x"},
    ]
    found = parsed({"type": "Collection", "items": items}, url=url)
    assert [each.url for each in found if isinstance(each, Ask)] == ["https://museum.example/m1", "https://museum.example/d"]
    assert [each.where[-1] for each in found if isinstance(each, Problem)] == ["2", "3", "4", "5"]
    deep = {"path": [f"https://museum.example/{n}" for n in range(DEEPEST)]}
    assert [type(each) for each in parsed({"type": "Collection", "items": items[-1:]}, deep, url=url)] == [Problem]


@pytest.mark.parametrize(
    "body",
    [
        b"<html>challenge</html>",
        b"",
        b"[]",
        b"null",
        b'{"type": "sc:Manifest"}',
        b'{"type": ["Manifest"]}',
        b"[" * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b"\xff\xfe\x00",
    ],
)
def test_an_answer_that_is_no_manifest_is_one_problem(body: bytes) -> None:
    assert [type(each) for each in parsed(body)] == [Problem]


def test_half_characters_and_nuls_reach_no_line_of_the_spool() -> None:
    text = '{"type":"Manifest","label":"\\ud800\\u0000x","rights":"\\udfff\\u0000","items":[%s]}'
    (candidate,) = parsed((text % json.dumps(canvas("c\ud800", IMAGE))).encode())
    line = pack((candidate, None, False, None))
    assert b"\\u0000" not in line


NAMES = (
    "id @id type label summary rights requiredStatement metadata value items body service sizes maxWidth width"
    " homepage provider en none @value source motivation profile"
)
RUBBISH = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([BY, IMAGE, "Image", "Choice"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(NAMES.split()),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
PLACES = ["label", "summary", "rights", "requiredStatement", "metadata", "provider", "homepage", "service", "id"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    place=st.sampled_from(PLACES), rubbish=RUBBISH, level=st.sampled_from(["manifest", "canvas", "body", "items", "annotation"])
)
def test_rubbish_anywhere_never_raises(place: str, rubbish: Any, level: str) -> None:
    own = canvas("c", IMAGE)
    whole = manifest(URL, own)
    annotation = own["items"][0]["items"][0]
    if level == "items":
        whole["items"] = rubbish
    elif level == "annotation":
        annotation["body"] = rubbish
    else:
        {"manifest": whole, "canvas": own, "body": annotation["body"]}[level][place] = rubbish
    for found in parsed(whole):
        if isinstance(found, Candidate):
            pack((found, None, False, None))
