"""Wikimedia Commons: what is asked, batches that come in parts, and what is no image or gone."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from commons_answers import BY_SA, URL, one, page, read

from base.errors import UsageError
from catalog.records import Candidate
from harvest.commons_pages import MOST_IDLE_ROUNDS, MOST_ROUNDS
from harvest.source import Ask, Problem
from harvest.sources.commons import Source


def asked(ask: Ask) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(ask.url).query).items()}


# What is asked


def test_names_and_numbers_are_asked_for_fifty_at_a_time() -> None:
    asks = list(Source().start([f"File:{n}.jpg" for n in range(51)] + ["pageid:3", "pageid:4"]))
    assert [len(asked(ask).get("titles", "").split("|")) for ask in asks[:2]] == [50, 1]
    assert asked(asks[2])["pageids"] == "3|4"
    assert all(asked(ask)["maxlag"] == "5" and asked(ask)["formatversion"] == "2" for ask in asks)


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ("Category:Yerba_mate", "gcmtitle", "Category:Yerba mate"),
        ("category: Yerba mate", "gcmtitle", "Category:Yerba mate"),
        ("https://commons.wikimedia.org/wiki/Category:Cuias_(recipientes)", "gcmtitle", "Category:Cuias (recipientes)"),
        ("search:cuia de chimarrão", "gsrsearch", "cuia de chimarrão"),
        ("mate gourd", "gsrsearch", "mate gourd"),
        ('intitle:"cuia"', "gsrsearch", 'intitle:"cuia"'),
        ("Image:Cuia.jpg", "titles", "File:Cuia.jpg"),
        ("https://commons.wikimedia.org/wiki/File:Cuia_%C3%A0.jpg", "titles", "File:Cuia à.jpg"),
        ("pageid:12", "pageids", "12"),
    ],
)
def test_what_a_user_names_becomes_one_question(given: str, name: str, value: str) -> None:
    (ask,) = Source().start([given])
    assert asked(ask)[name] == value


@pytest.mark.parametrize("given", ["pageid:x", "Category:", "File:a|b", "Categori:Mate", " "])
def test_what_makes_no_sense_is_refused_before_anything_is_asked(given: str) -> None:
    with pytest.raises(UsageError):
        list(Source().start([given]))


def test_a_mirror_without_a_path_is_asked_at_mediawikis_own_path() -> None:
    (ask,) = Source(base_url="http://127.0.0.1:8080/").start(["mate"])
    assert ask.url.startswith("http://127.0.0.1:8080/w/api.php?action=query&")


# Categories below categories


def tree(source: Source, members: Mapping[str, list[str]], start: str) -> tuple[list[str], list[str]]:
    """Categories whose files are asked for, and those that are looked into, in order."""
    files, looked_into = [], []
    waiting = list(source.start([start]))
    while waiting:
        ask = waiting.pop(0)
        assert json.loads(json.dumps(ask.carry)) == ask.carry
        if "gcmtitle" in asked(ask):
            files.append(asked(ask)["gcmtitle"].partition(":")[2])
            continue
        name = asked(ask)["cmtitle"].partition(":")[2]
        looked_into.append(name)
        below = [{"ns": 14, "title": f"Category:{one}"} for one in members.get(name, [])]
        waiting += read({"batchcomplete": True, "query": {"categorymembers": below}}, ask.carry, source)
    return files, looked_into


CIRCLE = {"A": ["B", "C"], "B": ["D", "A"], "C": ["D", "E"], "D": ["B", "F"], "E": ["C"]}


@pytest.mark.parametrize(
    ("depth", "files", "looked_into"),
    [(0, "A", ""), (1, "ABC", "A"), (2, "ABCDE", "ABC"), (3, "ABCDEF", "ABCDE"), (9, "ABCDEF", "ABCDEF")],
)
def test_categories_that_form_circles_are_met_once_and_no_deeper_than_asked(depth: int, files: str, looked_into: str) -> None:
    found = tree(Source(depth=depth), CIRCLE, "Category:A")
    assert found == (list(files), list(looked_into))


def test_a_long_list_of_subcategories_is_continued_before_going_deeper() -> None:
    source = Source(depth=2)
    _, walk = source.start(["Category:A"])
    first = {"continue": {"cmcontinue": "x|1", "continue": "-||"}, "query": {"categorymembers": [{"title": "Category:B"}]}}
    files, more = read(first, walk.carry, source)
    assert asked(files)["gcmtitle"] == "Category:B"
    assert (asked(more)["cmcontinue"], asked(more)["cmtitle"]) == ("x|1", "Category:A")
    assert [asked(ask).get("cmtitle") for ask in read({"batchcomplete": True}, more.carry, source)] == ["Category:B"]


def test_a_walk_goes_on_when_one_category_cannot_be_listed() -> None:
    source = Source(depth=2)
    carry = {"question": URL, "tree": {"left": 1, "queue": [["Category:Z", 1]], "seen": ["Category:A", "Category:Z"]}}
    problem, ask = read({"error": {"code": "internal_api_error", "info": "oops"}}, carry, source)
    assert isinstance(problem, Problem)
    assert asked(ask)["cmtitle"] == "Category:Z"


# Batches


def recorded(shared_data: Path, name: str) -> bytes:
    return (shared_data / "responses" / "wikimedia" / name).read_bytes()


def test_three_recorded_parts_give_one_whole_batch_and_then_the_next(shared_data: Path) -> None:
    (second,) = read(recorded(shared_data, "wmc_pretty1.json"))
    assert asked(second)["gucontinue"].endswith("1281339")
    assert asked(second)["continue"] == "||imageinfo"
    (third,) = read(recorded(shared_data, "wmc_pretty2.json"), json.loads(json.dumps(second.carry)))
    *candidates, after = read(recorded(shared_data, "wmc_pretty3.json"), third.carry)
    whole = [found for found in read(recorded(shared_data, "wmc_pretty123.json")) if isinstance(found, Candidate)]
    assert [one.statement() for one in candidates] == [one.statement() for one in whole]
    assert len(candidates) == 9
    assert "gaicontinue" in asked(after)
    assert "gucontinue" not in asked(after)
    assert after.carry == {"question": URL}


def test_lists_of_a_page_are_joined_and_earlier_parts_are_kept() -> None:
    first = {"continue": {"gucontinue": "a", "continue": "||"}, "query": {"pages": {"7": page(7, **BY_SA)}}}
    first["query"]["pages"]["7"]["globalusage"] = [{"wiki": "pt"}]
    (ask,) = read(first)
    second = {
        "continue": {"gucontinue": "b"},
        "query": {"pages": {"7": {"pageid": 7, "globalusage": [{"wiki": "pt"}, {"wiki": "es"}]}}},
    }
    (ask,) = read(second, ask.carry)
    kept = ask.carry["pages"]["7"]
    assert kept["globalusage"] == [{"wiki": "pt"}, {"wiki": "es"}]
    assert kept["title"] == "File:7.jpg"
    (found,) = read({"batchcomplete": "", "query": {"pages": {"7": {"pageid": 7, "imageinfo": []}}}}, ask.carry)
    assert found.rights.family == "by-sa"


@pytest.mark.parametrize(("brings_news", "rounds"), [(False, MOST_IDLE_ROUNDS + 1), (True, MOST_ROUNDS)])
def test_a_batch_that_never_ends_is_given_up_and_what_came_whole_is_taken(brings_news: bool, rounds: int) -> None:
    answers, carry = 0, {}
    while True:
        answers += 1
        pages = [page(7, **BY_SA) if answers == 1 else {"pageid": 7, "metadata": [{"n": answers if brings_news else 0}]}]
        pages.append({"pageid": 8, "title": "File:8.jpg"})
        found = read({"continue": {"mdcontinue": "x"}, "query": {"pages": pages}}, carry)
        if not isinstance(found[0], Ask):
            break
        carry = found[0].carry
    assert answers == rounds + (not brings_news)
    assert [type(one).__name__ for one in found] == ["Candidate", "Problem", "Problem"]
    assert "does not come to its end" in found[-1].what


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ({"code": "maxlag", "info": "Waiting for 10.0.0.1: 6.2 seconds lagged"}, "the service answers with the error maxlag"),
        ({"code": "badtitle", "info": "Bad title"}, "the service answers with the error badtitle: Bad title"),
        ({"code": None}, "the service answers with the error unnamed"),
    ],
)
def test_errors_that_come_with_status_200_are_problems_in_stable_words(error: Any, words: str) -> None:
    (problem,) = read({"error": error})
    assert problem.what == words


def test_an_error_within_a_batch_loses_nothing_that_came_whole() -> None:
    (ask,) = read({"continue": {"iicontinue": "x"}, "query": {"pages": [page(7, **BY_SA), {"pageid": 8, "title": "File:8.jpg"}]}})
    problem, candidate, other = read({"error": {"code": "ratelimited"}}, ask.carry)
    assert (problem.what, candidate.source_id) == ("the service answers with the error ratelimited", "7")
    assert isinstance(other, Problem)


# What is no image, and what is gone

NO_CANDIDATE: list[tuple[dict[str, Any], str, bool]] = [
    ({"pageid": 7, "missing": True}, "is gone", True),
    ({"ns": 6, "title": "File:No.jpg", "missing": ""}, "is gone", True),
    ({"title": "File:<", "invalid": True, "invalidreason": "x"}, "no possible title", False),
    ({"pageid": 7, "title": "File:7.jpg"}, "no imageinfo", False),
    ({"pageid": 7, "imageinfo": []}, "no imageinfo", False),
    ({"pageid": 7, "imageinfo": [{"filemissing": True}]}, "file is gone or hidden", True),
    ({"pageid": 7, "imageinfo": [{"filehidden": ""}]}, "file is gone or hidden", True),
    (page(7, {"mediatype": "AUDIO", "mime": "application/ogg", "width": 0}), "sound (application/ogg)", False),
    (page(7, {"mediatype": "VIDEO", "mime": "video/webm"}), "video (video/webm)", False),
    (page(7, {"mediatype": "OFFICE", "mime": "application/pdf"}), "a document (application/pdf)", False),
    (page(7, {"mediatype": "BITMAP", "mime": "image/vnd.djvu"}), "a document (image/vnd.djvu)", False),
    (page(7, {"mediatype": None, "mime": "audio/midi"}), "a file of type audio/midi", False),
    (page(7, {"mediatype": None, "mime": None, "url": "https://upload.wikimedia.org/a/Book.pdf"}), "by its name", False),
]  # fmt: skip


@pytest.mark.parametrize(("given", "words", "gone"), NO_CANDIDATE, ids=[f"{n}-{row[1]}" for n, row in enumerate(NO_CANDIDATE)])
def test_what_is_gone_or_no_image_is_a_problem_and_no_candidate(given: dict[str, Any], words: str, gone: bool) -> None:
    for pages in ([given], {"-1": given}):
        (problem,) = read({"batchcomplete": "", "query": {"pages": pages}})
        assert isinstance(problem, Problem)
        assert "not an image" in problem.what or words in problem.what
        assert words in problem.what
        assert problem.gone is gone


def test_an_image_without_an_address_is_a_candidate_with_its_rights() -> None:
    found = one(file={"url": None, "mediatype": None, "mime": None, "sha1": None})
    assert (found.image_url, found.checksum, found.rights.family) == (None, None, "by-sa")
