"""Batches that are a pure function of the micro-step."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from base.errors import UsageError
from finetune import data
from finetune.loader import Loader
from finetune.objective import concept_and_class

Read = Callable[..., Any]


def loader(folder: Path, recipe: Any, **more: Any) -> Loader:
    return Loader(data.gather(folder, recipe, 4), concept_and_class, recipe.data, recipe.seed, **more)


def test_two_processes_share_what_one_process_would_draw(shards: Path, recipe: Read) -> None:
    one = loader(shards, recipe({"data.batch_size": 4}))
    two = [loader(shards, recipe({"data.batch_size": 2}), process=number, processes=2) for number in (0, 1)]
    for micro_step in range(5):
        whole = [item.key for item in one.drawn(micro_step)]
        assert [item.key for item in two[0].drawn(micro_step)] == whole
        assert [item.key for item in two[1].drawn(micro_step)] == whole


def test_order_can_be_asked_in_any_order(shards: Path, recipe: Read) -> None:
    one, other = loader(shards, recipe()), loader(shards, recipe())
    forward = [[item.key for item in one.drawn(step)] for step in range(6)]
    backward = [[item.key for item in other.drawn(step)] for step in reversed(range(6))]
    assert forward == backward[::-1]


def test_small_bucket_is_repeated_and_never_dropped(
    write_shards: Callable[..., Path], sample: Callable[..., dict[str, Any]], recipe: Read, tmp_path: Path
) -> None:
    wide = sample(9, size=(80, 40))
    folder = write_shards(tmp_path / "shards", [*(sample(number) for number in range(5)), wide])
    batches = loader(folder, recipe({"data.batch_size": 4, "data.alpha": 0.0}))
    drawn = [batches.drawn(step) for step in range(batches.batches_per_epoch)]
    assert Counter(item.key for batch in drawn for item in batch)[wide["sha256"]] == 4
    assert all(len({item.size_px for item in batch}) == 1 for batch in drawn)


def test_rare_concept_is_shown_as_often_as_the_frequent_one(
    write_shards: Callable[..., Path], sample: Callable[..., dict[str, Any]], recipe: Read, tmp_path: Path
) -> None:
    tree = {"name": "araucária", "class_noun": "tree", "rare_token": "zwx"}
    samples = [*(sample(number) for number in range(6)), *(sample(number, concepts=[tree]) for number in (7, 8))]
    batches = loader(write_shards(tmp_path / "shards", samples), recipe({"data.alpha": 0.0}))
    shown = Counter(item.concepts[0].name for step in range(batches.batches_per_epoch) for item in batches.drawn(step))
    assert shown == {"chimarrão": 6, "araucária": 6}


def test_concepts_that_share_a_rare_token_are_refused(
    write_shards: Callable[..., Path], sample: Callable[..., dict[str, Any]], recipe: Read, tmp_path: Path
) -> None:
    poncho = {"name": "poncho", "class_noun": "coat", "rare_token": "sks"}
    folder = write_shards(tmp_path / "shards", [sample(1), sample(2, concepts=[poncho])])
    with pytest.raises(UsageError, match="'sks' stands for chimarrão, poncho"):
        data.gather(folder, recipe(), 4)


def test_alpha_one_draws_a_variation_wherever_there_is_one(shards: Path, recipe: Read, collection: list[dict[str, Any]]) -> None:
    batches = loader(shards, recipe({"data.alpha": 1.0}))
    drawn = {item.key for step in range(20) for item in batches.drawn(step)}
    assert collection[0]["sha256"] not in drawn
    assert {one["sha256"] for one in collection if one["parent"]} <= drawn
