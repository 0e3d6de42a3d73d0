"""An archivist's day on the command line: harvest, curate, ask, decide, export, gallery; counts add up at every step."""

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from small_folder import PICTURES, save_collection

from base.errors import UsageError
from fototeca.demo import claim_folder

Run = Callable[..., subprocess.CompletedProcess[str]]
HARVEST = ("harvest", "folder", "pictures", "--sheet", "pictures/sheet.csv")


def answer(fototeca: Run, place: Path, *words: str) -> Any:
    """The JSON that a command prints."""
    done = fototeca(*words, "--json", cwd=place)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def total(found: Mapping[str, Any]) -> int:
    counts = found["totals"]
    return int(sum(counts[name] for name in ("kept_harvested", "kept_generated", "waiting", "excluded", "unjudged")))


def test_a_day_of_an_archivist(fototeca: Run, tmp_path: Path) -> None:
    save_collection(tmp_path / "pictures")
    harvested = answer(fototeca, tmp_path, *HARVEST)
    assert harvested["candidates"] == PICTURES + 4
    assert sum(harvested["outcomes"].values()) == PICTURES + 4
    before = answer(fototeca, tmp_path, "status")
    assert before["totals"]["unjudged"] == PICTURES + 3
    assert total(before) == PICTURES + 4

    curated = answer(fototeca, tmp_path, "curate")
    assert curated["excluded"] == {
        **dict.fromkeys(curated["excluded"], 0),
        "near_duplicate": 1, "rights_not_cleared": 1, "too_small": 1, "unreadable": 1,
    }  # fmt: skip
    after = answer(fototeca, tmp_path, "status")
    assert after["totals"]["kept_harvested"] == PICTURES
    assert total(after) == PICTURES + 4
    assert answer(fototeca, tmp_path, "curate")["changed"] is False

    story = answer(fototeca, tmp_path, "why", "copy.jpg")
    assert story["verdict"]["verdict"] == "exclude"
    assert "Quadro 0" in story["verdict"]["reason"]
    refused = fototeca("decide", "secret.png", "keep", "--reason", "ours", "--by", "Ana", cwd=tmp_path)
    assert refused.returncode == 2
    assert "--evidence" in refused.stderr
    assert answer(fototeca, tmp_path, "decide", "3.jpg", "exclude", "--reason", "asked to", "--by", "Ana")["who"] == "Ana"
    assert answer(fototeca, tmp_path, "why", "3.jpg")["verdict"]["reason"] == "asked to"

    exported = answer(fototeca, tmp_path, "export", "shards")
    assert exported["samples"] == PICTURES - 1
    assert answer(fototeca, tmp_path, "export", "shards")["changed"] is False
    asked = answer(fototeca, tmp_path, "sql", "SELECT count(*) AS items FROM samples")
    assert asked == [{"items": PICTURES - 1}]
    assert answer(fototeca, tmp_path, "gallery", "pages")["kept"] == PICTURES - 1
    assert "Quadro 1" in fototeca("credits", cwd=tmp_path).stdout
    assert fototeca("credits", "--format", "csv", cwd=tmp_path).stdout.count("\n") == PICTURES
    assert answer(fototeca, tmp_path, "check", "--bytes")["faults"] == []


def test_a_corrected_row_is_a_new_statement_of_the_same_item(fototeca: Run, tmp_path: Path) -> None:
    save_collection(tmp_path / "pictures")
    answer(fototeca, tmp_path, *HARVEST)
    sheet = tmp_path / "pictures" / "sheet.csv"
    sheet.write_text(sheet.read_text().replace("Quadro 5,Maria", "Quadro 5,Mariana"))
    again = answer(fototeca, tmp_path, *HARVEST)
    assert (again["new"], again["changed"], again["images_added"]) == (0, 1, 0)
    found = answer(fototeca, tmp_path, "sql", "SELECT creator FROM candidates WHERE source_id = '5.jpg' ORDER BY run_id")
    assert found == [{"creator": "Maria"}, {"creator": "Mariana"}]


def test_real_photographs_are_all_accounted_for(fototeca: Run, tmp_path: Path, shared_data: Path) -> None:
    photos = shared_data / "photos"
    harvested = answer(fototeca, tmp_path, "harvest", "folder", str(photos), "--sheet", str(photos / "sheet.csv"))
    assert harvested["candidates"] == 51
    answer(fototeca, tmp_path, "curate")
    counts = answer(fototeca, tmp_path, "status")
    assert total(counts) == 51
    exported = answer(fototeca, tmp_path, "export", "shards")
    rows = answer(
        fototeca,
        tmp_path,
        "sql",
        "SELECT rights_family, rights_version, creator IS NOT NULL AND credit_line IS NOT NULL AS credited, count(*) AS items"
        " FROM kept GROUP BY ALL",
    )
    assert rows == [{"rights_family": "by", "rights_version": "4.0", "credited": True, "items": exported["samples"]}]


def test_the_demo_refuses_a_folder_that_holds_anything_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_bytes(b"years of work")
    with pytest.raises(UsageError, match="not a demo"):
        claim_folder(tmp_path)
    claim_folder(tmp_path / "demo")
    assert {path.name for path in (tmp_path / "demo").iterdir()} == {"demo.json", "concepts.toml", "curation.toml"}
    assert "what" in claim_folder(tmp_path / "demo")
