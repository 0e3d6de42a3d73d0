"""TIFF files written by hand: lying directories, strips and tiles that unpack to gigabytes, and every odd kind of pixel."""

import struct
from collections.abc import Mapping, Sequence

import numpy as np
from bombs import encoded, tiff_in_a_circle, tiff_of_tags, tiff_pages
from curated_archive import drawn
from hostile_pngs import zeros
from PIL import Image, ImageCms

SIDE_PX = 256
WIDTH, HEIGHT, BITS, PACKING, KIND, STRIPS, CHANNELS, ROWS, COUNTS, PLANAR = 256, 257, 258, 259, 262, 273, 277, 278, 279, 284
SUBSAMPLING, SAMPLE_FORMAT, TILE_WIDTH, TILE_HEIGHT, TILES, TILE_COUNTS = 530, 339, 322, 323, 324, 325
LZW, JPEG, DEFLATE, PACKBITS = 5, 7, 8, 32773


def tiff(tags: Mapping[int, int | Sequence[int]], body: bytes, *, following: int = 0) -> bytes:
    """One directory of these tags after the pixels, which begin at byte 8; `following` is where the next would be."""
    at = 8 + len(body) + len(body) % 2
    beyond = at + 2 + 12 * len(tags) + 4
    entries, longer = b"", b""
    for tag, value in sorted(tags.items()):
        numbers = [value] if isinstance(value, int) else list(value)
        kind, form = (3, "H") if max(numbers) < 65_536 and tag not in (STRIPS, COUNTS, TILES, TILE_COUNTS) else (4, "I")
        packed = struct.pack(f"<{len(numbers)}{form}", *numbers)
        if len(packed) > 4:
            place, longer = beyond + len(longer), longer + packed + b"\0" * (len(packed) % 2)
            packed = struct.pack("<I", place)
        entries += struct.pack("<HHI", tag, kind, len(numbers)) + packed.ljust(4, b"\0")
    head = b"II*\0" + struct.pack("<I", at) + body + b"\0" * (len(body) % 2)
    return head + struct.pack("<H", len(tags)) + entries + struct.pack("<I", following) + longer


def stripped(
    width: int,
    height: int,
    body: bytes,
    *,
    packing: int = 1,
    bits: Sequence[int] = (8,),
    kind: int = 1,
    rows: int = 0,
    **more: int | Sequence[int],
) -> bytes:
    """A TIFF of one strip; `more` are further tags as `t284=2`."""
    tags: dict[int, int | Sequence[int]] = {
        WIDTH: width,
        HEIGHT: height,
        BITS: bits,
        PACKING: packing,
        KIND: kind,
        STRIPS: 8,
        CHANNELS: len(bits),
        ROWS: rows or height,
        COUNTS: len(body),
    }
    return tiff(tags | {int(name[1:]): value for name, value in more.items()}, body)


def planar(pixels: np.ndarray) -> bytes:
    """[h, w, 3] in 8 or 16 bits, one plane after the other."""
    height, width, channels = pixels.shape
    planes = [np.ascontiguousarray(pixels[..., number]).tobytes() for number in range(channels)]
    starts = [8 + sum(map(len, planes[:number])) for number in range(channels)]
    bits = [pixels.dtype.itemsize * 8] * channels
    return tiff(
        {
            WIDTH: width,
            HEIGHT: height,
            BITS: bits,
            PACKING: 1,
            KIND: 2,
            STRIPS: starts,
            CHANNELS: channels,
            ROWS: height,
            COUNTS: [len(plane) for plane in planes],
            PLANAR: 2,
        },
        b"".join(planes),
    )


def deep(seed: int) -> np.ndarray:
    """A drawing in 16 bits a channel: [h, w, 3]."""
    eight = np.asarray(drawn(seed, SIDE_PX), dtype=np.uint16)
    return eight * 257 - (eight % 128)


def chunky(pixels: np.ndarray, kind: int = 2) -> bytes:
    """[h, w, channels], pixel after pixel."""
    height, width, channels = pixels.shape
    return stripped(width, height, pixels.tobytes(), bits=[pixels.dtype.itemsize * 8] * channels, kind=kind)


