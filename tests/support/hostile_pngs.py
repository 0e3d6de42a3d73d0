"""PNG, WebP, GIF and BMP files written by hand: bombs, lying lengths, odd depths and animations."""

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from bombs import bmp_of, encoded, png_of, texts_png
from curated_archive import drawn
from PIL import Image

SIDE_PX = 256
PNG_START = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    """One PNG chunk with its checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(header: tuple[int, int, int, int], *chunks: bytes, interlaced: bool = False) -> bytes:
    """A PNG of these chunks; the header is width, height, bits and colour type."""
    return PNG_START + chunk(b"IHDR", struct.pack(">IIBBBBB", *header, 0, 0, int(interlaced))) + b"".join(chunks) + chunk(b"IEND")


def lines_png(pixels: np.ndarray, colour_type: int, *before: bytes) -> bytes:
    """A whole PNG of [h, w, channels] in 8 or 16 bits, also of kinds that Pillow does not write."""
    height, width = pixels.shape[:2]
    wide = pixels.astype(">u2" if pixels.dtype == np.uint16 else np.uint8)
    rows = b"".join(b"\0" + row.tobytes() for row in wide)
    return png((width, height, wide.dtype.itemsize * 8, colour_type), *before, chunk(b"IDAT", zlib.compress(rows)))


def zeros(size_bytes: int) -> bytes:
    """So many zeros as zlib packs them, made at once however many they are: one packed mebibyte, again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    mebibyte = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    last = zlib.compressobj(9, zlib.DEFLATED, -15)
    rest = last.compress(bytes(size_bytes & 0xFFFFF)) + last.flush()
    adler = (size_bytes % 65_521) << 16 | 1
    return b"\x78\xda" + mebibyte * (size_bytes >> 20) + rest + struct.pack(">I", adler)


