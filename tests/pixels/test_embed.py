"""Vectors: the same weights for the same name, unit length, the model's own preparation, and errors that say what to do."""

import logging
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from curated_archive import drawn
from PIL import Image
from tiny_models import save_copy_model

from base.errors import UsageError
from pixels import embed, model_names


@pytest.fixture(scope="module")
def tiny() -> embed.Embedder:
    return embed.load("random:tiny", device="cpu")


def test_random_weights_come_from_the_name_and_leave_the_callers_chance_alone(tiny: embed.Embedder) -> None:
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    again = embed.load("random:tiny", device="cpu")
    assert torch.equal(before, torch.random.get_rng_state())
    pictures = [drawn(1, 64), drawn(2, 64)]
    assert np.array_equal(again.images(pictures), tiny.images(pictures))
    assert np.array_equal(again.texts(["uma cuia"]), tiny.texts(["uma cuia"]))


def test_vectors_are_rows_of_unit_length_in_one_space(tiny: embed.Embedder) -> None:
    vectors, texts = tiny.images([drawn(seed, 64) for seed in range(3)]), tiny.texts(["a gourd"] * 70)
    assert (vectors.shape, texts.shape, vectors.dtype) == ((3, tiny.dimensions), (70, tiny.dimensions), np.float32)
    assert np.allclose(np.linalg.norm(np.concatenate([vectors, texts]), axis=1), 1, atol=1e-6)
    assert tiny.images([]).shape == (0, tiny.dimensions)


def test_a_picture_is_prepared_as_open_clip_itself_would(tiny: embed.Embedder) -> None:
    _, _, own = open_clip.create_model_and_transforms("tiny", load_weights=False)
    picture = drawn(3, 200).resize((200, 120))
    assert torch.equal(tiny.prepared(picture), own(picture))


def test_a_long_strip_costs_no_more_than_its_middle(tiny: embed.Embedder) -> None:
    strip = Image.new("RGB", (1, 6000))
    strip.paste((255, 0, 0), (0, 2900, 1, 3100))
    assert tuple(tiny.prepared(strip).shape) == (3, tiny.side_px, tiny.side_px)
    assert np.array_equal(tiny.images([strip]), tiny.images([Image.new("RGB", (50, 50), (255, 0, 0))]))


def test_pictures_are_opened_at_twice_the_models_side_or_more(tiny: embed.Embedder) -> None:
    assert tiny.side_px == 32
    assert tiny.opening_side_px(1000, 1000) == 128  # a longer side of 64 to 128
    assert tiny.opening_side_px(3000, 1000) == 384
    assert tiny.opening_side_px(100_000, 1) == 1024  # the middle of a strip


def test_words_that_fit_better_score_higher(tiny: embed.Embedder) -> None:
    vectors = tiny.texts(["a watermark", "a hill"])  # words stand for pictures: they live in the same space
    scores = tiny.scores_against(vectors, ["a watermark"], ["a hill"])
    assert scores[0] > 0.5 > scores[1]
    assert scores[0] + scores[1] == pytest.approx(1)


def test_weights_of_a_file_are_named_by_their_digest(tiny: embed.Embedder, tmp_path: Path) -> None:
    open_clip.add_model_config(Path(embed.__file__).with_name("tiny.json"))
    torch.manual_seed(1)
    torch.save(open_clip.create_model("tiny", load_weights=False).state_dict(), tmp_path / "w.pt")
    loaded = embed.load("tiny@w.pt", folder=tmp_path, device="cpu")
    assert loaded.version == model_names.version("tiny@w.pt", folder=tmp_path)
    assert loaded.version.startswith("open_clip:tiny@sha256:")
    assert not np.allclose(loaded.images([drawn(1, 64)]), tiny.images([drawn(1, 64)]))
    (tmp_path / "w.pt").write_bytes(b"no weights")
    with pytest.raises(UsageError, match="exactly this model"):
        embed.load("tiny@w.pt", folder=tmp_path, device="cpu")


def test_a_model_of_the_hub_comes_from_the_cache_at_its_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    revision = "0123456789" * 4
    snapshot = tmp_path / "models--museum--tiny" / "snapshots" / revision
    snapshot.mkdir(parents=True)
    settings = Path(embed.__file__).with_name("tiny.json").read_text()
    (snapshot / "open_clip_config.json").write_text(f'{{"model_cfg": {settings}, "preprocess_cfg": {{"mean": [0.5, 0.5, 0.5]}}}}')
    open_clip.add_model_config(Path(embed.__file__).with_name("tiny.json"))
    torch.save(open_clip.create_model("tiny", load_weights=False).state_dict(), snapshot / "open_clip_pytorch_model.bin")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    loaded = embed.load(f"hf-hub:museum/tiny@{revision}", device="cpu")
    assert revision in loaded.version
    assert float(loaded.prepared(Image.new("RGB", (9, 9), (255, 255, 255)))[0, 0, 0]) == pytest.approx(0.5 / 0.26862954)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("random:ViT-B-33", "did you mean 'ViT-B-32'"),
        ("ViT-B-32@laion2b_s34b", "did you mean 'laion2b_s34b_b79k'"),
        ("ViT-B-32@openai", "write ViT-B-32-quickgelu@openai"),
        ("ViT-B-32", "does not say which weights"),
        ("hf-hub:museum/clip", "does not say which weights"),
        ("ViT-B-32@models/clip.pt", "there is no file"),
    ],
)
def test_a_wrong_name_says_what_to_write(spec: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        embed.load(spec)


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match="'tpu' cannot be used here"):
        embed.load("random:tiny", device="tpu")


def test_loading_leaves_the_processes_log_as_it_was() -> None:
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    embed.load("random:tiny", device="cpu")
    assert (root.level, list(root.handlers)) == before


def test_copies_are_told_by_a_torchscript_file(tmp_path: Path) -> None:
    save_copy_model(tmp_path / "copies.pt")
    model = embed.load_copy("copies.pt", folder=tmp_path, device="cpu")
    assert (model.dimensions, model.version) == (48, model_names.copy_version("copies.pt", folder=tmp_path))
    one, smaller, other = model.images([drawn(1, 256), drawn(1, 256).resize((200, 150)), drawn(2, 256)])
    assert one @ smaller > 0.99
    assert one @ other < 0.5
    white = model.prepared(Image.new("RGB", (40, 20), (255, 255, 255)))
    assert tuple(white.shape) == (3, 320, 320)
    assert white[:, 0, 0].tolist() == pytest.approx([(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225])


def test_a_file_that_is_no_copy_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="sscd-copy-detection"):
        embed.load_copy("absent.pt", folder=tmp_path)
    (tmp_path / "text.pt").write_text("no model")
    with pytest.raises(UsageError, match="TorchScript"):
        embed.load_copy("text.pt", folder=tmp_path)
