"""What the shards must hold before a run begins, and how faults are told."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from base.errors import SourceError, UsageError
from finetune import data
from finetune.remarks import remarks

Read = Callable[..., Any]
Write = Callable[..., Path]
Make = Callable[..., dict[str, Any]]
TREE = {"name": "araucária", "class_noun": "tree", "rare_token": "zwx"}


def altered(folder: Path, sha256: str, change: Callable[[dict[str, bytes]], dict[str, bytes]]) -> str:
    """Write one sample's members otherwise, with a manifest that fits: a folder that another program made. Returns the shard."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for shard in manifest["shards"]:
        row = next((one for one in shard["samples"] if one["key"] == sha256), None)
        if row is None:
            continue
        content = (folder / shard["name"]).read_bytes()
        members = change({name: content[at : at + size] for name, (at, size, _) in row["members"].items()})
        end = len(content)
        row["members"] = {}
        for name, value in members.items():
            info = tarfile.TarInfo(f"{sha256}.{name}")
            info.size = len(value)
            head = info.tobuf(tarfile.USTAR_FORMAT)
            content += head + value + bytes(-len(value) % 512)
            row["members"][name] = (end + len(head), len(value), hashlib.sha256(value).hexdigest())
            end = len(content)
        (folder / shard["name"]).write_bytes(content)
        shard["size_bytes"], shard["sha256"] = len(content), hashlib.sha256(content).hexdigest()
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        return str(shard["name"])
    raise KeyError(sha256)


def test_good_shards_have_no_fault(shards: Path, recipe: Read) -> None:
    samples, found = data.examined(shards, recipe(), 4)
    assert samples.train == data.gather(shards, recipe(), 4).train
    assert found == []


def test_record_without_a_key_is_named_with_sample_shard_and_key(
    write_shards: Write, collection: list[dict[str, Any]], recipe: Read, tmp_path: Path
) -> None:
    del collection[0]["width_px"], collection[0]["purposes"]
    folder = write_shards(tmp_path / "shards", collection)
    with pytest.raises(SourceError, match=rf"sample {collection[0]['sha256']} in train-real-.*\.tar: .* no purposes, width_px"):
        data.gather(folder, recipe(), 4)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"width_px": 0}, "width_px is 0"), ({"height_px": "40"}, "height_px is '40'"), ({"concepts": [{"noun": "x"}]}, "no name")],
)
def test_record_with_a_wrong_value_is_named(
    change: dict[str, Any], words: str, write_shards: Write, sample: Make, recipe: Read, tmp_path: Path
) -> None:
    good, bad = sample(1), sample(2)
    folder = write_shards(tmp_path / "shards", [good, bad])

    def alter(members: dict[str, bytes]) -> dict[str, bytes]:
        return {**members, "json": json.dumps({**json.loads(members["json"]), **change}).encode()}

    shard = altered(folder, bad["sha256"], alter)
    with pytest.raises(SourceError, match=f"sample {bad['sha256']} in {shard}: .*{words}"):
        data.gather(folder, recipe(), 4)


def test_sample_without_its_caption_file_is_named(write_shards: Write, sample: Make, recipe: Read, tmp_path: Path) -> None:
    bad = sample(2)
    folder = write_shards(tmp_path / "shards", [sample(1), bad])
    altered(folder, bad["sha256"], lambda members: {name: value for name, value in members.items() if name != "txt"})
    with pytest.raises(SourceError, match=f"sample {bad['sha256']} has no txt"):
        data.gather(folder, recipe(), 4)


def test_sample_without_its_picture_is_named(write_shards: Write, sample: Make, recipe: Read, tmp_path: Path) -> None:
    bad = sample(2)
    folder = write_shards(tmp_path / "shards", [bad])
    altered(folder, bad["sha256"], lambda members: {name: value for name, value in members.items() if name != "png"})
    with pytest.raises(SourceError, match=f"sample {bad['sha256']} in train-real-.* has no picture"):
        data.gather(folder, recipe(), 4)


def test_empty_caption_is_no_fault_but_a_remark(write_shards: Write, sample: Make, recipe: Read, tmp_path: Path) -> None:
    folder = write_shards(tmp_path / "shards", [sample(number, caption=" ") for number in range(3)])
    samples = data.gather(folder, recipe(), 4)
    assert [item.caption for item in samples.train] == ["", "", ""]
    assert remarks(samples, recipe().data) == ["3 of 3 pictures have no caption: data.fallback_caption alone describes them."]


