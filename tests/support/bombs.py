"""Files that are small and claim much, or are not what they are called."""

import io
import struct
import zlib

from PIL import Image


def encoded(picture: Image.Image, format_name: str, **options: object) -> bytes:
    """The bytes of a file of it."""
    stream = io.BytesIO()
    picture.save(stream, format_name, **options)
    return stream.getvalue()


def png_of(width: int, height: int, *, pixels: bytes = b"\0") -> bytes:
    """A PNG whose header claims this size, over hardly any data."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def jpeg_of(width: int, height: int) -> bytes:
    """A small JPEG whose frame header claims this size."""
    data = bytearray(encoded(Image.new("RGB", (16, 16)), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def gif_of(frames: int) -> bytes:
    """A GIF of so many small frames."""
    first, *rest = (Image.new("L", (8, 8), number * 97 % 256) for number in range(frames))  # equal ones would be joined
    return encoded(first, "GIF", save_all=True, append_images=rest)


def tiff_pages(pages: int) -> bytes:
    """A TIFF of so many pages."""
    return encoded(Image.new("L", (8, 8)), "TIFF", save_all=True, append_images=[Image.new("L", (8, 8))] * (pages - 1))


def tiff_in_a_circle() -> bytes:
    """A TIFF whose second page is its first."""
    data = bytearray(encoded(Image.new("L", (8, 8)), "TIFF"))
    at = struct.unpack("<I", data[4:8])[0]
    count = struct.unpack("<H", data[at : at + 2])[0]
    data[at + 2 + 12 * count : at + 6 + 12 * count] = struct.pack("<I", at)
    return bytes(data)


def texts_png(texts: int) -> bytes:
    """A PNG with so many texts that unpack to 64 MiB each."""
    packed = b"a\0\0" + zlib.compress(bytes(64 << 20))
    chunk = struct.pack(">I", len(packed)) + b"zTXt" + packed + struct.pack(">I", zlib.crc32(b"zTXt" + packed))
    whole = png_of(9, 9)
    return whole[:33] + chunk * texts + whole[33:]


def tiff_of_tags(tags: int, size_bytes: int) -> bytes:
    """A TIFF with so many tags, all of which are the same bytes of the file."""
    entries = b"".join(struct.pack("<HHLL", number, 7, size_bytes, 8) for number in range(1, tags + 1))
    return (b"II*\0\x08\0\0\0" + struct.pack("<H", tags) + entries + bytes(4)).ljust(size_bytes + 8, b"x")


def bmp_of(width: int, height: int) -> bytes:
    """A BMP whose header claims this size."""
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
