"""The shipped model: small, loaded by stock diffusers as it lies there, with rare tokens that stay whole."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fototeca.museum.drawing import Scene, caption, draw
from fototeca.museum.vocabulary import RARE_TOKENS

pytest.importorskip("diffusers")
torch = pytest.importorskip("torch")

MODEL = Path(__file__).parents[2] / "fototeca" / "museum" / "model"
LARGEST_BYTES = 6_000_000  # issue 2 allows 6 MB


@pytest.fixture(scope="module")
def image_to_image() -> Any:
    from diffusers import StableDiffusionImg2ImgPipeline

    pipeline = StableDiffusionImg2ImgPipeline.from_pretrained(str(MODEL), safety_checker=None)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def test_folder_is_small_enough_to_ship() -> None:
    assert sum(path.stat().st_size for path in MODEL.rglob("*") if path.is_file()) <= LARGEST_BYTES


def test_card_says_how_it_was_made() -> None:
    card = (MODEL / "README.md").read_text(encoding="utf-8")
    assert "python -m fototeca.museum.make_base --seed 0" in card
    assert "license: apache-2.0" in card


def test_all_parts_load_in_fp32(image_to_image: Any) -> None:
    for part in (image_to_image.vae, image_to_image.unet, image_to_image.text_encoder):
        assert {weight.dtype for weight in part.parameters()} == {torch.float32}


@pytest.mark.parametrize("token", RARE_TOKENS)
def test_rare_token_stays_whole(image_to_image: Any, token: str) -> None:
    numbers = image_to_image.tokenizer(f"a {token} gourd").input_ids
    assert len(numbers) == 5  # start, three words, end


def test_saved_tokenizer_is_the_one_in_the_code(image_to_image: Any) -> None:
    from fototeca.museum.vocabulary import vocabulary

    assert image_to_image.tokenizer.get_vocab() == vocabulary()[0]


def test_autoencoder_shows_the_scene_again(image_to_image: Any) -> None:
    picture = np.asarray(draw(Scene(subject="araucaria", light="day", horizon=0.5, seed=11), 128, 128), dtype=np.float32)
    pixels = torch.from_numpy(picture / 127.5 - 1).permute(2, 0, 1)[None]
    with torch.no_grad():
        again = image_to_image.vae.decode(image_to_image.vae.encode(pixels).latent_dist.mode()).sample
    assert float((again - pixels).abs().mean()) < 0.15  # 0.5 for an untrained one


def test_weak_image_to_image_stays_near_its_source(image_to_image: Any) -> None:
    scene = Scene(subject="gourd", light="dusk", horizon=0.7, seed=12)
    source = draw(scene, 128, 128)
    made = image_to_image(
        caption(scene), image=source, strength=0.3, num_inference_steps=20, guidance_scale=3.0,
        generator=torch.Generator().manual_seed(0),
    ).images[0]  # fmt: skip
    assert made.size == (128, 128)
    assert np.abs(np.asarray(made, dtype=float) - np.asarray(source, dtype=float)).mean() < 40


def test_model_tells_day_from_night(image_to_image: Any) -> None:
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pipe(image_to_image)
    pipeline.set_progress_bar_config(disable=True)
    brightness = [
        np.asarray(
            pipeline(
                f"the pampas {words}, middle horizon", num_inference_steps=12, guidance_scale=4.0, height=128, width=128,
                generator=torch.Generator().manual_seed(1),
            ).images[0]
        ).mean()
        for words in ("by day", "at night")
    ]  # fmt: skip
    assert brightness[1] < 0.6 * brightness[0]
