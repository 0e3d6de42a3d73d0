"""Reads a licence sheet: any of three delimiters, column names in three languages, and no row lost to a bad neighbour."""

import codecs
import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from base.errors import SourceError
from harvest.source import Problem
from harvest.text import clean

DELIMITERS = (";", ",", "\t")
MOST_BROKEN_QUOTES = 200
"""More rows than this with quotes that do not close: the sheet as a whole is broken (assumption, not measured)."""

ALIASES: Mapping[str, str] = {
    "file": "file filename file_name file_path path image ficheiro nome_do_ficheiro arquivo nome_do_arquivo archivo"
    " nombre_de_archivo nombre_del_archivo fichero imagem imagen caminho ruta",
    "licence": "licence license licence_url license_url licence_uri license_uri rights rights_uri rights_statement"
    " licenca licencia direitos derechos licenca_de_uso licencia_de_uso",
    "creator": "creator author artist photographer autor autora autoria criador criadora creador creadora artista"
    " fotografo fotografa",
    "title": "title titulo",
    "caption": "caption description alt_text legenda descricao texto_alternativo leyenda pie_de_foto descripcion",
    "caption_language": "caption_language language lang idioma lingua lengua",
    "concept": "concept concepts conceito conceitos concepto conceptos",
    "date": "date creation_date year data data_de_criacao ano fecha fecha_de_creacion",
    "credit": "credit credits credit_line attribution credito creditos linha_de_credito atribuicao linea_de_credito atribucion",
    "source_url": "source_url url link page_url source endereco pagina fonte origem enlace fuente origen",
}
"""What a column may be called, without accents and case; the first name of each is the one of the documentation."""

_NOUN_OF = {alias: noun for noun, names in ALIASES.items() for alias in names.split()}
_REQUIRED = ("file", "licence")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row: `cells` by our names (absent when empty), `other` by the sheet's own, `raw` as it stands in the file."""

    line: int
    cells: Mapping[str, str]
    other: Mapping[str, str]
    raw: tuple[str, ...]


class Sheet:
    """An understood header over rows that are still to be read; `lines` is the number of lines of the file."""

    def __init__(self, path: Path) -> None:
        """Check the encoding of the whole file and find delimiter and columns.

        Raises:
            SourceError: no such file, not UTF-8, or no column for the file or for the licence; with what to do.
        """
        self.path = path
        self.lines = _checked_lines(path)
        self.delimiter, self._start, header = _understood(path)
        self.columns, self.spare, self.remarks = _named(header)

    def rows(self) -> Iterator[Row | Problem]:
        """Every row in order, with a Problem before each one that is not quite right. Empty rows are passed over."""
        yield from (self._problem(1, what) for what in self.remarks)
        broken = 0
        width = len(self.columns) + len(self.spare)
        for line, cells, trouble in islice(_records(self.path, self.delimiter, self._start), 1, None):
            if trouble:
                broken += 1
                if broken > MOST_BROKEN_QUOTES:
                    raise SourceError(f"{self.path} line {line}: more than {MOST_BROKEN_QUOTES} rows with broken quotes.")
                yield self._problem(line, trouble)
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) < width and any(index >= len(cells) for index in self.columns.values()):
                yield self._problem(line, f"{len(cells)} cells where the header has {width}: the rest counts as empty")
            extra = {f"column {number}": cell for number, cell in enumerate(cells[width:], width + 1) if cell.strip()}
            if extra:
                yield self._problem(line, f"{len(cells)} cells where the header has {width}: the surplus is kept as it is")
            own = {name: cells[index] for name, index in self.spare.items() if index < len(cells)}
            known = {noun: clean(cells[index]) for noun, index in self.columns.items() if index < len(cells)}
            yield Row(
                line=line,
                cells={noun: text for noun, text in known.items() if text},
                other={clean(name): clean(text) for name, text in {**own, **extra}.items() if text.strip()},
                raw=tuple(cells),
            )

    def _problem(self, line: int, what: str) -> Problem:
        return Problem(where=f"{self.path.name} line {line}", what=what)


def folded(name: str) -> str:
    """A column name without accents, case and punctuation: 'Licença de uso' is `licenca_de_uso`."""
    letters = "".join(one for one in unicodedata.normalize("NFKD", name) if not unicodedata.combining(one))
    return re.sub(r"[^a-z0-9]+", "_", letters.casefold()).strip("_")


def _checked_lines(path: Path) -> int:
    """Number of lines, after proof that every byte is UTF-8."""
    if not path.is_file():
        raise SourceError(f"the sheet {path} does not exist or is no file: name another with --sheet.")
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines = offset = 0
    with path.open("rb") as stream:
        if stream.read(4).startswith((b"\xff\xfe", b"\xfe\xff")):
            raise SourceError(f"{path} is UTF-16: save it as 'CSV UTF-8', or `iconv -f utf-16 -t utf-8`.")
        stream.seek(0)
        while block := stream.read(1 << 20):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                raise _not_utf8(path, lines + 1 + error.object[: error.start].count(b"\n"), error) from None
            lines += block.count(b"\n")
            offset += len(block)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise _not_utf8(path, lines + 1, error) from None
    return lines + 1


