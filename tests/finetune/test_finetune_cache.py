"""What the frozen encoders answered: kept, found again, never stale, never trusted when damaged, and no reason to stop."""

import logging
import multiprocessing
import resource
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from finetune import cache as cache_module
from finetune import data, parts
from finetune.cache import Cache
from finetune.data import Item
from finetune.loader import Loader
from finetune.objective import concept_and_class
from finetune.train import train
from shardset.read import ShardFolder
from shardset.verify import verify

Read = Callable[..., Any]
BASE = {"id": "tiny", "revision": "a" * 40, "licence": "none", "family": "stable_diffusion"}


def quiet(*_: Any) -> None:
    return None


@pytest.fixture
def folder(shards: Path, tmp_path: Path) -> Path:
    """Shards of its own, without latents."""
    return shutil.copytree(shards, tmp_path / "shards", ignore=shutil.ignore_patterns("latents"))


@pytest.fixture
def item(folder: Path, recipe: Read) -> Item:
    return data.gather(folder, recipe(), 4).train[0]


def moments() -> torch.Tensor:
    return torch.randn(8, 16, 16, generator=torch.Generator().manual_seed(0))


def only_file(folder: Path) -> Path:
    [path] = (folder / "latents").iterdir()
    return path


def test_moments_come_back_bit_for_bit(folder: Path, item: Item) -> None:
    assert Cache(folder, BASE).moments(item, False) is None
    assert Cache(folder, BASE).keep_moments(item, False, moments())
    assert torch.equal(Cache(folder, BASE).moments(item, False), moments())


def test_texts_come_back_bit_for_bit_and_half_as_large_where_nothing_is_lost(folder: Path) -> None:
    exact, rounded = torch.randn(1, 7, 64), torch.randn(1, 7, 64).bfloat16().float()
    Cache(folder, BASE).keep_text("uma cuia", {"text": exact, "pooled": exact[:, 0]})
    found = Cache(folder, BASE).text("uma cuia")
    assert torch.equal(found["text"], exact)
    assert torch.equal(found["pooled"], exact[:, 0])
    Cache(folder, BASE).keep_text("a gourd", {"text": exact})
    Cache(folder, BASE).keep_text("a tree", {"text": rounded})
    assert torch.equal(Cache(folder, BASE).text("a tree")["text"], rounded)
    sizes = sorted(path.stat().st_size for path in (folder / "latents").glob("text-*"))
    assert sizes[1] - sizes[0] > rounded.nbytes / 2 - 64


def test_no_file_holds_a_text_in_words(folder: Path) -> None:
    Cache(folder, BASE).keep_text("uma cuia de chimarrão", {"text": torch.ones(1, 2, 2)})
    path = only_file(folder)
    assert b"cuia" not in path.read_bytes()
    assert "cuia" not in path.name


@pytest.mark.parametrize("what", ["revision", "family", "frames", "precision", "size", "mirrored", "picture"])
def test_whatever_changes_the_answer_changes_the_key(
    what: str, folder: Path, item: Item, recipe: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    Cache(folder, BASE).keep_moments(item, False, moments())
    if what in BASE:
        assert Cache(folder, {**BASE, what: "other"}).moments(item, False) is None
    elif what == "frames":
        monkeypatch.setattr(cache_module, "FRAMES_VERSION", 999)
        assert Cache(folder, BASE).moments(item, False) is None
    elif what == "precision":
        assert Cache(folder, BASE, precision="bf16").moments(item, False) is None
    elif what == "size":
        larger = data.gather(folder, recipe({"data.size_px": 64}), 4).train[0]
        assert larger.key == item.key
        assert Cache(folder, BASE).moments(larger, False) is None
    elif what == "mirrored":
        assert Cache(folder, BASE).moments(item, True) is None
    else:
        other = data.gather(folder, recipe(), 4).train[1]
        assert Cache(folder, BASE).moments(other, False) is None


def test_text_of_another_model_is_not_taken(folder: Path) -> None:
    Cache(folder, BASE).keep_text("a gourd", {"text": torch.ones(1, 2, 2)})
    assert Cache(folder, {**BASE, "revision": "b" * 40}).text("a gourd") is None


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-10] ^= 1
    path.write_bytes(content)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _foreign(path: Path) -> None:
    path.write_bytes(safetensors.torch.save({"moments": moments()}))


def _of_another_picture(path: Path) -> None:
    content = path.read_bytes()
    at = content.index(b'\\"picture\\":\\"') + len(b'\\"picture\\":\\"')
    path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])


