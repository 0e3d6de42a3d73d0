"""The licence sheet: encodings, delimiters, column names, and rows with something wrong about them."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from base.errors import SourceError
from harvest.sheet import Row, Sheet, folded
from harvest.source import Problem


def read(path: Path) -> tuple[list[Row], list[Problem]]:
    found = list(Sheet(path).rows())
    return [one for one in found if isinstance(one, Row)], [one for one in found if isinstance(one, Problem)]


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_delimiter_encoding_and_line_end_reads_the_same(
    write_sheet: Callable[..., Path], delimiter: str, encoding: str, newline: str
) -> None:
    lines = [delimiter.join(cells) for cells in (["file", "licence", "title"], ["a.jpg", "CC BY 4.0", "Cuia; de, João"])]
    lines[1] = delimiter.join(["a.jpg", "CC BY 4.0", '"Cuia; de, João"'])
    rows, problems = read(write_sheet(*lines, encoding=encoding, newline=newline))
    assert not problems
    assert [row.cells for row in rows] == [{"file": "a.jpg", "licence": "CC BY 4.0", "title": "Cuia; de, João"}]


@pytest.mark.parametrize(
    "header",
    [
        "file;licence;creator;title;caption;concept;date;credit;source_url",
        "Ficheiro;Licença;Autor;Título;Legenda;Conceito;Data;Crédito;Fonte",
        "ARQUIVO;Licença de uso;Autoria;TITULO;Descrição;conceitos;Ano;Linha de crédito;Página",
        "Archivo;Licencia;Autora;título;Leyenda;Concepto;Fecha;Atribución;Enlace",
        "File name;Rights;Photographer;title;alt text;concepts;Year;Attribution;URL",
    ],
)
def test_column_names_are_understood_in_three_languages(write_sheet: Callable[..., Path], header: str) -> None:
    rows, problems = read(write_sheet(header, "a.jpg;CC0;Ana;Mate;Uma cuia;mate;1950;Ana, CC0;https://x.example/a"))
    assert not problems
    assert set(rows[0].cells) == {
        "file", "licence", "creator", "title", "caption", "concept", "date", "credit", "source_url",
    }  # fmt: skip
    assert not rows[0].other


def test_unknown_columns_are_kept_as_they_are(write_sheet: Callable[..., Path]) -> None:
    rows, _ = read(write_sheet("file,licence,Tombo nº,Sala", "a.jpg,CC0,0012,"))
    assert rows[0].other == {"Tombo nº": "0012"}


def test_the_better_known_of_two_columns_counts_and_the_other_is_kept(write_sheet: Callable[..., Path]) -> None:
    rows, _ = read(write_sheet("rights,licence,file", "© Museu,CC BY 4.0,a.jpg"))
    assert rows[0].cells["licence"] == "CC BY 4.0"
    assert rows[0].other == {"rights": "© Museu"}


def test_quoted_cells_may_hold_lines_and_the_next_rows_keep_their_line_numbers(write_sheet: Callable[..., Path]) -> None:
    rows, problems = read(write_sheet("file;licence;title", 'a.jpg;CC0;"one', 'two"', "b.jpg;CC0;three"))
    assert [(row.line, row.cells.get("title")) for row in rows] == [(2, "one\ntwo"), (4, "three")]
    assert not problems


def test_a_quote_that_never_closes_costs_no_other_row(write_sheet: Callable[..., Path]) -> None:
    rows, problems = read(write_sheet("file;licence;title", 'a.jpg;CC0;"open', "b.jpg;CC0;fine", "c.jpg;CC0;fine"))
    assert [(row.line, row.cells["file"]) for row in rows] == [(2, "a.jpg"), (3, "b.jpg"), (4, "c.jpg")]
    assert [one.where for one in problems] == ["sheet.csv line 2"]


def test_inches_in_an_unquoted_cell_are_no_quotes(write_sheet: Callable[..., Path]) -> None:
    rows, problems = read(write_sheet("file,licence,title", 'a.jpg,CC0,print 12" wide', "b.jpg,CC0,x"))
    assert [row.cells["title"] for row in rows] == ['print 12" wide', "x"]
    assert not problems


def test_short_and_long_rows_are_named_and_kept(write_sheet: Callable[..., Path]) -> None:
    rows, problems = read(write_sheet("file,licence,title", "a.jpg", "b.jpg,CC0,x,surplus", "c.jpg,CC0,x,,"))
    assert [row.cells["file"] for row in rows] == ["a.jpg", "b.jpg", "c.jpg"]
    assert rows[1].other == {"column 4": "surplus"}
    assert [one.where for one in problems] == ["sheet.csv line 2", "sheet.csv line 3"]


def test_blank_rows_are_passed_over(write_sheet: Callable[..., Path]) -> None:
    rows, problems = read(write_sheet("file,licence", "", "a.jpg,CC0", ",", "  "))
    assert [row.line for row in rows] == [3]
    assert not problems


def test_a_first_line_that_names_the_delimiter_is_obeyed(write_sheet: Callable[..., Path]) -> None:
    rows, _ = read(write_sheet("sep=|", "file|licence", "a.jpg|CC0"))
    assert [(row.line, row.cells) for row in rows] == [(3, {"file": "a.jpg", "licence": "CC0"})]


def test_control_and_direction_characters_are_removed(write_sheet: Callable[..., Path]) -> None:
    rows, _ = read(write_sheet("file,licence,title", "a.jpg,CC0,\u202eevil\x07\x00 name"))
    assert rows[0].cells["title"] == "evil   name"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("file;licence\ncafé.jpg;CC0\n".encode("cp1252"), "line 2 is not UTF-8 (byte 0xe9)"),
        ("file;licence\na.jpg;CC0\n".encode("utf-16"), "UTF-16"),
        (b"file;licence\na.jpg;CC0;\xc3", "not UTF-8"),
        (b"file;title\na.jpg;x\n", "'file', 'title'"),
        (b"", "found: none"),
        (b"\x89PNG\r\n\x1a\n\x00", "not UTF-8"),
    ],
)
def test_a_sheet_that_cannot_be_read_says_why_and_what_to_do(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "sheet.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError) as raised:
        Sheet(path)
    assert words in str(raised.value)


def test_a_missing_sheet_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no-sheet\.csv"):
        Sheet(tmp_path / "no-sheet.csv")


def test_column_names_fold_accents_case_and_punctuation() -> None:
    assert folded("  Licença de USO: ") == "licenca_de_uso"


CELL = st.text(st.sampled_from('aé";,\t\n\r \0\u202e🧉'), max_size=6)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.lists(st.lists(CELL, max_size=4).map(";".join), max_size=6), last=st.sampled_from(["", "last.jpg;CC0"]))
def test_no_sheet_with_a_header_loses_its_last_row_or_fails(tmp_path: Path, body: list[str], last: str) -> None:
    path = tmp_path / "sheet.csv"
    path.write_bytes("\n".join(["file;licence", *body, "", last]).encode())
    rows, _ = read(path)
    text = "\n".join("\n".join(row.raw) for row in rows)
    assert "last.jpg" in text or not last


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200))
def test_any_bytes_are_a_sheet_or_a_named_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "sheet.csv"
    path.write_bytes(content)
    with suppress(SourceError):
        read(path)


def test_a_cell_beyond_the_limit_loses_its_row_only_and_is_named(write_sheet: Callable[..., Path]) -> None:
    rows, problems = read(write_sheet("file,licence,title", f'a.jpg,CC0,"{"x" * 200_000}"', "b.jpg,CC0,y"))
    assert [row.cells["file"] for row in rows] == ["b.jpg"]
    assert [(one.where, one.what.partition(":")[0]) for one in problems] == [
        ("sheet.csv line 2", "a cell is longer than 131072 characters")
    ]


def test_a_second_licence_column_is_named_and_the_first_counts(write_sheet: Callable[..., Path]) -> None:
    rows, problems = read(write_sheet("file,licence,Licence", "a.jpg,CC BY 4.0,All rights reserved"))
    assert [(row.cells["licence"], row.other) for row in rows] == [("CC BY 4.0", {"Licence": "All rights reserved"})]
    assert "two columns are called 'Licence'" in problems[0].what
