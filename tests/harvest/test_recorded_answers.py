"""Answers as the services sent them, and what a harvester must make of each: the shared table, row by row."""

import importlib
import json
import os
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from base import plugins
from catalog.records import Candidate, Rights
from catalog.rights import permissions, read_rights
from harvest.source import Answer, Ask, Problem

RESPONSES = Path(os.environ.get("SHARED", Path(__file__).resolve().parents[3] / "shared")) / "data" / "responses"
SOURCES = {"wikimedia": "commons", "iiif2": "iiif", "iiif3": "iiif"}
"""The plug-in of a folder, where it is not called like it."""

FRAGMENTS = {"image_data_html_description.json", "image_data_missing_imageinfo.json", "image_info_artist_div.json"}
"""Cuttings of a page, no answers: they are put back into an answer before they are read."""

KINDS_OF_TEXT = {"credit", "landing", "title", "rights_holder", "data_provider", "width", "height"}


def recorded() -> list[tuple[str, str]]:
    """(folder, file) of every recorded answer."""
    tables = sorted(RESPONSES.glob("*/expected.json"))
    return [(table.parent.name, name) for table in tables for name in json.loads(table.read_text(encoding="utf-8"))]


def expected(folder: str, name: str) -> dict[str, Any]:
    """What the table says of one file; a file with the media of another has the other's."""
    table = json.loads((RESPONSES / folder / "expected.json").read_text(encoding="utf-8"))
    row: dict[str, Any] = table[name]
    return row


@cache
def source(name: str) -> Any:
    """The plug-in, or a skip while it does not exist."""
    if name not in plugins.names("harvest.sources"):
        pytest.skip(f"harvest/sources/{name}.py does not exist yet")
    return importlib.import_module(f"harvest.sources.{name}").Source()


def body_and_url(folder: str, name: str) -> tuple[bytes, str]:
    """A recorded answer, and an address that it may have come from."""
    body = (RESPONSES / folder / name).read_bytes()
    url = f"https://{folder}.example/answer"
    if folder.startswith("iiif"):
        manifest = json.loads(body)
        url = manifest.get("id") or manifest["@id"]
    if name in FRAGMENTS:
        page = json.loads(body)
        page = page if "pageid" in page else {"pageid": 1, "ns": 6, "title": "File:One.jpg", "imageinfo": [page]}
        body = json.dumps({"batchcomplete": True, "query": {"pages": [page]}}).encode()
    return body, url


@cache
def read(folder: str, name: str) -> tuple[Any, ...]:
    """All that the source makes of one recorded answer."""
    body, url = body_and_url(folder, name)
    return tuple(source(SOURCES.get(folder, folder)).parse(Answer(url, body), {}))


def candidates(folder: str, name: str) -> list[Candidate]:
    return [one for one in read(folder, name) if isinstance(one, Candidate)]


def held_over(folder: str, name: str) -> bool:
    """Parts of a batch are merged before anything is said of it; the merge has a test of its own."""
    row = expected(folder, name)
    return row.get("complete") is False or (folder == "wikimedia" and "pages" in row)


CASES = [pytest.param(folder, name, id=f"{folder}/{name}") for folder, name in recorded()]
needs_data = pytest.mark.skipif(not CASES, reason="shared/data not present")


@needs_data
@pytest.mark.parametrize(("folder", "name"), CASES)
def test_every_medium_is_a_candidate_or_a_named_problem(folder: str, name: str) -> None:
    found, row = candidates(folder, name), expected(folder, name)
    if held_over(folder, name):
        assert found == []
        return
    skipped = sum("skip" in one for one in row.get("media", []))
    problems = sum(isinstance(one, Problem) for one in read(folder, name))
    assert row["media_count"] - skipped <= len(found) <= row["media_count"]
    assert len(found) + problems >= row["media_count"]
    assert len({one.source_id for one in found}) == len(found)
    assert all(one.outcome == "metadata_only" for one in found)


