"""What judging says of variations holds for the export: left out, or waiting, or handed over as the model made them."""

from pathlib import Path

import pytest
from curated_archive import Archive

from catalog import runs
from catalog.records import Decision, Embedding, Likeness
from curate.decide import decide
from export.shards import ExportSettings, export
from shardset.read import open_shards


def _made(archive: Archive) -> str:
    return str(archive.rows("SELECT sha256 FROM variations")[0]["sha256"])


def _judged(archive: Archive, criterion: str, verdict: str) -> None:
    said = {"version": "1", "reason": "So.", "evidence": {}, "who": "criteria"}
    with runs.begin(archive.folder, "curate", {}) as run:
        run.add("decisions", Decision(subject=_made(archive), criterion=criterion, verdict=verdict, **said))


@pytest.mark.parametrize(("criterion", "verdict"), [("copy_of_another", "exclude"), ("flagged_unsafe", "review")])
def test_a_variation_that_judging_holds_back_is_in_no_shard(
    archive: Archive, tmp_path: Path, criterion: str, verdict: str
) -> None:
    made = archive.store.read(_made(archive))
    _judged(archive, criterion, verdict)
    report = export(archive.folder, tmp_path / "out", ExportSettings())
    assert report.samples == 7
    assert all(made not in path.read_bytes() for path in (tmp_path / "out").iterdir())


def test_what_a_person_keeps_after_a_flag_is_handed_over_byte_for_byte(archive: Archive, tmp_path: Path) -> None:
    _judged(archive, "flagged_unsafe", "review")
    decide(archive.folder, _made(archive), "keep", reason="A saint's wounds.", who="Rosa")
    export(archive.folder, tmp_path / "out", ExportSettings())
    opened = open_shards(tmp_path / "out")
    ref = next(ref for ref in opened.refs() if ref.key == _made(archive))
    assert opened.load(ref).image == archive.store.read(_made(archive))


def test_likeness_stands_in_the_card_and_beside_the_shards(archive: Archive, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra 'models' is not installed")
    made = archive.rows("SELECT sha256, parent FROM variations")[0]
    with runs.begin(archive.folder, "curate", {}) as run:
        run.add("embeddings", Embedding(sha256=made["sha256"], kind="semantic", version="shown/1", vector=(1.0, 0.0)))
        near = {"subject": made["sha256"], "version": "shown/1"}
        run.add("likeness", Likeness(kind="parent", other=made["parent"], value=0.8125, **near))
    export(archive.folder, tmp_path / "out", ExportSettings())
    assert (tmp_path / "out" / "likeness.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "0.8125" in page
    assert "real–synthetic" in page
