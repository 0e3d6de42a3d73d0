"""How a JPEG's coded data are laid out: what decoding it takes, and whether its bytes can be enough, before it is decoded.

libjpeg keeps all coefficients of a picture in several scans in memory, and goes through them once more for each scan: 368 kB of
20,000 scans took 22 s (libjpeg-turbo 3.2, 2026-11-21; its authors advise a limit too, doc LJT-01-004).
"""

import re
from dataclasses import dataclass

MOST_SCAN_BLOCKS = 100_000_000
"""Scans times blocks of 8 x 8: about five seconds. A progressive picture of 100 megapixels in 12 scans has 20 million."""

_FRAMES = frozenset((0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF))
_HUFFMAN = frozenset((0xC0, 0xC1, 0xC2))
_PROGRESSIVE = 0xC2
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))  # markers without a length
_AFTER_CODES = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""The marker that ends a scan's codes: no stuffed byte, no restart, no filling."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Of the first frame. `samples` are coefficients for each pixel, `first_scan` is where the first scan's marker stands."""

    marker: int
    blocks: int
    samples: float
    several_scans: bool
    first_scan: int


def layout(data: bytes) -> Layout | None:
    """The frame's layout; None for what is no JPEG, or none that begins like one."""
    at, frame = 2, None
    while data[at : at + 1] == b"\xff" and at + 4 <= len(data):
        marker, size = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xFF or marker in _ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in _FRAMES and frame is None:
            frame = (marker, data[at + 4 : at + 2 + size])
        if marker == 0xDA:
            return None if frame is None else _read(*frame, in_scan=data[at + 4 : at + 5], first_scan=at)
        at += 2 + max(2, size)
    return None


def too_many_scans(data: bytes, of: Layout) -> bool:
    """Whether going through all scans would take longer than any picture is worth."""
    if not of.several_scans:
        return False
    at, left = of.first_scan, MOST_SCAN_BLOCKS // max(1, of.blocks)
    while left >= 0:
        marker = data[at + 1 : at + 2]
        if marker in (b"", b"\xd9"):
            return False
        left -= marker == b"\xda"
        found = _AFTER_CODES.search(data, at + 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big")))
        if found is None:
            return False
        at = found.start()
    return True


def too_few_bytes(data: bytes, of: Layout) -> bool:
    """Whether there are fewer bits than blocks need: two each, or one in a progressive picture's first scan.

    libjpeg fills in what is missing with grey and says nothing that Pillow passes on, if only an end is marked.
    """
    bits = 8 * (len(data) - of.first_scan)
    return of.marker in _HUFFMAN and bits < of.blocks * (1 if of.marker == _PROGRESSIVE else 2)


def _read(marker: int, frame: bytes, *, in_scan: bytes, first_scan: int) -> Layout | None:
    height, width = int.from_bytes(frame[1:3], "big"), int.from_bytes(frame[3:5], "big")
    sampling = [(byte >> 4, byte & 15) for byte in frame[7::3]]
    if not sampling or not all(across and down for across, down in sampling):
        return None
    most = max(across for across, _ in sampling) * max(down for _, down in sampling)
    return Layout(
        marker=marker,
        blocks=-(-width // 8) * -(-height // 8),
        samples=sum(across * down for across, down in sampling) / most,
        several_scans=marker in (_PROGRESSIVE, 0xCA) or in_scan[:1] != frame[5:6],
        first_scan=first_scan,
    )
