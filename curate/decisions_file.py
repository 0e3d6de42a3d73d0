"""Sheets of decisions: written so that no spreadsheet runs what is in them, and read as spreadsheets give them back."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from base.errors import SourceError, nearest

COLUMNS = ("subject", "title", "file", "criterion", "reason", "decision", "note", "other", "evidence", "by")
"""`reason` is the criterion's, `note` the person's; `other` is the picture that `same` and `different` compare with."""
NEEDED = ("subject", "decision")
RISKY = "=+-@\t\r\n＝＋－＠"  # spreadsheets of East Asia take the wide signs for the narrow ones
"""A cell that begins with one of these is run as a formula by a spreadsheet."""
DELIMITERS = ",;\t"
SIZE_LIMIT_BYTES = 256 << 20


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of a sheet: its file, the line on which it begins, and its cells by column, trimmed; what lacks is empty."""

    file: str
    line: int
    cells: Mapping[str, str]

    @property
    def where(self) -> str:
        """File and line, for people."""
        return f"{self.file}, line {self.line}"


def sheet_text(rows: Iterable[Mapping[str, str]]) -> str:
    """The sheet as text; it is to be encoded as UTF-8 with a byte order mark, or Excel spoils the accents."""
    stream = io.StringIO(newline="")
    pen = csv.writer(stream)
    pen.writerow(COLUMNS)
    for row in rows:
        pen.writerow([disarmed(row.get(name, "")) for name in COLUMNS])
    return stream.getvalue()


def disarmed(cell: str) -> str:
    """The cell with an apostrophe before it when a spreadsheet would run it; `rearmed` takes exactly that back."""
    return f"'{cell}" if _is_risky(cell) else cell


def rearmed(cell: str) -> str:
    """The cell as it was before `disarmed`."""
    return cell[1:] if cell.startswith("'") and _is_risky(cell) else cell


def _is_risky(cell: str) -> bool:
    first = cell.lstrip("'")[:1]
    return first != "" and first in RISKY


def read_sheet(path: Path) -> tuple[list[Row], list[str]]:
    """Its rows that are not empty, and what is wrong with others, each with its line.

    Commas, semicolons or tabs; UTF-8 or UTF-16 as Excel writes them. Columns may come in any order, others are left alone.

    Raises:
        SourceError: the whole file cannot be read: its encoding, its columns.
    """
    text = _decoded(path)
    delimiter, header = _understood(path, text)
    rows: list[Row] = []
    faults: list[str] = []
    for line, cells in _records(text, delimiter):
        if isinstance(cells, str):
            faults.append(f"{path.name}, line {line}: {cells}")
            continue
        plain = [rearmed(cell.strip()).strip() for cell in cells]
        names = [cell.lower() for cell in plain]
        if not any(plain) or names == header:
            continue
        if any(plain[len(header) :]):
            faults.append(
                f"{path.name}, line {line}: {len(plain)} cells under {len(header)} columns. Put a note with a"
                f" {delimiter!r} in it between quotes."
            )
            continue
        rows.append(Row(file=path.name, line=line, cells=dict.fromkeys(COLUMNS, "") | dict(zip(header, plain, strict=False))))
    return rows, faults


def is_filled(path: Path) -> bool:
    """Whether a person has written anything into this sheet; one that cannot be read any more is taken for filled."""
    try:
        rows, faults = read_sheet(path)
    except SourceError:
        return True
    return bool(faults) or any(row.cells[name] for row in rows for name in ("decision", "note", "evidence", "by"))


def _decoded(path: Path) -> str:
    if path.stat().st_size > SIZE_LIMIT_BYTES:
        raise SourceError(f"{path} is larger than {SIZE_LIMIT_BYTES >> 20} MiB: no sheet of decisions.")
    data = path.read_bytes()
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SourceError(
            f"{path} is neither UTF-8 nor UTF-16 (line {line}): save it as 'CSV UTF-8' in the spreadsheet. Accents are never"
            " guessed."
        ) from None
    if "\0" in text:
        raise SourceError(f"{path} holds zero bytes: it is no CSV, or UTF-16 without its mark. Save it as 'CSV UTF-8'.")
    return text


def _understood(path: Path, text: str) -> tuple[str, list[str]]:
    """The delimiter under which the header has the columns that are needed, and the header, in small letters.

    Raises:
        SourceError: under none, or a column stands there twice.
    """
    best: list[str] = []
    for delimiter in DELIMITERS:
        _, cells = next(_records(text, delimiter), (0, []))
        names = [cell.strip().lower() for cell in cells] if not isinstance(cells, str) else []
        if set(NEEDED) <= set(names):
            twice = sorted({name for name in names if name in COLUMNS and names.count(name) > 1})
            if twice:
                raise SourceError(f"{path} has the column {', '.join(twice)} twice: remove one.")
            return delimiter, names
        best = max(best, names, key=len)
    missing = [name for name in NEEDED if name not in best]
    hint = f" Columns found: {', '.join(best)[:200]}." if len(best) > 1 else ""
    raise SourceError(
        f"{path} has no column {' and no column '.join(missing)} in its first line.{hint} {nearest(missing[0], COLUMNS)}"
    )


def _records(text: str, delimiter: str) -> Iterator[tuple[int, Sequence[str] | str]]:
    """(line on which it begins, cells, or what is wrong with it)."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, f"it cannot be read as a row of a CSV: {error}. Look at its quotes."
            continue
        yield line, cells