def flat_png(width: int, height: int, bits: int, colour_type: int, *, interlaced: bool = False) -> bytes:
    """A true PNG of one value, however large."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour_type]
    size_bytes = (1 + (width * bits * channels + 7) // 8) * height
    return png((width, height, bits, colour_type), chunk(b"IDAT", zeros(size_bytes + height * interlaced)), interlaced=interlaced)


def with_chunks(data: bytes, *chunks: bytes) -> bytes:
    """The PNG with these right after its header."""
    return data[:33] + b"".join(chunks) + data[33:]


def apng(seeds: Sequence[int]) -> bytes:
    first, *rest = (drawn(seed, SIDE_PX) for seed in seeds)
    return encoded(first, "PNG", save_all=True, append_images=rest, duration=50)


def packed_text(keyword: bytes, size_bytes: int) -> bytes:
    """A zTXt chunk that unpacks to so much."""
    return chunk(b"zTXt", keyword + b"\0\0" + zeros(size_bytes))


def deep(seed: int, channels: int) -> np.ndarray:
    """A drawing in 16 bits a channel, its low bytes at work too: [h, w, channels]."""
    eight = np.asarray(drawn(seed, SIDE_PX), dtype=np.uint16)
    alpha = np.full((*eight.shape[:2], 1), 65535, dtype=np.uint16)
    whole = eight * 257 - (eight % 128)
    return {1: whole[..., 1:2], 2: np.concatenate((whole[..., 1:2], alpha), 2), 3: whole}.get(
        channels, np.concatenate((whole, alpha), 2)
    )


def pngs() -> dict[str, tuple[bytes, str]]:
    """Each with how it ends."""
    whole = encoded(drawn(200, SIDE_PX), "PNG")
    idat = whole.index(b"IDAT")
    iccp = b"bomb\0\0" + zeros(1 << 30)
    text = b"XML:com.adobe.xmp\0\1\0\0\0" + zeros(1 << 30)
    bad_crc = bytearray(whole)
    bad_crc[29] ^= 255
    bad_pixels = bytearray(whole)
    bad_pixels[idat + 2_000] ^= 255
    palette = drawn(201, SIDE_PX).quantize(64)
    return {
        "png of 60000 x 60000": (png_of(60_000, 60_000), "unreadable"),
        "png of 30000 x 30000 in one bit, all there": (flat_png(30_000, 30_000, 1, 0), "unreadable"),
        "png of 9000 x 9000 in colour, all there": (flat_png(9_000, 9_000, 8, 2), "readable"),
        "png of 13000 x 13000 with alpha, all there": (flat_png(13_000, 13_000, 8, 6), "readable"),
        "png of 9000 x 9000, interlaced": (flat_png(9_000, 9_000, 8, 0, interlaced=True), "readable"),
        "png of 1 x 2147483647": (png_of(1, 2**31 - 1), "unreadable"),
        "png of no width": (png_of(0, 10), "unreadable"),
        "png of no height": (png_of(10, 0), "unreadable"),
        "png of too little data": (png_of(400, 300), "unreadable"),
        "png of far more data than pixels": (png((400, 300, 8, 2), chunk(b"IDAT", zeros(1 << 30))), "readable"),
        "png with an iCCP bomb": (with_chunks(whole, chunk(b"iCCP", iccp)), "unreadable"),
        "png with unpacking texts": (texts_png(3), "unreadable"),
        "png with an iTXt bomb": (with_chunks(whole, chunk(b"iTXt", text)), "unreadable"),
        "png with a text of half a megabyte": (
            with_chunks(encoded(drawn(202, SIDE_PX), "PNG"), packed_text(b"Comment", 1 << 19)),
            "kept",
        ),
        "png with 60 such texts": (with_chunks(whole, packed_text(b"Comment", 1 << 20) * 60), "readable"),
        "png with a damaged checksum": (bytes(bad_crc), "unreadable"),
        "png with damaged pixels": (bytes(bad_pixels), "unreadable"),
        "png without data": (png((300, 300, 8, 2)), "unreadable"),
        "png without a palette": (png((300, 300, 8, 3), chunk(b"IDAT", zlib.compress(bytes(301 * 300)))), "readable"),
        "png with a palette of no colours": (
            png((300, 300, 8, 3), chunk(b"PLTE"), chunk(b"IDAT", zlib.compress(bytes(301 * 300)))),
            "readable",
        ),
        "png of unknown colour type": (png((300, 300, 8, 5), chunk(b"IDAT", zlib.compress(bytes(301 * 300)))), "unreadable"),
        "png of 3 bits": (png((300, 300, 3, 0), chunk(b"IDAT", zlib.compress(bytes(301 * 300)))), "unreadable"),
        "png of an unknown packing": (
            whole[:26] + b"\1" + whole[27:29] + struct.pack(">I", zlib.crc32(whole[12:26] + b"\1" + whole[27:29])) + whole[33:],
            "kept",
        ),
        "png with two headers": (whole[:33] + whole[8:], "readable"),
        "png with an unknown critical chunk": (with_chunks(whole, chunk(b"ABCD", b"x")), "readable"),
        "png with 20000 empty chunks": (with_chunks(whole, chunk(b"prVt") * 20_000), "unreadable"),
        "png whose pixels are in 20000 chunks": (
            whole[: idat - 4] + b"".join(chunk(b"IDAT", whole[at : at + 1]) for at in range(idat + 4, idat + 20_004)),
            "unreadable",
        ),
        "png with a length of 2 GiB": (whole[: idat - 4] + b"\x7f\xff\xff\xff" + whole[idat:], "unreadable"),
        "png with trailing data": (encoded(drawn(203, SIDE_PX), "PNG") + b"trailing" * 9_000, "kept"),
        "png of 16-bit colour": (lines_png(deep(204, 3), 2), "kept"),
        "png of 16-bit colour with alpha": (lines_png(deep(205, 4), 6), "kept"),
        "png of 16-bit grey": (lines_png(deep(206, 1), 0), "kept"),
        "png of 16-bit grey with alpha": (lines_png(deep(207, 2), 4), "kept"),
        "png of one bit": (encoded(drawn(208, SIDE_PX).convert("1"), "PNG"), "kept"),
        "png with a palette and alpha": (encoded(palette, "PNG", transparency=bytes(range(64))), "kept"),
        "png of grey with alpha": (encoded(drawn(209, SIDE_PX).convert("LA"), "PNG"), "kept"),
        "png of nothing but transparency": (encoded(Image.new("RGBA", (300, 300), (0, 0, 0, 0)), "PNG"), "readable"),
        "png in motion": (apng((210, 211, 212)), "kept"),
        "png in motion that claims 4 billion frames": (
            with_chunks(encoded(drawn(213, SIDE_PX), "PNG"), chunk(b"acTL", b"\xff\xff\xff\xff\0\0\0\0")),
            "kept",
        ),
        "png of 1 x 1": (flat_png(1, 1, 8, 2), "readable"),
        "png of 1 x 9000": (flat_png(1, 9_000, 8, 2), "readable"),
        "png of 60000 x 2": (flat_png(60_000, 2, 8, 0), "readable"),
        "png of 200000 x 201": (flat_png(200_000, 201, 1, 0), "readable"),
    }


def webps() -> dict[str, tuple[bytes, str]]:
    """Each with how it ends."""
    whole = encoded(drawn(220, SIDE_PX), "WEBP", quality=80)
    lossless = encoded(drawn(221, SIDE_PX), "WEBP", lossless=True)
    moving = encoded(drawn(222, SIDE_PX), "WEBP", save_all=True, append_images=[drawn(223, SIDE_PX), drawn(224, SIDE_PX)])
    canvas = bytearray(moving)
    at = canvas.index(b"VP8X") + 12
    canvas[at : at + 6] = b"\xff\xff\xff" * 2
    wide = bytearray(moving)
    wide[at : at + 6] = struct.pack("<I", 16_382)[:3] * 2
    large = bytearray(encoded(Image.new("RGB", (16, 16), "teal"), "WEBP", lossless=True))
    at = large.index(b"\x2f")
    flags = int.from_bytes(large[at + 1 : at + 5], "little") >> 28 << 28
    large[at + 1 : at + 5] = struct.pack("<I", flags | 10_999 << 14 | 10_999)
    return {
        "webp with too long a RIFF length": (whole[:4] + b"\xff\xff\xff\x7f" + whole[8:], "unreadable"),
        "webp with too short a RIFF length": (whole[:4] + b"\x40\0\0\0" + whole[8:], "unreadable"),
        "webp with a RIFF length of nothing": (whole[:4] + bytes(4) + whole[8:], "unreadable"),
        "webp with a chunk beyond the file": (whole[:16] + b"\xff\xff\xff\0" + whole[20:], "unreadable"),
        "webp without its frame": (whole[:12], "unreadable"),
        "webp of the largest canvas": (bytes(canvas), "unreadable"),
        "webp in motion on a canvas of 16383 x 16383": (bytes(wide), "unreadable"),
        "webp of 11000 x 11000, all there": (bytes(large), "unreadable"),
        "webp without loss": (lossless, "kept"),
        "webp without loss, cut in its codes": (lossless[:60], "unreadable"),
        "webp with alpha": (encoded(drawn(225, SIDE_PX).convert("RGBA"), "WEBP"), "kept"),
        "webp in motion": (moving, "kept"),
        "webp in motion, cut in its second picture": (moving[: len(moving) * 2 // 3], "unreadable"),
        "webp with a chunk that is not known": (whole + b"JUNK\x04\0\0\0abcd", "kept"),
    }


def gif_blocks(width: int, height: int, frames: int, code: bytes) -> bytes:
    """A GIF on this canvas of so many equal frames of 1 x 1."""
    picture = b",\0\0\0\0\1\0\1\0\0\2" + bytes((len(code),)) + code + b"\0"
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6) + picture * frames + b";"


def gifs() -> dict[str, tuple[bytes, str]]:
    """Each with how it ends."""
    whole = encoded(drawn(230, SIDE_PX).convert("L"), "GIF")
    large = bytearray(whole)
    large[6:10] = struct.pack("<HH", 65_535, 65_535)
    frame = whole.index(b",\0\0\0\0")
    outside = bytearray(whole)
    outside[frame + 1 : frame + 5] = struct.pack("<HH", 60_000, 60_000)
    return {
        "gif of 65535 x 65535": (bytes(large), "unreadable"),
        "gif of 13000 x 13000 with one point": (gif_blocks(13_000, 13_000, 1, b"\x44\1"), "readable"),
        "gif whose frame lies far outside": (bytes(outside), "unreadable"),
        "gif of 3000 frames": (gif_blocks(8, 8, 3_000, b"\x44\1"), "readable"),
        "gif of 200000 frames": (gif_blocks(300, 300, 200_000, b"\x44\1"), "readable"),
        "gif in motion": (
            encoded(drawn(231, SIDE_PX).convert("L"), "GIF", save_all=True, append_images=[drawn(232, SIDE_PX).convert("L")]),
            "kept",
        ),
        "gif of 20000 comments": (whole[:frame] + b"!\xfe\1c\0" * 20_000 + whole[frame:], "unreadable"),
        "gif with a comment without end": (whole[:frame] + b"!\xfe" + b"\xffx" * 9_000, "unreadable"),
        "gif without its end": (whole[:-1], "kept"),
        "gif without pictures": (whole[:frame] + b";", "unreadable"),
        "gif of codes that mean nothing": (gif_blocks(300, 300, 1, b"\xff\xff\xff"), "unreadable"),
        "gif with a code size of 200": (whole[: frame + 10] + b"\xc8" + whole[frame + 11 :], "unreadable"),
        "gif of one point": (gif_blocks(1, 1, 1, b"\x44\1"), "readable"),
        "gif of no size": (gif_blocks(0, 0, 1, b"\x44\1"), "readable"),
    }


def bmps() -> dict[str, tuple[bytes, str]]:
    """Each with how it ends."""
    whole = encoded(drawn(240, SIDE_PX), "BMP")
    runs = struct.pack("<IiiHHIIiiII", 40, 13_000, 13_000, 1, 8, 1, 0, 0, 0, 1, 0) + bytes(4)
    return {
        "bmp of 100000 x 100000": (bmp_of(100_000, 100_000), "unreadable"),
        "bmp of a height below nothing": (whole[:22] + struct.pack("<i", -2_000_000) + whole[26:], "unreadable"),
        "bmp upside down": (whole[:22] + struct.pack("<i", -SIDE_PX) + whole[26:], "kept"),
        "bmp of a header size of nothing": (whole[:14] + bytes(4) + whole[18:], "unreadable"),
        "bmp of 7 bits": (whole[:28] + b"\7\0" + whole[30:], "unreadable"),
        "bmp of run lengths that end the picture at once": (
            b"BM" + struct.pack("<IHHI", 0, 0, 0, 58) + runs + b"\0\1",
            "unreadable",
        ),
        "bmp of run lengths that never end": (
            b"BM" + struct.pack("<IHHI", 0, 0, 0, 58) + runs + b"\0\2\xff\xff" * 9_000,
            "readable",
        ),
        "bmp with its pixels before its start": (whole[:10] + bytes(4) + whole[14:], "readable"),
        "bmp of a palette of 4 billion": (
            b"BM" + struct.pack("<IHHI", 0, 0, 0, 58) + runs[:32] + b"\xff" * 4 + runs[36:],
            "unreadable",
        ),
        "bmp cut in its lines": (whole[:9_000], "unreadable"),
    }
