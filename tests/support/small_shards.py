"""Samples for shard tests: drawn pictures with the record that an export writes."""

import hashlib
from typing import Any

from shardset.write import NewSample


def sample(number: int, *, split: str = "train", parent: str | None = None, caption: str = "uma cuia") -> NewSample:
    """A sample whose image is a few recognisable bytes."""
    image = f"picture {number}".encode() * (40 + number)
    key = hashlib.sha256(image).hexdigest()
    record: dict[str, Any] = {
        "sha256": key,
        "origin": "generated" if parent else "harvested",
        "split": split,
        "anchor": parent or key,
        "concepts": [{"name": "chimarrão", "class_noun": "gourd", "rare_token": "sks"}],
        "caption": caption,
        "parent": parent,
        "credit_line": "Maria, CC BY 4.0",
        "purposes": ["research", "commercial"],
    }
    return NewSample(key=key, extension="jpg", size_bytes=len(image), caption=caption, record=record, load=lambda: image)
