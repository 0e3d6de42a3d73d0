"""Does this machine have what the recipe asks for: packages, a compiler, a device that can do its precision, room on the disk."""

import importlib.util
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from base.errors import FototecaError, NoSpaceError, UsageError
from finetune import audit, watch
from finetune.recipe import Recipe

COMPILERS = ("g++", "clang++", "c++")


def faults(recipe: Recipe, *, device_must_be_here: bool = True) -> list[FototecaError]:
    """What the recipe asks for and this machine has not; nothing is loaded.

    Args:
        recipe: any.
        device_must_be_here: False for a look from a machine that is not the one to train on.
    """
    found: list[FototecaError] = []
    for look in (watch.check, audit.check):
        try:
            look(recipe)
        except FototecaError as error:
            found.append(error)
    if recipe.optimiser.kind == "adamw_8bit" and importlib.util.find_spec("bitsandbytes") is None:
        found.append(
            UsageError(
                'optimiser.kind = "adamw_8bit" needs bitsandbytes, which is not installed here: '
                '`pip install "fototeca[eightbit]"`, or take "adamw".'
            )
        )
    if recipe.compile and not compiler():
        found.append(
            UsageError(f"compile = true needs a C++ compiler, and none of {', '.join(COMPILERS)} is here: install one, or false.")
        )
    return [*found, *(_device_faults(recipe) if device_must_be_here else [])]


def compiler() -> str | None:
    """The C++ compiler that torch.compile would find: CXX, or one of the usual names."""
    named = os.environ.get("CXX")
    return next((found for one in ((named,) if named else COMPILERS) if (found := shutil.which(one))), None)


def on_gpu(recipe: Recipe) -> bool:
    """Whether the recipe would train on a GPU of this machine."""
    return recipe.device != "cpu" and torch.cuda.is_available()


def memory_bytes(recipe: Recipe) -> int | None:
    """What the device has here: the GPU's memory, or the machine's for a recipe that asks for the CPU; None without a GPU."""
    if on_gpu(recipe):
        return int(torch.cuda.get_device_properties(0).total_memory)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if recipe.device == "cpu" else None


def _device_faults(recipe: Recipe) -> list[FototecaError]:
    if recipe.device == "cuda" and not torch.cuda.is_available():
        return [UsageError('device = "cuda", and torch sees no GPU here: take "auto" or "cpu", or look at the driver.')]
    if not on_gpu(recipe):
        if recipe.precision == "fp16":
            return [UsageError('precision = "fp16" cannot train on a CPU: take "no" or "auto".')]
        return []
    if recipe.precision in ("bf16", "auto") and not torch.cuda.is_bf16_supported(including_emulation=False):
        name = torch.cuda.get_device_name()
        return [UsageError(f'precision = "{recipe.precision}" means bf16, which {name} cannot do: take "fp16".')]
    return []


@dataclass(frozen=True, kw_only=True)
class Room:
    """What a run writes beneath one folder."""

    folder: Path
    needed_bytes: int
    free_bytes: int


def room(run: Path, shards: Path, written: Mapping[str, int], cached_bytes: int) -> list[Room]:
    """Bytes that are wanted and free for the run's folder and for the cache beside the shards; one where they share a disk.

    Args:
        run: the run's folder; it need not be there yet.
        shards: their folder.
        written: bytes by what is written into the run's folder.
        cached_bytes: of `latents/`.
    """
    run_place, shards_place = _existing(run), _existing(shards)
    needed = {run_place: sum(written.values())}
    if run_place.stat().st_dev == shards_place.stat().st_dev:
        needed[run_place] += cached_bytes
    elif cached_bytes:
        needed[shards_place] = cached_bytes
    return [Room(folder=place, needed_bytes=size, free_bytes=shutil.disk_usage(place).free) for place, size in needed.items()]


def room_faults(found: list[Room]) -> list[FototecaError]:
    """The disks that are too small."""
    return [
        NoSpaceError(
            f"the run would write about {one.needed_bytes / 1e9:.2f} GB to {one.folder}, where {one.free_bytes / 1e9:.2f} GB are "
            "free: free some, name another folder with --run, or lower checkpoints_kept."
        )
        for one in found
        if one.needed_bytes > one.free_bytes
    ]


def _existing(path: Path) -> Path:
    path = path.absolute()
    return path if path.exists() else _existing(path.parent)