def _of_another_shape(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"[8,16,16]", b"[16,8,16]"))


def _no_json(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:8] + b"\xff" + content[9:])


def _endless_header(path: Path) -> None:
    path.write_bytes(b"\xff" * 8 + path.read_bytes()[8:])


def _a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES = [_cut, _flip, _empty, _foreign, _of_another_picture, _of_another_shape, _no_json, _endless_header, _a_folder]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda one: one.__name__.strip("_"))
def test_damaged_file_is_as_good_as_absent_and_named(
    damage: Callable[[Path], None], folder: Path, item: Item, caplog: pytest.LogCaptureFixture
) -> None:
    Cache(folder, BASE).keep_moments(item, False, moments())
    path = only_file(folder)
    damage(path)
    with caplog.at_level(logging.WARNING):
        assert Cache(folder, BASE).moments(item, False) is None
    assert str(path) in caplog.text


def test_damaged_file_is_encoded_again_and_mended(folder: Path, recipe: Read, pooling: Any) -> None:
    def loader() -> Loader:
        one = Loader(data.gather(folder, recipe(), 4), concept_and_class, recipe().data, 0, memory_bytes=0)
        one.encode(pooling, quiet, quiet, Cache(folder, BASE))
        return one

    before = loader().batch(0)
    _flip(sorted((folder / "latents").glob("picture-*"))[0])
    pooling.calls = 0
    again = loader()
    assert pooling.calls == 1
    assert torch.equal(again.batch(0).moments, before.moments)
    loader()
    assert pooling.calls == 1


def test_file_that_goes_while_the_run_goes_on_is_encoded_again(folder: Path, recipe: Read, pooling: Any) -> None:
    one = Loader(data.gather(folder, recipe(), 4), concept_and_class, recipe().data, 0, memory_bytes=0)
    one.encode(pooling, quiet, quiet, Cache(folder, BASE))
    before = one.batch(0)
    shutil.rmtree(folder / "latents")
    assert torch.equal(one.batch(0).moments, before.moments)


def test_what_a_killed_run_left_half_written_is_not_read_and_goes_with_the_next_export(
    folder: Path, item: Item, write_shards: Callable[..., Path], collection: list[dict[str, Any]]
) -> None:
    Cache(folder, BASE).keep_moments(item, False, moments())
    path = only_file(folder)
    half = path.with_name(f".{path.name}.4711.tmp")
    half.write_bytes(path.read_bytes()[:1000])
    path.unlink()
    assert Cache(folder, BASE).moments(item, False) is None
    assert verify(folder) == []
    write_shards(folder, collection)
    assert not half.exists()


