"""Decisions come back as sheets: all rows are checked, then all are written in one run, or none."""

import csv
import io
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from curated_archive import Archive, drawn, encoded
from hypothesis import given
from hypothesis import strategies as st
from waiting_archive import empty_archive, let_wait

from base.errors import SourceError, UsageError
from catalog import runs
from catalog.withdraw import withdraw
from curate.decide import decide, decide_from
from curate.decisions_file import COLUMNS, disarmed, read_sheet, rearmed, sheet_text

Say = Callable[..., Path]


@pytest.fixture
def archive(workspace: Path) -> Archive:
    """An empty archive that is quickly made."""
    return empty_archive(workspace)


@pytest.fixture
def say(tmp_path: Path) -> Say:
    """Write a sheet of rows (dictionaries by column) and return its path."""

    def write(*rows: Mapping[str, str], name: str = "decisions.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(sheet_text(rows).encode("utf-8-sig"))
        return path

    return write


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: three pictures that wait: a.png, b.png, c.png."""
    archive = empty_archive(tmp_path_factory.mktemp("waiting") / "workspace")
    archive.add_all({name: encoded(drawn(at, 24)) for at, name in enumerate(("a.png", "b.png", "c.png"))})
    let_wait(archive, _subjects(archive))
    return archive.folder


@pytest.fixture
def waiting(template: Path, workspace: Path) -> Archive:
    """A copy of the template."""
    shutil.copytree(template, workspace)
    return Archive(workspace)


def _subjects(archive: Archive) -> list[str]:
    return [row["subject"] for row in archive.rows("SELECT subject FROM harvested_records ORDER BY source_id")]


def _said(archive: Archive) -> list[tuple[str, str, str]]:
    sql = "SELECT verdict, reason, who FROM decisions WHERE criterion = 'person' ORDER BY reason"
    return [tuple(row.values()) for row in archive.rows(sql)]


def test_a_sheet_is_written_in_one_run_and_nothing_waits_any_more(waiting: Archive, say: Say) -> None:
    a, b, c = _subjects(waiting)
    sheet = say(
        {"subject": a, "decision": "keep", "note": "Sharp enough."},
        {"subject": b, "decision": "Exclude", "note": "A finger in it.", "by": "Rui"},
        {"subject": c, "decision": "undecided", "note": "Ask Marta."},
    )
    told = decide_from(waiting.folder, [sheet], who="Ana")
    assert (told.kept, told.excluded, told.unchanged, told.undecided) == (1, 1, 0, 1)
    assert _said(waiting) == [("exclude", "A finger in it.", "Rui"), ("keep", "Sharp enough.", "Ana")]
    assert waiting.rows("SELECT subject FROM waiting") == [{"subject": c}]
    runs_made = waiting.rows("SELECT DISTINCT run_id FROM decisions WHERE criterion = 'person'")
    assert runs_made == [{"run_id": told.run_id}]


def test_the_same_sheet_again_writes_nothing(waiting: Archive, say: Say) -> None:
    a, b, _ = _subjects(waiting)
    sheet = say(
        {"subject": a, "decision": "keep", "note": "Yes."},
        {"subject": a, "decision": "different", "other": b, "note": "Two shots."},
    )
    decide_from(waiting.folder, [sheet], who="Ana")
    before = waiting.rows("SELECT count(*) AS runs FROM runs")
    again = decide_from(waiting.folder, [sheet], who="Ana")
    assert (again.run_id, again.kept, again.different, again.unchanged) == (None, 0, 0, 2)
    assert waiting.rows("SELECT count(*) AS runs FROM runs") == before


def test_a_dry_run_tells_and_writes_nothing(waiting: Archive, say: Say) -> None:
    sheet = say({"subject": _subjects(waiting)[0], "decision": "keep", "note": "Yes."})
    assert decide_from(waiting.folder, [sheet], who="Ana", dry_run=True).kept == 1
    assert _said(waiting) == []


def test_every_fault_is_named_with_its_line_and_nothing_is_written(waiting: Archive, say: Say) -> None:
    a, b, c = _subjects(waiting)
    let_wait(waiting, [b], criterion="rights_not_cleared")
    gone = waiting.add("gone.png", encoded(drawn(9, 24)))
    withdraw(waiting.folder, gone.candidate_id, reason="Asked to.", who="Ana")
    sheet = say(
        {"subject": a, "decision": "keep", "note": "Good."},
        {"subject": "0" * 32, "decision": "keep", "note": "x"},
        {"subject": c, "decision": "perhaps", "note": "x"},
        {"subject": c, "decision": "keep"},
        {"subject": b, "decision": "keep", "note": "I know."},
        {"subject": gone.candidate_id, "decision": "exclude", "note": "x"},
        {"subject": a, "decision": "exclude", "note": "x"},
        {"subject": c, "decision": "same", "note": "x"},
        {"subject": c, "decision": "same", "other": c, "note": "x"},
        {"subject": "", "decision": "keep", "note": "x"},
        {"subject": a, "decision": "same", "other": gone.candidate_id, "note": "x"},
    )
    with pytest.raises(SourceError) as error:
        decide_from(waiting.folder, [sheet], who="Ana")
    lines = str(error.value).splitlines()
    assert lines[0] == "nothing was written: 10 rows are wrong."
    for line, (number, words) in zip(
        lines[1:],
        (
            (3, "nothing here is called"),
            (4, "'perhaps' is no decision"),
            (5, "--reason is empty"),
            (6, "only with evidence"),
            (7, "was withdrawn"),
            (8, "listed twice: exclude here, keep in decisions.csv, line 2"),
            (9, "needs a second picture"),
            (10, "the same file"),
            (11, "no subject is named"),
            (12, "was withdrawn"),
        ),
        strict=True,
    ):
        assert line.startswith(f"  decisions.csv, line {number}: ")
        assert words in line
    assert _said(waiting) == []


def test_evidence_in_the_sheet_overrules_rights(waiting: Archive, say: Say) -> None:
    a = _subjects(waiting)[0]
    let_wait(waiting, [a], criterion="restricted_subject")
    with pytest.raises(SourceError, match="restricted_subject"):
        decide_from(waiting.folder, [say({"subject": a, "decision": "keep", "note": "We may."})], who="Ana")
    row = {"subject": a, "decision": "keep", "note": "We may.", "evidence": "minutes of the council, May 2019"}
    assert decide_from(waiting.folder, [say(row)], who="Ana").kept == 1


def test_a_variation_is_decided_by_its_sha256_and_its_parent_still_holds_it_back(archive: Archive, say: Say) -> None:
    parent = archive.add("p.png", encoded(drawn(1, 24)))
    made = archive.vary(str(parent.sha256), encoded(drawn(2, 24)))
    let_wait(archive, [made], criterion="strayed_from_caption")
    sheet = say({"subject": made, "decision": "keep", "note": "It is a gourd."})
    assert decide_from(archive.folder, [sheet], who="Ana").notices == ()
    assert archive.rows("SELECT verdict FROM verdicts WHERE subject = $made", {"made": made}) == [{"verdict": "keep"}]
    decide(archive.folder, parent.candidate_id, "exclude", reason="The family asked.", who="Ana")
    told = decide_from(archive.folder, [say({"subject": made, "decision": "keep", "note": "Still one."})], who="Ana")
    assert told.notices == ("p.png is to be kept, and still stays out: The picture it varies is not kept: The family asked.",)


def test_whoever_leaves_out_one_of_two_equal_files_hears_of_the_other(archive: Archive, say: Say) -> None:
    data = encoded(drawn(1, 24))
    first, second = archive.add("x/a.png", data), archive.add("x/b.png", data)
    row = {"subject": first.candidate_id, "decision": "exclude", "note": "No."}
    (notice,) = decide_from(archive.folder, [say(row)], who="Ana").notices
    assert second.candidate_id in notice


@pytest.mark.parametrize(
    ("encoding", "delimiter"), [("utf-8", ","), ("utf-8-sig", ";"), ("utf-16", "\t"), ("utf-16-be", ";"), ("utf-8", "\t")]
)
def test_sheets_are_read_as_spreadsheets_save_them(tmp_path: Path, encoding: str, delimiter: str) -> None:
    stream = io.StringIO(newline="")
    pen = csv.writer(stream, delimiter=delimiter)
    pen.writerows(
        [["Subject", "Note", "Title", "Decision"], ["abc", f"Ótimo{delimiter} já", "two\nlines", "keep"], ["", "", "", ""]]
    )
    pen.writerow(["def", "x", "", "exclude"])
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    path = tmp_path / "sheet.csv"
    path.write_bytes(mark + stream.getvalue().encode(encoding))
    rows, faults = read_sheet(path)
    assert faults == []
    assert [(row.line, row.cells["subject"], row.cells["note"]) for row in rows] == [
        (2, "abc", f"Ótimo{delimiter} já"), (5, "def", "x"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("subject;decision\nabc;não".encode("cp1252"), "neither UTF-8 nor UTF-16 (line 2)"),
        ("subject,decision\nabc,keep".encode("utf-16-le"), "zero bytes"),
        (b"", "no column subject and no column decision"),
        (b"\xff\xfe\x00", "neither UTF-8 nor UTF-16"),
        (b"subjct,decision\na,keep", "did you mean 'subject'"),
        (b"subject,decision,decision\na,keep,exclude", "decision twice"),
        (b"PK\x03\x04\x14\x00\x06\x00", "zero bytes"),
    ],
)
def test_a_file_that_is_no_sheet_says_what_to_do(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "sheet.csv"
    path.write_bytes(data)
    with pytest.raises(SourceError) as error:
        read_sheet(path)
    assert words in str(error.value)


def test_a_spoilt_row_is_a_fault_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_bytes(
        b'subject,decision,note\na,keep,fine\nb,keep,one, two\nc,keep,"x"y\nd,keep,' + b"z" * 200_000 + b'\ne,keep,"open'
    )
    rows, faults = read_sheet(path)
    assert [row.cells["subject"] for row in rows] == ["a"]
    assert [fault.split(":")[0] for fault in faults] == [f"sheet.csv, line {line}" for line in (3, 4, 5, 6)]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.text("'=+-@\t＝ ", max_size=6))
def test_a_cell_comes_back_as_it_was_and_no_spreadsheet_runs_it(text: str) -> None:
    safe = disarmed(text)
    assert rearmed(safe) == text
    assert not safe.startswith(("=", "+", "-", "@", "\t", "\r", "＝"))


def test_formulas_in_a_sheet_are_disarmed(tmp_path: Path) -> None:
    text = sheet_text([{"subject": "abc", "title": "=cmd|' /C calc'!A0", "file": "@x,y", "decision": "keep"}])
    cells = list(csv.reader(io.StringIO(text)))[1]
    assert cells[:3] == ["abc", "'=cmd|' /C calc'!A0", "'@x,y"]
    path = tmp_path / "sheet.csv"
    path.write_text(text, encoding="utf-8-sig")
    assert read_sheet(path)[0][0].cells["title"] == "=cmd|' /C calc'!A0"
    assert text.splitlines()[0].split(",") == list(COLUMNS)


@pytest.mark.parametrize(("kill_at", "written"), [("spool.after_line:2", 0), ("pour.inside", 3)])
def test_a_sheet_that_is_killed_is_written_whole_or_not_at_all(
    waiting: Archive, say: Say, fototeca: Callable[..., subprocess.CompletedProcess[str]], kill_at: str, written: int
) -> None:
    sheet = say(*({"subject": one, "decision": "keep", "note": "Yes."} for one in _subjects(waiting)))
    words: Sequence[object] = ("decide", "--from", sheet, "--by", "Ana", "--workspace", waiting.folder)
    assert fototeca(*words, kill_at=kill_at).returncode == -9
    runs.pour_abandoned(waiting.folder)
    assert len(_said(waiting)) == written
    told = decide_from(waiting.folder, [sheet], who="Ana")
    assert (told.kept, told.unchanged) == (3 - written, written)
    assert len(_said(waiting)) == 3
    spools = {path.name for path in (waiting.folder / "spool").iterdir() if path.is_dir()}
    assert spools == {"poured"}, "what was killed left something behind"


def test_a_workspace_without_a_catalogue_says_so(tmp_path: Path, say: Say) -> None:
    with pytest.raises(UsageError, match="no catalogue"):
        decide_from(tmp_path / "nowhere", [say({"subject": "a", "decision": "keep", "note": "x"})], who="Ana")
