"""JPEG 2000 and AVIF files written by hand: boxes that lie, endless tiles, too many components, boxes in boxes."""

import struct

from bombs import encoded
from curated_archive import drawn
from PIL import Image

SIDE_PX = 256
JP2_START = b"\0\0\0\x0cjP  \r\n\x87\n"


def box(kind: bytes, body: bytes = b"", size: int | None = None) -> bytes:
    """One box; its length may lie."""
    return struct.pack(">I", 8 + len(body) if size is None else size) + kind + body


def codestream(width: int, height: int, *, tile: tuple[int, int] | None = None, components: int = 1, bits: int = 8) -> bytes:
    """A JPEG 2000 codestream of this header and one empty tile."""
    across, down = tile or (width, height)
    size = (
        struct.pack(">HIIIIIIIIH", 0, width, height, 0, 0, across, down, 0, 0, components) + bytes((bits - 1, 1, 1)) * components
    )
    coding = b"\xff\x52" + struct.pack(">HBBHBBBBBB", 12, 0, 0, 1, 0, 5, 4, 4, 0, 1)
    steps = b"\xff\x5c" + struct.pack(">HB", 19, 0x40) + bytes((0x48,)) * 16
    start = b"\xff\x90" + struct.pack(">HHIBB", 10, 0, 0, 0, 1) + b"\xff\x93"
    return b"\xff\x4f\xff\x51" + struct.pack(">H", len(size) + 2) + size + coding + steps + start + bytes(64) + b"\xff\xd9"


def jp2(width: int, height: int, stream: bytes, components: int = 1) -> bytes:
    """The codestream in its boxes."""
    header = box(b"ihdr", struct.pack(">IIHBBBB", height, width, components, 7, 7, 0, 0))
    header += box(b"colr", struct.pack(">BBBI", 1, 0, 0, 17 if components == 1 else 16))
    return JP2_START + box(b"ftyp", b"jp2 \0\0\0\0jp2 ") + box(b"jp2h", header) + box(b"jp2c", stream)


def jpeg2000s() -> dict[str, tuple[bytes, str]]:
    """Each with how it ends."""
    whole = encoded(drawn(400, SIDE_PX), "JPEG2000")
    stream = whole.index(b"jp2c")
    raw = whole[stream + 4 :]
    nested = b""
    for _ in range(3_000):
        nested = box(b"jp2h", nested)
    return {
        "jp2 of 100000 x 100000": (jp2(100_000, 100_000, codestream(100_000, 100_000)), "unreadable"),
        "jp2 of 13000 x 13000 in 3 components without data": (
            jp2(13_000, 13_000, codestream(13_000, 13_000, components=3), 3),
            "readable",
        ),
        "jp2 of 9000 x 9000 without data": (jp2(9_000, 9_000, codestream(9_000, 9_000)), "readable"),
        "jp2 of tiles of 1 x 1": (jp2(13_000, 13_000, codestream(13_000, 13_000, tile=(1, 1))), "unreadable"),
        "jp2 of a million tiles": (jp2(2_000, 2_000, codestream(2_000, 2_000, tile=(2, 2))), "unreadable"),
        "jp2 of 16384 components": (jp2(300, 300, codestream(300, 300, components=16_384), 16_384), "unreadable"),
        "jp2 of 5 components": (jp2(300, 300, codestream(300, 300, components=5), 5), "unreadable"),
        "jp2 of tiles of no size": (jp2(300, 300, codestream(300, 300, tile=(0, 0))), "unreadable"),
        "jp2 of 38 bits": (jp2(300, 300, codestream(300, 300, bits=38)), "unreadable"),
        "jp2 whose header and stream differ": (jp2(9_000, 300, codestream(300, 300)), "unreadable"),
        "jp2 of headers in headers": (JP2_START + box(b"ftyp", b"jp2 \0\0\0\0jp2 ") + nested + whole[stream - 4 :], "unreadable"),
        "jp2 whose boxes have no length": (whole[: stream - 4] + bytes(4) + whole[stream:], "kept"),
        "jp2 of a box longer than the file": (whole[:12] + b"\x7f\xff\xff\xff" + whole[16:], "unreadable"),
        "jp2 of 20000 free boxes": (whole[:12] + box(b"free") * 20_000 + whole[12:], "unreadable"),
        "jp2 cut in its boxes": (whole[: stream - 20], "unreadable"),
        "jp2 cut in its stream's header": (whole[: stream + 40], "unreadable"),
        "jp2 cut in its stream": (whole[: len(whole) // 2], "unreadable"),
        "jp2": (encoded(drawn(401, SIDE_PX), "JPEG2000"), "kept"),
        "jp2 in tiles": (encoded(drawn(402, SIDE_PX), "JPEG2000", tile_size=(64, 64)), "kept"),
        "jp2 of grey with alpha": (encoded(drawn(403, SIDE_PX).convert("LA"), "JPEG2000"), "kept"),
        "jp2 of 16-bit grey": (encoded(Image.linear_gradient("L").convert("I;16"), "JPEG2000"), "readable"),
        "jp2 as a bare stream": (raw, "readable"),
    }


def avifs() -> dict[str, tuple[bytes, str]]:
    """Each with how it ends."""
    whole = encoded(drawn(410, SIDE_PX), "AVIF", speed=10)
    media, size = whole.index(b"mdat"), whole.index(b"ispe")
    large = bytearray(whole)
    large[size + 8 : size + 16] = struct.pack(">II", 65_000, 65_000)
    middling = bytearray(whole)
    middling[size + 8 : size + 16] = struct.pack(">II", 12_000, 12_000)
    none = bytearray(whole)
    none[size + 8 : size + 16] = bytes(8)
    places = whole.index(b"iloc")
    lying = bytearray(whole)
    lying[places + 8 : places + 24] = b"\xff" * 16
    nested = b""
    for _ in range(3_000):
        nested = box(b"meta", bytes(4) + nested)
    return {
        "avif of 65000 x 65000 by its boxes": (bytes(large), "unreadable"),
        "avif of 12000 x 12000 by its boxes": (bytes(middling), "unreadable"),
        "avif of no size": (bytes(none), "unreadable"),
        "avif whose places lie": (bytes(lying), "unreadable"),
        "avif of boxes in boxes": (whole[:32] + nested, "unreadable"),
        "avif of a box longer than the file": (whole[:32] + b"\x7f\xff\xff\xff" + whole[36:], "unreadable"),
        "avif of 20000 free boxes": (whole[: whole.index(b"meta") - 4] + box(b"free") * 20_000, "unreadable"),
        "avif cut in its boxes": (whole[:150], "unreadable"),
        "avif without its media": (whole[: media + 4], "unreadable"),
        "avif cut in its media": (whole[: media + 100], "unreadable"),
        "avif that is a film": (box(b"ftyp", b"mp42\0\0\0\0mp42isom") + bytes(400), "unreadable"),
        "avif that is heic": (whole[:8] + b"heic" + whole[12:], "unreadable"),
        "avif": (encoded(drawn(411, SIDE_PX), "AVIF", speed=10), "kept"),
        "avif with alpha": (encoded(drawn(412, SIDE_PX).convert("RGBA"), "AVIF", speed=10), "kept"),
        "avif in motion": (
            encoded(drawn(413, SIDE_PX), "AVIF", speed=10, save_all=True, append_images=[drawn(414, SIDE_PX)]),
            "kept",
        ),
    }
