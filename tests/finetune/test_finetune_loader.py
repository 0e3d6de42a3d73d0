"""Batches that are a pure function of the micro-step, made a little ahead of their use."""

import dataclasses
import itertools
import logging
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from base.errors import NotFiniteError, SourceError
from finetune import data
from finetune.ahead import ahead
from finetune.cache import Cache
from finetune.data import Item, read_pixels
from finetune.loader import BATCHES_AHEAD, Batch, Loader
from finetune.objective import concept_and_class
from shardset.read import draw

Read = Callable[..., Any]
BASE = {"id": "tiny", "revision": "a" * 40, "licence": "none", "family": "stable_diffusion"}


def quiet(*_: Any) -> None:
    return None


def loader(folder: Path, recipe: Any, **more: Any) -> Loader:
    processes = more.get("processes", 1)
    return Loader(data.gather(folder, recipe, 4, processes=processes), concept_and_class, recipe.data, recipe.seed, **more)


def same(one: Batch, other: Batch) -> bool:
    return (one.keys, one.texts, one.records) == (other.keys, other.texts, other.records) and torch.equal(
        one.moments, other.moments
    )


def test_two_processes_share_what_one_process_would_draw(shards: Path, recipe: Read) -> None:
    one = loader(shards, recipe({"data.batch_size": 4}))
    two = [loader(shards, recipe({"data.batch_size": 2}), process=number, processes=2) for number in (0, 1)]
    for micro_step in range(5):
        whole = [item.key for item in one.drawn(micro_step)]
        assert [item.key for item in two[0].drawn(micro_step)] == whole
        assert [item.key for item in two[1].drawn(micro_step)] == whole


def test_two_processes_together_hold_the_rows_of_one(shards: Path, recipe: Read, pooling: Any) -> None:
    changes = {"data.mirror": True, "data.alpha": 0.5}
    one = loader(shards, recipe({**changes, "data.batch_size": 4}))
    two = [loader(shards, recipe({**changes, "data.batch_size": 2}), process=number, processes=2) for number in (0, 1)]
    for each in (one, *two):
        each.encode(pooling, quiet, quiet)
    for micro_step in range(5):
        left, right, whole = two[0].batch(micro_step), two[1].batch(micro_step), one.batch(micro_step)
        assert left.keys + right.keys == whole.keys
        assert torch.equal(torch.cat([left.moments, right.moments]), whole.moments)


def test_order_can_be_asked_in_any_order(shards: Path, recipe: Read) -> None:
    one, other = loader(shards, recipe()), loader(shards, recipe())
    forward = [[item.key for item in one.drawn(step)] for step in range(12)]
    backward = [[item.key for item in other.drawn(step)] for step in reversed(range(12))]
    assert forward == backward[::-1]


def test_batch_made_ahead_is_the_batch_asked_for(shards: Path, recipe: Read, pooling: Any) -> None:
    one = loader(shards, recipe({"data.mirror": True}))
    one.encode(pooling, quiet, quiet)
    alone = [one.batch(step) for step in range(3, 12)]
    assert [batch.micro_step for batch in one.batches(3, 12)] == list(range(3, 12))
    assert all(same(left, right) for left, right in zip(one.batches(3, 12), alone, strict=True))


def test_times_drawn_counts_what_the_batches_held(shards: Path, recipe: Read, pooling: Any) -> None:
    one = loader(shards, recipe())
    one.encode(pooling, quiet, quiet)
    assert one.times_drawn(7) == Counter(key for batch in one.batches(0, 7) for key in batch.keys)


def test_small_shape_is_never_dropped_and_never_shown_more_often_than_others(
    write_shards: Callable[..., Path], sample: Callable[..., dict[str, Any]], recipe: Read, tmp_path: Path
) -> None:
    wide = sample(9, size=(80, 40))
    folder = write_shards(tmp_path / "shards", [*(sample(number) for number in range(5)), wide])
    batches = loader(folder, recipe({"data.batch_size": 4, "data.alpha": 0.0}))
    cycle = [batches.drawn(step) for step in range(6)]
    assert Counter(item.key for batch in cycle for item in batch) == dict.fromkeys(
        [item.key for item in batches.samples.train], 4
    )
    assert all(len({item.size_px for item in batch}) == 1 for batch in cycle)


