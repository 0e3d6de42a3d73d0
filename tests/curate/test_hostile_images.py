"""Hundreds of broken and hostile images, from a folder to a verdict: each has a named end, and none costs the others anything."""

import contextlib
import io
import json
import os
import re
import resource
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bombs import encoded
from curated_archive import drawn
from hostile_images import ENDS, Hostile, corpus, flips
from hostile_run import NO_FILES, ODD_NAMES, UNSAYABLE, place_of

from base.errors import SourceError
from catalog import db
from catalog.store import Store
from curate.curate import curate
from harvest.local import harvest_folder
from pixels.beginnings import what_it_is
from pixels.c2pa import training_assertions
from pixels.cbor import BrokenError, read_cbor
from pixels.decode import header
from pixels.exif import read_tags, tags_of
from pixels.iptc import iptc_in_photoshop, read_iptc
from pixels.jpeg_size import jpeg_size
from pixels.look import look
from pixels.made_by import made_by
from pixels.marks import read_marks, read_xmp
from pixels.xmp import read_packet
from pixels.xmp_packets import xmp_packets

ROOT = Path(__file__).resolve().parents[2]
MOST_SECONDS = 10.0
MOST_KB = 1 << 20
"""1 GiB."""


@dataclass(frozen=True)
class Ended:
    """One run over the whole corpus: what it printed, what stood in the catalogue, what the workers noted."""

    workspace: Path
    said: dict[str, Any]
    notes: list[dict[str, Any]]
    left_over: list[str]
    rows: dict[str, dict[str, Any]]
    facts: dict[str, dict[str, Any]]

    def of(self, number: int, name: str) -> dict[str, Any]:
        return self.rows[place_of(number, name)]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """The corpus, harvested and curated once for all tests of this file."""
    base = tmp_path_factory.mktemp("hostile")
    workspace, scratch, notes = base / "workspace", base / "scratch", base / "notes.jsonl"
    scratch.mkdir()
    environment = {
        **os.environ, "TMPDIR": str(scratch), "HOSTILE_NOTES": str(notes), "PYTHONPATH": f"{ROOT}:{ROOT / 'tests/support'}",
        "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    command = [sys.executable, "-m", "hostile_run", str(base / "pictures"), str(workspace)]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Traceback" not in done.stderr
    rows = db.rows(
        workspace,
        "SELECT source_id, sha256, outcome, outcome_detail, verdict, criterion, reason"
        " FROM current_candidates JOIN verdicts ON subject = candidate_id",
    )
    facts: dict[str, dict[str, Any]] = {}
    for row in db.rows(workspace, "SELECT sha256, measure, value, word FROM measures"):
        facts.setdefault(row["sha256"], {})[row["measure"]] = row["word"] if row["value"] is None else row["value"]
    return Ended(
        workspace=workspace,
        said=json.loads(done.stdout.splitlines()[-1]),
        notes=[json.loads(line) for line in notes.read_text().splitlines()],
        left_over=[path.name for path in scratch.rglob("*")],
        rows={row["source_id"]: row for row in rows},
        facts=facts,
    )


def test_the_corpus_is_large_and_always_the_same() -> None:
    assert len(corpus()) >= 200
    assert {hostile.ends for hostile in corpus().values()} == set(ENDS)
    assert flips() == flips()


def test_every_file_comes_to_its_named_end(ended: Ended) -> None:
    wrong = {}
    for number, (name, hostile) in enumerate(corpus().items()):
        row = ended.of(number, name)
        if came_to(row, ended) not in _allowed(hostile):
            wrong[name] = (hostile.ends, came_to(row, ended), row["criterion"], row["reason"] or row["outcome"])
        elif hostile.words not in (row["reason"] or ""):
            wrong[name] = (hostile.words, row["reason"])
    assert wrong == {}


def came_to(row: dict[str, Any], ended: Ended) -> str:
    """kept, readable (measured, though something speaks against it) or unreadable."""
    if row["criterion"] == "unreadable":
        return "unreadable"
    if ended.facts.get(row["sha256"], {}).get("decode") != "ok":
        return "not judged"
    return "kept" if row["verdict"] == "keep" else "readable"


def _allowed(hostile: Hostile) -> tuple[str, ...]:
    return {"readable": ("kept", "readable"), "either": ("kept", "readable", "unreadable")}.get(hostile.ends, (hostile.ends,))


def test_everything_that_is_not_kept_has_a_reason_that_a_person_understands(ended: Ended) -> None:
    program_words = re.compile(
        r"Error|Exception|object|0x|None|'[A-Za-z_]+'|Pillow|plugin|decoder|codec|byte string|struct", re.I
    )
    reasons = {row["reason"] for row in ended.rows.values() if row["verdict"] != "keep"}
    assert None not in reasons
    assert [one for one in reasons if not re.fullmatch(r"[A-Z].{20,300}\.", one)] == []
    assert [one for one in reasons if program_words.search(one)] == []


def test_odd_pictures_are_measured_as_what_they_are(ended: Ended) -> None:
    wrong = {}
    for number, (name, hostile) in enumerate(corpus().items()):
        found = ended.facts.get(ended.of(number, name)["sha256"] or "", {})
        differing = {fact: found.get(fact) for fact, value in hostile.facts.items() if found.get(fact) != value}
        if differing:
            wrong[name] = differing
    assert wrong == {}


def test_one_file_never_costs_the_others_their_measures(ended: Ended) -> None:
    held = {row["sha256"] for row in ended.rows.values() if row["sha256"]}
    readable = {sha256 for sha256 in held if ended.facts[sha256]["decode"] == "ok"}
    assert ended.said["measured"] == len(held) == len(ended.notes)
    assert ended.said["problems"] == []
    for sha256 in readable:
        assert {"phash", "width_px", "sharpness", "entropy_bits", "border_share", "target_patches"} <= ended.facts[sha256].keys()


def test_no_process_takes_a_gigabyte_and_no_picture_ten_seconds(ended: Ended) -> None:
    names = {row["sha256"]: name for name, row in ended.rows.items()}
    assert len({note["process"] for note in ended.notes}) == 2
    assert {names[note["sha256"]]: note for note in ended.notes if note["seconds"] > MOST_SECONDS} == {}
    assert max(note["peak_kb"] for note in ended.notes) < MOST_KB
    assert ended.said["harvest_peak_kb"] < MOST_KB


def test_nothing_is_left_lying_about(ended: Ended) -> None:
    assert ended.left_over == []
    assert list((ended.workspace / "store" / "incoming").glob("*")) == []


def test_odd_names_are_names_like_any_other(ended: Ended) -> None:
    composed = {unicodedata.normalize("NFC", name): name for name in (*ODD_NAMES, *UNSAYABLE)}
    outcomes = {name: ended.rows[name]["outcome"] for name in composed}
    wanted = {name: "not_fetched_rights" if name in UNSAYABLE else "stored" for name in composed}
    assert outcomes == wanted


def test_links_pipes_and_folders_are_named_and_never_followed(ended: Ended) -> None:
    for name, words in NO_FILES.items():
        row = ended.rows[name]
        assert row["sha256"] is None
        assert words in row["outcome_detail"]


def test_what_happens_between_harvest_and_curation_costs_only_the_file_that_it_happens_to(tmp_path: Path) -> None:
    folder, workspace = tmp_path / "pictures", tmp_path / "workspace"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.jpg").write_bytes(encoded(drawn(700 + number), "JPEG"))
    (folder / "sheet.csv").write_text("file,licence\n" + "".join(f"{number}.jpg,CC0\n" for number in range(5)), encoding="utf-8")
    harvest_folder(workspace, folder, folder / "sheet.csv")
    sql = "SELECT source_id, sha256, verdict, criterion FROM current_candidates LEFT JOIN verdicts ON subject = candidate_id"
    held = {row["source_id"]: Store(workspace).path(row["sha256"]) for row in db.rows(workspace, sql)}
    (folder / "0.jpg").unlink()  # the folder's own files are no longer asked
    (folder / "1.jpg").write_bytes(b"something else")
    held["2.jpg"].unlink()
    held["3.jpg"].chmod(0o644)
    held["3.jpg"].write_bytes(held["3.jpg"].read_bytes()[:900])
    report = curate(workspace)
    assert report.measured == 4
    assert ["run `fototeca check`" in problem["what"] for problem in report.problems] == [True]
    found = {row["source_id"]: (row["verdict"], row["criterion"]) for row in db.rows(workspace, sql)}
    assert found["3.jpg"] == ("exclude", "unreadable")
    assert {name for name, end in found.items() if end == ("keep", None)} >= {"0.jpg", "1.jpg", "4.jpg"}


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read every file, whatever its permissions")
def test_a_file_that_may_not_be_read_is_named_and_the_others_are_taken(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("closed.jpg", "open.jpg"):
        (folder / name).write_bytes(encoded(drawn(len(name)), "JPEG"))
    (folder / "closed.jpg").chmod(0)
    (folder / "sheet.csv").write_text("file,licence\nclosed.jpg,CC0\nopen.jpg,CC0\n", encoding="utf-8")
    report = harvest_folder(tmp_path / "workspace", folder, folder / "sheet.csv")
    assert report.outcomes == {"stored": 1, "failed_unreadable_file": 1}


def test_a_folder_of_nothing_but_folders_is_said_to_hold_nothing(tmp_path: Path) -> None:
    (tmp_path / "pictures" / "inner" / "most").mkdir(parents=True)
    with pytest.raises(SourceError, match="nothing could be taken"):
        harvest_folder(tmp_path / "workspace", tmp_path / "pictures")


READERS: dict[str, Callable[[bytes], object]] = {
    "look": look,
    "header": header,
    "jpeg_size": jpeg_size,
    "made_by": lambda data: made_by(data, {}),
    "training_assertions": training_assertions,
    "read_marks": read_marks,
    "read_xmp": read_xmp,
    "packets": lambda data: [read_packet(packet) for packet in xmp_packets(data)],
    "read_packet": read_packet,
    "read_iptc": lambda data: (read_iptc(data), read_iptc(iptc_in_photoshop(data))),
    "tags": lambda data: (tags_of(data, (0x0112, 0x8769)), read_tags(io.BytesIO(data), (), pages=True)),
    "what_it_is": what_it_is,
}


@pytest.mark.parametrize("name", READERS)
def test_no_reader_of_what_lies_beside_the_pixels_raises_or_runs_away(name: str) -> None:
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slow = {}
    for file, hostile in corpus().items():
        begun = time.process_time()
        READERS[name](hostile.data)
        if time.process_time() - begun > 2.0:
            slow[file] = time.process_time() - begun
    assert slow == {}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 600_000


def test_cbor_of_any_file_is_read_or_refused() -> None:
    for hostile in corpus().values():
        for at in (0, len(hostile.data) // 3):
            with contextlib.suppress(BrokenError):
                read_cbor(hostile.data[at : at + (1 << 20)])
