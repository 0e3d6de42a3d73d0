"""The mark that every picture carries out of here: made by a trained model, by which one, from what words and numbers."""

import io
from collections.abc import Mapping, Sequence

from PIL import Image

from pixels.marks import read_xmp, write_xmp

SYNTHETIC = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's word for a picture that a trained model made. Source: IPTC NewsCodes, Digital Source Type."""

OF_ONE = {f"fototeca:{name}" for name in ("prompt", "negative_prompt", "template", "seed", "call_seed", "number")}
"""What is said of a single picture only."""


def marked_png(image: Image.Image, facts: Mapping[str, str], *, rights: str) -> bytes:
    """The picture as PNG with its XMP packet; equal pictures and facts give equal bytes.

    Args:
        image: of any size.
        facts: as for `marks`.
        rights: as for `marks`.
    """
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return write_xmp(buffer.getvalue(), marks(facts, rights=rights))


def sheet_marks(marked: bytes, prompts: Sequence[str]) -> dict[str, str]:
    """The properties of a sheet, from one of the pictures on it (a marked PNG): what holds for all of them."""
    found = read_xmp(marked)
    kept = {name: str(value) for name, value in found.items() if name not in OF_ONE}
    return {**kept, "dc:description": "; ".join(prompts)}


def marks(facts: Mapping[str, str], *, rights: str) -> dict[str, str]:
    """The properties of the packet, for `pixels.marks.write_xmp`.

    Args:
        facts: "prompt" and "model" at least; each goes in as `fototeca:<name>`, but for empty ones.
        rights: a sentence on whose terms bind the picture, for dc:rights.
    """
    return {
        "Iptc4xmpExt:DigitalSourceType": SYNTHETIC,
        "dc:description": facts["prompt"],
        "dc:rights": rights,
        "xmp:CreatorTool": f"fototeca, {facts['model']}",
        **{f"fototeca:{name}": value for name, value in facts.items() if value},
    }
