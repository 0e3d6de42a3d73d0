"""Checkpoints that are whole or absent: written under a temporary name, flushed, renamed, and only then the old ones pruned."""

import json
import logging
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from base.errors import CheckFailed
from base.faults import kill_point
from base.files import sha256_of_file, sync_folder, write_json
from finetune.parts import Parts, put

log = logging.getLogger(__name__)

WEIGHTS_FILE = "weights.safetensors"
OPTIMISER_FILE = "optimiser.pt"
STATE_FILE = "state.json"


def save(folder: Path, parts: Parts, optimiser: Any, scaler: Any, state: dict[str, Any], *, kept: int) -> Path:
    """Write the checkpoint of `state["step"]`, then remove all but the newest `kept`.

    Args:
        folder: the run's `checkpoints/`.
        parts: their trained weights are written.
        optimiser: with `state_dict()`.
        scaler: of fp16 training, or None.
        state: what a person may want to read, as JSON; `load` gives it back.
        kept: checkpoints that stay, 1 or more.
    """
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"step-{state['step']:08d}"
    temporary = folder / f".{place.name}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    weights = {name: one.detach().cpu().contiguous() for name, one in parts.trained().items()}
    save_file(weights, temporary / WEIGHTS_FILE)
    kill_point("train.mid_checkpoint")
    torch.save(
        {"optimiser": optimiser.state_dict(), "scaler": scaler.state_dict() if scaler else None}, temporary / OPTIMISER_FILE
    )
    for name in (WEIGHTS_FILE, OPTIMISER_FILE):
        with (temporary / name).open("rb") as stream:
            os.fsync(stream.fileno())
    digests = {name: sha256_of_file(temporary / name) for name in (WEIGHTS_FILE, OPTIMISER_FILE)}
    write_json(temporary / STATE_FILE, {**state, "files": digests})  # fsynced, and its folder
    temporary.replace(place)
    sync_folder(folder)
    kill_point("train.after_checkpoint")
    for old in _all(folder)[:-kept]:
        shutil.rmtree(old)
    log.info("saved checkpoint=%s", place)
    return place


def latest(folder: Path) -> Path | None:
    """The newest whole checkpoint; half-written ones of a killed process are removed."""
    for torn in folder.glob(".step-*.tmp"):
        shutil.rmtree(torn, ignore_errors=True)
    return found[-1] if (found := _all(folder)) else None


def load(place: Path, parts: Parts, optimiser: Any, scaler: Any) -> dict[str, Any]:
    """Put weights and optimiser back as they were, and return the state.

    Raises:
        CheckFailed: a file is not the one that was saved; the message says what to remove.
    """
    state: dict[str, Any] = json.loads((place / STATE_FILE).read_text(encoding="utf-8"))
    for name, digest in state["files"].items():
        if not (place / name).exists() or sha256_of_file(place / name) != digest:
            raise CheckFailed(f"{place / name} is not the file that was saved: remove {place} to resume from the one before.")
    put(parts, load_file(place / WEIGHTS_FILE))
    saved = torch.load(place / OPTIMISER_FILE, map_location=parts.device, weights_only=True)
    optimiser.load_state_dict(saved["optimiser"])
    if scaler and saved["scaler"]:
        scaler.load_state_dict(saved["scaler"])
    return state


def remove_all(folder: Path) -> None:
    """Forget what was saved, so that a run begins again."""
    for place in _all(folder):
        shutil.rmtree(place)


def _all(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*"))
