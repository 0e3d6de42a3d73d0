"""What the frozen encoders answered, kept on disk in `latents/` beside the shards, so that the next run need not ask again.

One small safetensors file an answer. Its name and its own metadata say of what: the picture's bytes in the shard or the text,
the model's revision, how pictures are framed, the size, mirrored or not, and what computed it. Whatever of this changes, the
name changes, so nothing is ever stale. A file whose metadata, shapes or bytes are not as it says is as good as absent.

Tensors keep their full precision, so that a run gives the same weights with and without the cache. Only what loses no bit is
stored narrower: the answers of an encoder in bfloat16, which arrive as float32.
"""

import hashlib
import importlib.metadata
import json
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError

from base.errors import SourceError
from base.files import canonical_json, written_whole
from finetune.data import Item
from finetune.frames import FRAMES_VERSION
from shardset import latents
from shardset.read import read_manifest
from shardset.target import LocalFolder

log = logging.getLogger(__name__)

LEAST_FREE_BYTES = 512 << 20
"""So much of the disk is left for checkpoints: below it nothing more is cached."""
COMPUTED_BY = ("torch", "diffusers", "transformers", "pillow")
"""Packages whose other version may give other bits."""
MOMENTS = "moments"
CPU = torch.device("cpu")
NARROW = (torch.bfloat16, torch.float16)
WIDENED = "widened"


class Cache:
    """Answers of one model's encoders, for the pictures of one folder of shards."""

    def __init__(self, shards: Path, base: Mapping[str, str], *, device: torch.device = CPU, precision: str = "no") -> None:
        """Nothing is read or written yet.

        Args:
            shards: the folder; `latents/` is made in it with the first answer. Pictures of another local folder have theirs
                there.
            base: "revision" and "family" of the model.
            device: that the encoders are on; another kind of processor gives other last bits.
            precision: of the model, as `finetune.train.placed` says it.
        """
        self.folder = shards / latents.FOLDER
        self.writable = True
        """False after the first write that failed: the rest of the run's answers stay in memory."""
        versions = {package: importlib.metadata.version(package) for package in COMPUTED_BY}
        self._model: dict[str, Any] = {
            "revision": base["revision"],
            "family": base["family"],
            "computed": {"on": _processor(device), "precision": precision, **versions},
        }

    def text(self, text: str) -> dict[str, torch.Tensor] | None:
        """What the text encoders answered, "text" [1, L, D] and what else the family has; None where it is not known."""
        return _read(*self._text_place(text))

    def keep_text(self, text: str, condition: Mapping[str, torch.Tensor]) -> bool:
        """Write it down; False where that cannot be done (the reason is logged once)."""
        return self._write(*self._text_place(text), condition)

    def moments(self, item: Item, mirrored: bool) -> torch.Tensor | None:
        """Mean and log variance of the item's latents, float32 [2C, h, w]; None where they are not known."""
        found = _read(*self._picture_place(item, mirrored))
        return None if found is None else found[MOMENTS]

    def keep_moments(self, item: Item, mirrored: bool, moments: torch.Tensor) -> bool:
        """Write them down; False where that cannot be done (the reason is logged once)."""
        return self._write(*self._picture_place(item, mirrored), {MOMENTS: moments})

    def follow(self, manifest: Mapping[str, Any]) -> None:
        """Remove what an export took out of the folder while this run was encoding: it swept before this run wrote."""
        try:
            now = read_manifest(self.folder.parent)
            if now != manifest:
                latents.sweep(LocalFolder(self.folder.parent), now["shards"], keep_texts=False)
        except (SourceError, OSError) as error:
            log.warning("cache_not_swept folder=%s reason=%r", self.folder, str(error))

    def _text_place(self, text: str) -> tuple[Path, str]:
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        key = canonical_json({**self._model, "text": sha256})
        return self.folder / latents.name("text", sha256, _digest16(key)), key

    def _picture_place(self, item: Item, mirrored: bool) -> tuple[Path, str]:
        place = item.folder.place
        folder = place.path / latents.FOLDER if isinstance(place, LocalFolder) else self.folder
        size = {"size_px": list(item.size_px), "mirrored": mirrored, "frames": FRAMES_VERSION}
        key = canonical_json({**self._model, **size, "picture": item.image_sha256})
        return folder / latents.name("picture", item.image_sha256, _digest16(key)), key

    def _write(self, path: Path, key: str, tensors: Mapping[str, torch.Tensor]) -> bool:
        if not self.writable:
            return False
        stored = {
            name: _narrowed(one.detach().cpu()).clone().contiguous() for name, one in tensors.items()
        }  # none a view of another
        widened = sorted(name for name, one in stored.items() if one.dtype != tensors[name].dtype)
        told = {"key": key, "sha256": _sha256(stored), WIDENED: canonical_json(widened)}
        try:
            path.parent.mkdir(exist_ok=True)
            free_bytes = shutil.disk_usage(path.parent).free
            if free_bytes < LEAST_FREE_BYTES:
                log.warning("cache_off reason=disk_nearly_full folder=%s free_bytes=%d", path.parent, free_bytes)
                self.writable = False
                return False
            with written_whole(path, sync=False) as stream:
                stream.write(safetensors.torch.save(stored, metadata=told))
        except OSError as error:
            log.warning("cache_off reason=%r folder=%s: answers stay in memory for this run", str(error), path.parent)
            self.writable = False
            return False
        return True


def _processor(device: torch.device) -> str:
    return (
        torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else f"{device.type} {torch.backends.cpu.get_cpu_capability()}"
    )


def _read(path: Path, key: str) -> dict[str, torch.Tensor] | None:
    """The tensors of a file that is what it says, widened again; None where there is none such."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        log.warning("cache_unreadable file=%s reason=%r: encoding again", path, str(error))
        return None
    try:
        told: dict[str, Any] = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]
        stored = safetensors.torch.load(content)
        if told["key"] != key or told["sha256"] != _sha256(stored):
            raise ValueError("it is not what its name or its digest says")
        wide = set(json.loads(told[WIDENED]))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, SafetensorError) as error:
        log.warning("cache_damaged file=%s reason=%r: encoding again", path, str(error))
        return None
    return {name: one.float() if name in wide else one for name, one in stored.items()}


def _narrowed(tensor: torch.Tensor) -> torch.Tensor:
    """In 16 bits where that loses none of float32's."""
    if tensor.dtype == torch.float32:
        for narrow in NARROW:
            if torch.equal((smaller := tensor.to(narrow)).float(), tensor):
                return smaller
    return tensor


def _sha256(tensors: Mapping[str, torch.Tensor]) -> str:
    """Over names, kinds, shapes and bytes."""
    digest = hashlib.sha256()
    for name, one in sorted(tensors.items()):
        digest.update(f"{name} {one.dtype} {tuple(one.shape)}\n".encode())
        digest.update(one.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _digest16(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:16]
