"""The part of a file that may hold words about its picture, so that nobody searches through the pixels for them."""

_SCAN = 0xDA
_BARE = (0x01, *range(0xD0, 0xD9))
"""Markers of JPEG that no length follows (ITU-T T.81, table B.1)."""

MOST_SEGMENTS = 100_000
"""Looked through for the first scan; a file with more is nothing that is decoded here (`pixels/floods.py`)."""


def beside_pixels(data: bytes) -> bytes:
    """Of a JPEG everything before its first scan and behind its end; of any other file the whole. Never raises.

    Searching 200 kB for one word takes 0.05 ms, and there are many words (2026-11-21).
    """
    if not data.startswith(b"\xff\xd8"):
        return data
    at = 2
    for _ in range(MOST_SEGMENTS):
        if at + 4 > len(data) or data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker == _SCAN:
            return data[:at] + data[max(at, data.rfind(b"\xff\xd9")) :]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _BARE:
            at += 2
        else:
            at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    return data  # no scan where one must come: nothing is known of its order
