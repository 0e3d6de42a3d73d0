"""IIIF Presentation 2, mixtures of versions, collections of both, and what `start` and `again` make of addresses."""

import json
from typing import Any

import pytest
from iiif_loopback import BY, canvas, manifest

from base.errors import UsageError
from catalog.records import Candidate
from harvest.iiif import LOGIN, read_answer
from harvest.source import Answer, Ask, Problem
from harvest.sources.iiif import Source

URL = "https://museum.example/iiif/2/manifest"
SERVICE = "https://m.example/iiif/1"
IN_COPYRIGHT = "http://rightsstatements.org/vocab/InC/1.0/"


def parsed(resource: Any, carry: dict[str, Any] | None = None, url: str = URL, depth: int = 8) -> list[Any]:
    return list(read_answer(Answer(url, json.dumps(resource).encode()), carry or {}, depth))


def canvas2(name: str, resource: Any = None, **more: Any) -> dict[str, Any]:
    """A canvas of Presentation 2 with one image."""
    image = {"@id": f"https://m.example/{name}.jpg", "@type": "dctypes:Image", "format": "image/jpeg"}
    annotation = {"@type": "oa:Annotation", "motivation": "sc:painting", "resource": image if resource is None else resource}
    return {"@id": f"{URL}/{name}", "@type": "sc:Canvas", "label": name, "images": [annotation], **more}


def manifest2(*canvases: Any, **more: Any) -> dict[str, Any]:
    sequences = [{"@type": "sc:Sequence", "canvases": list(canvases)}]
    return {"@id": URL, "@type": "sc:Manifest", "label": "A map", "sequences": sequences, **more}


def only(resource: Any, **more: Any) -> Candidate:
    (found,) = parsed(resource, **more)
    assert isinstance(found, Candidate)
    return found


@pytest.mark.parametrize(
    ("above", "below", "family", "scope", "field"),
    [
        ({"license": BY}, {}, "by", "record", "license"),
        ({"license": [BY]}, {}, "by", "record", "license"),
        ({"license": IN_COPYRIGHT}, {"license": BY}, "by", "canvas", "license"),
        ({"rights": BY}, {}, "by", "record", "rights"),  # version 3's property in version 2
        ({"rights": BY, "license": IN_COPYRIGHT}, {}, "inc", "record", "license"),  # both hold: the stricter
        ({"rights": "", "license": BY}, {}, "by", "record", "license"),
        ({"license": [BY, "http://creativecommons.org/licenses/by-nc/4.0/"]}, {}, "by-nc", "record", "license"),
        ({"attribution": f"Ana, <a href='{BY}'>CC BY 4.0</a>"}, {}, "by", "record", "attribution"),
        ({"attribution": ["Museum", {"@value": "CC BY 4.0", "@language": "en"}]}, {}, "by", "record", "attribution"),
        ({"attribution": "Provided by the Library"}, {}, "unknown", "record", "attribution"),
        ({"license": "see our website", "attribution": "CC BY 4.0"}, {}, "unknown", "record", "license"),
        ({}, {}, "unknown", "record", "rights"),
    ],
)  # fmt: skip
def test_version_2_states_rights_as_license_and_attribution(
    above: dict[str, Any], below: dict[str, Any], family: str, scope: str, field: str
) -> None:
    rights = only(manifest2(canvas2("c", **below), **above)).rights
    assert (rights.family, rights.scope, rights.source_field) == (family, scope, field)


def test_rights_on_image_annotation_choice_and_sequence_count_by_nearness() -> None:
    image = {"@id": "https://m.example/1.jpg", "@type": "dctypes:Image", "license": BY}
    near = canvas2("c", image, license=IN_COPYRIGHT)
    assert only(manifest2(near, license=IN_COPYRIGHT)).rights.scope == "media"
    choice = {"@type": "oa:Choice", "license": BY, "default": {**image, "license": None}, "item": [{"@type": "dctypes:Text"}]}
    found = only(manifest2(canvas2("c", choice, license=IN_COPYRIGHT)))
    assert (found.rights.family, found.rights.scope, found.image_url) == ("by", "media", "https://m.example/1.jpg")
    annotated = canvas2("c", license=IN_COPYRIGHT)
    annotated["images"][0]["license"] = BY
    assert only(manifest2(annotated)).rights.family == "by"
    whole = manifest2(canvas2("c"), license=IN_COPYRIGHT)
    whole["sequences"][0]["license"] = BY
    assert only(whole).rights.family == "by"


