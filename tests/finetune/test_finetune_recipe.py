"""Recipes are checked key by key, and every one that comes with fototeca can be read."""

from pathlib import Path

import pytest

from base.errors import UsageError
from finetune import objective, recipe
from finetune.recipe import Optimiser
from finetune.schedule import learning_rate


@pytest.mark.parametrize("name", recipe.names())
def test_every_recipe_that_comes_along_is_valid(name: str) -> None:
    read = recipe.read(name)
    assert objective.load(read.objective.name, read.objective.settings).settings is not None


def test_unknown_key_names_the_nearest_right_one(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text('[model]\nid = "x"\n[data]\nbatchsize = 2\n', encoding="utf-8")
    with pytest.raises(UsageError, match="did you mean 'batch_size'"):
        recipe.read(path)


def test_unknown_recipe_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="lora-dreambooth"):
        recipe.read("lora-dreamboth")


def test_unknown_objective_setting_names_the_nearest_right_one() -> None:
    with pytest.raises(UsageError, match="did you mean 'prior_weight'"):
        objective.load("dreambooth", {"prior_wieght": 0.5})


def test_unknown_objective_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="dreambooth"):
        objective.load("dreamboot", {})


def test_override_replaces_one_value_and_keeps_the_rest() -> None:
    read = recipe.read("demo", {"data.batch_size": 3, "seed": 7})
    assert (read.data.batch_size, read.seed, read.data.size_px) == (3, 7, 128)


def test_dotted_model_is_relative_to_the_recipe(tmp_path: Path) -> None:
    path = tmp_path / "near.toml"
    path.write_text('[model]\nid = "./model"\n', encoding="utf-8")
    assert recipe.read(path).model.id == str(tmp_path / "model")


def test_number_out_of_range_is_refused_when_read() -> None:
    with pytest.raises(UsageError, match=r"data\.alpha is 1\.5"):
        recipe.read("demo", {"data.alpha": 1.5})


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        # Hand-computed for 10 steps at a highest rate of 1: one_cycle peaks at step 0.3 * 10 - 1 = 2.
        ("constant", {0: 1.0, 9: 1.0}),
        ("linear", {0: 1.0, 5: 0.5}),
        ("cosine", {0: 1.0, 5: 0.5}),
        ("one_cycle", {0: 0.04, 2: 1.0, 9: 4e-6}),
    ],
)
def test_learning_rate_follows_its_schedule(schedule: str, rates: dict[int, float]) -> None:
    chosen = Optimiser(learning_rate=1.0, schedule=schedule)  # type: ignore[arg-type]
    assert {step: learning_rate(chosen, step, 10) for step in rates} == pytest.approx(rates)


def test_warm_up_rises_to_the_highest_rate() -> None:
    chosen = Optimiser(learning_rate=1.0, warmup_steps=3)
    assert [learning_rate(chosen, step, 10) for step in range(4)] == pytest.approx([0.25, 0.5, 0.75, 1.0])


def test_purpose_that_the_base_model_does_not_permit_is_refused() -> None:
    assert recipe.read("lora-dreambooth-sd35").model.purposes == ("research",)
    with pytest.raises(UsageError, match="is stated to permit research only"):
        recipe.read("lora-dreambooth-sd35", {"purpose": "commercial"})
    assert recipe.read("lora-dreambooth", {"purpose": "commercial"}).purpose == "commercial"
