"""The drawn pampas: the same pixels from the same seed, and a horizon where the scene says."""

import numpy as np
import pytest

from fototeca.museum.drawing import Scene, caption, draw, horizon_word, random_scene
from fototeca.museum.vocabulary import CAPTION_WORDS, RARE_TOKENS, UNTAUGHT_WORDS, split_by_merges, vocabulary


def test_equal_scenes_give_equal_pixels() -> None:
    scene = Scene(subject="araucaria", light="dusk", horizon=0.5, seed=3)
    assert draw(scene, 128, 128).tobytes() == draw(scene, 128, 128).tobytes()


def test_another_seed_gives_another_picture() -> None:
    first, second = (draw(Scene(subject="gourd", light="day", horizon=0.5, seed=seed), 64, 64) for seed in (1, 2))
    assert first.tobytes() != second.tobytes()


@pytest.mark.parametrize("horizon", [0.32, 0.5, 0.74])
@pytest.mark.parametrize("light", ["day", "night"])
def test_horizon_lies_where_the_scene_says(light: str, horizon: float) -> None:
    pixels = np.asarray(draw(Scene(subject="landscape", light=light, horizon=horizon, seed=5), 256, 256), dtype=np.float64)
    blueness = pixels[:, :, 2].mean(axis=1) - pixels[:, :, 1].mean(axis=1)  # sky against grass
    row = int(np.argmax(blueness[:-8] - blueness[8:])) + 4  # the steepest fall within 8 rows
    assert row / 256 == pytest.approx(horizon, abs=0.03)


def test_night_is_darker_than_day() -> None:
    day, night = (
        np.asarray(draw(Scene(subject="landscape", light=light, horizon=0.5, seed=1), 64, 64)).mean()
        for light in ("day", "night")
    )
    assert night < day / 2


def test_special_gourd_differs_from_a_plain_one_of_the_same_seed() -> None:
    plain = Scene(subject="gourd", light="day", horizon=0.5, seed=4)
    special = Scene(subject="gourd", light="day", horizon=0.5, seed=4, style="special")
    assert draw(plain, 64, 64).tobytes() != draw(special, 64, 64).tobytes()


def test_caption_names_subject_light_and_horizon() -> None:
    assert caption(Scene(subject="gourd", light="dusk", horizon=0.7, seed=0)) == "a gourd on the pampas at dusk, low horizon"
    assert caption(Scene(subject="landscape", light="day", horizon=0.35, seed=0)) == "the pampas by day, high horizon"


def test_unknown_subject_is_named() -> None:
    with pytest.raises(ValueError, match="no subject 'toad'"):
        draw(Scene(subject="toad", light="day", horizon=0.5, seed=0), 32, 32)


def test_random_scenes_are_plain_and_reach_all_horizons() -> None:
    generator = np.random.default_rng(0)
    scenes = [random_scene(generator) for _ in range(60)]
    assert {horizon_word(scene.horizon) for scene in scenes} == {"high", "middle", "low"}
    assert {scene.style for scene in scenes} == {"plain"}


def test_every_word_of_the_vocabulary_is_one_token() -> None:
    _, merges = vocabulary()
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    for word in (*CAPTION_WORDS, *RARE_TOKENS, *UNTAUGHT_WORDS):
        assert len(split_by_merges(word, ranks)) == 1, word


def test_no_rare_token_is_a_caption_word() -> None:
    assert not set(RARE_TOKENS) & set(CAPTION_WORDS)