def test_words_of_version_2_are_read_in_their_languages() -> None:
    words = [{"@value": "Uma cuia", "@language": "pt"}, {"@value": "<p>A gourd</p>", "@language": "en"}]
    pair = {"label": {"@value": "Autor", "@language": "pt"}, "value": "Ana <b>Lima</b>"}
    found = only(
        manifest2(
            canvas2("c"),
            description=words,
            metadata=[pair],
            license=BY,
            attribution={"@value": "Museu", "@language": "pt"},
            related={"@id": "https://museum.example/1", "format": "text/html"},
            within="https://museum.example/all",
            logo="https://museum.example/logo.png",
        )
    )
    assert (found.caption, found.caption_language, found.creator) == ("A gourd", "en", "Ana Lima")
    assert found.other["caption (pt)"] == "Uma cuia"
    assert found.rights.credit_line == "Museu"
    assert found.page_url == "https://museum.example/1"
    assert found.other["part_of"] == "https://museum.example/all"


def test_related_pdfs_are_no_page_and_part_of_is_kept_with_its_label() -> None:
    related = [{"@id": "https://museum.example/1.pdf", "format": "application/pdf"}, "https://museum.example/1"]
    whole = manifest(URL, canvas("c", "https://m.example/1.jpg"), related=related)
    whole["partOf"] = [{"id": "https://museum.example/all", "type": "Collection", "label": {"@none": ["All"]}}]
    found = only(whole)
    assert (found.page_url, found.other["part_of"]) == ("https://museum.example/1", "All https://museum.example/all")


def test_further_sequences_and_mixed_versions_lose_and_double_nothing() -> None:
    whole = manifest2(canvas2("1"), canvas2("2"))
    whole["sequences"].append({"canvases": [canvas2("2"), canvas2("1"), canvas2("3")]})
    whole["sequences"].append({"@id": "https://museum.example/another"})
    assert [one.source_id[-1] for one in parsed(whole)] == ["1", "2", "3"]
    mixed = manifest(URL, canvas("c4", "https://m.example/4.jpg"), canvas2("5"), sequences=[{"canvases": [canvas2("6")]}])
    assert [one.source_id[-1] for one in parsed(mixed)] == ["4", "5", "6"]
    untyped = manifest2(canvas2("1"))
    del untyped["@type"]
    assert len(parsed(untyped)) == 1


@pytest.mark.parametrize(
    "resource",
    [
        {"@type": "dctypes:Sound", "@id": "https://m.example/a.mp3"},
        {"@type": "cnt:ContentAsText", "chars": "words"},
        {"@type": "oa:Choice", "default": {"@type": "dctypes:MovingImage", "@id": "x"}, "item": []},
        7,
        [],
    ],
)
def test_what_is_no_image_in_version_2_is_no_candidate(resource: Any) -> None:
    other = {"otherContent": [{"@id": "https://m.example/list", "@type": "sc:AnnotationList"}]}
    assert not parsed(manifest2(canvas2("c", resource, thumbnail="https://m.example/t.jpg", **other)))


def test_a_part_of_an_image_is_unwrapped_and_other_motivations_are_passed_over() -> None:
    image = {"@id": "https://m.example/1.jpg", "@type": "dctypes:Image"}
    part = {"@type": "oa:SpecificResource", "full": image, "selector": {"region": "0,0,5,5"}}
    assert only(manifest2(canvas2("c", part))).image_url == "https://m.example/1.jpg"
    comment = canvas2("c")
    comment["images"][0]["motivation"] = "oa:commenting"
    assert not parsed(manifest2(comment))


