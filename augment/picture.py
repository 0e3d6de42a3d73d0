"""A variation as a file: PNG, and inside it what it is, of which picture, under whose licence, and how it was made."""

import io

from PIL import Image

from augment.plan import Work
from pixels.marks import GENERATED, write_xmp

COMPRESSION = 6  # of zlib; part of the bytes, so it is stated


def as_file(picture: Image.Image, one: Work) -> bytes:
    """PNG with XMP; the same picture and request give the same bytes (no time, no run id)."""
    stream = io.BytesIO()
    picture.save(stream, "PNG", compress_level=COMPRESSION)
    return write_xmp(stream.getvalue(), provenance(one))


def provenance(one: Work) -> dict[str, str]:
    """The XMP properties of a variation, by prefixed name.

    `Iptc4xmpExt:DigitalSourceType` is IPTC's compositeWithTrainedAlgorithmicMedia: a real work, edited by a trained model.
    Model, revision and prompt stand there twice: as IPTC 2025.1 names them, for other programs, and beside everything else
    that makes the picture again. Credit and licence are the parent's; who made the parent stands in the rights line, because
    nobody drew the variation.
    """
    parent, request = one.parent, one.request
    title = parent.title or "an untitled picture"
    author = f" by {parent.creator}" if parent.creator else ""
    said: dict[str, str | None] = {
        "Iptc4xmpExt:DigitalSourceType": GENERATED,
        "Iptc4xmpExt:AISystemUsed": request.model,
        "Iptc4xmpExt:AISystemVersionUsed": request.revision,
        "Iptc4xmpExt:AIPromptInformation": request.prompt,
        "dc:title": f"Variation of {title}",
        "dc:rights": f"{title}{author}, {parent.licence}; changed by a model.",
        "photoshop:Credit": parent.credit_line,
        "xmpRights:WebStatement": parent.licence_uri,
        "xmp:CreatorTool": "fototeca augment",
        "fototeca:parent": request.parent,
        "fototeca:parentSubject": parent.subject,
        "fototeca:request": one.digest,
        "fototeca:concept": request.concept,
        "fototeca:model": request.model,
        "fototeca:revision": request.revision,
        "fototeca:prompt": request.prompt,
        "fototeca:negativePrompt": request.negative_prompt,
        "fototeca:seed": str(request.seed),
        "fototeca:strength": str(request.strength),
        "fototeca:guidance": str(request.guidance),
        "fototeca:steps": str(request.steps),
        "fototeca:scheduler": request.scheduler,
        "fototeca:sampler": request.sampler,
        "fototeca:lora": request.lora,
        "fototeca:control": request.control,
    }
    return {name: text for name, text in said.items() if text}
