"""The quick look at a JPEG's size says what opening it says, or nothing."""

import io
from pathlib import Path

import pytest
from PIL import Image

from pixels.decode import header
from pixels.jpeg_size import jpeg_size


def jpeg(width: int, height: int, **options: object) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height), (9, 90, 200)).save(stream, "JPEG", **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        jpeg(3, 2),
        jpeg(640, 480, progressive=True),
        jpeg(65_000, 1),
        jpeg(8, 9, icc_profile=b"p" * 70_000, exif=b"Exif\0\0" + b"e" * 900, comment=b"c" * 60_000),
        jpeg(8, 9)[:2] + b"\xff\xff" + jpeg(8, 9)[2:],
    ],
)
def test_it_agrees_with_opening_the_file(data: bytes) -> None:
    found = header(data)
    assert found is not None
    assert jpeg_size(data) == (found.width_px, found.height_px)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", jpeg(3, 2)[:40], b"\x89PNG\r\n", b"\xff\xd8\xff\xe0\0\0" * 5_000])
def test_what_is_odd_is_left_to_the_decoder(data: bytes) -> None:
    assert jpeg_size(data) is None


def test_real_photographs(shared_data: Path) -> None:
    for path in sorted((shared_data / "photos").rglob("*.jpg")):
        found = header(path)
        assert found is not None
        assert jpeg_size(path.read_bytes()) == (found.width_px, found.height_px)
