"""Ways of training that change speed or smoothness only: running mean, 8-bit moments, compiled blocks, many processes."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from base.errors import UsageError
from finetune import optimise, parts
from finetune.train import train

Read = Callable[..., Any]
ROOT = Path(__file__).parents[2]
WEIGHTS = "pytorch_lora_weights.safetensors"


class Stopped(Exception):
    """What a test raises to stop a run."""


def stop_after(step: int) -> Callable[[str, int, int], None]:
    def tell(what: str, done: int, total: int) -> None:
        if (what, done) == ("training", step):
            raise Stopped

    return tell


def column(folder: Path, name: str) -> list[float]:
    return [json.loads(line)[name] for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]


def tensors(folder: Path, name: str = WEIGHTS) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(folder / name)


def kinds(value: Any) -> set[torch.dtype]:
    """Types of all tensors in a tree of tables."""
    if isinstance(value, dict):
        return {kind for one in value.values() for kind in kinds(one)}
    return {value.dtype} if torch.is_tensor(value) else set()


def test_running_mean_is_handed_over_and_survives_a_stop(shards: Path, recipe: Read, tmp_path: Path) -> None:
    plain = train(recipe({"steps": 4}), shards, tmp_path / "plain")
    changes = {"steps": 4, "optimiser.ema_decay": 0.5}
    whole = train(recipe(changes), shards, tmp_path / "whole")
    with pytest.raises(Stopped):
        train(recipe(changes), shards, tmp_path / "stopped", progress=stop_after(3))
    again = train(recipe(changes), shards, tmp_path / "stopped")
    assert again.resumed_from == 2
    assert (again.folder / WEIGHTS).read_bytes() == (whole.folder / WEIGHTS).read_bytes()
    assert column(whole.folder, "loss") == column(plain.folder, "loss")  # the weights that learn are the same
    assert whole.held_out_after != plain.held_out_after

    weights = [plain.folder / "checkpoints" / f"step-{step:08d}" / "weights.safetensors" for step in (2, 4)]
    mean = tensors(whole.folder / "checkpoints" / "step-00000004", "mean.safetensors")
    name, last = next((name, one) for name, one in tensors(weights[1].parent, weights[1].name).items() if "lora_B" in name)
    assert 0 < mean[name].norm() < last.norm()  # B begins at zero and grows: its mean lags behind


def test_eight_bit_moments_train_and_resume_exactly(shards: Path, recipe: Read, tmp_path: Path) -> None:
    bitsandbytes = pytest.importorskip("bitsandbytes", reason="extra 'eightbit' is not installed")
    changes = {"steps": 3, "checkpoint_every": 1, "weights.kind": "full", "optimiser.kind": "adamw_8bit"}
    whole = train(recipe(changes), shards, tmp_path / "whole")
    with pytest.raises(Stopped):
        train(recipe(changes), shards, tmp_path / "stopped", progress=stop_after(2))
    again = train(recipe(changes), shards, tmp_path / "stopped")
    assert again.resumed_from == 1
    assert column(again.folder, "loss") == column(whole.folder, "loss")
    assert whole.held_out_after["concept"] < whole.held_out_before["concept"]
    saved = torch.load(whole.folder / "checkpoints" / "step-00000003" / "optimiser.pt", weights_only=True)["optimiser"]
    assert torch.uint8 in kinds(saved["state"]), bitsandbytes.__version__


def test_eight_bits_without_the_library_say_what_to_install(recipe: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("bitsandbytes", "bitsandbytes.optim", "bitsandbytes.optim.adamw"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UsageError, match=r"fototeca\[eightbit\]"):
        optimise._class(recipe({"optimiser.kind": "adamw_8bit"}).optimiser)


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")  # dynamo 2.15 looks
def test_compiled_blocks_give_the_same_losses(
    shards: Path, recipe: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "COMPILER", "eager")  # the graphs are captured as ever; inductor takes minutes on two cores
    changes = {"steps": 1, "data.aspect_buckets": False, "held_out.timesteps": [600], "objective.settings": {"prior": "none"}}
    plain = train(recipe(changes), shards, tmp_path / "plain")
    compiled = train(recipe({**changes, "compile": True}), shards, tmp_path / "compiled")
    assert column(compiled.folder, "loss") == pytest.approx(column(plain.folder, "loss"), rel=1e-5)
    assert tensors(compiled.folder).keys() == tensors(plain.folder).keys()


def test_texts_beyond_the_memory_for_them_are_read_from_the_disk(
    shards: Path, recipe: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = train(recipe({"steps": 2, "data.cache": False}), shards, tmp_path / "plain")
    monkeypatch.setattr(parts, "TEXTS_BYTES", 1)
    copied = shutil.copytree(shards, tmp_path / "shards", ignore=shutil.ignore_patterns("latents"))
    read = train(recipe({"steps": 2}), copied, tmp_path / "read")
    assert (read.folder / WEIGHTS).read_bytes() == (plain.folder / WEIGHTS).read_bytes()


def test_text_encoders_learn_at_their_own_rate(recipe: Read) -> None:
    class Two:
        device = torch.device("cpu")

        def trained(self) -> dict[str, torch.nn.Parameter]:
            return {name: torch.nn.Parameter(torch.zeros(1)) for name in ("denoiser.a", "text_encoder.b", "extra.c.d")}

    settings = recipe({"optimiser.text_encoder_learning_rate": 1e-4, "optimiser.learning_rate": 1e-3}).optimiser
    optimiser = optimise.build(Two(), settings)  # type: ignore[arg-type]  # all that is asked of Parts
    optimise.set_rate(optimiser, 5e-4)
    assert [(len(group["params"]), group["lr"]) for group in optimiser.param_groups] == [(2, 5e-4), (1, pytest.approx(5e-5))]


def test_two_processes_follow_the_curve_of_one_with_twice_the_batch(
    shards: Path, recipe: Read, recipe_text: str, tmp_path: Path
) -> None:
    changes = {"steps": 4, "data.accumulation": 2, "weights.text_encoder": True}
    alone = train(recipe({**changes, "data.batch_size": 4}), shards, tmp_path / "alone")
    text = recipe_text.replace("steps = 6", "steps = 4").replace("batch_size = 3", "batch_size = 2\naccumulation = 2")
    (tmp_path / "two.toml").write_text(text.replace("rank = 4", "rank = 4\ntext_encoder = true"), encoding="utf-8")
    command = [
        sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1",
        "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0", "--num_cpu_threads_per_process", "1",
        "-m", "fototeca", "finetune", "two.toml", "--shards", str(shards), "--run", "run", "--workspace", str(tmp_path),
    ]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert ended.stdout.count("held-out loss") == 1  # one process speaks
    assert column(tmp_path / "run", "loss") == pytest.approx(column(alone.folder, "loss"), rel=1e-5)
    assert (tmp_path / "run" / "samples.jsonl").read_bytes() == (alone.folder / "samples.jsonl").read_bytes()
    for name, one in tensors(tmp_path / "run").items():
        assert torch.allclose(one, tensors(alone.folder)[name], atol=1e-5)
