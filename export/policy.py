"""How pictures are handed over: as they are held, byte for byte, or scaled to a longest side by a stated encoder."""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import PIL
from PIL import Image

from base.errors import SourceError, UsageError
from pixels.decode import DECODE_VERSION, Unreadable, open_picture
from pixels.marks import GENERATED, packet, read_xmp, write_xmp

EXTENSIONS = {"jpeg": "jpg", "png": "png", "webp": "webp"}
MOST_PX = {"jpeg": 65_500, "png": 65_500, "webp": 16_383}  # what libjpeg and libwebp take
REDUCED = 4
"""The decoder may reduce first, to no less than half of so many times the longest side: as sharp, and far less memory."""

KEPT_WORDS = ("plus:DataMining", "xmpRights:UsageTerms", "Iptc4xmpExt:DigitalSourceType")
"""What the held file says of its use and its making; it goes with a scaled copy too."""


@dataclass(frozen=True, kw_only=True)
class ImagePolicy:
    """What becomes of a picture on its way into a shard. Without `longest_side_px`: nothing, the held bytes go in."""

    longest_side_px: int | None = None
    """Scaled down evenly (Lanczos) to at most this; a smaller picture is encoded in its own size, never enlarged."""
    encoder: Literal["jpeg", "png", "webp"] = "jpeg"
    """png loses nothing; jpeg and webp do, by `quality`."""
    quality: int = 92
    """Of jpeg and webp, 1 to 100. JPEG above 90 keeps colour in full resolution (4:4:4), else 4:2:0."""

    def __post_init__(self) -> None:
        """Refuse what no encoder takes.

        Raises:
            UsageError: a number out of its range.
        """
        most_px = MOST_PX[self.encoder]
        if self.longest_side_px is not None and not 16 <= self.longest_side_px <= most_px:
            raise UsageError(f"a longest side of {self.longest_side_px} px: give 16 to {most_px} for {self.encoder}.")
        if not 1 <= self.quality <= 100:
            raise UsageError(f"quality is {self.quality}: give 1 to 100.")

    @property
    def statement(self) -> str:
        """All that decides a scaled picture's bytes; empty when the held bytes go in. Another Pillow may encode otherwise."""
        if self.longest_side_px is None:
            return ""
        quality = "" if self.encoder == "png" else f" quality={self.quality}"
        size = f"longest_side_px={self.longest_side_px} reduced={REDUCED} lanczos"
        return f"{size} {self.encoder}{quality} {DECODE_VERSION} pillow={PIL.__version__}"

    def told(self) -> dict[str, Any]:
        """As the manifest states it."""
        if self.longest_side_px is None:
            return {"pictures": "original bytes"}
        told = {"pictures": "scaled", "colour": "sRGB", "exif": "removed, rights kept as XMP", **asdict(self)}
        return {name: value for name, value in told.items() if name != "quality" or self.encoder != "png"}


def check_bytes(data: bytes, sha256: str) -> None:
    """Stop where held bytes no longer match their name.

    Raises:
        SourceError: they do not.
    """
    if hashlib.sha256(data).hexdigest() != sha256:
        raise SourceError(f"the bytes of {sha256} have changed since they were stored: run `fototeca check --bytes`.")


def scaled(data: bytes, policy: ImagePolicy, record: Mapping[str, Any], sha256: str) -> bytes:
    """The held picture as the policy wants it: upright, in sRGB, without EXIF, with whose it is and what it permits as XMP.

    Args:
        data: the held bytes.
        policy: one with a `longest_side_px`.
        record: of the sample.
        sha256: that the bytes should have.

    Raises:
        SourceError: the bytes have changed since they were stored, or cannot be read as a picture.
    """
    check_bytes(data, sha256)
    assert policy.longest_side_px is not None
    picture = open_picture(data, side_px=REDUCED * policy.longest_side_px)
    if isinstance(picture, Unreadable):
        why = f"it is {picture.kind} ({picture.detail})"
        raise SourceError(f"{sha256} cannot be scaled, {why}: exclude it with `fototeca decide`, or export original bytes.")
    rgb = picture.rgb
    factor = policy.longest_side_px / max(rgb.size)
    if factor < 1:
        size = (max(1, round(rgb.width * factor)), max(1, round(rgb.height * factor)))
        rgb = rgb.resize(size, Image.Resampling.LANCZOS)
    rgb.info.clear()  # else an encoder writes the old profile beside pixels that are sRGB now
    words = _words(data, record)
    stream = io.BytesIO()
    if policy.encoder == "webp":
        rgb.save(stream, "WEBP", quality=policy.quality, method=4, xmp=packet(words))
        return stream.getvalue()
    if policy.encoder == "png":
        rgb.save(stream, "PNG", compress_level=6)
    else:
        rgb.save(stream, "JPEG", quality=policy.quality, subsampling="4:4:4" if policy.quality > 90 else "4:2:0", optimize=True)
    return write_xmp(stream.getvalue(), words)


def _words(data: bytes, record: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """The XMP of a scaled copy: a variation keeps all that was written into it, a real picture gets what the catalogue states."""
    held = read_xmp(data)
    if record["origin"] == "generated":
        return {**held, "Iptc4xmpExt:DigitalSourceType": GENERATED}
    rights = record["rights"]
    said = {
        "dc:title": record["title"],
        "dc:creator": [record["creator"]] if record["creator"] else None,
        "dc:rights": record["credit_line"],
        "photoshop:Credit": record["credit_line"],
        "xmpRights:WebStatement": rights["uri"] or record["page_url"],
        "cc:license": rights["uri"],
        "dc:source": record["page_url"],
        "fototeca:original": record["sha256"],
    }
    kept = {name: held[name] for name in KEPT_WORDS if name in held}
    return {**kept, **{name: value for name, value in said.items() if value}}
