"""Bytes become an upright sRGB picture, or a named outcome; whatever is in them, nothing is raised."""

import random
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from curated_archive import drawn, encoded
from PIL import Image, ImageCms

from pixels.beginnings import what_it_is
from pixels.decode import Header, Picture, Unreadable, header, open_picture


def _opened(data: bytes, side_px: int | None = None) -> Picture:
    picture = open_picture(data, side_px=side_px)
    assert isinstance(picture, Picture), picture
    return picture


def _refused(data: bytes) -> Unreadable:
    refused = open_picture(data)
    assert isinstance(refused, Unreadable), refused
    return refused


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"])
def test_usual_formats_are_read_and_named(format_name: str) -> None:
    data = encoded(drawn(1, 64), format_name)
    assert header(data) == Header(format=format_name, width_px=64, height_px=64)
    assert _opened(data).rgb.size == (64, 64)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "an empty file"),
        (b"  <!DOCTYPE html><html></html>", "an HTML page"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b'{"error": 404}', "a JSON document"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "a PostScript drawing"),
        (b"\x00\x01\x02\x03 and so on", "no image format that is known here"),
    ],
)
def test_what_is_no_image_has_no_header_and_a_name(data: bytes, words: str) -> None:
    assert header(data) is None
    assert what_it_is(data) == words
    assert _refused(data) == Unreadable(kind="not_an_image" if data else "empty", detail=words)


def test_a_jpeg_is_found_out_wherever_it_is_cut() -> None:
    whole = encoded(drawn(1, 256), "JPEG", quality=90)
    for share in (0.3, 0.6, 0.9, 0.999):
        assert _refused(whole[: int(len(whole) * share)]).kind == "truncated"
    reduced = open_picture(whole[: len(whole) // 2], side_px=64)
    assert isinstance(reduced, Unreadable)


@pytest.mark.parametrize("format_name", ["PNG", "TIFF", "WEBP", "GIF"])
def test_a_cut_file_of_any_format_is_an_outcome(format_name: str) -> None:
    whole = encoded(drawn(1, 200), format_name)
    assert _refused(whole[: len(whole) // 2]).kind in ("truncated", "broken")


def test_a_huge_header_is_refused_before_a_pixel_is_decoded() -> None:
    body = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", len(body)) + b"IHDR" + body + struct.pack(">I", zlib.crc32(b"IHDR" + body))
    bomb = b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IDAT" + b"\0" * 8
    assert header(bomb) == Header(format="PNG", width_px=60_000, height_px=60_000)
    refused = _refused(bomb)
    assert refused.kind == "too_many_pixels"
    assert "60000 x 60000" in refused.detail


@pytest.mark.parametrize("value", range(1, 9))
def test_every_exif_orientation_comes_out_upright(value: int) -> None:
    upright = drawn(4, 96).crop((0, 0, 96, 64))
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the turn that undoes it, as Image.Transpose
    stored = upright if value == 1 else upright.transpose(Image.Transpose(back[value]))
    exif = Image.Exif()
    exif[0x0112] = value
    picture = _opened(encoded(stored, "PNG", exif=exif))
    assert picture.orientation == value
    assert (picture.width_px, picture.height_px) == (96, 64)
    assert np.array_equal(np.asarray(picture.rgb), np.asarray(upright))


def test_sixteen_bits_keep_their_greys() -> None:
    ramp = np.linspace(0, 65535, 300).astype(np.uint16)[None, :].repeat(10, axis=0)
    for format_name in ("TIFF", "PNG"):
        picture = _opened(encoded(Image.fromarray(ramp), format_name))
        assert picture.bits == 16
        assert np.abs(np.asarray(picture.grey)[0].astype(int) - np.linspace(0, 255, 300)).max() <= 1


def test_cmyk_is_read_as_the_colours_that_were_meant() -> None:
    ink = Image.new("CMYK", (40, 40), (255, 0, 0, 0))
    red, green, blue = _opened(encoded(ink, "TIFF")).rgb.getpixel((5, 5))
    assert red < 60
    assert min(green, blue) > 150


def test_a_profile_is_converted_to_srgb_and_a_broken_one_is_said_to_be() -> None:
    grey = Image.new("RGB", (40, 40), (120, 180, 60))
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    named = _opened(encoded(grey, "PNG", icc_profile=lab))
    assert "sRGB" in str(named.icc)
    assert named.rgb.getpixel((0, 0)) == (120, 180, 60)
    broken = _opened(encoded(grey, "PNG", icc_profile=b"no profile at all"))
    assert (broken.icc, broken.rgb.getpixel((0, 0))) == ("unusable", (120, 180, 60))


def test_transparent_parts_lie_on_white() -> None:
    clear = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    assert _opened(encoded(clear, "PNG")).rgb.getpixel((0, 0)) == (255, 255, 255)


def test_a_reduced_picture_keeps_its_true_size_in_words() -> None:
    picture = _opened(encoded(drawn(1, 900).crop((0, 0, 900, 600)), "JPEG"), side_px=128)
    assert picture.rgb.size == (113, 75)  # an eighth: at most 128, at least half of it
    assert (picture.width_px, picture.height_px) == (900, 600)


@pytest.mark.parametrize("size", [(513, 40), (1000, 1001), (2047, 300), (4096, 5), (3, 1500), (511, 512)])
@pytest.mark.parametrize("format_name", ["JPEG", "PNG"])
def test_a_reduced_picture_is_as_long_as_asked_or_down_to_half(size: tuple[int, int], format_name: str) -> None:
    longest = max(_opened(encoded(Image.new("RGB", size, "red"), format_name), side_px=512).rgb.size)
    assert min(256, max(size)) <= longest <= 512


def test_strips_of_a_large_picture_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(drawn(1, 700).convert("RGBA"), "PNG")
    whole = np.asarray(_opened(data, side_px=100).rgb)
    monkeypatch.setattr("pixels.decode.STRIP_PX", 9_000)
    assert np.array_equal(np.asarray(_opened(data, side_px=100).rgb), whole)


def test_a_path_is_read_like_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(drawn(1, 30)))
    assert isinstance(open_picture(tmp_path / "a.png"), Picture)
    assert header(tmp_path / "a.png") is not None


def test_random_damage_is_an_outcome_or_a_picture_never_an_exception() -> None:
    chance = random.Random(11)
    for format_name in ("JPEG", "PNG", "TIFF", "GIF", "WEBP", "BMP"):
        whole = bytearray(encoded(drawn(2, 80), format_name))
        for _ in range(60):
            hurt = bytearray(whole)
            for _ in range(chance.randint(1, 30)):
                hurt[chance.randrange(min(len(hurt), 2000))] = chance.randrange(256)
            data = bytes(hurt[: chance.randrange(len(hurt))]) if chance.random() < 0.3 else bytes(hurt)
            assert isinstance(open_picture(data, side_px=64), Picture | Unreadable)


@pytest.mark.parametrize("sides", [(2**32 - 1, 5), (5, 2**31)])
def test_a_side_beyond_the_format_and_the_catalogue_is_no_header(sides: tuple[int, int]) -> None:
    start = b"IHDR" + struct.pack(">IIBBBBB", *sides, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + start + struct.pack(">I", zlib.crc32(start))
    assert header(data) is None
    assert _refused(data).kind == "broken"
