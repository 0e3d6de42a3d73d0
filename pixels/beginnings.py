"""What bytes are, by what they begin with, for a sentence about a file that is no picture that can be read."""

_TEXTS = (
    (b"%pdf", "a PDF document"),
    (b"<!doctype html", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"<head", "an HTML page"),
    (b"<body", "an HTML page"),
    (b"<script", "an HTML page"),
    (b"<!--", "an HTML page"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML document"),
    (b"{", "a JSON document"),
    (b"[", "a JSON document"),
    (b"%!ps", "a PostScript drawing"),
)
_BINARIES = (
    (b"PK\x03\x04", "a ZIP archive or office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"ID3", "a sound recording"),
    (b"OggS", "a sound or video recording"),
    (b"fLaC", "a sound recording"),
    (b"\x1aE\xdf\xa3", "a video recording"),
    (b"MZ", "a program"),
    (b"\x7fELF", "a program"),
)
_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
)
_BRANDS = {
    b"avif": "AVIF", b"avis": "AVIF",
    b"heic": "HEIC", b"heix": "HEIC", b"heim": "HEIC", b"heis": "HEIC", b"hevc": "HEIC", b"hevx": "HEIC",
    b"mif1": "HEIF", b"msf1": "HEIF",
}  # fmt: skip
_READ_BRANDS = (b"avif", b"avis")


_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)
"""Bytes of the header that follows: two letters alone begin many a text."""


def what_it_is(data: bytes) -> str:
    """A noun for bytes that are no picture that can be read."""
    if not data:
        return "an empty file"
    if data.startswith(b"RIFF") and len(data) < 12:
        return "the first bytes of a WebP picture, or of a recording"
    if data.startswith(b"RIFF"):
        return _broken("WebP") if data[8:12] == b"WEBP" else "a sound or video recording"
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return _broken(name)
    for beginning, noun in _BINARIES:
        if data.startswith(beginning):
            return noun
    if data[4:8] == b"ftyp" and (brand := _BRANDS.get(data[8:12])):
        return _broken(brand) if data[8:12] in _READ_BRANDS else f"a {brand} picture, a format that is not read"
    if data[4:8] == b"ftyp":
        return "a video recording or an image format that is not read"
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return _broken("BMP")
    if data.startswith(b"\0\0\1\0"):
        return "an ICO file of small icons, a format that is not read"
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<?xml", b"<!doctype svg", b"<!--")) and b"<svg" in start:
        return "an SVG drawing"
    if start.startswith(b"<?xml") and b"<html" in start:
        return "an HTML page"
    for beginning, noun in _TEXTS:
        if start.startswith(beginning):
            return noun
    if b"<html" in start:
        return "an HTML page"
    return "plain text" if _is_text(start) else "no image format that is known here"


def is_signed(data: bytes) -> bool:
    """Whether the bytes begin like a picture of a known format."""
    if any(data.startswith(signature) for signature, _ in _SIGNATURES) or data[:4] + data[8:12] == b"RIFFWEBP":
        return True
    return (data[4:8] == b"ftyp" and data[8:12] in _READ_BRANDS) or what_it_is(data).startswith("a BMP file")


def _broken(name: str) -> str:
    article = "an" if name == "AVIF" else "a"
    return f"{article} {name} file whose header is broken or cut off, or of a kind that is not read"


def _is_text(start: bytes) -> bool:
    text = start[:500].decode("utf-8", "replace")
    return (
        bool(text.rstrip("\ufffd"))
        and "\ufffd" not in text[:-1]
        and all(character.isprintable() or character.isspace() for character in text)
    )
