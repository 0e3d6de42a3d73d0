"""ICC profiles drawn up in code: Adobe RGB (1998), with what its colours are in sRGB by arithmetic, a grey, and four inks."""

import struct

import numpy as np
from numpy.typing import NDArray

GAMMA = 563 / 256
"""Adobe RGB (1998), 4.3.4.2."""

# Columns red, green, blue; to XYZ under D50, as ICC wants it. Adobe RGB (1998), annex C; sRGB: ICC's own profile of 2015.
ADOBE = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])


def adobe_rgb() -> bytes:
    """A version 2 matrix profile, named "Adobe RGB (drawn)"."""
    words = b"Adobe RGB (drawn)\0"
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", len(words)) + words + bytes(4 + 4 + 2 + 1 + 67),
        b"cprt": b"text" + bytes(4) + b"CC0\0",
        b"wtpt": _xyz((0.9642, 1.0, 0.8249)),
        b"rXYZ": _xyz(ADOBE[:, 0]),
        b"gXYZ": _xyz(ADOBE[:, 1]),
        b"bXYZ": _xyz(ADOBE[:, 2]),
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _gamma(GAMMA)),
    }
    return _profile(tags, b"mntr", b"RGB ", b"XYZ ")


def grey(gamma: float) -> bytes:
    """A profile of greys with this gamma."""
    words = b"Grey (drawn)\0"
    named = b"desc" + bytes(4) + struct.pack(">I", len(words)) + words + bytes(4 + 4 + 2 + 1 + 67)
    return _profile({b"desc": named, b"wtpt": _xyz((0.9642, 1.0, 0.8249)), b"kTRC": _gamma(gamma)}, b"mntr", b"GRAY", b"XYZ ")


def inks() -> bytes:
    """A profile of four inks, by the colour in Lab of each of the 16 ways to print them or not."""
    straight = bytes(range(256))
    corners = b""
    for number in range(16):  # the last ink, black, changes fastest
        cyan, magenta, yellow, black = (number >> shift & 1 for shift in (3, 2, 1, 0))
        light = (92 - 30 * cyan - 38 * magenta - 5 * yellow) * (0.12 if black else 1)
        a, b = (-32 * cyan + 66 * magenta - 6 * yellow), (-42 * cyan - 6 * magenta + 84 * yellow)
        share = 0.1 if black else 1.0
        corners += bytes((round(max(6.0, light) * 2.55), round(128 + a * share), round(128 + b * share)))
    unit = struct.pack(">9i", *(65_536 * (row == column) for row in range(3) for column in range(3)))
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + unit + straight * 4 + corners + straight * 3
    words = b"Four inks (drawn)\0"
    named = b"desc" + bytes(4) + struct.pack(">I", len(words)) + words + bytes(4 + 4 + 2 + 1 + 67)
    return _profile({b"desc": named, b"wtpt": _xyz((0.9642, 1.0, 0.8249)), b"A2B0": table}, b"prtr", b"CMYK", b"Lab ")


def _gamma(value: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(value * 256))


def _profile(tags: dict[bytes, bytes], device: bytes, colours: bytes, between: bytes) -> bytes:
    at, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for name, value in tags.items():
        value += bytes(-len(value) % 4)
        table += name + struct.pack(">II", at + len(body), len(value))
        body += value
    head = bytearray(128)
    struct.pack_into(">I4sI4s4s4s", head, 0, at + len(body), b"none", 0x02400000, device, colours, between)
    head[36:40] = b"acsp"
    struct.pack_into(">iii", head, 68, *(round(value * 65536) for value in (0.9642, 1.0, 0.8249)))
    return bytes(head) + struct.pack(">I", len(tags)) + table + body


def adobe_as_srgb(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """What Adobe RGB values [..., 3] are in sRGB, 0 to 255, by the two standards' own formulas; clipped where out of reach."""
    linear = (pixels / 255.0) ** GAMMA @ ADOBE.T @ np.linalg.inv(SRGB).T
    return 255 * _encoded(linear.clip(0, 1))


def srgb_as_adobe(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What sRGB values [..., 3] are in Adobe RGB."""
    shares = pixels / 255.0
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    wide = (linear @ SRGB.T @ np.linalg.inv(ADOBE).T).clip(0, 1)
    return np.asarray(np.round(255 * wide ** (1 / GAMMA)), dtype=np.uint8)


def _encoded(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def _xyz(values: object) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">iii", *(round(float(value) * 65536) for value in values))  # type: ignore[attr-defined]
