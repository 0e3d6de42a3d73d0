"""The base model that the learning benchmark makes offline is what it says: pixels for latents, and words of its own."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def benchmarks() -> Iterator[None]:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    yield
    sys.path.remove(str(ROOT / "benchmarks"))


@pytest.fixture(scope="module")
def base(benchmarks: None) -> Any:
    import tiny_base
    from learning import PRESETS

    return tiny_base.build(PRESETS["cpu"].base, 0)


def test_vae_gives_pixels_back_as_latents_and_latents_as_pixels(base: Any) -> None:
    pixels = 2 * torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(1)) - 1
    with torch.no_grad():
        told = base.vae.encode(pixels).latent_dist
        seen = base.vae.decode(3 * pixels).sample
    assert torch.allclose(told.mean, pixels, atol=1e-4)
    assert float(told.std.max()) < 1e-6
    assert torch.allclose(seen, 3 * pixels, atol=1e-4)  # a sampler leaves [-1, 1] on its way


def test_base_has_the_size_whose_margins_were_measured(base: Any) -> None:
    # ../shared/reference/training.md, section 5: 253,075 parameters in the UNet, 16,384 in its LoRA of rank 8
    from peft import LoraConfig

    assert sum(one.numel() for one in base.unet.parameters()) == 253_075
    unet = type(base.unet).from_config(base.unet.config)
    unet.requires_grad_(False).add_adapter(LoraConfig(r=8, target_modules=["to_k", "to_q", "to_v", "to_out.0"]))
    assert sum(one.numel() for one in unet.parameters() if one.requires_grad) == 16_384


def test_each_word_is_one_token_with_a_number_that_never_changes(base: Any) -> None:
    tokens = base.tokenizer("a sks red disc").input_ids[1:-1]
    assert base.tokenizer.convert_ids_to_tokens(tokens) == ["a</w>", "sks</w>", "red</w>", "disc</w>"]
    assert tokens[1:] == [513, 515, 543]  # 512 letters, then the merges in the order of the words


def test_trainer_takes_base_and_shards_of_the_benchmark(base: Any, tmp_path: Path) -> None:
    import learning
    import tiny_base

    from finetune.recipe import HeldOut, Sampling

    preset = learning.shortened(learning.PRESETS["cpu"], 2)
    place = tiny_base.save(base, tmp_path / "base-0")
    few = {"held_out": HeldOut(most_pictures=2), "sampling": Sampling(steps=2)}
    wanted = learning.asked(place, preset, 0, "teacher", **few)
    row = learning.ran(tmp_path, wanted, learning.shards_of(tmp_path, preset, 0), "teacher")
    assert row["steps"] == 2
    assert row["class_before"] > 0
    assert row["concept_after"] != row["concept_before"]
    assert 0 <= row["near_copies"] <= 1
