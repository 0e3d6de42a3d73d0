"""Who reads the shards: batches of one size, orders, workers, and an address instead of a folder."""

import inspect
import io
import pickle
import textwrap
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from colour_profiles import adobe_as_srgb, adobe_rgb
from PIL import Image
from small_shards import sample

from base.errors import SourceError, UsageError
from pixels.shapes import filled
from shardset.read import open_shards, read
from shardset.write import NewSample, write_folder

SIZES = [(120, 60), (60, 120), (90, 90), (100, 98), (64, 200), (30, 20), (121, 60)]


def picture(number: int, size: tuple[int, int], format_: str = "JPEG", orientation: int = 1) -> NewSample:
    """A sample that is a picture of one grey, so that it is known again."""
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", size, (number, number, number)).save(stream, format_, exif=exif)
    return of_bytes(number, stream.getvalue(), {"JPEG": "jpg", "PNG": "png"}[format_])


def of_bytes(number: int, data: bytes, extension: str) -> NewSample:
    """A sample whose image these bytes are."""
    plain, key = sample(number), sha256(data).hexdigest()
    record = {**plain.record, "sha256": key, "anchor": key}
    return replace(plain, key=key, extension=extension, size_bytes=len(data), record=record, load=lambda: data)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """28 pictures of seven sizes, JPEG and PNG, some of them turned."""
    folder = tmp_path_factory.mktemp("mixed") / "shards"
    turned = (1, 6, 3, 8)
    samples = [picture(number, SIZES[number % 7], "JPEG" if number % 3 else "PNG", turned[number % 4]) for number in range(28)]
    write_folder(folder, samples, purpose="research", about={})
    return folder


def test_every_batch_is_of_one_size_on_the_grid_and_no_picture_is_dropped(mixed: Path) -> None:
    keys: list[str] = []
    for batch in read(mixed, alpha=0.0, batch_size=4, side_px=64, grid_px=16):
        pixels = batch["pixels"]
        assert (pixels.dtype, pixels.shape[3]) == (np.uint8, 3)
        assert (pixels.shape[1] % 16, pixels.shape[2] % 16) == (0, 0)
        assert pixels.shape[1] * pixels.shape[2] <= 64 * 64
        assert len(batch["__key__"]) == len(batch["txt"]) == len(batch["json"]) == len(pixels) <= 4
        assert [one["sha256"] for one in batch["json"]] == batch["__key__"]
        keys += batch["__key__"]
    assert sorted(keys) == [ref.key for ref in open_shards(mixed).refs("train", "real")]


def test_a_turned_picture_stands_upright_in_its_bucket(tmp_path: Path) -> None:
    write_folder(tmp_path, [picture(7, (128, 64), orientation=6)], purpose="research", about={})
    (batch,) = read(tmp_path, alpha=0.0, batch_size=1, side_px=64, grid_px=16)
    height, width = batch["pixels"].shape[1:3]
    assert height > width
    assert abs(int(batch["pixels"].mean()) - 7) <= 2


def test_the_order_is_drawn_for_each_epoch_and_the_same_when_drawn_again(mixed: Path) -> None:
    def order(epoch: int) -> list[str]:
        return [one["__key__"] for one in read(mixed, alpha=0.0, shuffled=True, epoch=epoch)]

    by_key = [one["__key__"] for one in read(mixed, alpha=0.0)]
    assert order(0) == order(0) != order(1)
    assert sorted(order(0)) == by_key != order(0)


def test_two_workers_share_an_epoch(mixed: Path) -> None:
    import webdataset

    loader = webdataset.WebLoader(read(mixed, alpha=0.0, batch_size=4, side_px=64, grid_px=16), batch_size=None, num_workers=2)
    found = Counter(key for batch in loader for key in batch["__key__"])
    assert found == Counter(ref.key for ref in open_shards(mixed).refs("train", "real"))


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    write_folder(tmp_path, [sample(1)], purpose="research", about={})
    with pytest.raises(SourceError, match=f"sample {sample(1).key} in .* is no picture"):
        list(read(tmp_path, alpha=0.0, batch_size=2))


def test_an_opened_folder_can_be_sent_to_a_worker(mixed: Path) -> None:
    opened = pickle.loads(pickle.dumps(open_shards(mixed)))
    assert opened.load(opened.refs()[0]).key == opened.refs()[0].key


def test_an_address_reads_as_the_folder_does(mixed: Path) -> None:
    elsewhere = open_shards(f"file://{mixed}")
    assert [elsewhere.load(ref) for ref in elsewhere.refs()] == [
        open_shards(mixed).load(ref) for ref in open_shards(mixed).refs()
    ]


def test_the_example_in_the_docstring_runs(
    mixed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = inspect.getdoc(read).splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith("    from shardset.read import read"))
    monkeypatch.chdir(mixed.parent)
    exec(textwrap.dedent("\n".join(lines[begin : begin + 3])), {})  # our own words
    assert capsys.readouterr().out.count("uma cuia") >= 3  # one for each shape that there is


def test_colours_of_another_space_come_as_srgb(tmp_path: Path) -> None:
    stream = io.BytesIO()
    flat = Image.new("RGB", (64, 64), (180, 80, 60))
    flat.save(stream, "PNG", icc_profile=adobe_rgb())
    write_folder(tmp_path, [of_bytes(1, stream.getvalue(), "png")], purpose="research", about={})
    (batch,) = read(tmp_path, alpha=0.0, batch_size=1, side_px=64, grid_px=16)
    assert np.abs(batch["pixels"][0] - adobe_as_srgb(np.asarray(flat))).max() <= 2


def test_a_panorama_is_as_sharp_as_when_it_is_decoded_whole(tmp_path: Path) -> None:
    stripes = np.zeros((400, 6000, 3), np.uint8)
    stripes[:, ::40] = stripes[:, 1::40] = stripes[:, 2::40] = 255
    stream = io.BytesIO()
    Image.fromarray(stripes).save(stream, "PNG")
    write_folder(tmp_path, [of_bytes(1, stream.getvalue(), "png")], purpose="research", about={})
    (batch,) = read(tmp_path, alpha=0.0, batch_size=1, side_px=64, grid_px=16)
    whole = np.asarray(filled(Image.fromarray(stripes), batch["pixels"].shape[1:3]), float)
    assert np.abs(batch["pixels"][0] - whole).mean() < 0.1 * whole.std()


def test_variations_take_their_turns_in_batches_too(tmp_path: Path) -> None:
    real = picture(1, (60, 120))
    made = picture(2, (60, 120))
    made = replace(made, record={**made.record, "origin": "generated", "parent": real.key, "anchor": real.key})
    write_folder(tmp_path, [real, made], purpose="research", about={})
    assert [batch["__key__"] for batch in read(tmp_path, alpha=1.0, batch_size=2)] == [[made.key]]
    assert [batch["__key__"] for batch in read(tmp_path, alpha=0.0, batch_size=2)] == [[real.key]]


@pytest.mark.parametrize("wrong", [{"split": "tain"}, {"batch_size": 0}, {"batch_size": 2, "side_px": 32}])
def test_what_cannot_be_read_is_refused_before_anything_is(mixed: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=str(next(iter(wrong.values())))):
        read(mixed, **wrong)
