"""Sixteen bits, CMYK, wide colours, transparency and strips: what is measured is what was meant to be seen."""

import io

import numpy as np
import pytest
from colour_profiles import adobe_as_srgb, adobe_rgb, srgb_as_adobe
from curated_archive import drawn, encoded
from PIL import Image, ImageCms

from pixels.decode import Picture, open_picture
from pixels.hashes import HASH_SIDE_PX, hash_distance, hashes


def _opened(data: bytes, side_px: int | None = HASH_SIDE_PX) -> Picture:
    picture = open_picture(data, side_px=side_px)
    assert isinstance(picture, Picture), picture
    return picture


def _frame(picture: Picture) -> int:
    return hashes(picture).frame["upright"]


def test_adobe_rgb_becomes_srgb_by_the_standards_own_formulas() -> None:
    colours = np.array([[[200, 60, 60], [90, 180, 90], [70, 90, 200], [128, 128, 128], [250, 240, 230]]], dtype=np.uint8)
    picture = _opened(encoded(Image.fromarray(colours), "PNG", icc_profile=adobe_rgb()))
    assert picture.icc == "Adobe RGB (drawn)"
    assert np.abs(np.asarray(picture.rgb) - adobe_as_srgb(colours)).max() <= 2


@pytest.mark.parametrize("format_name", ["PNG", "JPEG"])
def test_the_same_photograph_in_adobe_rgb_and_in_srgb_hashes_alike(format_name: str) -> None:
    original = drawn(3, 800)
    wide = Image.fromarray(srgb_as_adobe(np.asarray(original)))
    ours = _opened(encoded(original, format_name))
    theirs = _opened(encoded(wide, format_name, icc_profile=adobe_rgb()))
    assert hash_distance(_frame(ours), _frame(theirs)) <= 2
    assert np.abs(np.asarray(ours.grey, dtype=int) - np.asarray(theirs.grey, dtype=int)).mean() < 2


def test_a_profile_applied_after_reduction_is_as_good_as_one_applied_before() -> None:
    data = encoded(Image.fromarray(srgb_as_adobe(np.asarray(drawn(4, 800)))), "PNG", icc_profile=adobe_rgb())
    whole = _opened(data, None).rgb
    fast = _opened(data).rgb
    slow = whole.reduce(round(whole.width / fast.width))
    apart = np.abs(np.asarray(fast, dtype=int) - np.asarray(slow, dtype=int))
    assert np.quantile(apart, 0.999) <= 2


def test_sixteen_bits_hash_and_look_as_eight() -> None:
    grey = np.asarray(drawn(5, 700).convert("L"))
    deep = grey.astype(np.uint16) * 257
    eight = _opened(encoded(Image.fromarray(grey), "PNG"))
    for format_name in ("PNG", "TIFF"):
        picture = _opened(encoded(Image.fromarray(deep), format_name))
        assert (picture.bits, picture.mode) == (16, "I;16")
        assert _frame(picture) == _frame(eight)
        assert np.array_equal(np.asarray(picture.grey), np.asarray(eight.grey))


def test_grey_of_32_bits_has_one_white_for_all_its_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    ramp = np.linspace(0.0, 40_000.0, 600, dtype=np.float32)[:, None].repeat(50, axis=1)
    data = encoded(Image.fromarray(ramp), "TIFF")
    whole = np.asarray(_opened(data, None).grey)
    assert whole[-1, 0] == 155  # 40,000 of 65,535: the first, dark strip must not be taken for the whole range
    monkeypatch.setattr("pixels.decode.STRIP_PX", 5_000)
    monkeypatch.setattr("pixels.colour.STRIP_PX", 5_000)
    assert np.array_equal(np.asarray(_opened(data, None).grey), whole)


@pytest.mark.parametrize("format_name", ["JPEG", "TIFF"])
def test_cmyk_is_separated_back_before_it_is_measured(format_name: str) -> None:
    original = drawn(6, 1100)
    ink = _opened(encoded(original.convert("CMYK"), format_name))
    assert ink.mode == "CMYK"
    assert hash_distance(_frame(ink), _frame(_opened(encoded(original, "PNG")))) <= 2
    plain = np.asarray(original.reduce(round(1100 / ink.rgb.width)), dtype=int)
    assert np.abs(np.asarray(ink.rgb, dtype=int) - plain).mean() < 4


def test_lab_is_averaged_as_colours_and_not_as_signs() -> None:
    rgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    original = drawn(7, 1100)
    found = _opened(encoded(ImageCms.profileToProfile(original, rgb, lab, outputMode="LAB"), "TIFF"))  # type: ignore[arg-type]
    plain = np.asarray(original.reduce(3), dtype=int)
    assert np.abs(np.asarray(found.rgb, dtype=int) - plain).mean() < 4


def test_a_colour_that_stands_for_transparent_lies_on_white() -> None:
    clear = Image.new("RGB", (30, 30), (1, 2, 3))
    assert _opened(encoded(clear, "PNG", transparency=(1, 2, 3))).rgb.getpixel((4, 4)) == (255, 255, 255)


@pytest.mark.parametrize("value", range(2, 9))
def test_an_oriented_jpeg_hashes_as_the_upright_one(value: int) -> None:
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the turn that undoes it, as Image.Transpose
    upright = drawn(8, 900).crop((0, 0, 900, 640))
    exif = Image.Exif()
    exif[0x0112] = value
    stream = io.BytesIO()
    upright.transpose(Image.Transpose(back[value])).save(stream, "JPEG", quality=95, exif=exif)
    turned = _opened(stream.getvalue())
    assert (turned.width_px, turned.height_px) == (900, 640)
    assert hash_distance(_frame(turned), _frame(_opened(encoded(upright, "JPEG", quality=95)))) <= 2