@needs_data
@pytest.mark.parametrize(("folder", "name"), CASES)
def test_licences_are_counted_as_the_table_counts_them(folder: str, name: str) -> None:
    row = expected(folder, name)
    if held_over(folder, name) or "counts" not in row:
        pytest.skip("the table gives no counts for this file")
    counts = Counter(spelled(one.rights) for one in candidates(folder, name))
    assert counts == row["counts"]
    if "derivatives_counts" in row:
        allowed = Counter(str(permissions(one.rights).derivatives is True).lower() for one in candidates(folder, name))
        assert allowed == row["derivatives_counts"]
    if "distinct_urls" in row:
        assert len({one.image_url for one in candidates(folder, name)}) == row["distinct_urls"]
    if "differs_from_record" in row:
        own = [spelled_words(one.other["record_licence"]) != spelled(one.rights) for one in candidates(folder, name)]
        assert sum(own) == row["differs_from_record"]


@needs_data
@pytest.mark.parametrize(("folder", "name"), CASES)
def test_each_medium_is_what_the_table_says_of_it(folder: str, name: str) -> None:
    row = expected(folder, name)
    if held_over(folder, name):
        pytest.skip("part of a batch: see the test of the merge")
    whole = row.get("media")
    rows: list[dict[str, Any]] = whole if whole is not None else row.get("spot", [])
    found = candidates(folder, name)
    if "same_media_as" in row:
        rows = expected(folder, row["same_media_as"])["media"]
    wrong = [text for place, medium in enumerate(rows) for text in differences(medium, found, place, whole is not None)]
    assert wrong == []


def differences(medium: dict[str, Any], found: list[Candidate], place: int, in_order: bool) -> list[str]:
    """What is not as the table says, in words; nothing when all is well."""
    matching = [one for one in found if is_file_of(one, medium) and names(one, medium)]
    if "skip" in medium:
        taken = [one for one in found if medium["url"] and one.image_url == medium["url"]]
        return [f"{medium.get('id')}: became an image, though {medium['skip']}"] if taken else described(medium, found)
    if not matching:
        return [f"{medium.get('id')}: no candidate with {medium['url']}"]
    if in_order and found[place] is not matching[0] and len(matching) == 1:
        return [f"{medium.get('id')}: not in the body's order"]
    candidate = matching[0]
    return [f"{medium.get('id')}: {text}" for text in (*of_rights(medium, candidate.rights), *of_words(medium, candidate))]


def described(medium: dict[str, Any], found: list[Candidate]) -> list[str]:
    """A medium that is no image may still be a candidate, without an address; then its creator counts."""
    without = [one for one in found if one.image_url is None]
    return [text for one in without[:1] for text in of_words(medium, one)]


def is_file_of(candidate: Candidate, medium: dict[str, Any]) -> bool:
    """The address in the body, or another size that the same image service gives: a body may name a reduced one."""
    url = candidate.image_url or ""
    return candidate.image_url == medium["url"] or ("service" in medium and url.startswith(medium["service"] + "/full/"))


def names(candidate: Candidate, medium: dict[str, Any]) -> bool:
    own = candidate.source_id
    return "id" not in medium or medium["id"] in (own, own.split("#")[0]) or own.endswith(medium["id"])


def of_rights(medium: dict[str, Any], rights: Rights) -> list[str]:
    wrong = []
    granted = permissions(rights)
    wanted = medium["licence"]
    if wanted is None or (medium.get("unknown_ok") and rights.family == "unknown"):
        if rights.family not in ("unknown", "arr") or granted.derivatives:
            wrong.append(f"unknown was read as {rights.family}")
    else:
        versions = medium["licence"].get("version_any_of", [wanted["version"]])
        versions = [*versions, *({None, "1.0"} if wanted["family"] in ("cc0", "pdm") else ())]
        if rights.family != wanted["family"] or rights.jurisdiction != wanted["jurisdiction"] or rights.version not in versions:
            wrong.append(f"{rights.family} {rights.version} {rights.jurisdiction} is not {wanted}")
        refused = "refuse" in rights.flags and not medium.get("review_ok")
        if refused and granted.derivatives:
            wrong.append(f"refused with {rights.flags}")
    if granted.derivatives is True and not medium["derivatives"]:
        wrong.append("derivatives are allowed")
    fields = medium["source_field"] if isinstance(medium["source_field"], list) else [medium["source_field"]]
    if fields != [None] and not any(field.endswith(rights.source_field) for field in fields):
        wrong.append(f"read from {rights.source_field}, not from {fields}")
    missing = set(medium.get("flags", ())) - set(rights.flags)
    return [*wrong, *([f"without the flags {sorted(missing)}"] if missing else [])]


