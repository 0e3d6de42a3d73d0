"""`latents/` beside the shards: what a trainer's frozen encoders answered, which goes when its samples go.

A file is named after the SHA-256 of what was encoded, so that it can be found and removed without being opened:
picture-<sha256 of the image in the shard>-<digest>.safetensors, text-<sha256 of the text>-<digest>.safetensors.
"""

import contextlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from shardset.target import LocalFolder, Target

FOLDER = "latents"
NAME = re.compile(r"(picture|text)-([0-9a-f]{64})-[0-9a-f]{16}\.safetensors")
HALF_WRITTEN = re.compile(r"\.(picture|text)-.+\.tmp")  # as base.files.written_whole names them
TEXTS = ("txt", "json")


def name(kind: Literal["picture", "text"], sha256: str, digest: str) -> str:
    """The file's name; `digest` says of what else the answer depends (model, size …), 16 hexadecimal digits."""
    return f"{kind}-{sha256}-{digest}.safetensors"


def sweep(place: Target, shards: Iterable[Mapping[str, Any]], *, keep_texts: bool) -> int:
    """Remove latents of pictures that these shards do not hold, and texts unless `keep_texts`; returns how many files.

    Files of other names are left alone. Remote places hold no latents.

    Args:
        place: the folder of the shards.
        shards: entries of a manifest.
        keep_texts: a text cannot be traced to its sample, so all texts go where any sample changed.
    """
    folder = place.path / FOLDER if isinstance(place, LocalFolder) else None
    if folder is None or not folder.is_dir():
        return 0
    held = {
        sha256
        for shard in shards
        for row in shard["samples"]
        for extension, (_, _, sha256) in row["members"].items()
        if extension not in TEXTS
    }
    gone = [path for path in folder.iterdir() if _is_orphan(path, held, keep_texts)]
    for path in gone:
        path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()  # empty; else it stays
    return len(gone)


def _is_orphan(path: Path, held: set[str], keep_texts: bool) -> bool:
    found = NAME.fullmatch(path.name)
    if not found:
        return HALF_WRITTEN.fullmatch(path.name) is not None
    return found[2] not in held if found[1] == "picture" else not keep_texts
