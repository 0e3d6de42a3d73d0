"""JPEG files written by hand: bombs of a few kilobytes, rare kinds of coding, and broken ones, beside what Pillow writes."""

import struct

from bombs import encoded, jpeg_of
from curated_archive import drawn
from PIL import Image

SIDE_PX = 256


def segment(marker: int, body: bytes) -> bytes:
    """A marker with its length and body."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def with_segments(data: bytes, *segments: bytes) -> bytes:
    """The JPEG with these segments right after its start."""
    return data[:2] + b"".join(segments) + data[2:]


def flat_jpeg(
    width: int, height: int, *, components: int = 1, scans: int = 0, frame: int = 0xC0, bits: int = 8, coded: bool = True
) -> bytes:
    """An even grey of any size: two bits a block in baseline, one in progressive (`scans` further scans of all details)."""
    progressive = bool(scans) or frame == 0xC2
    frame = 0xC2 if progressive else frame
    numbers = range(1, components + 1)
    layout = b"".join(bytes((number, 0x11, 0)) for number in numbers)
    one_code = bytes((1, *[0] * 15))  # the code 0, and no other
    parts = [
        b"\xff\xd8",
        segment(0xDB, b"\0" + b"\1" * 64),
        segment(frame, struct.pack(">BHHB", bits, height, width, components) + layout),
        segment(0xC4, b"\0" + one_code + b"\0"),
        segment(0xC4, b"\x10" + one_code + (b"\xe0" if progressive else b"\0")),  # 0xE0: 16384 blocks without details
    ]
    blocks = -(-width // 8) * -(-height // 8)
    ending = b"\0\0\0" if progressive else b"\0\x3f\0"
    first = segment(0xDA, bytes((components,)) + b"".join(bytes((number, 0)) for number in numbers) + ending)
    parts += [first, bytes(-(-blocks * components * (1 if progressive else 2) // 8)) if coded else b""]
    details = segment(0xDA, b"\1\1\0\1\x3f\1") + bytes(-(-15 * -(-blocks // 16384) // 8))
    return b"".join([*parts, details * scans, b"\xff\xd9"])


def lossless_jpeg(side_px: int, bits: int = 8) -> bytes:
    """Coded without loss (ITU-T T.81, annex H): an even grey."""
    return (
        b"\xff\xd8"
        + segment(0xC3, struct.pack(">BHHB", bits, side_px, side_px, 1) + b"\1\x11\0")
        + segment(0xC4, b"\0" + bytes((1, *[0] * 15)) + b"\0")
        + segment(0xDA, b"\1\1\0\1\0\0")
        + bytes(side_px * side_px // 8 + 1)
        + b"\xff\xd9"
    )


def ycck_jpeg(picture: Image.Image) -> bytes:
    """Four channels as Photoshop writes them, inverted, the first three as luma and chroma."""
    inverted = Image.eval(picture, lambda level: 255 - level).convert("YCbCr")
    planes = [Image.eval(plane, lambda level: 255 - level) for plane in inverted.split()]
    data = bytearray(encoded(Image.merge("CMYK", (*planes, Image.new("L", picture.size, 0))), "JPEG", quality=95))
    data[data.index(b"Adobe") + 11] = 2
    return bytes(data)


def mpo(*seeds: int) -> bytes:
    """Several JPEGs in one file, as stereo cameras write."""
    first, *rest = (drawn(seed, SIDE_PX) for seed in seeds)
    return encoded(first, "MPO", save_all=True, append_images=rest)


def with_marker_changed(data: bytes, before: int, after: int) -> bytes:
    """The JPEG with the first such marker under another number."""
    return data.replace(bytes((0xFF, before)), bytes((0xFF, after)), 1)


def places(data: bytes) -> dict[str, int]:
    """Where each kind of part begins."""
    named = {"quantisation table": b"\xff\xdb", "frame header": b"\xff\xc0", "huffman table": b"\xff\xc4", "scan": b"\xff\xda"}
    return {name: data.index(mark) for name, mark in named.items()}


def jpegs() -> dict[str, tuple[bytes, str]]:
    """Each with how it ends."""
    whole = encoded(drawn(100, SIDE_PX), "JPEG", quality=90)
    at = places(whole)
    return {
        "jpeg of 65500 x 65500": (jpeg_of(65_500, 65_500), "unreadable"),
        "jpeg of 65500 x 3, all there": (flat_jpeg(65_500, 3), "readable"),
        "jpeg of 20000 x 20000, all there": (flat_jpeg(20_000, 20_000), "unreadable"),
        "jpeg of 12000 x 12000, all there": (flat_jpeg(12_000, 12_000), "readable"),
        "jpeg of 12000 x 12000 in colour, progressive": (flat_jpeg(12_000, 12_000, components=3, frame=0xC2), "unreadable"),
        "jpeg of 6000 x 6000 in colour, progressive": (flat_jpeg(6_000, 6_000, components=3, frame=0xC2), "readable"),
        "jpeg of 20000 scans": (flat_jpeg(2_000, 2_000, scans=20_000), "unreadable"),
        "jpeg of 90 scans of 40 megapixels": (flat_jpeg(6_400, 6_400, scans=90), "readable"),
        "jpeg of 20 scans": (flat_jpeg(304, 304, scans=20), "readable"),
        "jpeg without its pixels": (flat_jpeg(3_000, 3_000, coded=False), "unreadable"),
        "jpeg of no height": (jpeg_of(16, 0), "unreadable"),
        "jpeg of no width": (jpeg_of(0, 16), "unreadable"),
        "jpeg of 12 bits": (flat_jpeg(304, 304, frame=0xC1, bits=12), "unreadable"),
        "jpeg without loss": (lossless_jpeg(304), "readable"),
        "jpeg without loss, 16 bits": (lossless_jpeg(304, 16), "unreadable"),
        "jpeg in arithmetic coding": (with_marker_changed(flat_jpeg(304, 304), 0xC0, 0xC9), "kept"),
        "jpeg in arithmetic coding, progressive": (flat_jpeg(304, 304, scans=1).replace(b"\xff\xc2", b"\xff\xca"), "kept"),
        "jpeg of a hierarchy of frames": (with_marker_changed(whole, 0xC0, 0xC5), "unreadable"),
        "jpeg of two components": (flat_jpeg(304, 304, components=2), "unreadable"),
        "jpeg of 255 components": (flat_jpeg(304, 304, components=255), "unreadable"),
        "jpeg with a restart after every row": (encoded(drawn(101, SIDE_PX), "JPEG", restart_marker_rows=1), "kept"),
        "jpeg with a restart that is lost": (
            encoded(drawn(102, SIDE_PX), "JPEG", restart_marker_rows=1).replace(b"\xff\xd3", b"\xff\xd6", 1),
            "kept",
        ),
        "jpeg with half of its restarts out of order": (
            encoded(drawn(103, SIDE_PX), "JPEG", restart_marker_rows=1).replace(b"\xff\xd1", b"\xff\xd7"),
            "kept",
        ),
        "jpeg without quantisation tables": (whole[: at["quantisation table"]] + whole[at["frame header"] :], "unreadable"),
        "jpeg without huffman tables": (whole[: at["huffman table"]] + whole[at["scan"] :], "readable"),
        "jpeg of nothing but a start and an end": (b"\xff\xd8\xff\xd9", "unreadable"),
        "jpeg of a start, again and again": (b"\xff\xd8" * 50_000, "unreadable"),
        "jpeg with a segment of length 0": (with_segments(whole, b"\xff\xe4\0\0"), "readable"),
        "jpeg with a segment longer than the file": (whole[:2] + b"\xff\xe4\xff\xff" + whole[2:2_000], "unreadable"),
        "jpeg with fill bytes before each marker": (whole[:2] + b"\xff" * 900 + whole[2:], "readable"),
        "jpeg of 20000 comments": (with_segments(whole, segment(0xFE, b"x") * 20_000), "unreadable"),
        "jpeg with a lying JFIF thumbnail": (with_segments(whole, segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\xff\xff")), "kept"),
        "jpeg cmyk": (encoded(drawn(104, SIDE_PX).convert("CMYK"), "JPEG", quality=95), "kept"),
        "jpeg ycck": (ycck_jpeg(drawn(105, SIDE_PX)), "kept"),
        "jpeg grey": (encoded(drawn(106, SIDE_PX).convert("L"), "JPEG", quality=95), "kept"),
        "jpeg progressive": (encoded(drawn(107, SIDE_PX), "JPEG", progressive=True), "kept"),
        "mpo of two": (mpo(108, 109), "kept"),
        "mpo whose second picture is cut off": (mpo(110, 111)[:-3_000], "kept"),
        "mpo whose list of pictures lies": (mpo(112, 113).replace(b"\x02\xb0\x07\0", b"\x02\xb0\x07\xff", 1), "kept"),
    }
