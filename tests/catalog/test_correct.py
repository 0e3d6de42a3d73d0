"""An archivist's statement outranks the source's, wherever the item is shown, judged or handed over."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from small_catalogue import by, candidate, stored

from base.errors import UsageError
from catalog import db, runs
from catalog.correct import correct, permits_more
from catalog.records import Candidate, Depiction
from catalog.rights import read_rights
from catalog.why import why
from harvest.credit import COMPOSED, with_credit


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two items that are held, kept and in one split, and one without bytes; copied for each test."""
    folder = tmp_path_factory.mktemp("prepared") / "workspace"
    with runs.begin(folder, "harvest", {}) as run:
        for name in ("a/one.jpg", "b/two.jpg"):
            run.add("candidates", candidate(name, stored(run, name.encode())))
    with runs.begin(folder, "curate", {}):
        pass
    return folder


@pytest.fixture
def collection(prepared: Path, workspace: Path) -> dict[str, str]:
    """The same in this test's workspace; SHA-256 by file name."""
    shutil.copytree(prepared, workspace)
    return {name: hashlib.sha256(name.encode()).hexdigest() for name in ("a/one.jpg", "b/two.jpg")}


ANA = {"who": "Ana", "reason": "The negative's sleeve says so."}


def _record(workspace: Path, name: str = "a/one.jpg") -> dict[str, Any]:
    return db.rows(workspace, "SELECT * FROM records WHERE source_id = ?", [name])[0]


def _state(workspace: Path, *candidates: Candidate) -> None:
    with runs.begin(workspace, "harvest", {}) as run:
        for one in candidates:
            run.add("candidates", one)


def _composed(name: str, licence: str, **fields: Any) -> Candidate:
    rights, noted = with_credit(read_rights(licence), None, title=fields.get("title"), creator=fields.get("creator"), name=name)
    return Candidate(
        source="folder:atelier", source_id=name, rights=rights, outcome="metadata_only", other=noted, **fields
    )  # fmt: skip


TEXTS = {"title": "title", "creator": "creator", "creation_date": "creation_date", "caption": "caption", "credit": "credit_line"}


def test_corrected_texts_stand_in_the_record_and_in_the_credits(workspace: Path, collection: dict[str, str]) -> None:
    stated = correct(workspace, "a/one.jpg", **ANA, **{field: f"the right {field}" for field in TEXTS})
    assert {one.field: one.value for one in stated} == {field: f"the right {field}" for field in TEXTS}
    record = _record(workspace)
    assert {field: record[column] for field, column in TEXTS.items()} == {field: f"the right {field}" for field in TEXTS}
    assert record["corrected"] == sorted(TEXTS)
    with runs.begin(workspace, "curate", {}):
        pass
    credit = db.rows(workspace, "SELECT * FROM credits WHERE sha256 = ?", [collection["a/one.jpg"]])[0]
    assert (credit["title"], credit["creator"], credit["credit_line"]) == (
        "the right title",
        "the right creator",
        "the right credit",
    )
    assert credit["credit_is_composed"] is False


def test_what_the_source_says_later_stays_in_the_history_and_does_not_win(workspace: Path, collection: dict[str, str]) -> None:
    correct(workspace, "a/one.jpg", creator="Joana", **ANA)
    _state(workspace, candidate("a/one.jpg", collection["a/one.jpg"], creator="Somebody else", title="New title"))
    record = _record(workspace)
    assert (record["creator"], record["title"]) == ("Joana", "New title")
    story = why(workspace, "a/one.jpg")
    assert [one["creator"] for one in story["statements"]] == ["Somebody else", "Maria"]
    (word,) = story["corrections"]
    assert (word["said_by_source"], word["corrected_to"], word["who"]) == ("Somebody else", "Joana", "Ana")
    assert (word["reason"], word["stands"]) == (ANA["reason"], True)


def test_a_correction_can_be_taken_back(workspace: Path, collection: dict[str, str]) -> None:
    correct(workspace, "a/one.jpg", creator="Joana", licence="CC BY-NC 4.0", **ANA)
    (stated,) = correct(workspace, "a/one.jpg", take_back=("creator",), **ANA)
    assert stated.sentence() == "the correction is taken back; the source says “Maria”."
    record = _record(workspace)
    assert (record["creator"], record["rights_family"], record["corrected"]) == ("Maria", "by-nc", ["licence"])
    assert [one["stands"] for one in why(workspace, "a/one.jpg")["corrections"]] == [False, False, True]
    with pytest.raises(UsageError, match="not corrected"):
        correct(workspace, "a/one.jpg", take_back=("creator",), **ANA)


