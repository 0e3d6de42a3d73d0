"""A LoRA file as stock diffusers writes it, with its header in fixed order: the same training gives the same bytes."""

import json
import struct
from pathlib import Path
from typing import Any

from base.files import written_whole

ALIGNED_BYTES = 8  # of a safetensors header
METADATA = "__metadata__"


def make_canonical(path: Path) -> None:
    """Sort the header's keys and the adapter's settings in it; tensors stay where they are. The file is replaced whole.

    safetensors 0.8 writes a header's metadata in the order of a hash table, and peft 0.21 gives target modules as a set.
    """
    data = path.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    header: dict[str, Any] = json.loads(data[8 : 8 + size])
    metadata = {name: _sorted(text) for name, text in sorted(header.pop(METADATA, {}).items())}
    tensors = sorted(header.items(), key=lambda entry: entry[1]["data_offsets"])
    text = json.dumps({METADATA: metadata, **dict(tensors)}, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNED_BYTES)
    with written_whole(path) as stream:
        stream.write(struct.pack("<Q", len(text)) + text + data[8 + size :])


def _sorted(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if not isinstance(value, dict):
        return text
    for key, one in value.items():
        if isinstance(one, list) and all(isinstance(part, str) for part in one):
            value[key] = sorted(one)
    return json.dumps(value, indent=2, sort_keys=True)
