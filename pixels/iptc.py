"""IPTC-IIM: the records in a picture that newsrooms and archives wrote before XMP, plain or in Photoshop's resources."""

from collections.abc import Iterator, Mapping

TITLE, INSTRUCTIONS, DATE, CREATOR, CREDIT, SOURCE, COPYRIGHT, CAPTION = 5, 40, 55, 80, 110, 115, 116, 120
"""Data sets of record 2 (IIM 4.2, chapter 6)."""

MOST_DATASETS = 2_000
LARGEST_BYTES = 64 << 10
"""Of one data set; IIM's own limits are at most 2,000."""

_UTF8 = b"\x1b%G"
_RESOURCE = b"8BIM"
_IPTC_RESOURCE = 0x0404


def read_iptc(data: bytes) -> Mapping[int, tuple[str, ...]]:
    """The texts of record 2 by data set, in order; empty for what is no IIM. Never raises.

    Text is UTF-8 where the file says so (1:90) or where it can be read so, and Latin-1 else.
    """
    declared = any(record == 1 and number == 90 and body == _UTF8 for record, number, body in _datasets(data))
    found: dict[int, list[str]] = {}
    for record, number, body in _datasets(data):
        if record == 2 and (text := _text(body, declared)):
            found.setdefault(number, []).append(text)
    return {number: tuple(texts) for number, texts in found.items()}


def iptc_in_photoshop(data: bytes) -> bytes:
    """The IIM inside Photoshop's image resources, as JPEG's APP13 and TIFF's tag 34377 hold them; empty when there is none."""
    at = data.find(_RESOURCE)
    for _ in range(MOST_DATASETS):
        if at < 0 or at + 7 > len(data):
            break
        kind = int.from_bytes(data[at + 4 : at + 6], "big")
        name = data[at + 6] + 1
        start = at + 6 + name + name % 2
        size = int.from_bytes(data[start : start + 4], "big")
        body = start + 4
        if kind == _IPTC_RESOURCE:
            return data[body : body + size]
        at = data.find(_RESOURCE, body + min(size, len(data)))
    return b""


def _datasets(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(record, number, body) of each data set, up to the first that is none."""
    at = 0
    for _ in range(MOST_DATASETS):
        if data[at : at + 1] != b"\x1c" or at + 5 > len(data):
            break
        size = int.from_bytes(data[at + 3 : at + 5], "big")
        start = at + 5
        if size & 0x8000:  # an extended data set: the size of its size
            longer = size & 0x7FFF
            if longer > 4:
                break
            size = int.from_bytes(data[start : start + longer], "big")
            start += longer
        yield data[at + 1], data[at + 2], data[start : start + min(size, LARGEST_BYTES)]
        at = start + size


def _text(body: bytes, declared: bool) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = body.decode("utf-8", "replace") if declared else body.decode("latin-1")
    return text.strip("\0 \t\r\n")
