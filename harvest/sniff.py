"""What bytes are, by what they begin with, when they are no image: for the outcome's sentence."""

_BEGINNINGS = (
    (b"%PDF", "a PDF"),
    (b"<!doctype html", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"<head", "an HTML page"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML document"),
    (b"{", "a JSON document"),
    (b"PK\x03\x04", "a ZIP archive or office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"ID3", "a sound recording"),
    (b"\x1aE\xdf\xa3", "a video recording"),
)
_IMAGES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"RIFF", "WebP"),
)


def what_it_is(body: bytes) -> str:
    """A noun for the first bytes of something that is no image we read."""
    if not body:
        return "empty"
    if body.startswith(b"RIFF") and body[8:12] != b"WEBP":
        return "a sound or video recording"
    start = body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    lowered = start.lower()
    for beginning, noun in _BEGINNINGS:
        if lowered.startswith(beginning.lower()):
            if noun == "an XML document" and b"<svg" in lowered:
                return "an SVG drawing"
            if noun == "an XML document" and b"<html" in lowered:
                return "an HTML page"
            return noun
    for signature, name in _IMAGES:
        if body.startswith(signature):
            return f"the broken or cut off beginning of a {name} file"
    if start[4:8] == b"ftyp":
        return "a video recording or an image format that is not read"
    if _is_text(start):
        return "plain text"
    return "of no image format that is read"


def why_no_image(body: bytes) -> str:
    """The outcome's sentence."""
    return f"not an image: the bytes are {what_it_is(body)}"


def _is_text(start: bytes) -> bool:
    text = start[:500].decode("utf-8", "replace")
    return bool(text) and "\ufffd" not in text[:-1] and all(character.isprintable() or character.isspace() for character in text)
