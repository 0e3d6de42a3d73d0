"""A training run from shards and a recipe to weights that stock diffusers loads."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from base.errors import BusyError, NotFiniteError, OutOfMemoryError, SourceError, UsageError
from finetune import objective, parts
from finetune.run_folder import RUN_ID
from finetune.train import Trained, train

Read = Callable[..., Any]


@pytest.fixture(scope="module")
def done(model: Path, shards: Path, tmp_path_factory: pytest.TempPathFactory, recipe_text: str) -> Trained:
    """One finished run, for the tests that only look."""
    from finetune.recipe import read

    path = tmp_path_factory.mktemp("recipe") / "tiny.toml"
    path.write_text(recipe_text, encoding="utf-8")
    return train(read(path), shards, tmp_path_factory.mktemp("runs") / "20261121T000000000000-finetune-abcdef")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_run_json_is_what_the_catalogue_records(done: Trained) -> None:
    run = json.loads((done.folder / "run.json").read_text(encoding="utf-8"))
    assert RUN_ID.fullmatch(run["run_id"])
    assert run["run_id"] == done.folder.name
    assert (run["command"], run["outcome"], run["error"]) == ("finetune", "done", None)
    assert {"settings", "seed", "code_version", "started_at", "ended_at", "counts", "inputs"} <= set(run)


def test_samples_add_up_to_the_draws(done: Trained) -> None:
    samples = lines(done.folder / "samples.jsonl")
    assert all(set(one) == {"sha256", "times_drawn"} for one in samples)
    assert sum(one["times_drawn"] for one in samples) == done.draws == 6 * 3
    assert 0 < done.synthetic_draws < done.draws


def test_metrics_have_one_line_a_step(done: Trained) -> None:
    rows = lines(done.folder / "metrics.jsonl")
    assert [row["step"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert all({"loss", "loss_concept", "loss_prior", "learning_rate", "gradient_norm"} <= set(row) for row in rows)


def test_score_is_taken_on_pictures_that_were_not_trained_on(done: Trained) -> None:
    assert (done.held_out_after["split"], done.held_out_after["pictures"]) == ("val", 1)
    assert done.held_out_after["concept"] < done.held_out_before["concept"]
    assert done.held_out_before["class_drift"] == 0.0
    assert done.held_out_after["others"] is not None


def test_model_card_credits_every_picture_and_names_what_binds(done: Trained) -> None:
    card = (done.folder / "README.md").read_text(encoding="utf-8")
    assert "made for tests" in card
    assert card.count("Ana Souza, Gourd") == done.pictures
    assert "[CC-BY-4.0](https://creativecommons.org/licenses/by/4.0/)" in card


def test_stock_diffusers_loads_the_weights_with_the_same_output(done: Trained, model: Path, shards: Path) -> None:
    from diffusers import StableDiffusionPipeline

    from finetune import checkpoint
    from finetune.recipe import Recipe, from_table

    run = json.loads((done.folder / "run.json").read_text(encoding="utf-8"))
    settings = from_table(Recipe, run["settings"], where="run.json")
    ours, _ = parts.load(settings, objective.load("dreambooth", {}), torch.device("cpu"), torch.float32)
    optimiser = torch.optim.AdamW(list(ours.trained().values()))
    checkpoint.load(done.folder / "checkpoints" / "step-00000006", ours, optimiser, None)
    stock: Any = StableDiffusionPipeline.from_pretrained(model, safety_checker=None, requires_safety_checker=False)
    plain = stock.unet
    noisy = torch.randn(2, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    t, text = torch.tensor([10, 700]), ours.condition(["a sks gourd", "a tree"])["text"]
    with torch.no_grad():
        before = plain(noisy, t, encoder_hidden_states=text).sample
        stock.load_lora_weights(done.folder)
        after = stock.unet(noisy, t, encoder_hidden_states=text).sample
        expected = ours.predict(noisy, t, {"text": text})
    assert torch.equal(after, expected)
    assert not torch.equal(after, before)


def test_finished_run_run_again_does_nothing_and_says_so(done: Trained, shards: Path, model: Path, recipe: Read) -> None:
    stamp = {path: path.stat().st_mtime_ns for path in done.folder.rglob("*") if path.is_file() and path.name != ".lock"}
    again = train(recipe(), shards, done.folder)
    assert again.already_done
    assert again.held_out_after == done.held_out_after
    assert stamp == {path: path.stat().st_mtime_ns for path in stamp}


def test_other_settings_in_the_same_folder_are_refused_by_name(done: Trained, shards: Path, recipe: Read) -> None:
    with pytest.raises(UsageError, match=r"recipe\.seed"):
        train(recipe({"seed": 5}), shards, done.folder)


def test_same_seed_gives_the_same_weights_in_another_folder(done: Trained, shards: Path, recipe: Read, tmp_path: Path) -> None:
    again = train(recipe(), shards, tmp_path / "again")
    name = "pytorch_lora_weights.safetensors"
    assert (again.folder / name).read_bytes() == (done.folder / name).read_bytes()


def test_ambient_randomness_changes_nothing(done: Trained, shards: Path, recipe: Read, tmp_path: Path) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(999)
        other = train(recipe(), shards, tmp_path / "other")
    assert other.held_out_after == done.held_out_after


@pytest.mark.parametrize(
    "changes",
    [
        {"objective.settings": {"prior": "none"}},
        {"weights.dora": True},
        {"weights.kind": "full"},
        {"objective.settings": {"min_snr_gamma": 5.0, "offset_noise": 0.1}, "data.accumulation": 2},
        {"gradient_checkpointing": True, "optimiser.schedule": "cosine", "data.aspect_buckets": False},
    ],
    ids=["no_prior", "dora", "full", "min_snr_accumulated", "checkpointing"],
)
def test_every_way_of_training_ends_with_a_better_score(
    changes: dict[str, Any], shards: Path, recipe: Read, tmp_path: Path
) -> None:
    done = train(recipe({"steps": 3, **changes}), shards, tmp_path / "run")
    assert done.held_out_after["concept"] < done.held_out_before["concept"]


def test_prior_preservation_keeps_the_class_nearer_to_the_base(shards: Path, recipe: Read, tmp_path: Path) -> None:
    changes = {"steps": 12, "optimiser.learning_rate": 1e-2}
    without = train(recipe({**changes, "objective.settings": {"prior": "none"}}), shards, tmp_path / "none")
    with_prior = train(recipe({**changes, "objective.settings": {"prior_weight": 5.0}}), shards, tmp_path / "teacher")
    assert with_prior.held_out_after["class_drift"] < 0.7 * without.held_out_after["class_drift"]


def test_samples_that_do_not_permit_the_purpose_are_refused_by_name(
    write_shards: Callable[..., Path], collection: list[dict[str, Any]], recipe: Read, tmp_path: Path
) -> None:
    for one in collection[:2]:
        one["purposes"] = ["research"]
    folder = write_shards(tmp_path / "shards", collection)
    with pytest.raises(UsageError, match=r"2 samples .* do not permit purpose 'commercial'") as refused:
        train(recipe({"purpose": "commercial"}), folder, tmp_path / "run")
    assert collection[0]["sha256"][:12] in str(refused.value)
    assert not (tmp_path / "run" / "run.json").exists()


def test_without_held_out_pictures_the_score_says_that_it_is_none(
    write_shards: Callable[..., Path], collection: list[dict[str, Any]], recipe: Read, tmp_path: Path
) -> None:
    folder = write_shards(tmp_path / "shards", [one for one in collection if one["split"] == "train"])
    done = train(recipe({"steps": 1}), folder, tmp_path / "run")
    assert done.held_out_after["split"] == "train"
    assert "not held out" in (done.folder / "README.md").read_text(encoding="utf-8")


def test_corrupted_shard_is_named(
    write_shards: Callable[..., Path], collection: list[dict[str, Any]], recipe: Read, tmp_path: Path
) -> None:
    folder = write_shards(tmp_path / "shards", collection)
    shard = next(folder.glob("train-real-*.tar"))
    data = bytearray(shard.read_bytes())
    at = data.find(b"IDAT") + 20
    data[at] ^= 0xFF
    shard.write_bytes(data)
    with pytest.raises(SourceError, match=shard.name):
        train(recipe(), folder, tmp_path / "run")


def test_folder_without_shards_is_a_source_error(recipe: Read, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"manifest\.json"):
        train(recipe(), tmp_path, tmp_path / "run")


def test_unknown_model_is_a_usage_error(recipe: Read, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UsageError, match="nobody/no-such-model"):
        train(recipe({"model.id": "nobody/no-such-model"}), shards, tmp_path / "run")


def test_unknown_concept_lists_those_of_the_shards(recipe: Read, shards: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="chimarrão"):
        train(recipe({"data.concepts": ["poncho"]}), shards, tmp_path / "run")


def test_loss_that_is_no_number_names_step_pictures_and_rate(recipe: Read, shards: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFiniteError, match=r"step 2, learning rate 1e\+30, pictures [0-9a-f]{12}"):
        train(recipe({"optimiser.learning_rate": 1e30}), shards, tmp_path / "run")
    run = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert run["outcome"] == "failed"
    assert sum(one["times_drawn"] for one in lines(tmp_path / "run" / "samples.jsonl")) == 3


def test_weights_that_blow_up_in_the_last_step_are_not_handed_over(recipe: Read, shards: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFiniteError):
        train(recipe({"optimiser.learning_rate": 1e30, "steps": 1}), shards, tmp_path / "run")
    assert not (tmp_path / "run" / "pytorch_lora_weights.safetensors").exists()


def test_failed_run_says_so_until_it_is_taken_up_again(recipe: Read, shards: Path, tmp_path: Path) -> None:
    def stop(what: str, done: int, total: int) -> None:
        if what == "training":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(recipe(), shards, tmp_path / "run", progress=stop)
    path = tmp_path / "run" / "run.json"
    assert json.loads(path.read_text(encoding="utf-8"))["outcome"] == "interrupted"
    train(recipe(), shards, tmp_path / "run")
    assert json.loads(path.read_text(encoding="utf-8"))["outcome"] == "done"


def test_out_of_memory_names_three_settings(recipe: Read, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr("finetune.objectives.dreambooth.loss", full)  # no GPU here to fill for real
    with pytest.raises(OutOfMemoryError, match=r"data\.batch_size = 1 .* gradient_checkpointing = true .* data\.size_px"):
        train(recipe(), shards, tmp_path / "run")


def test_second_run_into_the_same_folder_is_told_who_is_there(recipe: Read, shards: Path, tmp_path: Path) -> None:
    from base import locks

    with locks.held(tmp_path / "run" / ".lock", "a training run"), pytest.raises(BusyError, match="PID"):
        train(recipe(), shards, tmp_path / "run")
