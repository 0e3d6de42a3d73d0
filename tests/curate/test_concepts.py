"""Concepts come from the workspace's file, and a picture shows one by the word of its source, its caption or its parent."""

from pathlib import Path

import pytest
from curated_archive import Archive, drawn, encoded

from base.errors import UsageError
from curate.concepts import fold, read
from curate.curate import curate

CUIA = """
[[concept]]
name = "chimarrão"
class_noun = "drinking gourd"
rare_token = "chmrr"
target = 5
[concept.words]
pt = ["cuia", "cuias"]
"""


def _shown(archive: Archive) -> list[tuple[str, str, str]]:
    sql = """
        SELECT source_id, concept, claim.source FROM current_depictions AS claim JOIN records USING (subject)
        WHERE score > 0 ORDER BY ALL"""
    return [tuple(row.values()) for row in archive.rows(sql)]  # type: ignore[misc]  # three columns


def _write(archive: Archive, text: str) -> None:
    archive.folder.mkdir(exist_ok=True)
    (archive.folder / "concepts.toml").write_text(text, encoding="utf-8")


def test_words_count_whole_and_without_accents_or_capitals(archive: Archive) -> None:
    _write(archive, CUIA)
    archive.add("a", caption="Roda de CHIMARRAO na praça")
    archive.add("b", caption="Vista de Cuiabá")
    archive.add("c", title="Três cuias")
    curate(archive.folder)
    assert _shown(archive) == [("a", "chimarrão", "caption"), ("c", "chimarrão", "caption")]


def test_a_source_s_claim_is_known_by_the_concept_s_own_name(archive: Archive) -> None:
    _write(archive, CUIA)
    archive.add("a", concepts=("Cuia",))
    archive.add("b", concepts=("teapot",))
    report = curate(archive.folder)
    assert _shown(archive) == [("a", "chimarrão", "source"), ("b", "teapot", "source")]
    assert archive.rows("SELECT concepts FROM records WHERE source_id = 'a'") == [{"concepts": ["chimarrão"]}]
    assert report.notices == ("1 concepts that sources name are not in concepts.toml: teapot.",)
    assert not curate(archive.folder).changed


def test_a_claim_that_no_longer_holds_is_taken_back(archive: Archive) -> None:
    _write(archive, CUIA)
    archive.add("a", caption="uma cuia")
    curate(archive.folder)
    archive.add("a", caption="uma chaleira")
    assert curate(archive.folder).claims_taken_back == 1
    assert _shown(archive) == []


def test_a_variation_shows_what_it_was_made_for(archive: Archive) -> None:
    _write(archive, CUIA)
    parent = archive.add("a.png", encoded(drawn(1, 300)))
    child = archive.vary(str(parent.sha256), encoded(drawn(1, 256)), concept="chimarrão")
    curate(archive.folder)
    claims = archive.rows("SELECT concept, source FROM current_depictions WHERE subject = $child", {"child": child})
    assert claims == [{"concept": "chimarrão", "source": "parent"}]


def test_scarcity_counts_kept_pictures_and_a_dropped_concept_wants_none(archive: Archive) -> None:
    _write(archive, CUIA)
    archive.add("a.png", encoded(drawn(1, 300)), caption="cuia")
    curate(archive.folder)
    assert archive.rows("SELECT concept, kept, missing FROM scarce") == [{"concept": "chimarrão", "kept": 1, "missing": 4}]
    _write(archive, "")
    curate(archive.folder)
    assert archive.rows("SELECT * FROM scarce") == []
    assert not curate(archive.folder).changed


def test_without_the_file_sources_are_believed_and_the_archivist_is_told(archive: Archive) -> None:
    archive.add("a", concepts=("teapot",))
    report = curate(archive.folder)
    assert _shown(archive) == [("a", "teapot", "source")]
    assert "no concepts.toml" in report.notices[0]


def test_slips_in_the_file_are_named(archive: Archive) -> None:
    archive.add("a")
    for text, message in (
        (CUIA.replace("rare_token", "rare_tokn"), "did you mean 'rare_token'"),
        (CUIA + CUIA.replace("chmrr", "other"), "'chimarrão' is used by two concepts"),
        (CUIA + CUIA.replace("chimarrão", "mate"), "'chmrr' is used by two concepts"),
        (CUIA.replace('["cuia", "cuias"]', '"cuia"'), "words are lists by language"),
    ):
        _write(archive, text)
        with pytest.raises(UsageError, match=message):
            curate(archive.folder)


def test_the_example_names_the_subjects_of_the_pampas(archive: Archive, request: pytest.FixtureRequest) -> None:
    _write(archive, (Path(request.config.rootpath) / "docs/examples/concepts.toml").read_text(encoding="utf-8"))
    concepts = {concept.name: concept for concept in read(archive.folder)}
    assert len(concepts) == 10
    assert all({"pt", "es", "en"} <= set(concept.words) for concept in concepts.values())
    assert concepts["araucária"].class_noun == "tree"


def test_folding_makes_spellings_equal() -> None:
    assert fold("Gato_do-Mato  PEQUENO é") == "gato do-mato pequeno e"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("target = -1", "target is -1"),
        ("target = 99999999999", "target is 99999999999"),
        ('name = " "', "name is empty"),
        ("words = {pt = [1]}", "words are lists"),
    ],
)
def test_a_value_that_the_catalogue_cannot_hold_is_refused_before_it_is_spooled(archive: Archive, line: str, said: str) -> None:
    key = line.partition(" ")[0]
    own = {"name": 'name = "a"', "class_noun": 'class_noun = "b"', "rare_token": 'rare_token = "c"', "words": "words = {}"}
    _write(archive, "[[concept]]\n" + "\n".join({**own, key: line}.values()))
    with pytest.raises(UsageError, match=said):
        read(archive.folder)