def test_an_empty_text_says_that_there_is_none(workspace: Path, collection: dict[str, str]) -> None:
    correct(workspace, "a/one.jpg", creator="", **ANA)
    assert _record(workspace)["creator"] is None


def test_a_corrected_licence_replaces_the_whole_reading(workspace: Path, collection: dict[str, str]) -> None:
    offered = read_rights({"choice": ["CC BY-SA 4.0", "GFDL 1.2"]})
    _state(workspace, candidate("a/one.jpg", collection["a/one.jpg"], rights=offered))
    assert len(db.rows(workspace, "SELECT 1 FROM licences_offered WHERE subject = ?", [candidate("a/one.jpg").candidate_id])) == 2
    correct(workspace, "a/one.jpg", licence="CC BY-NC-ND 3.0 BR", **ANA)
    record = _record(workspace)
    assert (record["rights_family"], record["rights_version"], record["rights_jurisdiction"]) == ("by-nc-nd", "3.0", "br")
    assert record["rights_uri"] == "https://creativecommons.org/licenses/by-nc-nd/3.0/br/"
    assert json.loads(record["rights_raw"]) == [["correction", "CC BY-NC-ND 3.0 BR"]]
    offers = db.rows(workspace, "SELECT * FROM licences_offered WHERE subject = ?", [record["subject"]])
    assert [(one["family"], one["derivatives"], one["commercial"]) for one in offers] == [("by-nc-nd", False, False)]


@pytest.mark.parametrize(
    ("source", "ours", "needed"),
    [
        ("CC BY-NC 4.0", "CC BY 4.0", True),
        ("CC BY-SA 4.0", "CC BY 4.0", True),
        ("CC BY-ND 4.0", "CC BY-NC 4.0", True),
        ("all rights reserved", "CC BY-NC-ND 4.0", True),
        ("No known copyright restrictions", "CC BY-NC-ND 4.0", True),
        ("all rights reserved", "No known copyright restrictions", True),
        ("nonsense", "CC0", True),
        ("CC BY 3.0", "CC BY 4.0", False),
        ("CC BY 4.0", "CC BY-NC 4.0", False),
        ("CC0", "all rights reserved", False),
        ("nonsense", "all rights reserved", False),
        ("CC BY 4.0", "CC BY 4.0", False),
    ],
)
def test_a_freer_licence_needs_evidence(source: str, ours: str, needed: bool) -> None:
    assert permits_more(read_rights(ours), read_rights(source)) is needed


def test_a_freer_licence_without_evidence_is_refused_and_with_it_names_it(workspace: Path, collection: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="only with evidence"):
        correct(workspace, "a/one.jpg", licence="CC0", **ANA)
    assert db.rows(workspace, "SELECT 1 FROM corrections") == []
    correct(workspace, "a/one.jpg", licence="CC0", evidence="letter of 3 May", **ANA)
    assert why(workspace, "a/one.jpg")["corrections"][0]["evidence"] == "letter of 3 May"
    assert _record(workspace)["rights_family"] == "cc0"


COMPOSED_AGAIN: list[tuple[str, dict[str, str], str]] = [
    ("CC BY 4.0", {"creator": "Joana"}, "Pinhal, Joana, CC BY 4.0"),
    ("CC BY 4.0", {"title": "Mata"}, "Mata, Maria, CC BY 4.0"),
    ("CC BY 4.0", {"licence": "CC BY-SA 3.0 BR"}, "Pinhal, Maria, CC BY-SA 3.0 BR"),
    ("CC BY 4.0", {"caption": "Two trees"}, "Pinhal, Maria, CC BY 4.0"),
    ("Public Domain Mark 1.0", {"creator": ""}, "Pinhal, Public Domain Mark 1.0"),
    ("all rights reserved", {"title": ""}, "{}, Maria"),
    ("CC BY 4.0", {"credit": "Photo: Maria", "creator": "Joana"}, "Photo: Maria"),
]
LICENCES = ("CC BY-SA 4.0", "CC BY 3.0 DE", "CC0 1.0", "PDM", "unreadable", "GFDL", "No known copyright")


