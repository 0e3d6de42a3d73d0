"""An objective is one file: loop, parts, checkpoint and generate take a new one without knowing its name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from base import plugins
from finetune import objective
from finetune.sample import generate
from finetune.train import train

CONDITIONED = '''
"""Adds a learned token to every caption, for a test."""
import torch
from dataclasses import dataclass

KEEPS = ("vae",)

@dataclass(frozen=True, kw_only=True)
class Settings:
    tokens: int = 2

def texts(caption, concepts, fallback):
    return {"plain": caption}

def install(parts):
    parts.extra["token"] = torch.nn.Linear(1, 16 * parts.settings.tokens, bias=False)
    torch.nn.init.zeros_(parts.extra["token"].weight)

def _with(parts, condition, rows):
    learned = parts.extra["token"](torch.ones(rows, 1)).view(rows, parts.settings.tokens, 16)
    return {"text": torch.cat([condition["text"], learned], dim=1)}

def loss(parts, batch, generator):
    assert batch.pixels().shape[1:] == (3, 32, 32)
    latents = parts.latents(batch.moments, generator.normal)
    noise, t = generator.normal(latents.shape[1:]), parts.timesteps(generator.uniform())
    condition = _with(parts, parts.condition(batch.texts["plain"]), len(t))
    predicted = parts.predict(parts.noised(latents, noise, t), t, condition)
    loss = (predicted - parts.target(latents, noise, t)).pow(2).mean()
    return loss, {"plain": loss.item()}

def sample(parts, arguments, options):
    own = _with(parts, {"text": torch.zeros(1, 16, 16)}, 1)["text"]
    return parts.pipe(**{**arguments, "prompt": None, "prompt_embeds": own, "guidance_scale": options["scale"]}).images
'''


@pytest.mark.parametrize("name", plugins.names(objective.PACKAGE))
def test_every_objective_explains_itself_and_has_a_loss(name: str) -> None:
    assert len(plugins.description(objective.PACKAGE, name)) > 40
    assert callable(objective.load(name, {}).loss)


def test_objective_with_modules_of_its_own_is_trained_saved_resumed_and_sampled(
    recipe: Callable[..., Any], shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "objectives_of_a_test"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "conditioned.py").write_text(CONDITIONED, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(objective, "PACKAGE", package.name)
    changes = {"objective.name": "conditioned", "objective.settings": {"tokens": 3}}
    whole = train(recipe(changes), shards, tmp_path / "whole")

    def stop(what: str, done: int, total: int) -> None:
        if (what, done) == ("training", 3):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(recipe(changes), shards, tmp_path / "stopped", progress=stop)
    again = train(recipe(changes), shards, tmp_path / "stopped")
    assert again.resumed_from == 2
    extra = [(run.folder / "extra.safetensors").read_bytes() for run in (whole, again)]
    assert extra[0] == extra[1]

    from safetensors.torch import load

    assert load(extra[0])["extra.token.weight"].abs().sum() > 0
    assert torch.isfinite(torch.tensor(whole.held_out_after["concept"]))
    (path,) = generate(whole.folder, ["a tree"], count=1, steps=1, out=tmp_path / "out", options={"scale": 1.0})
    assert path.exists()
