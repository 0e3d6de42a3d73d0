"""An export that is brought up to date holds the same bytes as one into an empty folder, whatever has changed since."""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from curated_archive import Archive, drawn, encoded

from catalog import db, runs
from catalog.correct import correct
from catalog.records import Split
from catalog.withdraw import withdraw
from curate.curate import curate
from curate.decide import decide
from export import exported_before
from export.exported_before import SUMS
from export.policy import ImagePolicy
from export.shards import ExportReport, ExportSettings, export
from shardset import manifest
from shardset.read import open_shards
from shardset.verify import verify

Change = Callable[[Archive], None]


class Stamp:
    """Signs by appending words, so that equal pictures give equal bytes."""

    def __init__(self, statement: str) -> None:
        self.statement = statement

    def sign(self, data: bytes, extension: str, record: Mapping[str, Any]) -> bytes:
        return data + self.statement.encode()


def run(archive: Archive, folder: Path, stamp: str = "", **settings: object) -> ExportReport:
    asked = ExportSettings(**settings)  # type: ignore[arg-type]  # the tests' own values
    return export(archive.folder, folder, asked, signer=Stamp(stamp) if stamp else None)


def contents(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def note_of(archive: Archive) -> Path:
    return next((archive.folder / "spool").glob("exported-*.json"))


def decided(archive: Archive) -> None:
    decide(archive.folder, "by2", "exclude", reason="The owner asked.", who="Rosa")


def decided_and_taken_back(archive: Archive) -> None:
    decided(archive)
    decide(archive.folder, "by2", "keep", reason="The owner agreed.", who="Rosa", evidence="letter of 3 May")


def withdrawn(archive: Archive) -> None:
    withdraw(archive.folder, "nd", reason="The owner asked.", who="Rosa")


def parent_withdrawn(archive: Archive) -> None:
    parent = archive.rows("SELECT parent FROM variations")[0]["parent"]
    withdraw(archive.folder, parent, reason="The owner asked.", who="Rosa")


def corrected(archive: Archive) -> None:
    correct(
        archive.folder, "by1", credit="Foto:\nAcervo  <b>Silva</b>", creator="José da Silva", who="Rosa", reason="She told us."
    )
    curate(archive.folder)


def licensed_anew(archive: Archive) -> None:
    correct(archive.folder, "dual", licence="CC BY-NC 4.0", who="Rosa", reason="The other was a mistake.")
    curate(archive.folder)


def captioned(archive: Archive) -> None:
    subject = archive.rows("SELECT subject FROM kept WHERE source_id = 'by3'")[0]["subject"]
    with runs.begin(archive.folder, "curate", {}) as made:
        made.add("captions", {"subject": subject, "origin": "archivist", "language": "pt", "text": "Uma  roda,\ncom cuia"})


def moved(archive: Archive) -> None:
    sha256 = archive.rows("SELECT sha256 FROM kept WHERE source_id = 'nd'")[0]["sha256"]
    with runs.begin(archive.folder, "curate", {}) as made:
        made.add("splits", Split(anchor="1" * 64, split="test"))
        made.add("groups", {"anchor": "1" * 64, "member": sha256})


def varied(archive: Archive) -> None:
    parent = archive.rows("SELECT parent FROM variations")[0]["parent"]
    archive.vary(parent, encoded(drawn(60)), concept="chimarrão", seed=2)
    curate(archive.folder)


def added(archive: Archive) -> None:
    archive.add("new", encoded(drawn(70)), title="New\u2028and = odd", creator="\u00a0Ana", caption="@x")
    curate(archive.folder)


def concept_changed(archive: Archive) -> None:
    path = archive.folder / "concepts.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("chmrr", "mate"), encoding="utf-8")
    curate(archive.folder)


def purpose_changed(archive: Archive) -> None:
    (archive.folder / "curation.toml").write_text('purpose = "commercial"\n', encoding="utf-8")
    curate(archive.folder)


CHANGES: list[Change] = [
    decided, decided_and_taken_back, withdrawn, parent_withdrawn, corrected, licensed_anew, captioned, moved, varied, added,
    concept_changed, purpose_changed,
]  # fmt: skip
SETTINGS: list[dict[str, Any]] = [
    {"purpose": "commercial"}, {"concepts": ("chimarrão",)}, {"where": "source_id <> 'by0'"}, {"limit": 3}, {"ro_crate": True},
    {"policy": ImagePolicy(longest_side_px=64)}, {"stamp": "signed by one"},
]  # fmt: skip


@pytest.fixture(scope="module")
def exported(curated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The curated archive with an export in out/, made once; tests work on copies of it."""
    folder = tmp_path_factory.mktemp("exported") / "workspace"
    shutil.copytree(curated, folder)
    run(Archive(folder), folder / "out")
    return folder


@pytest.fixture
def archive(exported: Path, tmp_path: Path) -> Archive:
    """A copy of the archive, exported once."""
    shutil.copytree(exported, tmp_path / "workspace")
    return Archive(tmp_path / "workspace")


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: str(change.__name__))
def test_after_a_change_of_the_collection_it_is_as_if_made_anew(archive: Archive, tmp_path: Path, change: Change) -> None:
    change(archive)
    run(archive, archive.folder / "out")
    run(archive, tmp_path / "anew")
    assert contents(archive.folder / "out") == contents(tmp_path / "anew")
    assert verify(archive.folder / "out") == []


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: "".join(settings))
def test_asked_for_otherwise_and_back_it_is_as_if_made_anew(archive: Archive, tmp_path: Path, settings: dict[str, Any]) -> None:
    plain = contents(archive.folder / "out")
    run(archive, tmp_path / "other", **settings)
    for asked, good in ((settings, contents(tmp_path / "other")), ({}, plain)):
        run(archive, archive.folder / "out", **asked)
        assert contents(archive.folder / "out") == good
    decided(archive)
    captioned(archive)
    run(archive, archive.folder / "out", **settings)
    run(archive, tmp_path / "anew", **settings)
    assert contents(archive.folder / "out") == contents(tmp_path / "anew")


def test_another_signature_signs_anew(archive: Archive, tmp_path: Path) -> None:
    run(archive, archive.folder / "out", stamp="signed by one")
    run(archive, archive.folder / "out", stamp="signed by two")
    run(archive, tmp_path / "anew", stamp="signed by two")
    assert contents(archive.folder / "out") == contents(tmp_path / "anew")


def test_what_is_not_touched_is_not_told_again(archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run(archive, tmp_path / "own")
    decided(archive)
    said: list[str] = []
    told = manifest.canonical_json
    monkeypatch.setattr("shardset.write.canonical_json", lambda value: said.append(value["source_id"]) or told(value))
    second = run(archive, tmp_path / "own")
    assert set(second.kept) < set(first.written)
    kept = {ref.key for ref in open_shards(tmp_path / "own").refs() if ref.shard in second.kept}
    told_again = {row["sha256"] for row in archive.rows("SELECT sha256, source_id FROM kept") if row["source_id"] in said}
    assert kept
    assert not {row["sha256"] for row in archive.rows("SELECT sha256 FROM kept WHERE kind = 'harvested'")} & kept & told_again


def test_where_nothing_has_changed_nothing_is_asked_and_the_answer_is_the_same(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(archive, tmp_path / "own")
    monkeypatch.setattr("export.shards.choose", lambda *_: pytest.fail("the collection was looked through"))
    second = run(archive, tmp_path / "own")
    for name in ("purpose", "manifest_digest", "samples", "counts", "left_out", "likeness", "folder"):
        assert getattr(first, name) == getattr(second, name)
    assert (second.written, second.removed, second.changed, set(second.kept)) == ((), (), False, set(first.written))
    counts = [
        json.loads(row["counts"]) for row in archive.rows("SELECT counts FROM runs WHERE command = 'export' ORDER BY run_id")
    ]
    assert counts[0] == counts[1]


def test_what_was_altered_since_is_put_right_though_nothing_has_changed(archive: Archive, tmp_path: Path) -> None:
    folder = archive.folder / "out"
    good = contents(folder)
    for name in sorted(good):
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data + b" ")
        if not name.endswith(".tar"):  # what a hostile hand would do: its sum is altered, too
            sums = (folder / SUMS).read_text().replace(good[name], hashlib.sha256(data + b" ").hexdigest())
            (folder / SUMS).write_text(sums)
        run(archive, folder)
        assert contents(folder) == good, name
    for name in ("README.md", "manifest.json", next(name for name in good if name.endswith(".tar"))):
        (folder / name).unlink()
        run(archive, folder)
        assert contents(folder) == good, name


def test_altered_credits_go_into_no_later_export(archive: Archive, tmp_path: Path) -> None:
    folder = archive.folder / "out"
    for name in ("credits.csv", "credits.html", "licences.csv"):
        path = folder / name
        before = hashlib.sha256(path.read_bytes()).hexdigest()
        path.write_text(path.read_text(encoding="utf-8").replace("4.0", "9.9"), encoding="utf-8")
        sums = (folder / SUMS).read_text().replace(before, hashlib.sha256(path.read_bytes()).hexdigest())
        (folder / SUMS).write_text(sums)
    decided(archive)
    run(archive, folder)
    run(archive, tmp_path / "anew")
    assert contents(folder) == contents(tmp_path / "anew")


def test_half_a_shard_of_a_killed_export_goes_though_nothing_has_changed(archive: Archive, tmp_path: Path) -> None:
    good = contents(archive.folder / "out")
    name = next(name for name in good if name.endswith(".tar"))
    (archive.folder / "out" / f".{name}.99999.tmp").write_bytes(b"half a picture")
    (archive.folder / "out" / "train-real-00-000000000000.tar").write_bytes(b"an old shard")
    run(archive, archive.folder / "out")
    assert contents(archive.folder / "out") == good


@pytest.mark.parametrize("text", ["", "{", "[]", '{"inputs": "x"}'])
def test_a_note_that_is_none_is_passed_over(archive: Archive, tmp_path: Path, text: str) -> None:
    note_of(archive).write_text(text)
    decided(archive)
    run(archive, archive.folder / "out")
    run(archive, tmp_path / "anew")
    assert contents(archive.folder / "out") == contents(tmp_path / "anew")


def test_the_note_of_an_earlier_export_is_not_believed(archive: Archive, tmp_path: Path) -> None:
    early = note_of(archive).read_bytes()
    decided(archive)
    run(archive, archive.folder / "out")
    note_of(archive).write_bytes(early)  # as when the second was killed before its own note was written
    captioned(archive)
    run(archive, archive.folder / "out")
    run(archive, tmp_path / "anew")
    assert contents(archive.folder / "out") == contents(tmp_path / "anew")


def test_other_code_makes_everything_anew(archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exported_before, "code", lambda: "another")
    monkeypatch.setattr("catalog.attribution._licence", lambda row, language: "another licence")
    run(archive, archive.folder / "out")
    run(archive, tmp_path / "anew")
    assert b"another licence" in (archive.folder / "out" / "credits.csv").read_bytes()
    assert contents(archive.folder / "out") == contents(tmp_path / "anew")


def test_a_catalogue_that_forgot_the_export_is_told_again(archive: Archive, tmp_path: Path) -> None:
    with db.writing(archive.folder) as connection:
        connection.execute("DELETE FROM samples WHERE sha256 = (SELECT min(sha256) FROM samples)")
    run(archive, archive.folder / "out")
    exported = archive.rows("SELECT samples, (SELECT count(*) FROM samples) AS held FROM exports")[0]
    assert exported["samples"] == exported["held"]


def test_a_note_says_nothing_of_a_picture(archive: Archive, tmp_path: Path) -> None:
    text = note_of(archive).read_text(encoding="utf-8")
    for row in archive.rows("SELECT sha256, subject, title, creator, anchor FROM records"):
        assert not [value for value in row.values() if value and str(value) in text]
