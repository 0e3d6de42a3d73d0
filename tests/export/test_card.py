"""The page about an export: its head for the hub, its counts, what was left out, and what is missing."""

from typing import Any

import pytest
import yaml
from told_samples import Told

from export.card import LIKENESS_PLOT, Facts, page

ABOUT: dict[str, Any] = {
    "purpose": "research",
    "left_out": {"beyond --limit": 7},
    "image_policy": {"pictures": "original bytes"},
    "signed": None,
}
LIKE = {
    "measure": "real–synthetic", "concept": "cuia", "made_by": "tiny, strength 0.3", "n": 12, "mean": 0.8125, "low": 0.79,
    "high": 0.83, "p5": 0.7, "p25": 0.75, "p50": 0.8, "p75": 0.85, "p95": 0.9, "model": "clip/1",
}  # fmt: skip


@pytest.fixture
def told() -> Told:
    told = Told()
    told.vary(told.add("red"), "blue")
    told.add("green", "erva | mate", split="val", source="folder:<b>archive")
    return told


def head(text: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text.split("---\n")[1])
    return found


def test_the_head_names_the_one_licence_of_all_and_else_refers_to_the_table(told: Told) -> None:
    assert head(page(told.samples, Facts(), ABOUT, ()))["license"] == "cc-by-4.0"
    rights = {"family": "pdm", "version": None, "jurisdiction": None, "uri": None, "spdx": None}
    told.add("white", rights=rights)
    found = head(page(told.samples, Facts(), ABOUT, ()))
    assert (found["license"], found["license_link"]) == ("other", "licences.csv")


def test_the_head_names_the_shards_of_each_split_that_has_some_and_keeps_variations_apart(told: Told) -> None:
    found = head(page(told.samples, Facts(), ABOUT, ()))
    assert found["language"] == ["pt"]
    assert found["task_categories"] == ["text-to-image", "image-to-text"]
    assert [one["config_name"] for one in found["dataset_info"]] == ["pictures", "variations"]
    assert {"name": "png", "dtype": "image"} in found["dataset_info"][0]["features"]
    assert found["configs"] == [
        {
            "config_name": "pictures",
            "default": True,
            "data_files": [
                {"split": "train", "path": "train-real-*.tar"},
                {"split": "validation", "path": "val-real-*.tar"},
            ],
        },
        {"config_name": "variations", "data_files": [{"split": "train", "path": "train-synthetic-*.tar"}]},
    ]


def test_the_page_counts_by_concept_licence_and_source_and_says_what_was_left_out_and_how_variations_were_made(
    told: Told,
) -> None:
    settings = {"concept": "cuia", "model": "tiny", "strength": 0.34, "lora": None, "pictures": 1}
    known = Facts(excluded=({"criterion": "too_small", "items": 5},), waiting=3, variations=(settings,))
    lines = page(told.samples, known, ABOUT, ()).splitlines()
    assert "| cuia | 1 | 1 |" in lines
    assert "| erva \\| mate | 1 | 0 |" in lines
    assert "| CC BY 4.0 | 3 |" in lines
    assert "| folder:&lt;b>archive | 1 |" in lines
    assert "| too_small | 5 |" in lines
    assert "| beyond --limit | 7 |" in lines
    assert "| cuia | tiny | 0.34 |  | 1 |" in lines
    assert any(line.startswith("3 more wait") for line in lines)


def test_the_page_shows_likeness_and_says_so_where_it_or_its_plot_is_missing(told: Told) -> None:
    whole = page(told.samples, Facts(likeness=(LIKE,)), ABOUT, (LIKENESS_PLOT,))
    assert "| real–synthetic | cuia | tiny, strength 0.3 | 12 | 0.8125 | 0.79 to 0.83 | 0.7 | 0.8 | 0.9 |" in whole
    assert f"]({LIKENESS_PLOT})" in whole
    plain = page(told.samples, Facts(likeness=(LIKE,)), ABOUT, ())
    assert LIKENESS_PLOT not in plain
    assert "matplotlib" in plain
    assert "was not measured" in page(told.samples, Facts(), ABOUT, ())


def test_the_page_says_what_was_done_to_pictures(told: Told) -> None:
    policy = {"pictures": "scaled", "longest_side_px": 640, "encoder": "webp", "quality": 80}
    text = page(told.samples, Facts(), {**ABOUT, "image_policy": policy, "signed": "by us"}, ())
    assert "at most 640 pixels (webp, quality 80)" in text
    assert "Variations are signed (C2PA)." in text
    assert "byte for byte" in page(told.samples, Facts(), ABOUT, ())


def test_an_export_of_nothing_has_a_page() -> None:
    assert "0 samples" in page([], Facts(), ABOUT, ())
