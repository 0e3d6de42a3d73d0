"""Hugging Face datasets read an export: the folder as it is, through the head of its README, and its shards by name."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from curated_archive import Archive

from export.shards import ExportSettings, export
from shardset.read import open_shards

# In a process of its own: datasets takes seconds to import, and its warnings are not ours.
READ = """
import glob, json, sys
import datasets
def told(found):
    return sorted([one["__key__"], one["txt"], list((one.get("jpg") or one.get("png")).size)] for one in found)
folder, cache = sys.argv[1:]
print(json.dumps(told(datasets.load_dataset(folder, split="train", cache_dir=cache))))
print(json.dumps(told(datasets.load_dataset(folder, "variations", split="train", cache_dir=cache))))
files = {"train": sorted(glob.glob(folder + "/train-synthetic-*.tar"))}
print(json.dumps(told(datasets.load_dataset("webdataset", data_files=files, split="train", streaming=True))))
"""


def test_datasets_read_the_folder_and_its_shards(archive: Archive, tmp_path: Path) -> None:
    pytest.importorskip("datasets", reason="the reader of Hugging Face is not installed")
    export(archive.folder, tmp_path / "out", ExportSettings())
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READ, str(tmp_path / "out"), str(tmp_path / "cache")],
        env={**os.environ, **offline},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    opened = open_shards(tmp_path / "out")
    expected = {}
    for kind in ("real", "synthetic"):
        samples = [opened.load(ref) for ref in opened.refs("train", kind)]
        expected[kind] = sorted([one.key, one.caption, [one.record["width_px"], one.record["height_px"]]] for one in samples)
    whole, variations, streamed = (json.loads(line) for line in done.stdout.splitlines())
    assert whole == expected["real"]
    assert variations == streamed == expected["synthetic"]
