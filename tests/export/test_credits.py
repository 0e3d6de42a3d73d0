"""Credits say title, creator, licence, source and what was changed; nothing in them runs as code or formula."""

import csv
import io
from typing import Any

from export.credits import as_csv, as_html, as_text

ROW: dict[str, Any] = {
    "sha256": "ab" * 32, "title": "Roda de <b>mate</b>", "creator": "Zé", "licence": "CC BY 4.0",
    "licence_uri": "https://creativecommons.org/licenses/by/4.0/", "credit_line": "Zé, 1920", "source": "folder:a",
    "page_url": "https://acervo.example/7", "modified": True, "parent": "cd" * 32,
}  # fmt: skip


def test_a_line_names_title_creator_licence_source_and_change() -> None:
    assert as_text([ROW]) == (
        "“Roda de <b>mate</b>”, Zé, CC BY 4.0 https://creativecommons.org/licenses/by/4.0/ (modified: varied by a model)."
        " Credit: Zé, 1920. https://acervo.example/7\n"
    )


def test_what_is_not_known_is_said_or_left_out() -> None:
    bare = dict.fromkeys(ROW) | {"sha256": "ab" * 32, "licence": "Public domain", "modified": False}
    assert as_text([bare]) == "abababababab, creator unknown, Public domain\n"


def test_a_formula_in_a_title_is_no_formula_in_the_csv() -> None:
    text = as_csv([{**ROW, "title": "=cmd|'/c calc'!A0", "creator": "@x"}])
    row = next(csv.DictReader(io.StringIO(text)))
    assert (row["title"], row["creator"]) == ("'=cmd|'/c calc'!A0", "'@x")


def test_html_escapes_all_text_and_links_only_to_the_web() -> None:
    page = as_html([{**ROW, "page_url": "javascript:alert(1)", "licence_uri": "javascript:alert(2)"}])
    assert "<b>mate" not in page
    assert "javascript:" not in page
    assert 'href="https://acervo.example/7"' in as_html([ROW])
