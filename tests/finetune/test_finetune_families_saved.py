"""What each family hands over: weights that stock diffusers loads with identical output, in each way of training."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from base.errors import UsageError
from finetune import checkpoint, objective, parts
from finetune.families import stable_diffusion_xl
from finetune.lora_file import KOHYA_FILE, WEIGHTS_FILE
from finetune.recipe import Recipe, from_table
from finetune.train import train

Read = Callable[..., Any]
CPU = torch.device("cpu")
TEXTS = ["a sks gourd", "a tree"]
WITH_WORDS = ("stable_diffusion", "stable_diffusion_xl", "stable_diffusion_3")
CASES = (*WITH_WORDS, "z_image")
KOHYA = ("stable_diffusion", "stable_diffusion_xl")


def opened(folder: Path, changes: dict[str, Any] | None = None, **weights: Any) -> parts.Parts:
    """The tiny model with what a recipe of these [weights] trains."""
    table = {"model": {"id": str(folder)}, "weights": {"rank": 2, **weights}, "device": "cpu", **(changes or {})}
    recipe = from_table(Recipe, table, where="test")
    return parts.load(recipe, objective.load("dreambooth", {}), CPU, torch.float32)[0]


def stirred(ours: parts.Parts) -> parts.Parts:
    """As if it had learned: every weight that trains is moved."""
    generator = torch.Generator().manual_seed(1)
    for one in ours.trained().values():
        one.data.add_(0.3 * torch.randn(one.shape, generator=generator))
    ours.train(False)
    return ours


def answers(ours: parts.Parts, modules: dict[str, Any]) -> dict[str, torch.Tensor]:
    """What encoders and denoiser among the modules say, by the family's own reading."""
    channels = ours.modules["vae"].config.latent_channels
    noisy = torch.randn(2, channels, 8, 8, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        said = ours.family.encode_texts(modules, TEXTS)
        t = torch.tensor([100, 700])
        return {**said, "answer": ours.family.predict(modules, modules[ours.family.DENOISER], noisy, t, said)}


def stock(ours: parts.Parts, folder: Path) -> tuple[Any, dict[str, Any]]:
    """A stock pipeline of its base, and the modules to ask."""
    pipe = ours.family.pipeline(str(folder), None, torch.float32)
    return pipe, {**ours.modules, **{name: one for name, one in pipe.components.items() if one is not None}}


def assert_same_after_loading(ours: parts.Parts, base: Path, run: Path, file: str, *, words: bool) -> None:
    pipe, modules = stock(ours, base)
    before = answers(ours, modules)
    pipe.load_lora_weights(run, weight_name=file)
    after, expected = answers(ours, modules), answers(ours, ours.modules)
    assert all(torch.equal(after[name], expected[name]) for name in expected)
    assert not torch.equal(after["answer"], before["answer"])
    changed = {name for name in before if not torch.equal(before[name], after[name])} - {"answer"}
    assert changed == ({"text", "pooled"} & set(before) if words else set())


@pytest.mark.parametrize("case", CASES)
def test_trained_weights_are_loaded_by_stock_diffusers_with_the_same_output(
    case: str, family_folders: dict[str, Path], shards: Path, recipe: Read, tmp_path: Path
) -> None:
    words, kohya = case in WITH_WORDS, case in KOHYA
    changes = {"model.id": str(family_folders[case]), "steps": 2, "weights.text_encoder": words, "kohya": kohya}
    quick = {"watch.count": 0, "audit.pictures": 0, "data.cache": False}
    done = train(recipe({**changes, **quick, "weights.alpha": 8}), shards, tmp_path / "run")
    assert done.held_out_after["concept"] != done.held_out_before["concept"]
    run = json.loads((done.folder / "run.json").read_text(encoding="utf-8"))
    assert run["inputs"]["base"]["family"] == case
    settings = from_table(Recipe, run["settings"], where="run.json")
    ours, _ = parts.load(settings, objective.load("dreambooth", {}), CPU, torch.float32)
    optimiser = torch.optim.AdamW(list(ours.trained().values()))
    optimiser.load_state_dict = lambda state: None  # type: ignore[method-assign]  # only the weights are looked at
    checkpoint.load(done.folder / "checkpoints" / "step-00000002", ours, optimiser, None)
    ours.train(False)
    for file in (WEIGHTS_FILE, KOHYA_FILE) if kohya else (WEIGHTS_FILE,):
        assert_same_after_loading(ours, family_folders[case], done.folder, file, words=words)
    assert kohya == (done.folder / KOHYA_FILE).exists()


@pytest.mark.parametrize("case", CASES)
def test_dora_is_loaded_with_the_same_output_in_words_and_pictures(
    case: str, family_folders: dict[str, Path], tmp_path: Path
) -> None:
    words = case in WITH_WORDS
    ours = stirred(opened(family_folders[case], dora=True, text_encoder=words))
    ours.save(tmp_path)
    assert any("magnitude" in name for name in ours.trained())
    assert_same_after_loading(ours, family_folders[case], tmp_path, WEIGHTS_FILE, words=words)


@pytest.mark.parametrize("case", KOHYA)
def test_other_layers_keep_their_output_in_both_forms(case: str, family_folders: dict[str, Path], tmp_path: Path) -> None:
    targets = ["proj_in", "attn2.to_k", "to_out.0", "ff.net.0.proj"]
    ours = stirred(opened(family_folders[case], {"kohya": True}, targets=targets, alpha=3))
    ours.save(tmp_path)
    for file in (WEIGHTS_FILE, KOHYA_FILE):
        assert_same_after_loading(ours, family_folders[case], tmp_path, file, words=False)


@pytest.mark.parametrize("case", ["stable_diffusion_xl", "z_image"])
def test_same_weights_give_the_same_bytes_and_no_path_of_this_machine(
    case: str, family_folders: dict[str, Path], tmp_path: Path
) -> None:
    ours = stirred(opened(family_folders[case], {"kohya": case in KOHYA}, text_encoder=case in WITH_WORDS))
    first, second = ours.save(tmp_path / "a"), ours.save(tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert str(family_folders[case]).encode() not in b"".join(path.read_bytes() for path in first)


@pytest.mark.parametrize("case", WITH_WORDS)
def test_fully_trained_model_and_words_are_saved_as_a_pipeline(
    case: str, family_folders: dict[str, Path], tmp_path: Path
) -> None:
    before = answers(plain := opened(family_folders[case]), plain.modules)
    ours = stirred(opened(family_folders[case], kind="full", text_encoder=True))
    with torch.no_grad():
        base = ours.base_condition(TEXTS)
    (folder,) = ours.save(tmp_path)
    _, modules = stock(ours, folder)
    after, expected = answers(ours, modules), answers(ours, ours.modules)
    assert all(torch.equal(after[name], expected[name]) for name in expected)
    assert not torch.equal(after["text"], before["text"])
    assert torch.allclose(base["text"], before["text"], atol=1e-4)  # the teacher keeps the encoders that the base came with


def test_only_the_layers_named_train_and_the_rest_is_saved_as_it_was(family_folders: dict[str, Path], tmp_path: Path) -> None:
    ours = opened(family_folders["stable_diffusion_xl"], kind="full", only=["attn2.to_k", "attn2.to_v"])
    assert ours.trained()
    assert {name.rsplit(".", 2)[-2] for name in ours.trained()} == {"to_k", "to_v"}
    stirred(ours).save(tmp_path)
    saved = load_file(tmp_path / "pipeline" / "unet" / "diffusion_pytorch_model.safetensors")
    old = load_file(family_folders["stable_diffusion_xl"] / "unet" / "diffusion_pytorch_model.safetensors")
    moved = {name for name in old if not torch.equal(old[name], saved[name])}
    assert moved == {name.removeprefix("denoiser.") for name in ours.trained()}


@pytest.mark.parametrize("case", WITH_WORDS)
@pytest.mark.parametrize("kind", ["lora", "full"])
def test_gradient_reaches_every_weight_that_trains(case: str, kind: str, family_folders: dict[str, Path]) -> None:
    changes = {"gradient_checkpointing": kind == "lora"}
    ours = opened(family_folders[case], changes, kind=kind, text_encoder=True)
    for name, one in ours.trained().items():
        if "lora_B" in name:
            one.data.fill_(0.1)  # at 0 nothing would flow into the other half
    noisy = torch.randn(2, ours.modules["vae"].config.latent_channels, 8, 8)
    ours.learn_texts(["a teacher has read this"])  # and back again
    answer = ours.predict(noisy, torch.tensor([100, 700]), ours.condition(TEXTS))
    answer.pow(2).mean().backward()
    trained = ours.trained()
    assert any(name.startswith("text_encoder.") for name in trained)
    idle = [name for name, one in trained.items() if one.grad is None]  # for these DistributedDataParallel would wait in vain
    assert not idle
    moved = {name.split(".")[0] for name, one in trained.items() if one.grad is not None and one.grad.abs().max() > 0}
    assert moved == {"denoiser", *ours.text_encoders}


@pytest.mark.parametrize("case", WITH_WORDS)
def test_teacher_answers_and_reads_as_the_base_does(case: str, family_folders: dict[str, Path]) -> None:
    base = answers(plain := opened(family_folders[case]), plain.modules)
    ours = stirred(opened(family_folders[case], text_encoder=True))
    condition = ours.base_condition(TEXTS)
    noisy = torch.randn(2, ours.modules["vae"].config.latent_channels, 8, 8, generator=torch.Generator().manual_seed(2))
    with torch.no_grad(), ours.teacher() as teacher:
        answer = teacher(noisy, torch.tensor([100, 700]), condition)
    assert torch.allclose(answer, base["answer"], atol=1e-5)
    assert torch.allclose(condition["text"], base["text"], atol=1e-4)
    assert not torch.allclose(ours.condition(TEXTS)["text"], base["text"], atol=0.1)


def test_kohya_names_are_those_that_sd_scripts_gives(family_folders: dict[str, Path], tmp_path: Path) -> None:
    ours = stirred(opened(family_folders["stable_diffusion"], {"kohya": True}, text_encoder=True, alpha=8))
    ours.save(tmp_path)
    with safe_open(tmp_path / KOHYA_FILE, "pt") as file:
        found, metadata = set(file.keys()), file.metadata()
        alpha = file.get_tensor("lora_te_text_model_encoder_layers_0_self_attn_q_proj.alpha")
    assert "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_out_0.lora_down.weight" in found
    assert "lora_te_text_model_encoder_layers_0_self_attn_q_proj.lora_up.weight" in found
    assert alpha.item() == 8.0
    assert (metadata["ss_network_dim"], metadata["ss_network_alpha"]) == ("2", "8.0")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        # blocks of SDXL's UNet in Stability's own layout, as sd-scripts' library/sdxl_model_util.py pairs them
        ("down_blocks.1.attentions.0.transformer_blocks.1.attn1.to_q", "input_blocks.4.1.transformer_blocks.1.attn1.to_q"),
        ("down_blocks.2.attentions.1.proj_in", "input_blocks.8.1.proj_in"),
        ("mid_block.attentions.0.transformer_blocks.9.ff.net.2", "middle_block.1.transformer_blocks.9.ff.net.2"),
        ("up_blocks.0.attentions.2.transformer_blocks.0.attn2.to_k", "output_blocks.2.1.transformer_blocks.0.attn2.to_k"),
        ("up_blocks.1.attentions.0.proj_out", "output_blocks.3.1.proj_out"),
    ],
)
def test_layers_of_xl_are_named_as_in_its_makers_unet(path: str, expected: str) -> None:
    assert stable_diffusion_xl.kohya_path(path, 2) == expected


@pytest.mark.parametrize(
    ("case", "changes", "said"),
    [
        ("stable_diffusion_3", {"kohya": True}, r"Stable Diffusion 3 .*kohya = false"),
        ("z_image", {"kohya": True}, r"Z-Image .*kohya = false"),
        ("z_image", {"weights.text_encoder": True}, r"weights\.text_encoder = true"),
        ("stable_diffusion", {"kohya": True, "weights.dora": True}, r"weights\.dora"),
        ("stable_diffusion_xl", {"kohya": True, "weights.targets": ["conv1"]}, r"'conv1'.*to_q"),
    ],
)
def test_what_a_family_cannot_do_is_refused_before_anything_is_encoded(
    case: str, changes: dict[str, Any], said: str, family_folders: dict[str, Path], shards: Path, recipe: Read, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=said):
        train(recipe({"model.id": str(family_folders[case]), **changes}), shards, tmp_path / "run")
    assert not (tmp_path / "run" / "run.json").exists()