def test_a_login_on_the_manifest_closes_images_whose_service_does_not_speak_for_itself() -> None:
    login = {"service": {"@id": "https://m.example/login", "profile": "http://iiif.io/api/auth/0/login"}, "license": BY}
    image = {"@id": f"{SERVICE}/full/full/0/default.jpg", "@type": "dctypes:Image"}
    service = {"@id": SERVICE, "@context": "http://iiif.io/api/image/2/context.json", "profile": "level2"}
    assert "refuse" in only(manifest2(canvas2("c", {**image, "service": service}), **login)).rights.flags
    described = {**service, "width": 9, "height": 9, "tiles": [{"width": 256}]}
    found = only(manifest2(canvas2("c", {**image, "service": described}), **login))
    assert ("refuse" in found.rights.flags, found.other["access"]) == (False, LOGIN)
    closed = {**described, "service": {"profile": "http://iiif.io/api/auth/1/clickthrough"}}
    assert "refuse" in only(manifest2(canvas2("c", {**image, "service": closed}), license=BY)).rights.flags


def test_a_collection_of_version_2_leads_to_all_its_members_once() -> None:
    collection = {
        "@type": "sc:Collection",
        "license": BY,
        "attribution": "Museum",
        "collections": [{"@id": "https://museum.example/sub"}],
        "manifests": [{"@id": URL, "@type": "sc:Manifest"}, {"@id": "m2"}],
        "members": [{"@id": URL, "@type": "sc:Manifest"}, {"@id": "https://museum.example/x", "@type": "sc:Range"}],
        "next": "https://museum.example/page2",
    }
    url = "https://museum.example/top"
    found = parsed(collection, url=url)
    asks = [one for one in found if isinstance(one, Ask)]
    assert [one.url.rpartition("/")[2] for one in asks] == ["manifest", "sub", "m2", "page2"]
    assert [one.where for one in found if isinstance(one, Problem)] == [f"{url} member 2"]
    (candidate,) = parsed(manifest2(canvas2("c")), json.loads(json.dumps(asks[0].carry)))
    assert (candidate.rights.family, candidate.rights.scope, candidate.rights.credit_line) == ("by", "dataset", "Museum")
    assert candidate.rights.evidence == url
    assert Source().again(candidate.source_id, candidate.other) == url  # the manifest alone would not say it
    (page2,) = parsed({"@type": "sc:Collection", "manifests": [{"@id": "m3"}]}, asks[3].carry, "https://museum.example/page2")
    assert page2.carry["path"] == [url]


def test_depth_limits_collections_within_collections() -> None:
    inner = {"type": "Collection", "id": "https://museum.example/inner"}
    collection = {"type": "Collection", "items": [inner, {"type": "Manifest", "id": "https://museum.example/m"}]}
    assert [type(one) for one in parsed(collection, depth=0)] == [Problem, Ask]
    assert [type(one) for one in parsed(collection, depth=1)] == [Ask, Ask]


def test_again_is_the_manifest_that_answered_not_what_it_calls_itself() -> None:
    found = only(manifest("http://localhost:4000/m", canvas("c", "https://m.example/1.jpg"), rights=BY))
    assert Source().again(found.source_id, found.other) == URL
    assert found.other["manifest_id"] == "http://localhost:4000/m"


def test_addresses_are_completed_by_the_base_url_and_refused_without_one() -> None:
    assert [one.url for one in Source("https://mirror.example/iiif").start(["c.json", "https://m.example/c"])] == [
        "https://mirror.example/iiif/c.json",
        "https://m.example/c",
    ]
    with pytest.raises(UsageError, match=r"'c\.json' is no http"):
        list(Source().start(["c.json"]))


@pytest.mark.parametrize(
    "resource", [{"@type": "sc:Manifest"}, {"type": "Manifest", "items": []}, {"sequences": {"a": 1}}, {"@type": 7}]
)
def test_a_manifest_without_canvases_is_one_problem(resource: Any) -> None:
    assert [type(one) for one in parsed(resource)] == [Problem]