def of_words(medium: dict[str, Any], candidate: Candidate) -> list[str]:
    wrong = []
    if "creator" in medium:
        given = medium["creator"]
        wanted = "; ".join(given) if isinstance(given, list) else given
        if same(candidate.creator) != same(wanted):
            wrong.append(f"creator {candidate.creator!r} is not {wanted!r}")
    for text in medium.get("creator_must_not", ()):
        if candidate.creator and text in candidate.creator:
            wrong.append(f"creator {candidate.creator!r} holds {text!r}")
    other = candidate.other
    stated = {
        "credit": candidate.rights.credit_line,
        "landing": candidate.page_url,
        "title": candidate.title,
        "rights_holder": other.get("rights_holder"),
        "data_provider": other.get("data_provider"),
        "width": other.get("width_px"),
        "height": other.get("height_px"),
    }
    for kind in KINDS_OF_TEXT & medium.keys():
        if kind in ("width", "height") and stated[kind] is None:
            continue  # the picture itself says it, once it is held
        if same(stated[kind]) != same(medium[kind]):
            wrong.append(f"{kind} {stated[kind]!r} is not {medium[kind]!r}")
    if "record_licence" in medium and spelled_words(other.get("record_licence")) != spelled_words(medium["record_licence"]):
        wrong.append(f"record_licence {other.get('record_licence')!r} is not {medium['record_licence']!r}")
    return wrong


def same(text: Any) -> str | None:
    """As the table compares words: one space for any white space, no final full stop."""
    return None if text is None else " ".join(str(text).split()).removesuffix(".")


def spelled(rights: Rights) -> str:
    """Family, version and port as the table writes them."""
    if rights.family in ("unknown", "arr"):
        return "unknown"
    version = rights.version or ("1.0" if rights.family == "cc0" else None)
    return "/".join(filter(None, [rights.family, version, rights.jurisdiction]))


def spelled_words(words: str | None) -> str:
    """The licence in a text, as the table writes it; iNaturalist's codes and the table's own spelling are understood too."""
    text = (words or "").removeprefix("cc-")
    if "://" not in text and "/" in text:
        return text
    return spelled(read_rights({"inaturalist": words}) if "://" not in text else read_rights(words))


@needs_data
def test_partial_answers_of_commons_give_together_what_the_merged_answer_gives() -> None:
    parts = ["wmc_pretty1.json", "wmc_pretty2.json", "wmc_pretty3.json"]
    wanted = expected("wikimedia", "wmc_pretty123.json")
    found: list[Any] = []
    carry: dict[str, Any] = {}
    for name in parts:
        body, url = body_and_url("wikimedia", name)
        found = list(source("commons").parse(Answer(url, body), carry))
        asks = [one for one in found if isinstance(one, Ask)]
        carry = dict(asks[0].carry) if asks else {}
    taken = [one for one in found if isinstance(one, Candidate)]
    assert Counter(spelled(one.rights) for one in taken) == wanted["counts"]
    assert [text for place, one in enumerate(wanted["media"]) for text in differences(one, taken, place, True)] == []


@needs_data
def test_europeana_and_commons_ask_for_what_follows() -> None:
    (ask,) = [one for one in read("europeana", "europeana_example.json") if isinstance(one, Ask)]
    assert f"cursor={expected('europeana', 'europeana_example.json')['next_cursor']}" in ask.url
