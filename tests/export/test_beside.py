"""What stands beside the shards follows them: a picture that went is in none of it, and what is not wanted any more goes."""

import importlib.util
import json
import tarfile
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from curated_archive import Archive
from told_samples import Told

from curate.decide import decide
from export import beside, card, likeness_plot
from export.policy import ImagePolicy
from export.shards import BESIDE, ExportSettings, export


def test_a_picture_that_went_is_named_nowhere_and_a_crate_not_wanted_any_more_goes(archive: Archive, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(archive.folder, out, ExportSettings(ro_crate=True))
    assert {path.name for path in out.iterdir()} - {"manifest.json"} - {path.name for path in out.glob("*.tar")} == {
        *(BESIDE - {"likeness.csv", "likeness.png"})
    }
    gone = archive.rows("SELECT sha256, subject FROM kept WHERE source_id = 'nc'")[0]
    drawn = (out / "contact-sheet.png").read_bytes()
    assert gone["sha256"] in (out / "ro-crate-metadata.json").read_text(encoding="utf-8")
    decide(archive.folder, gone["subject"], "exclude", reason="Not ours.", who="Ana")
    export(archive.folder, out, ExportSettings())
    assert not (out / "ro-crate-metadata.json").exists()
    for path in out.iterdir():
        content = path.read_bytes()
        assert gone["sha256"].encode() not in content, path.name
        if path.suffix in (".json", ".csv", ".md", ".html"):
            assert b"by-nc" not in content.lower(), path.name  # the only one under this licence
    (left,) = duckdb.sql(f"SELECT count(*) FROM '{out}/samples.parquet' WHERE sha256 = '{gone['sha256']}'").fetchall()
    assert left == (0,)
    assert (out / "contact-sheet.png").read_bytes() != drawn


def test_all_files_are_known_as_parts_of_an_export() -> None:
    assert beside.NAMES <= BESIDE  # else a second export into the folder would take them for somebody else's


def test_the_head_of_the_page_says_of_every_value_in_a_sample_what_it_is(archive: Archive, tmp_path: Path) -> None:
    export(archive.folder, tmp_path / "out", ExportSettings(policy=ImagePolicy(longest_side_px=64)))
    head = yaml.safe_load((tmp_path / "out" / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    stated = {one["config_name"]: {field["name"]: field for field in one["features"]} for one in head["dataset_info"]}
    seen = 0
    for path in sorted((tmp_path / "out").glob("*.tar")):
        fields = stated["variations" if "synthetic" in path.name else "pictures"]
        with tarfile.open(path) as shard:
            for member in shard:
                extension = member.name.partition(".")[2]
                assert extension in fields
                if extension == "json":
                    stream = shard.extractfile(member)
                    assert stream is not None
                    check(json.load(stream), fields["json"])
                    seen += 1
    assert seen == 8


def check(value: object, field: dict[str, Any]) -> None:
    """Fails where the value is not of the type stated; None may stand for any."""
    if value is None:
        return
    if "struct" in field:
        assert isinstance(value, dict)
        assert set(value) == {inner["name"] for inner in field["struct"]}, field["name"]
        for inner in field["struct"]:
            check(value[inner["name"]], inner)
    elif "list" in field:
        assert isinstance(value, list)
        for one in value:
            check(one, {"name": field["name"], ("dtype" if isinstance(field["list"], str) else "struct"): field["list"]})
    else:
        kinds = {"string": str, "int64": int, "float64": float, "bool": bool}
        assert type(value) is kinds[field["dtype"]], field


def test_likeness_comes_as_a_table_and_as_a_plot_where_matplotlib_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    told.vary(told.add("red"), "blue")
    numbers = {"n": 2, "mean": 0.8, "low": None, "high": None, "p5": 0.7, "p25": 0.75, "p50": 0.8, "p75": 0.85, "p95": 0.9}
    row = {"measure": likeness_plot.MEASURES[2], "concept": "cuia", "made_by": "tiny", **numbers, "model": "clip/1"}
    about = {"purpose": "research", "left_out": {}, "image_policy": {"pictures": "original bytes"}, "signed": None}
    known = card.Facts(likeness=(row,))
    files = beside.shown(told.samples, known, about, told.bytes.__getitem__)
    assert files["likeness.png"].startswith(b"\x89PNG")
    assert files["likeness.csv"].decode().splitlines()[1].startswith("real–synthetic,cuia,tiny,2,0.8,,,0.7")
    assert "(likeness.png)" in files["README.md"].decode()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    without = beside.shown(told.samples, known, about, told.bytes.__getitem__)
    assert set(files) - set(without) == {"likeness.png"}
    assert "likeness.png" not in without["README.md"].decode()
