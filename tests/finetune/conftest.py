"""A tiny Stable Diffusion and a folder of shards, both made in code, for every test of the trainer."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

pytest.importorskip("diffusers", reason="extra 'models' is not installed")
pytest.importorskip("accelerate", reason="extra 'models' is not installed")

WORDS = "a an sks zwx gourd tree on the pampas at dusk day high low horizon red blue"
SIDE_PX = 32


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights in the layout of diffusers: 32 px pictures, 16 x 16 latents, 60,000 UNet parameters."""
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    words = WORDS.split()
    letters = sorted({letter for word in words for letter in word})
    tokens, merges = [*letters, *(letter + "</w>" for letter in letters)], []
    for word in words:
        left = word[0]
        for at, letter in enumerate(word[1:], start=1):
            right = letter + ("</w>" if at == len(word) - 1 else "")
            merges.append((left, right))
            left += right
            tokens.append(left)
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    numbers = {token: number for number, token in enumerate(dict.fromkeys(tokens))}
    start, end = numbers["<|startoftext|>"], numbers["<|endoftext|>"]
    tokenizer = CLIPTokenizer(
        vocab=numbers,
        merges=list(dict.fromkeys(merges)),
        unk_token="<|endoftext|>",
        pad_token="<|endoftext|>",
        model_max_length=16,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        vae = AutoencoderKL(
            block_out_channels=(8, 16), norm_num_groups=4, latent_channels=4, sample_size=SIDE_PX,
            down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2, mid_block_add_attention=False,
        )  # fmt: skip
        unet = UNet2DConditionModel(
            sample_size=SIDE_PX // 2, in_channels=4, out_channels=4, layers_per_block=1, block_out_channels=(8, 16),
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
            cross_attention_dim=16, attention_head_dim=2, norm_num_groups=4,
        )  # fmt: skip
        text_encoder = CLIPTextModel(
            CLIPTextConfig(
                vocab_size=len(numbers),
                hidden_size=16,
                intermediate_size=32,
                projection_dim=16,
                num_hidden_layers=1,
                num_attention_heads=2,
                max_position_embeddings=16,
                initializer_factor=5.0,
                bos_token_id=start,
                eos_token_id=end,
                pad_token_id=end,
            )
        )
    pipe = StableDiffusionPipeline(
        vae=vae, text_encoder=text_encoder, tokenizer=tokenizer, unet=unet,
        scheduler=DDIMScheduler(steps_offset=1, clip_sample=False),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("model") / "tiny"
    pipe.save_pretrained(folder)
    return folder


GOURD = {"name": "chimarrão", "class_noun": "gourd", "rare_token": "sks"}
TREE = {"name": "araucária", "class_noun": "tree", "rare_token": "zwx"}


def picture(number: int, size: tuple[int, int] = (40, 40)) -> bytes:
    """A disc on a ground, different for each number, as PNG."""
    image = Image.new("RGB", size, (40 + 5 * number, 90, 160))
    ImageDraw.Draw(image).ellipse([8 + number, 8, 28 + number, 28], fill=(230, 200 - 10 * number, 20))
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def make_sample(number: int, **changes: Any) -> dict[str, Any]:
    """A record in the form of the shards, with its "bytes"."""
    data = changes.pop("bytes", None) or picture(number, changes.pop("size", (40, 40)))
    with Image.open(io.BytesIO(data)) as image:
        width, height = image.size
    key = hashlib.sha256(data).hexdigest()
    return {
        "bytes": data, "sha256": key, "origin": "harvested", "split": "train", "anchor": key, "subject": f"subject-{number}",
        "concepts": [GOURD], "caption": f"a gourd on the pampas at {'dusk' if number % 2 else 'day'}", "caption_language": "en",
        "title": f"Gourd {number}", "creator": "Ana Souza", "creation_date": "1932", "source": "museum", "source_id": str(number),
        "page_url": f"https://museum.example/{number}", "image_url": f"https://museum.example/{number}.png", "format": "PNG",
        "width_px": width, "height_px": height, "credit_line": f"Ana Souza, Gourd {number}, CC BY 4.0",
        "rights": {"family": "by", "version": "4.0", "jurisdiction": None, "uri": "https://creativecommons.org/licenses/by/4.0/",
                   "spdx": "CC-BY-4.0", "flags": []},
        "permissions": {"derivatives": True, "commercial": True, "redistribute": True, "attribution": True, "share_alike": False},
        "purposes": ["research", "commercial"], "parent": None, "variation": None,
        **changes,
    }  # fmt: skip


def make_collection() -> list[dict[str, Any]]:
    """Five training gourds with two variations of the first, one held-out gourd, one held-out tree."""
    train = [make_sample(number) for number in range(5)]
    parent = train[0]
    made = [
        make_sample(number, origin="generated", parent=parent["sha256"], anchor=parent["sha256"], variation={"seed": number})
        for number in (10, 11)
    ]
    return [
        *train, *made, make_sample(6, split="val"),
        make_sample(7, split="val", concepts=[], caption="a tree on the pampas at day"),
    ]  # fmt: skip


@pytest.fixture(scope="session")
def write_shards() -> Callable[[Path, list[dict[str, Any]]], Path]:
    """Writes samples as `export` would."""
    from shardset.write import NewSample, write_folder

    def write(folder: Path, samples: list[dict[str, Any]]) -> Path:
        listed = []
        for one in samples:
            data = one["bytes"]
            record = {name: value for name, value in one.items() if name != "bytes"}
            listed.append(
                NewSample(
                    key=one["sha256"],
                    extension="png",
                    size_bytes=len(data),
                    caption=one["caption"],
                    record=record,
                    load=lambda data=data: data,
                )
            )
        write_folder(folder, listed, purpose="research", about={})
        return folder

    return write


@pytest.fixture
def sample() -> Callable[..., dict[str, Any]]:
    """Makes one record."""
    return make_sample


@pytest.fixture
def collection() -> list[dict[str, Any]]:
    """The records of the session's shards, to change."""
    return make_collection()


@pytest.fixture(scope="session")
def shards(tmp_path_factory: pytest.TempPathFactory, write_shards: Callable[..., Path]) -> Path:
    """The folder of the collection."""
    return write_shards(tmp_path_factory.mktemp("shards"), make_collection())


RECIPE = """
purpose = "research"
steps = 6
checkpoint_every = 2
device = "cpu"
[model]
id = "{model}"
licence = "made for tests"
[weights]
rank = 4
[data]
size_px = 32
batch_size = 3
alpha = 0.5
[objective.settings]
caption_dropout = 0.1
[optimiser]
learning_rate = 1e-3
[held_out]
timesteps = [200, 600]
[watch]
count = 0
[audit]
pictures = 0
"""


@pytest.fixture(scope="session")
def recipe_text(model: Path) -> str:
    """The tests' recipe."""
    return RECIPE.format(model=model)


@pytest.fixture
def recipe(recipe_text: str, tmp_path: Path) -> Callable[..., Any]:
    """Reads the tests' recipe with dotted keys replaced."""

    def read(changes: dict[str, Any] | None = None) -> Any:
        from finetune.recipe import read as read_recipe

        path = tmp_path / "tiny.toml"
        path.write_text(recipe_text, encoding="utf-8")
        return read_recipe(path, changes)

    return read


@pytest.fixture(scope="session")
def family_folders(model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tiny model of each family; Stable Diffusion also with v prediction, SD 3 with its T5."""
    import shutil

    import tiny_diffusion
    from diffusers import DDIMScheduler

    where = tmp_path_factory.mktemp("families")
    shutil.copytree(model, where / "v")
    DDIMScheduler(steps_offset=1, clip_sample=False, prediction_type="v_prediction").save_pretrained(where / "v" / "scheduler")
    return {
        "stable_diffusion": model,
        "stable_diffusion_v": where / "v",
        "stable_diffusion_xl": tiny_diffusion.save("sdxl", where / "xl"),
        "stable_diffusion_3": tiny_diffusion.save("sd3", where / "three", t5=True),
        "z_image": tiny_diffusion.save("z_image", where / "z"),
    }


@pytest.fixture
def pooling() -> Any:
    """An encoder in the form that the loader wants, exact and cheap: moments are pictures at half size; it counts its calls."""
    import torch

    class Pooling:
        calls = 0

        def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
            self.calls += len(pixels)
            small = torch.nn.functional.avg_pool2d(pixels, 2)  # B 3 H/2 W/2
            return torch.cat([small, small / 3], dim=1)  # B 6 H/2 W/2

    return Pooling()
