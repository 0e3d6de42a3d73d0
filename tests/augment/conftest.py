"""A tiny latent diffusion model with random weights, and a small curated collection to vary."""

import io
import shutil
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from catalog import runs
from catalog.records import Candidate, Concept, Decision, Group, Measure, Rights, Split
from catalog.records import Image as ImageRow
from catalog.store import Store

GRID_PX = 2  # of the tiny VAE: two levels


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in the layout of diffusers: Stable Diffusion's build at a few thousand weights, seeded, untrained."""
    torch = pytest.importorskip("torch", reason="the extra 'models' is not installed")
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    letters = sorted(ByteLevel.alphabet())
    pieces = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    tokenizer = CLIPTokenizer(vocab={piece: number for number, piece in enumerate(pieces)}, merges=[], model_max_length=32)
    with torch.random.fork_rng():
        torch.manual_seed(7)
        text_encoder = CLIPTextModel(
            CLIPTextConfig(
                vocab_size=len(pieces),
                hidden_size=16,
                intermediate_size=32,
                num_hidden_layers=1,
                num_attention_heads=2,
                max_position_embeddings=32,
                bos_token_id=len(pieces) - 2,
                eos_token_id=len(pieces) - 1,
                pad_token_id=len(pieces) - 1,
                initializer_factor=5.0,
            )
        )
        unet = UNet2DConditionModel(
            sample_size=16,
            block_out_channels=(8, 16),
            layers_per_block=1,
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
            cross_attention_dim=16,
            attention_head_dim=2,
            norm_num_groups=4,
        )
        vae = AutoencoderKL(
            block_out_channels=(8, 8),
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            latent_channels=4,
            norm_num_groups=4,
            sample_size=32,
        )
    pipe = StableDiffusionPipeline(
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=DDIMScheduler(steps_offset=1, clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    folder = tmp_path_factory.mktemp("tiny") / "model"
    pipe.save_pretrained(folder)
    return folder


@pytest.fixture
def collection(curated: Path, tmp_path: Path) -> Path:
    """A copy, for one test, of the curated workspace."""
    return shutil.copytree(curated, tmp_path / "workspace")


@pytest.fixture(scope="session")
def curated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A curated workspace. Gourds: 12 wanted, 7 kept, of which 5 may be varied for research; toads: 3 wanted, none there."""
    workspace = tmp_path_factory.mktemp("curated")
    store = Store(workspace)
    items = [
        ("first", "by", "train", "keep"),
        ("second", "by-sa", "train", "keep"),
        ("third", "cc0", "train", "keep"),
        ("lying", "by", "train", "keep"),
        ("not for sale", "by-nc", "train", "keep"),
        ("held out", "by", "val", "keep"),
        ("no derivatives", "by-nd", "train", "keep"),
        ("opted out", "by", "train", "exclude"),
        ("doubtful", "by", "train", "review"),
    ]
    with runs.begin(workspace, "harvest", {}) as run:
        names = {}
        for number, (title, family, _, _) in enumerate(items):
            data = drawn(number, lying=title == "lying")
            names[title] = store.put(data)
            run.add("candidates", candidate(title, family, names[title]))
            run.add(
                "images",
                ImageRow(
                    sha256=names[title],
                    origin="harvested",
                    format="JPEG",
                    width_px=64,
                    height_px=48,
                    size_bytes=len(data),
                ),
            )
        run.add("candidates", candidate("refused", "arr", None))
        store.sync()
    with runs.begin(workspace, "curate", {}) as run:
        words = {"en": ("gourd",)}
        for name, noun, target in (("chimarrao", "gourd", 12), ("araucaria", "tree", 0), ("sapinho", "toad", 3)):
            run.add("concepts", Concept(name=name, words=words, class_noun=noun, rare_token="sks", target=target))
        for title, _, split, verdict in items:
            sides = (48, 64) if title == "lying" else (64, 48)
            for measure, side_px in zip(("width_px", "height_px"), sides, strict=True):
                run.add("measures", Measure(sha256=names[title], measure=measure, version="1", value=side_px))
            run.add("groups", Group(anchor=names[title], member=names[title]))
            run.add("splits", Split(anchor=names[title], split=split))
            if verdict != "keep":
                criterion = "opted_out" if verdict == "exclude" else "near_duplicate"
                run.add("decisions", decision(candidate(title, "by", names[title]).candidate_id, criterion, verdict))
        run.add("decisions", decision(candidate("refused", "arr", None).candidate_id, "rights_not_cleared", "exclude"))
    return workspace


def candidate(title: str, family: str, sha256: str | None) -> Candidate:
    """One item of the folder; its caption names no gourd."""
    uri = f"https://creativecommons.org/licenses/{family}/4.0/" if family.startswith("by") else None
    return Candidate(
        source="folder:test",
        source_id=f"{title}.jpg",
        title=title,
        creator="Ana",
        caption=f"a cuia of mate, {title}",
        caption_language="en",
        concepts=("chimarrao",),
        rights=Rights(family=family, version="4.0", uri=uri, credit_line=f"Ana, {title}"),
        outcome="stored" if sha256 else "not_fetched_rights",
        sha256=sha256,
    )


def decision(subject: str, criterion: str, verdict: str) -> Decision:
    """A verdict of a criterion."""
    return Decision(
        subject=subject,
        criterion=criterion,
        version="1",
        verdict=verdict,
        reason="Because.",
        evidence={},
        who="criteria",
    )


def drawn(number: int, *, lying: bool = False) -> bytes:
    """A JPEG of 64 x 48 px; lying: with an EXIF orientation that makes it 48 x 64 upright."""
    image = Image.new("RGB", (64, 48), (40 * number % 256, 120, 200))
    ImageDraw.Draw(image).ellipse((10 + number, 8, 40 + number, 40), fill=(200, 90, 20 * number % 256))
    exif = Image.Exif()
    if lying:
        exif[0x0112] = 6
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=92, exif=exif)
    return stream.getvalue()
