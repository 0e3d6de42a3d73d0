"""What came, by its own bytes and not by its name: no picture, too many pixels, or a picture of a kind worth a word."""

from dataclasses import dataclass

from pixels.look import Look, look

LARGEST_PIXELS = 1_000_000_000
"""Larger pictures are not kept: a billion pixels is a wall map scanned at 1200 dpi, and beyond it lie bombs (assumption).
The size is the header's; nothing is decoded while harvesting."""

_TYPES = {
    "JPEG": ("image/jpeg", "image/jpg", "image/pjpeg"),
    "PNG": ("image/png", "image/apng", "image/x-png"),
    "GIF": ("image/gif",),
    "WEBP": ("image/webp",),
    "TIFF": ("image/tiff", "image/tif", "image/x-tiff"),
    "BMP": ("image/bmp", "image/x-ms-bmp"),
    "JPEG2000": ("image/jp2", "image/jpx", "image/jpeg2000", "image/j2k"),
    "AVIF": ("image/avif",),
}

_ENDINGS = {
    "jpg": ("JPEG",), "jpeg": ("JPEG",), "jpe": ("JPEG",), "png": ("PNG",), "gif": ("GIF",), "webp": ("WEBP",), "tif": ("TIFF",),
    "tiff": ("TIFF",), "bmp": ("BMP",), "jp2": ("JPEG2000",), "jpx": ("JPEG2000",), "avif": ("AVIF",), "svg": (), "pdf": (),
}  # fmt: skip
"""What a name's ending promises; `svg` and `pdf` promise no picture at all."""

TAIL_BYTES = 1 << 16
"""Some programs write more behind a picture's end."""


@dataclass(frozen=True)
class Sniffed:
    """`outcome` is None for a picture that is kept; `detail` is then a word on its kind, or None."""

    outcome: str | None
    detail: str | None


def sniffed(body: bytes, content_type: str | None = None, named: str | None = None) -> Sniffed:
    """What becomes of the bytes.

    A cut-off picture passes: that is judged when its pixels are read. So do animations, pages, 16 bits and CMYK, each named.

    Args:
        body: Of the whole answer.
        content_type: The header's value, if there was one.
        named: The address or file name that it came under.
    """
    found = look(body)
    if isinstance(found, str):
        return Sniffed("not_an_image", f"not an image: the bytes are {found}")
    if found.width_px * found.height_px > LARGEST_PIXELS:
        size = f"{found.width_px} x {found.height_px} pixels"
        return Sniffed("too_large", f"{size} by its header, more than the {LARGEST_PIXELS} that are kept")
    return Sniffed(None, "; ".join(_words(found, body, content_type, named)) or None)


def _words(found: Look, body: bytes, content_type: str | None, named: str | None) -> list[str]:
    words = []
    if found.several:
        words.append("several pages, the first counts" if found.format == "TIFF" else "animated, the first frame counts")
    if found.bits > 8:
        words.append(f"{found.bits} bits a channel")
    if found.mode == "CMYK":
        words.append("CMYK colours")
    if _is_cut_off(found.format, body):
        words.append(f"cut off: a {found.format} file without its end")
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind.startswith("image/") and kind not in _TYPES.get(found.format, (kind,)):
        words.append(f"{found.format}, though served as {kind}"[:120])
    ending = _ending(named)
    if ending in _ENDINGS and found.format not in _ENDINGS[ending]:
        words.append(f"{found.format}, though named .{ending}")
    return words


def _is_cut_off(format_name: str, body: bytes) -> bool:
    """Whether the format's mark of the end is nowhere near the end. Of a WebP cut off, not even the header is read."""
    if format_name == "JPEG":
        return body.rfind(b"\xff\xd9", max(0, len(body) - TAIL_BYTES)) < 0
    if format_name == "PNG":
        return body.rfind(b"IEND", max(0, len(body) - TAIL_BYTES)) < 0
    return False


def _ending(named: str | None) -> str:
    """The letters after the last dot of the name."""
    path = (named or "").partition("#")[0].partition("?")[0].rstrip("/")
    name, dot, ending = path.rpartition("/")[2].rpartition(".")
    return ending.lower() if dot and name else ""