@pytest.fixture
def small_files() -> Iterator[None]:
    """The system lets no file grow beyond a megabyte: a write fails in the middle, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_write_that_fails_leaves_nothing_and_is_said_once(
    folder: Path, item: Item, small_files: None, caplog: pytest.LogCaptureFixture
) -> None:
    cache = Cache(folder, BASE)
    with caplog.at_level(logging.WARNING):
        assert not cache.keep_moments(item, False, torch.rand(8, 256, 256))
        assert not cache.keep_moments(item, True, moments())
    assert caplog.text.count("cache_off") == 1
    assert list((folder / "latents").iterdir()) == []


@pytest.mark.parametrize("why", ["nearly_full", "no_folder"])
def test_run_goes_on_in_memory_where_nothing_can_be_written(
    why: str, folder: Path, recipe: Read, pooling: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if why == "nearly_full":
        monkeypatch.setattr(cache_module, "LEAST_FREE_BYTES", 1 << 62)
    else:
        (folder / "latents").write_bytes(b"a file stands where the folder should")
    samples = data.gather(folder, recipe(), 4)
    without = Loader(samples, concept_and_class, recipe().data, 0)
    without.encode(pooling, quiet, quiet, None)
    one = Loader(samples, concept_and_class, recipe().data, 0, memory_bytes=0)
    with caplog.at_level(logging.WARNING):
        one.encode(pooling, quiet, quiet, Cache(folder, BASE))
    assert "cache_off" in caplog.text
    calls = pooling.calls
    assert all(torch.equal(one.batch(step).moments, without.batch(step).moments) for step in range(4))
    assert pooling.calls == calls


def _write_again_and_again(folder: Path, item: Item, answer: torch.Tensor) -> None:
    torch.set_num_threads(1)
    for _ in range(60):
        Cache(folder, BASE).keep_moments(item, False, answer)


def test_two_runs_at_once_never_read_half_an_answer(folder: Path, item: Item, caplog: pytest.LogCaptureFixture) -> None:
    answer = moments()
    other = multiprocessing.get_context("fork").Process(target=_write_again_and_again, args=(folder, item, answer))
    other.start()
    for _ in range(60):
        assert Cache(folder, BASE).keep_moments(item, False, answer)
        assert torch.equal(Cache(folder, BASE).moments(item, False), answer)
    other.join()
    assert other.exitcode == 0
    assert caplog.text == ""
    assert len(list((folder / "latents").iterdir())) == 1


def test_withdrawn_picture_leaves_no_latents_and_no_text_behind(
    folder: Path, recipe: Read, pooling: Any, write_shards: Callable[..., Path], collection: list[dict[str, Any]]
) -> None:
    cache = Cache(folder, BASE)
    one = Loader(data.gather(folder, recipe(), 4), concept_and_class, recipe({"data.mirror": True}).data, 0)
    one.encode(pooling, lambda texts: [cache.keep_text(text, {"text": torch.ones(1)}) for text in texts], quiet, cache)
    gone = collection.pop(1)
    assert len(list((folder / "latents").glob(f"picture-{gone['sha256']}-*"))) == 2
    kept = {path for path in (folder / "latents").glob("picture-*") if gone["sha256"] not in path.name}
    assert list((folder / "latents").glob("text-*"))
    assert verify(folder) == []
    write_shards(folder, collection)
    assert set((folder / "latents").iterdir()) == kept
    assert verify(folder) == []


def test_picture_withdrawn_while_a_run_encodes_leaves_nothing_behind_either(
    folder: Path, recipe: Read, pooling: Any, write_shards: Callable[..., Path], collection: list[dict[str, Any]]
) -> None:
    gone = collection.pop(1)

    def export_at_the_end(what: str, done: int, total: int) -> None:
        if what == "encoding pictures" and done == total:
            (folder / "latents").rename(folder / "aside")
            write_shards(folder, collection)  # sweeps what is there by now; what is aside comes after, as from a run still at it
            (folder / "aside").rename(folder / "latents")

    one = Loader(data.gather(folder, recipe(), 4), concept_and_class, recipe().data, 0)
    one.encode(pooling, quiet, export_at_the_end, Cache(folder, BASE))
    assert list((folder / "latents").glob("picture-*"))
    assert not list((folder / "latents").glob(f"picture-{gone['sha256']}-*"))


@pytest.fixture(scope="module")
def weights(shards: Path, recipe_text: str, model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Weights of a run without the cache, of one that fills it, and of one that finds all in it, with counts of calls."""
    from finetune.recipe import read

    place = tmp_path_factory.mktemp("cached")
    folder = shutil.copytree(shards, place / "shards", ignore=shutil.ignore_patterns("latents"))
    (place / "tiny.toml").write_text(recipe_text, encoding="utf-8")
    found: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        calls: list[str] = []
        for owner, name in ((parts.Parts, "encode_pixels"), (ShardFolder, "load")):
            whole = getattr(owner, name)
            patch.setattr(owner, name, lambda *args, whole=whole, name=name: (calls.append(name), whole(*args))[1])
        family = parts.model_place.load_plugin("finetune.families", "stable_diffusion")
        encode_texts = family.encode_texts
        patch.setattr(family, "encode_texts", lambda *args: (calls.append("encode_texts"), encode_texts(*args))[1])
        for name in ("without", "cold", "warm"):
            changes = {"steps": 2, "data.mirror": True, "data.cache": name != "without", "audit.pictures": 0, "watch.count": 1}
            calls.clear()
            done = train(read(place / "tiny.toml", changes), folder, place / name)
            written = (done.folder / "pytorch_lora_weights.safetensors").read_bytes()
            found[name] = (written, done.held_out_after, Counter(calls))
    return found


def test_cached_run_gives_the_same_weights_bit_for_bit(weights: dict[str, Any]) -> None:
    assert weights["without"][:2] == weights["cold"][:2] == weights["warm"][:2]


def test_second_run_encodes_nothing_and_reads_no_picture(weights: dict[str, Any]) -> None:
    without, cold, warm = (weights[name][2] for name in ("without", "cold", "warm"))
    assert without["encode_pixels"] == cold["encode_pixels"] == 2 * 7 + 2  # both directions of what is drawn, one of the scored
    assert cold["load"] == 9  # each picture is decoded once
    assert cold["encode_texts"] > 0
    assert warm == {}