def test_altered_record_is_found_without_reading_a_picture(
    write_shards: Write, collection: list[dict[str, Any]], recipe: Read, tmp_path: Path
) -> None:
    folder = write_shards(tmp_path / "shards", collection)
    shard = next(folder.glob("train-real-*.tar"))
    content = shard.read_bytes()
    shard.write_bytes(content.replace(b"Ana Souza", b"Eva Souza", 1))
    with pytest.raises(SourceError, match=rf"{shard.name}: the text of sample"):
        data.gather(folder, recipe(), 4)


def test_all_faults_are_told_at_once(write_shards: Write, collection: list[dict[str, Any]], recipe: Read, tmp_path: Path) -> None:
    collection[1]["purposes"] = ["research"]
    del collection[2]["height_px"]
    folder = write_shards(tmp_path / "shards", collection)
    val = next(folder.glob("val-real-*.tar"))
    val.write_bytes(val.read_bytes()[:-1])
    wanted = recipe({"purpose": "commercial"})
    _, found = data.examined(folder, wanted, 4)
    assert [words for words in ("1 samples", "height_px", val.name) if not any(words in str(one) for one in found)] == []
    assert len(found) == 3
    with pytest.raises(SourceError, match="has 3 faults:\n  1\\. "):
        data.gather(folder, wanted, 4)


def test_folder_without_shards_is_one_fault(recipe: Read, tmp_path: Path) -> None:
    samples, [fault] = data.examined(tmp_path, recipe(), 4)
    assert samples is None
    assert "no manifest.json" in str(fault)


def test_nothing_to_train_on_is_a_usage_error(write_shards: Write, sample: Make, recipe: Read, tmp_path: Path) -> None:
    folder = write_shards(tmp_path / "shards", [sample(1, split="val"), sample(2, concepts=[])])
    with pytest.raises(UsageError, match="no training sample depicts a concept"):
        data.gather(folder, recipe(), 4)


def test_unknown_concept_and_shared_token_are_told_together(
    write_shards: Write, sample: Make, recipe: Read, tmp_path: Path
) -> None:
    poncho = {"name": "poncho", "class_noun": "coat", "rare_token": "sks"}
    folder = write_shards(tmp_path / "shards", [sample(1), sample(2, concepts=[poncho])])
    with pytest.raises(UsageError, match="'sks' stands for chimarrão, poncho"):
        data.gather(folder, recipe(), 4)
    wanted = recipe({"data.concepts": ["chimarrão", "poncho", "violão"]})
    with pytest.raises(UsageError, match=r"(?s)2 faults.*violão, but .*chimarrão, poncho.*'sks' stands for"):
        data.gather(folder, wanted, 4)


def test_remarks_say_what_is_enlarged_and_which_concept_stays_behind(
    write_shards: Write, sample: Make, recipe: Read, tmp_path: Path
) -> None:
    gourd = sample(0)["concepts"][0]
    samples = [*(sample(number) for number in range(3)), sample(4, concepts=[gourd, TREE], size=(20, 20))]
    said = remarks(data.gather(write_shards(tmp_path / "shards", samples), recipe(), 4), recipe().data)
    assert said == [
        "1 of 4 pictures are smaller than data.size_px = 32 and enlarged.",
        "araucária is shown 1 times while another concept is shown 4 times: every picture of it shows that one too.",
    ]


def test_picture_that_cannot_be_decoded_is_named(write_shards: Write, sample: Make, recipe: Read, tmp_path: Path) -> None:
    bad = sample(2)
    folder = write_shards(tmp_path / "shards", [bad])
    cut = bad["bytes"][: len(bad["bytes"]) // 2]
    altered(folder, bad["sha256"], lambda members: {**members, "png": cut})
    [item] = data.gather(folder, recipe(), 4).train
    with pytest.raises(SourceError, match=f"sample {bad['sha256']} in train-real-.* is no picture"):
        data.read_pixels(item)
    assert io.BytesIO(cut).read(4) == b"\x89PNG"