def test_few_pictures_of_a_near_shape_are_merged_and_the_loader_says_so(
    write_shards: Callable[..., Path],
    sample: Callable[..., dict[str, Any]],
    recipe: Read,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    samples = [*(sample(number) for number in range(5)), sample(9, size=(48, 40)), sample(10, origin="generated")]
    samples[6] |= {"parent": samples[5]["sha256"], "anchor": samples[5]["sha256"], "variation": {"seed": 1}}
    folder = write_shards(tmp_path / "shards", samples)
    apart = loader(folder, recipe({"data.batch_size": 1}))
    assert apart.merged == ()
    caplog.set_level(logging.WARNING)
    together = loader(folder, recipe({"data.batch_size": 4}))
    [moved] = together.merged
    assert (moved.from_px, moved.into_px, moved.pictures) == ((28, 36), (32, 32), 1)
    assert "1 picture of shape 36 x 28 px shown as 32 x 32 px" in caplog.text
    assert {item.size_px for item in together.samples.variations.values()} == {(32, 32)}


def test_rare_concept_is_shown_as_often_as_the_frequent_one(
    write_shards: Callable[..., Path], sample: Callable[..., dict[str, Any]], recipe: Read, tmp_path: Path
) -> None:
    tree = {"name": "araucária", "class_noun": "tree", "rare_token": "zwx"}
    samples = [*(sample(number) for number in range(6)), *(sample(number, concepts=[tree]) for number in (7, 8))]
    batches = loader(write_shards(tmp_path / "shards", samples), recipe({"data.alpha": 0.0}))
    shown = Counter(item.concepts[0].name for step in range(batches.batches_per_epoch) for item in batches.drawn(step))
    assert shown == {"chimarrão": 6, "araucária": 6}


def test_alpha_one_draws_a_variation_wherever_there_is_one(shards: Path, recipe: Read, collection: list[dict[str, Any]]) -> None:
    batches = loader(shards, recipe({"data.alpha": 1.0}))
    drawn = {item.key for step in range(20) for item in batches.drawn(step)}
    assert collection[0]["sha256"] not in drawn
    assert {one["sha256"] for one in collection if one["parent"]} <= drawn


def test_variations_are_those_that_the_reader_of_shards_draws(shards: Path, recipe: Read) -> None:
    batches = loader(shards, recipe({"data.alpha": 0.5}))
    real = {item.key: item for item in batches.samples.train}
    plain = loader(shards, recipe({"data.alpha": 0.0}))
    for step in range(6):
        accesses = itertools.count(step * 3)
        expected = [draw(item.folder, real[item.key].ref, 0.5, 0, next(accesses)).key for item in plain.drawn(step)]
        assert [item.key for item in batches.drawn(step)] == expected


def test_mirrored_rows_show_mirrored_pictures_in_moments_pixels_and_extras(
    shards: Path, recipe: Read, pooling: Any, tmp_path: Path
) -> None:
    def describe(pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"first_column": pixels[:, :, 0]}

    one = loader(shards, recipe({"data.mirror": True}), describe=describe)
    one.encode(pooling, quiet, quiet)
    items = {item.key: item for item in (*one.samples.train, *one.samples.variations.values())}
    seen = Counter()
    for batch in one.batches(0, 20):
        pixels = batch.pixels()
        for row, key in enumerate(batch.keys):
            plain = read_pixels(items[key])
            mirrored = torch.equal(pixels[row], plain.flip(-1))
            assert mirrored or torch.equal(pixels[row], plain)
            assert torch.equal(batch.moments[row], pooling(pixels[row : row + 1])[0])
            assert torch.equal(batch.extras["first_column"][row], pixels[row, :, :, 0])
            seen[mirrored] += 1
    assert 15 <= seen[True] <= 45  # of 60; fewer or more happen once in 30,000 coins


def test_score_sees_no_mirrored_picture(shards: Path, recipe: Read, pooling: Any) -> None:
    one = loader(shards, recipe({"data.mirror": True}))
    one.encode(pooling, quiet, quiet)
    items = one.samples.held_out
    assert torch.equal(one.moments_of(items), pooling(torch.stack([read_pixels(item) for item in items])))


def with_companions(folder: Path, recipe: Any, **more: Any) -> Loader:
    """Class pictures stand in for themselves: the two others of val, for every caption and shape."""
    samples = data.gather(folder, recipe, 4)
    captions = {concept_and_class(item.caption, item.concepts, recipe.data.fallback_caption)["class"] for item in samples.train}
    of_class = tuple(dataclasses.replace(item, caption="a gourd", concepts=()) for item in (*samples.held_out, *samples.others))
    samples = dataclasses.replace(samples, companions={(caption, (32, 32)): of_class for caption in captions})
    return Loader(samples, concept_and_class, recipe.data, recipe.seed, **more)


def test_each_row_has_a_class_picture_that_depends_on_seed_and_access_alone(shards: Path, recipe: Read, pooling: Any) -> None:
    wanted = recipe({"data.batch_size": 2, "data.alpha": 0.0})
    one = with_companions(shards, wanted)
    halves = [
        with_companions(shards, recipe({"data.batch_size": 1, "data.alpha": 0.0}), process=at, processes=2) for at in (0, 1)
    ]
    for each in (one, *halves):
        each.encode(pooling, quiet, quiet)
    seen: set[str] = set()
    for step in range(12):
        batch = one.batch(step)
        beside = batch.companions
        assert beside is not None
        assert len(beside.keys) == len(batch.keys) == len(beside.texts["class"])
        assert set(beside.texts["class"]) == {"a gourd"}
        assert beside.companions is None
        assert torch.equal(beside.moments, pooling(beside.pixels()))
        assert beside.keys == tuple(half.batch(step).companions.keys[0] for half in halves)
        seen |= set(beside.keys)
    assert seen == {item.key for item in (*one.samples.held_out, *one.samples.others)}


def test_batches_from_disk_are_those_from_memory(shards: Path, recipe: Read, pooling: Any, tmp_path: Path) -> None:
    memory, disk = loader(shards, recipe()), loader(shards, recipe(), memory_bytes=0)
    memory.encode(pooling, quiet, quiet)
    disk.encode(pooling, quiet, quiet, Cache(shards, BASE))
    assert all(same(left, right) for left, right in zip(memory.batches(0, 8), disk.batches(0, 8), strict=True))
    assert disk._moments._held == {}


def test_memory_holds_no_more_than_its_budget_of_what_is_on_disk(shards: Path, recipe: Read, pooling: Any) -> None:
    one = loader(shards, recipe(), memory_bytes=3 * 6 * 16 * 16 * 4 + 100)
    one.encode(pooling, quiet, quiet, Cache(shards, BASE))
    assert len(one._moments._held) == 3


def test_progress_counts_to_the_end(shards: Path, recipe: Read, pooling: Any) -> None:
    told: list[tuple[str, int, int]] = []
    loader(shards, recipe()).encode(pooling, quiet, lambda *one: told.append(one))
    assert [one for one in told if one[0] == "encoding pictures"] == [("encoding pictures", number, 9) for number in range(1, 10)]


def test_every_text_that_may_be_asked_for_is_learned_once_at_the_start(shards: Path, recipe: Read, pooling: Any) -> None:
    learned: list[str] = []
    one = loader(shards, recipe())
    one.encode(pooling, learned.extend, quiet)
    wanted = {text for step in range(20) for texts in one.batch(step).texts.values() for text in texts}
    wanted |= {item.caption for item in (*one.samples.held_out, *one.samples.others)}
    assert wanted <= set(learned)


def test_encoder_that_answers_no_number_is_named_with_its_picture(shards: Path, recipe: Read) -> None:
    with pytest.raises(NotFiniteError, match=r"picture [0-9a-f]{64} in train-real"):
        loader(shards, recipe()).encode(lambda pixels: pixels * float("nan"), quiet, quiet)


def test_altered_picture_is_named_while_encoding(
    write_shards: Callable[..., Path], collection: list[dict[str, Any]], recipe: Read, pooling: Any, tmp_path: Path
) -> None:
    folder = write_shards(tmp_path / "shards", collection)
    shard = next(folder.glob("train-real-*.tar"))
    content = bytearray(shard.read_bytes())
    content[content.find(b"IDAT") + 20] ^= 0xFF
    shard.write_bytes(content)
    with pytest.raises(SourceError, match=shard.name):
        loader(folder, recipe()).encode(pooling, quiet, quiet)


def test_error_comes_out_in_its_place_and_ends_the_batches() -> None:
    def work(number: int) -> int:
        if number == 3:
            raise SourceError("shard 3 is cut")
        return number

    answers = ahead(work, range(10), threads=2, most=4)
    assert [next(answers) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(SourceError, match="shard 3"):
        next(answers)
    assert list(answers) == []


def test_no_more_is_made_ahead_than_said_and_nothing_after_the_loop_has_ended() -> None:
    made: list[int] = []
    answers = ahead(lambda number: made.append(number) or number, range(1000), threads=1, most=BATCHES_AHEAD)
    assert next(answers) == 0
    answers.close()
    assert len(made) <= BATCHES_AHEAD + 1
    assert not [one for one in threading.enumerate() if one.name.startswith("ahead")]


def test_an_error_in_the_loop_leaves_no_thread_behind(shards: Path, recipe: Read, pooling: Any) -> None:
    one = loader(shards, recipe())
    one.encode(pooling, quiet, quiet)

    def loop() -> None:
        for batch in one.batches(0, 1000):
            if batch.micro_step == 2:
                raise NotFiniteError("loss is nan")

    with pytest.raises(NotFiniteError):
        loop()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]


def test_item_knows_the_bytes_in_the_shard(shards: Path, recipe: Read) -> None:
    [first, *_] = loader(shards, recipe()).samples.train
    assert isinstance(first, Item)
    assert first.image_sha256 == first.key  # this folder holds no scaled copies