def test_a_composed_credit_line_is_composed_again_as_the_harvest_does(workspace: Path, collection: dict[str, str]) -> None:
    cases = [*COMPOSED_AGAIN, *((licence, {"title": "Mata"}, "as harvested") for licence in LICENCES)]
    items = [_composed(f"{number}.jpg", case[0], title="Pinhal", creator="Maria") for number, case in enumerate(cases)]
    assert all(COMPOSED in item.other.values() for item in items)
    _state(workspace, *items)
    with runs.begin(workspace, "correct", {}) as run:
        for item, (_, correction, _) in zip(items, cases, strict=True):
            for field, text in correction.items():
                value = read_rights(text).as_row() if field == "licence" else text
                run.add("corrections", {"subject": item.candidate_id, "field": field, "value": value, **ANA})
    found = {row["source_id"]: row["credit_line"] for row in db.rows(workspace, "SELECT source_id, credit_line FROM records")}
    for item, (licence, _, expected) in zip(items, cases, strict=True):
        harvested = (item.rights.credit_line or "").replace("Pinhal", "Mata")
        wanted = harvested if expected == "as harvested" else expected.format(item.source_id)
        assert found[item.source_id] == wanted, licence


def test_a_credit_line_of_the_source_is_left_alone(workspace: Path, collection: dict[str, str]) -> None:
    correct(workspace, "a/one.jpg", creator="Joana", **ANA)
    assert _record(workspace)["credit_line"] == by().credit_line


def test_a_corrected_caption_stands_before_all_others(workspace: Path, collection: dict[str, str]) -> None:
    subject = candidate("a/one.jpg").candidate_id
    with runs.begin(workspace, "caption", {}) as run:
        run.add("captions", {"subject": subject, "origin": "community", "language": "pt", "text": "Duas árvores"})
    correct(workspace, "a/one.jpg", caption="Two araucarias", **ANA)
    best = db.rows(workspace, "SELECT text, origin, language FROM best_captions WHERE subject = ?", [subject])
    assert best == [{"text": "Two araucarias", "origin": "archivist", "language": "und"}]


def test_a_corrected_item_waits_for_the_next_curation(workspace: Path, collection: dict[str, str]) -> None:
    kept = "SELECT source_id FROM kept ORDER BY source_id"
    correct(workspace, "a/one.jpg", licence="all rights reserved", **ANA)
    assert db.rows(workspace, kept) == [{"source_id": "b/two.jpg"}]
    with runs.begin(workspace, "curate", {}):
        pass
    assert len(db.rows(workspace, kept)) == 2
    correct(workspace, "a/one.jpg", take_back=("licence",), **ANA)
    assert db.rows(workspace, kept) == [{"source_id": "b/two.jpg"}]


def test_the_words_of_a_corrected_title_find_the_item(workspace: Path, collection: dict[str, str]) -> None:
    correct(workspace, "a/one.jpg", title="Mata de araucárias", **ANA)
    assert why(workspace, "Mata de araucárias")["record"]["source_id"] == "a/one.jpg"


def test_saying_the_same_again_is_one_row(workspace: Path, collection: dict[str, str]) -> None:
    for _ in range(2):
        correct(workspace, "a/one.jpg", title="Mata", **ANA)
    assert len(db.rows(workspace, "SELECT 1 FROM corrections")) == 1


def test_control_and_turning_characters_do_not_enter(workspace: Path, collection: dict[str, str]) -> None:
    correct(workspace, "a/one.jpg", title="Ma\u202eta\x07\n um", **ANA)
    assert _record(workspace)["title"] == "Mata um"


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"title": "x", "who": " "}, "--by is empty"),
    ({"title": "x", "reason": ""}, "--reason is empty"),
    ({}, "nothing is corrected"),
    ({"licence": "my own terms"}, "no licence that is recognised"),
    ({"take_back": ("titel",)}, "did you mean 'title'"),
    ({"title": "x", "take_back": ("title",)}, "at once"),
]


def test_a_correction_that_says_nothing_is_refused(workspace: Path, collection: dict[str, str]) -> None:
    for words, message in REFUSED:
        with pytest.raises(UsageError, match=message):
            correct(workspace, "a/one.jpg", **{**ANA, **words})
    assert db.rows(workspace, "SELECT 1 FROM corrections") == []


def test_the_view_of_corrections_shows_both_sides(workspace: Path, collection: dict[str, str]) -> None:
    correct(workspace, "a/one.jpg", creator="Joana", licence="CC BY-NC 4.0", **ANA)
    with runs.begin(workspace, "curate", {}) as run:
        run.add("depictions", Depiction(subject=candidate("a/one.jpg").candidate_id, concept="x", source="caption", score=1.0))
    found = db.rows(workspace, "SELECT field, said_by_source, corrected_to FROM corrected ORDER BY field")
    assert [tuple(row.values()) for row in found] == [("creator", "Maria", "Joana"), ("licence", "CC BY 4.0", "CC BY-NC 4.0")]