def subsampled(picture: Image.Image) -> bytes:
    """Luma and chroma, uncompressed, two luma lines and columns to each chroma; both sides are even."""
    luma, blue, red = (np.asarray(plane) for plane in picture.convert("YCbCr").split())
    cells = luma.reshape(picture.height // 2, 2, picture.width // 2, 2).transpose(0, 2, 1, 3).reshape(-1, 4)
    body = np.concatenate((cells, blue[::2, ::2].reshape(-1, 1), red[::2, ::2].reshape(-1, 1)), 1).tobytes()
    return stripped(*picture.size, body, bits=(8, 8, 8), kind=6, t530=(2, 2))


def pages_without_pixels(pages: int) -> bytes:
    """A drawing, and so many further directories without anything in them."""
    data = bytearray(encoded(drawn(300, SIDE_PX), "TIFF"))
    data += b"\0" * (len(data) % 2)
    at = struct.unpack("<I", data[4:8])[0]
    count = struct.unpack("<H", data[at : at + 2])[0]
    data[at + 2 + 12 * count : at + 6 + 12 * count] = struct.pack("<I", len(data))
    for page in range(pages):
        begin = len(data)
        following = begin + 18 if page < pages - 1 else 0
        data += struct.pack("<HHHII", 1, 254, 4, 1, 2) + struct.pack("<I", following)
    return bytes(data)


def tiles(width: int, height: int, side: int, body: bytes, packing: int) -> bytes:
    """A TIFF in tiles that are all the same bytes."""
    number = -(-width // side) * -(-height // side)
    return tiff(
        {
            WIDTH: width,
            HEIGHT: height,
            BITS: 8,
            PACKING: packing,
            KIND: 1,
            CHANNELS: 1,
            TILE_WIDTH: side,
            TILE_HEIGHT: side,
            TILES: [8] * number,
            TILE_COUNTS: [len(body)] * number,
        },
        body,
    )


def tiffs() -> dict[str, tuple[bytes, str]]:
    """Each with how it ends."""
    whole = encoded(drawn(301, SIDE_PX), "TIFF")
    at = struct.unpack("<I", whole[4:8])[0]
    floats = np.asarray(drawn(302, SIDE_PX).convert("L"), dtype=np.float32)
    holes = floats.copy()
    holes[40:44] = np.nan
    holes[80:84], holes[90:94] = np.inf, -np.inf
    whole32 = np.asarray(drawn(303, SIDE_PX).convert("L")).astype(np.int32) * 200
    lab = ImageCms.profileToProfile(
        drawn(304, SIDE_PX), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert lab is not None
    grey = drawn(305, SIDE_PX).convert("L").tobytes()
    return {
        "tiff in a circle": (tiff_in_a_circle(), "readable"),
        "tiff of 3000 tags that share their bytes": (tiff_of_tags(3_000, 900_000), "unreadable"),
        "tiff of 40 pages": (tiff_pages(40), "readable"),
        "tiff of 9000 empty pages": (pages_without_pixels(9_000), "kept"),
        "tiff of 200000 empty pages": (pages_without_pixels(200_000), "readable"),
        "tiff of 65535 tags": (whole[:at] + b"\xff\xff" + whole[at + 2 :], "unreadable"),
        "tiff whose directory lies outside": (whole[:4] + b"\xf0\xff\xff\x7f" + whole[8:], "unreadable"),
        "tiff whose directory is its own header": (whole[:4] + bytes(4) + whole[8:], "unreadable"),
        "tiff of a strip of 4 GiB": (stripped(300, 300, grey, rows=300, t279=0xFFFFFFF0), "unreadable"),
        "tiff of strips that lie outside": (stripped(300, 300, grey[:100], t273=0x7FFFFFF0), "unreadable"),
        "tiff of 100000 x 100000": (stripped(100_000, 100_000, grey), "unreadable"),
        "tiff of 4294967295 x 1": (stripped(0xFFFFFFFF, 1, grey), "unreadable"),
        "tiff of no width": (stripped(0, 300, grey), "unreadable"),
        "tiff with 65535 channels": (stripped(256, 256, grey, t277=65_535), "unreadable"),
        "tiff with 65535 bits": (stripped(256, 256, grey, bits=(65_535,)), "unreadable"),
        "tiff of no bits": (stripped(256, 256, grey, bits=(0,)), "unreadable"),
        "tiff of an unknown packing": (stripped(256, 256, grey, packing=999), "unreadable"),
        "tiff of 12000 x 12000 in one strip, deflated": (
            stripped(12_000, 12_000, zeros(144_000_000), packing=DEFLATE),
            "readable",
        ),
        "tiff of 13000 x 13000 in colour, in one strip, deflated": (
            stripped(13_000, 13_000, zeros(507_000_000), packing=DEFLATE, bits=(8, 8, 8), kind=2),
            "unreadable",
        ),
        "tiff of 300 x 300 in a strip that unpacks to a gigabyte": (
            stripped(300, 300, zeros(1 << 30), packing=DEFLATE),
            "readable",
        ),
        "tiff of a deflated strip of rubbish": (stripped(256, 256, b"\x78\x9c" + grey[:3_000], packing=DEFLATE), "unreadable"),
        "tiff of an lzw strip of rubbish": (stripped(256, 256, grey[:3_000], packing=LZW), "unreadable"),
        "tiff of a packbits strip of rubbish": (stripped(256, 256, grey[:3_000], packing=PACKBITS), "unreadable"),
        "tiff of a jpeg strip that is none": (
            stripped(256, 256, grey[:3_000], packing=JPEG, bits=(8, 8, 8), kind=6),
            "unreadable",
        ),
        "tiff of a jpeg strip of another size": (
            stripped(256, 256, encoded(Image.new("L", (9, 9)), "JPEG"), packing=JPEG),
            "readable",
        ),
        "tiff of fax lines of rubbish": (stripped(2_000, 2_000, grey[:9_000], packing=4, bits=(1,)), "kept"),
        "tiff of tiles that are one tile": (tiles(6_400, 6_400, 64, zeros(4_096), DEFLATE), "readable"),
        "tiff of tiles of 60000 x 60000": (tiles(300, 300, 60_000, zeros(90_000), DEFLATE), "unreadable"),
        "tiff of tiles of no size": (
            tiff(
                {WIDTH: 300, HEIGHT: 300, BITS: 8, PACKING: 1, KIND: 1, TILE_WIDTH: 0, TILE_HEIGHT: 0, TILES: 8, TILE_COUNTS: 9},
                grey,
            ),
            "unreadable",
        ),
        "tiff of one million strips": (
            stripped(1, 1_000_000, grey[:1], rows=1, t273=[8] * 1_000_000, t279=[1] * 1_000_000),
            "unreadable",
        ),
        "tiff without strips": (tiff({WIDTH: 256, HEIGHT: 256, BITS: 8, PACKING: 1, KIND: 1}, grey), "unreadable"),
        "tiff of subdirectories that are the first": (
            stripped(256, 256, grey, t330=[8 + 65_536] * 40, t34665=8 + 65_536),
            "kept",
        ),
        "tiff of 16-bit colour": (chunky(deep(306)), "kept"),
        "tiff of 16-bit colour in planes": (planar(deep(307)), "kept"),
        "tiff in planes": (planar(np.asarray(drawn(308, SIDE_PX))), "kept"),
        "tiff of 16-bit grey": (encoded(Image.fromarray(deep(309)[..., 1]), "TIFF"), "kept"),
        "tiff of 16-bit grey, big end first": (encoded(Image.fromarray(deep(310)[..., 1].astype(">u2")), "TIFF"), "kept"),
        "tiff of 32-bit grey": (encoded(Image.fromarray(whole32), "TIFF"), "kept"),
        "tiff of floats": (encoded(Image.fromarray(floats), "TIFF"), "kept"),
        "tiff of floats that are no numbers": (encoded(Image.fromarray(holes), "TIFF"), "kept"),
        "tiff of nothing but no numbers": (encoded(Image.fromarray(np.full((300, 300), np.nan, np.float32)), "TIFF"), "readable"),
        "tiff of 64-bit floats": (stripped(256, 256, floats.astype(np.float64).tobytes(), bits=(64,), t339=3), "unreadable"),
        "tiff lab": (encoded(lab, "TIFF"), "kept"),
        "tiff cmyk": (encoded(drawn(311, SIDE_PX).convert("CMYK"), "TIFF"), "kept"),
        "tiff of ycbcr, subsampled": (subsampled(drawn(312, SIDE_PX)), "kept"),
        "tiff of jpeg": (encoded(drawn(313, SIDE_PX), "TIFF", compression="jpeg"), "kept"),
        "tiff of lzw": (encoded(drawn(314, SIDE_PX), "TIFF", compression="tiff_lzw"), "kept"),
        "tiff of deflate": (encoded(drawn(315, SIDE_PX), "TIFF", compression="tiff_deflate"), "kept"),
        "tiff of fax lines": (encoded(drawn(316, SIDE_PX).convert("1"), "TIFF", compression="group4"), "kept"),
        "tiff of a palette": (encoded(drawn(317, SIDE_PX).quantize(32), "TIFF"), "kept"),
        "tiff white is zero": (stripped(256, 256, grey, kind=0), "kept"),
        "tiff of colour with alpha": (encoded(drawn(318, SIDE_PX).convert("RGBA"), "TIFF"), "kept"),
        "bigtiff": (encoded(drawn(319, SIDE_PX), "TIFF", big_tiff=True), "kept"),
        "bigtiff whose directory lies outside": (
            b"II+\0\x08\0\0\0" + b"\xff" * 7 + b"\x7f" + bytes(40),
            "unreadable",
        ),
    }
