"""Marks of how a picture was made: IPTC's Digital Source Type, a C2PA manifest, the name of a generator.

`digital_source_type` is the last part of the type's address (trainedAlgorithmicMedia, digitalCapture), "none" when the file
has none; `c2pa` is 1 when the file carries a C2PA manifest, valid or not; `generator` is there only when the file's own texts
name a program that makes pictures with a model (PNG text, XMP CreatorTool, EXIF, the manifest). A mark proves that somebody
said so; that none is there proves nothing.
"""

from pixels.decode import Picture
from pixels.made_by import made_by

VERSION = "provenance/1"
MAIN = "digital_source_type"
"""The fact that every measured picture has; it is spooled last, so that its row says that the others are there."""


def measure(picture: Picture) -> dict[str, float | str]:
    """One or two words, and 0 or 1."""
    found = made_by(picture.data, picture.info)
    facts: dict[str, float | str] = {"c2pa": float(found.c2pa)}
    if found.generator is not None:
        facts["generator"] = found.generator
    return {**facts, "digital_source_type": found.source_type or "none"}
