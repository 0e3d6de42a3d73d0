"""Credits per picture in three languages and four forms: nothing made up, nothing lost, nothing that runs."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from catalog import db
from catalog.attribution import FORMATS, as_csv, as_html, as_json_ld, as_text, image_object, language_of, line, paragraph
from catalog.licence_words import LANGUAGES, licence_title
from catalog.licences import FAMILIES

ROW: dict[str, Any] = {
    "sha256": "ab" * 32, "subject": "c", "title": "Pinhal", "creator": "Maria Silva", "licence": "CC BY-SA 4.0",
    "licence_uri": "https://creativecommons.org/licenses/by-sa/4.0/", "credit_line": "Pinhal, Maria Silva, CC BY-SA 4.0",
    "credit_is_composed": True, "source": "commons", "institution": "Wikimedia Commons", "page_url": "https://example.org/1",
    "image_url": "https://example.org/1.jpg", "modified": False, "parent": None, "family": "by-sa", "version": "4.0",
    "jurisdiction": None, "creation_date": "1904",
}  # fmt: skip
VARIED = {**ROW, "modified": True, "sha256": "cd" * 32, "parent": "ab" * 32}
BARE = {"sha256": "ab" * 32, "family": "unknown", "modified": False}


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "“Pinhal” by Maria Silva. Source: Wikimedia Commons, https://example.org/1. Licence: CC BY-SA 4.0, {}."),
        ("pt", "“Pinhal”, de Maria Silva. Fonte: Wikimedia Commons, https://example.org/1. Licença: CC BY-SA 4.0, {}."),
        ("es", "«Pinhal», de Maria Silva. Fuente: Wikimedia Commons, https://example.org/1. Licencia: CC BY-SA 4.0, {}."),
        ("pt-BR", "“Pinhal”, de Maria Silva. Fonte: Wikimedia Commons, https://example.org/1. Licença: CC BY-SA 4.0, {}."),
        ("tlh", "“Pinhal” by Maria Silva. Source: Wikimedia Commons, https://example.org/1. Licence: CC BY-SA 4.0, {}."),
    ],
)
def test_title_author_source_and_licence_are_told_in_the_language(language: str, expected: str) -> None:
    assert line(ROW, language) == expected.format(ROW["licence_uri"])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"title": None}, "Picture by Maria Silva."),
        ({"creator": None}, "“Pinhal”."),
        ({"title": None, "creator": None}, "Picture abababababab."),
        ({"modified": True, "parent": "ef" * 32}, "Made by a model, as a variation of: “Pinhal” by Maria Silva."),
    ],
)
def test_what_is_not_known_is_left_out(changes: dict[str, Any], expected: str) -> None:
    known = {**ROW, **changes, "source": None, "institution": None, "page_url": None, "family": "unknown"}
    assert line(known) == expected


def test_a_picture_of_which_nothing_is_known_is_named_by_its_hash_in_every_form() -> None:
    for language in LANGUAGES:
        assert "abababababab" in line(BARE, language)
        assert "None" not in line(BARE, language) + as_html([BARE], language) + as_csv([BARE], language) + as_json_ld(
            [BARE], language
        )
    assert set(image_object(BARE)) == {"@type", "identifier", "sha256", "creditText"}


def test_the_sources_own_credit_line_is_added_and_a_composed_one_is_not() -> None:
    assert "Credit:" not in line(ROW)
    own = {**ROW, "credit_is_composed": False, "credit_line": "Photo: M. Silva / Museu"}
    assert line(own).endswith("Credit: Photo: M. Silva / Museu.")


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_licence_has_words_in_every_language(family: str) -> None:
    for language in LANGUAGES:
        title = licence_title(family, "4.0", None, language)
        assert (title is None) == (family == "unknown")
        assert title is None or title != f"{family} 4.0"


@pytest.mark.parametrize(
    ("family", "version", "port", "language", "expected"),
    [
        ("by", "3.0", "de", "pt", "CC BY 3.0 DE"),
        ("by-nc-sa", None, None, "en", "CC BY-NC-SA"),
        ("cc0", "1.0", None, "es", "CC0 1.0"),
        ("pdm", "1.0", None, "es", "Dominio público"),
        ("pdm", None, None, "pt", "Domínio público"),
        ("inc", "1.0", None, "pt", "Protegido por direito autoral"),
        ("ogl", "3.0", None, "en", "Open Government Licence 3.0"),
        ("gfdl", "1.2", None, "es", "Licencia de documentación libre de GNU 1.2"),
    ],
)
def test_licences_are_named_as_people_write_them(
    family: str, version: str | None, port: str | None, language: str, expected: str
) -> None:
    assert licence_title(family, version, port, language) == expected


def test_html_is_escaped_and_links_only_to_the_web() -> None:
    hostile = {
        **ROW, "title": "<script>alert(1)</script>", "creator": 'x" onmouseover="y', "page_url": "javascript:alert(1)",
        "licence_uri": 'https://example.org/"><script>', "institution": "A & B",
    }  # fmt: skip
    text = as_html([hostile])
    assert "<script" not in text
    assert "javascript:" not in text
    assert 'onmouseover="y' not in text
    assert "A &amp; B" in text
    assert 'rel="license"' in paragraph(ROW)
    assert '<html lang="pt">' in as_html([ROW], "pt-BR")


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", " =1"])
def test_a_spreadsheet_runs_nothing(start: str) -> None:
    (row,) = csv.DictReader(io.StringIO(as_csv([{**ROW, "title": start}])))
    assert row["title"].startswith("'")


def test_csv_has_one_row_a_picture_with_the_whole_line() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv([ROW, VARIED], "es"))))
    assert [row["modified"] for row in rows] == ["False", "True"]
    assert rows[0]["attribution"] == line(ROW, "es")


def test_json_ld_says_what_schema_org_asks_of_a_licensed_image() -> None:
    found = image_object(ROW)
    assert found["@type"] == "ImageObject"
    assert found["license"] == ROW["licence_uri"]
    assert found["acquireLicensePage"] == found["url"] == "https://example.org/1"
    assert found["creator"] == {"name": "Maria Silva"}
    assert found["copyrightNotice"] == "Maria Silva, CC BY-SA 4.0"
    assert found["creditText"] == line(ROW)
    assert "isBasedOn" not in found


def test_a_variation_is_based_on_its_parent_and_claims_nothing_of_its_own() -> None:
    found = image_object(VARIED)
    assert found["isBasedOn"]["identifier"] == "ab" * 32
    assert found["isBasedOn"]["creator"] == {"name": "Maria Silva"}
    assert not {"name", "creator", "contentUrl", "url"} & set(found)
    assert found["creditText"].startswith("Made by a model")


def test_nobody_is_said_to_hold_a_copyright_that_nobody_claims() -> None:
    assert image_object({**ROW, "family": "pdm", "version": "1.0"})["copyrightNotice"] == "Public domain"


def test_json_ld_can_stand_in_a_script_element() -> None:
    text = as_json_ld([{**ROW, "title": "</script><b>"}])
    assert "</script>" not in text
    assert json.loads(text)["@graph"][0]["name"] == "</script><b>"


def test_languages_fall_back() -> None:
    assert [language_of(tag) for tag in ("pt", "PT-br", "es_MX", "fr", "", None)] == ["pt", "pt", "es", "en", "en", "en"]


def test_the_view_credits_gives_all_that_is_needed(workspace: Path, collection: dict[str, str]) -> None:
    rows = db.rows(workspace, "SELECT * FROM credits")
    assert as_text(rows).splitlines() == [
        f"“Picture {name}” by Maria. Source: folder:atelier. Licence: CC BY 4.0, https://creativecommons.org/licenses/by/4.0/."
        " Credit: Maria, CC BY."
        for name in ("a/one.jpg", "b/two.jpg")
    ]
    assert len(FORMATS) == 4