def _not_utf8(path: Path, line: int, error: UnicodeDecodeError) -> SourceError:
    return SourceError(
        f"{path} line {line} is not UTF-8 (byte 0x{error.object[error.start]:02x}); it may be Windows' own encoding: "
        "save it as 'CSV UTF-8' in the spreadsheet, or `iconv -f cp1252 -t utf-8`. Accents are never guessed."
    )


def _understood(path: Path) -> tuple[str, int, list[str]]:
    """(delimiter, lines before the header, header): the reading under which most columns are known."""
    best: tuple[int, int, str, int, list[str]] | None = None
    for delimiter, start in _readings(path):
        _, header, _ = next(_records(path, delimiter, start), (0, [], None))
        nouns = {_NOUN_OF.get(folded(name)) for name in header} - {None}
        score = sum(noun in nouns for noun in _REQUIRED)
        if best is None or (score, len(nouns)) > best[:2]:
            best = (score, len(nouns), delimiter, start, header)
    if best is None or best[0] < len(_REQUIRED):
        found = ", ".join(repr(name) for name in (best[4] if best else [])) or "none"
        raise SourceError(
            f"{path} needs a column for the file ({_some('file')}) and one for the licence ({_some('licence')}), "
            f"separated by ; , or tab; found: {found[:300]}."
        )
    return best[2], best[3], best[4]


def _readings(path: Path) -> Iterator[tuple[str, int]]:
    """Delimiters to try, and how many lines to pass over; spreadsheets may say `sep=;` in a first line."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        first = stream.readline(64).rstrip("\r\n")
    if len(first) == 5 and first.lower().startswith("sep="):
        yield first[4], 1
    else:
        yield from ((delimiter, 0) for delimiter in DELIMITERS)


def _some(noun: str) -> str:
    return ", ".join(ALIASES[noun].split()[:8]) + ", …"


def _named(header: list[str]) -> tuple[dict[str, int], dict[str, int], list[str]]:
    """(our columns, the sheet's own columns, remarks); of two columns for one noun the better known name counts."""
    columns: dict[str, int] = {}
    spare: dict[str, int] = {}
    remarks = []
    wishes = sorted(
        (ALIASES[noun].split().index(folded(name)), index, noun)
        for index, name in enumerate(header)
        if (noun := _NOUN_OF.get(folded(name)))
    )
    for _, index, noun in wishes:
        columns.setdefault(noun, index)
    taken = {folded(header[index]) for index in columns.values()}
    for index, name in enumerate(header):
        if index not in columns.values():
            label = clean(name) or f"column {index + 1}"
            if folded(name) in taken:
                remarks.append(f"two columns are called {label!r}: the first counts, the second is only kept")
            if label in spare:
                remarks.append(f"two columns are called {label!r}: the second is kept as '{label} ({index + 1})'")
                label = f"{label} ({index + 1})"
            spare[label] = index
    return columns, spare, remarks


class _Lines:
    """Lines of a text file with their numbers, which can be put back to the second line of the current record."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.number = 0
        self.begin = 1
        self.taken: list[str] = []
        self._lines = lines
        self._back: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._back.pop() if self._back else next(self._lines)
        self.number += 1
        self.taken.append(line)
        return line

    def mark(self) -> None:
        """The next line begins a record."""
        self.begin = self.number + 1
        self.taken = []

    def rewind(self) -> str:
        """Put back all lines of the record but its first, which is returned."""
        first, rest = self.taken[0], self.taken[1:]
        self._back.extend(reversed(rest))
        self.number -= len(rest)
        return first


def _records(path: Path, delimiter: str, start: int) -> Iterator[tuple[int, list[str], str | None]]:
    """(first line, cells, trouble) of each record that is not blank.

    A quote that never closes would swallow the rest of the file: then only the record's first line is taken.
    """
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for _ in range(start):
            next(stream, "")
        lines = _Lines(iter(stream))
        lines.number = start
        lines.mark()
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                long = "field limit" in str(error)
                what = f"a cell is longer than {csv.field_size_limit()} characters: the row is not taken"
                loose = f"its quotes do not close ({error}): read as one line"
                first = lines.rewind()
                yield lines.begin, [] if long else _loosely(first, delimiter), what if long else loose
                reader = csv.reader(lines, delimiter=delimiter, strict=True)
            else:
                if cells:
                    yield lines.begin, cells, None
            lines.mark()


def _loosely(line: str, delimiter: str) -> list[str]:
    """The cells of one line whose quotes are wrong."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return [line[:200]]
