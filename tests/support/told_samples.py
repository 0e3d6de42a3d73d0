"""Samples with all that an export says of them, of one plain colour each, for tests of what stands beside the shards."""

import hashlib
from typing import Any

from curated_archive import encoded
from PIL import Image

from shardset.write import NewSample

BY = {"family": "by", "version": "4.0", "jurisdiction": None, "uri": "https://creativecommons.org/licenses/by/4.0/"}
MODEL = {"model": "tiny", "revision": "r1", "scheduler": "DDIM", "strength": 0.3, "guidance": 1.0, "steps": 2}


class Told:
    """Samples and the bytes in the store that they are made of."""

    def __init__(self) -> None:
        self.samples: list[NewSample] = []
        self.bytes: dict[str, bytes] = {}

    def add(self, colour: str, concept: str | None = "cuia", *, data: bytes | None = None, **said: Any) -> NewSample:
        """A picture 60 pixels wide and 40 high; `said` replaces what its record says."""
        data = encoded(Image.new("RGB", (60, 40), colour)) if data is None else data
        key = hashlib.sha256(data).hexdigest()
        self.bytes[key] = data
        record: dict[str, Any] = {
            "sha256": key, "origin": "harvested", "split": "train", "anchor": key, "subject": key, "title": colour,
            "creator": "Maria", "creation_date": None, "source": "folder:museum", "source_id": colour, "page_url": None,
            "caption": f"uma cuia {colour}", "caption_language": "pt-BR", "caption_origin": "source", "parent": None,
            "credit_line": "Maria, CC BY 4.0", "variation": None,
            "concepts": [{"name": concept, "class_noun": "gourd", "rare_token": "sks"}] if concept else [],
            "rights": {**BY, "spdx": "CC-BY-4.0", "flags": []}, "permissions": {"share_alike": False},
            **said,
        }  # fmt: skip
        made = NewSample(
            key=key, extension="png", size_bytes=len(data), caption=record["caption"], record=record, load=lambda: data
        )
        self.samples.append(made)
        return made

    def vary(self, parent: NewSample, colour: str) -> NewSample:
        """A variation of it, by a model that never was."""
        variation = {"request": "", "prompt": f"a {colour} gourd", "negative_prompt": "", "seed": 1, **MODEL}
        return self.add(colour, origin="generated", parent=parent.key, variation=variation)
