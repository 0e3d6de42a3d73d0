"""Deep colours, inks, profiles and turned pictures are measured as they look: held against a slow conversion at full size."""

import io

import imagehash
import numpy as np
import pytest
from bombs import encoded
from colour_profiles import adobe_rgb, grey, inks
from curated_archive import drawn
from hostile_jpegs import ycck_jpeg
from hostile_pngs import lines_png
from hostile_tiffs import chunky, planar, subsampled
from PIL import Image, ImageCms

from base import plugins
from pixels.decode import Picture, Unreadable, open_picture
from pixels.hashes import HASH_SIDE_PX, Bits, hash_distance

SIDE_PX = 1300
PERCENTILES = (1, 5, 50, 95, 99)
MOST_BITS, MOST_LEVELS = 2, 2


def _drawn(seed: int) -> Image.Image:
    return drawn(seed, SIDE_PX).crop((0, 0, SIDE_PX, 1000))


def _deep(picture: Image.Image, bands: str = "RGB") -> np.ndarray:
    """In 16 bits a channel, the low byte full of what 8 bits do not have: [h, w, channels]."""
    eight = np.asarray(picture.convert("L") if bands.startswith("L") else picture, dtype=np.uint16)
    eight = eight[..., None] if eight.ndim == 2 else eight
    low = np.random.default_rng(1).integers(0, 256, eight.shape, dtype=np.uint16)
    opaque = [np.full((*eight.shape[:2], 1), 65_535, dtype=np.uint16)] if bands.endswith("A") else []
    return np.concatenate((eight << 8 | low, *opaque), axis=2)


def _converted(picture: Image.Image, profile: bytes) -> Image.Image:
    """In sRGB by lcms, every pixel of the whole."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    found = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert found is not None
    return found


def _cases() -> dict[str, tuple[bytes, Image.Image]]:
    """Files with the picture that they are, upright and in sRGB."""
    one = [_drawn(900 + number) for number in range(17)]
    lab = ImageCms.profileToProfile(one[9], ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB")
    assert lab is not None
    turned = Image.Exif()
    turned[0x0112] = 6
    cmyk = one[12].convert("CMYK")
    as_stored = {
        "png 16-bit colour": (lines_png(_deep(one[0]), 2), one[0]),
        "png 16-bit colour and alpha": (lines_png(_deep(one[1], "RGBA"), 6), one[1]),
        "png 16-bit grey": (lines_png(_deep(one[2], "L"), 0), one[2].convert("L")),
        "png 16-bit grey and alpha": (lines_png(_deep(one[3], "LA"), 4), one[3].convert("L")),
        "tiff 16-bit colour": (chunky(_deep(one[4])), one[4]),
        "tiff 16-bit colour in planes": (planar(_deep(one[5])), one[5]),
        "tiff of floats from 0 to 1": (
            encoded(Image.fromarray(np.asarray(one[6].convert("L"), dtype=np.float32) / 255), "TIFF"), one[6].convert("L"),
        ),
        "tiff of 32-bit grey": (
            encoded(Image.fromarray(np.asarray(one[7].convert("L"), dtype=np.int32) * 257), "TIFF"), one[7].convert("L"),
        ),
        "tiff of ycbcr, subsampled": (subsampled(one[16]), one[16]),
        "jpeg ycck": (ycck_jpeg(one[8]), one[8]),
        "tiff lab": (encoded(lab, "TIFF"), one[9]),
        "jpeg cmyk": (encoded(one[10].convert("CMYK"), "JPEG", quality=95), one[10]),
        "tiff cmyk": (encoded(one[11].convert("CMYK"), "TIFF"), one[11]),
    }  # fmt: skip
    return as_stored | {
        "tiff cmyk with a profile": (encoded(cmyk, "TIFF", icc_profile=inks()), _converted(cmyk, inks())),
        "jpeg cmyk with a profile": (encoded(cmyk, "JPEG", quality=95, icc_profile=inks()), _converted(cmyk, inks())),
        "png in wide colours": (encoded(one[13], "PNG", icc_profile=adobe_rgb()), _converted(one[13], adobe_rgb())),
        "jpeg in wide colours, turned": (
            encoded(one[14], "JPEG", quality=95, icc_profile=adobe_rgb(), exif=turned),
            _converted(one[14], adobe_rgb()).transpose(Image.Transpose.ROTATE_270),
        ),
        "png in greys of another gamma": (
            encoded(one[15].convert("L"), "PNG", icc_profile=grey(1.4)), _converted(one[15].convert("L"), grey(1.4)),
        ),
    }  # fmt: skip


CASES = (
    "png 16-bit colour",
    "png 16-bit colour and alpha",
    "png 16-bit grey",
    "png 16-bit grey and alpha",
    "tiff 16-bit colour",
    "tiff 16-bit colour in planes",
    "tiff of floats from 0 to 1",
    "tiff of 32-bit grey",
    "tiff of ycbcr, subsampled",
    "jpeg ycck",
    "tiff lab",
    "jpeg cmyk",
    "tiff cmyk",
    "tiff cmyk with a profile",
    "jpeg cmyk with a profile",
    "png in wide colours",
    "jpeg in wide colours, turned",
    "png in greys of another gamma",
)


@pytest.fixture(scope="module")
def cases() -> dict[str, tuple[bytes, Image.Image]]:
    return _cases()


@pytest.mark.parametrize("name", CASES)
def test_an_odd_picture_is_measured_as_its_slow_conversion_is(name: str, cases: dict[str, tuple[bytes, Image.Image]]) -> None:
    data, reference = cases[name]
    picture = open_picture(data, side_px=HASH_SIDE_PX)
    assert isinstance(picture, Picture), picture
    assert (picture.width_px, picture.height_px) == reference.size
    slow = Bits(int(str(imagehash.phash(reference.convert("RGB").convert("L"))), 16))
    fast = plugins.load("curate.measures", "phash").measure(picture)["phash"]
    assert hash_distance(fast, slow) <= MOST_BITS
    tones = plugins.load("curate.measures", "tone").measure(picture)
    factor = round(reference.width / picture.rgb.width)
    luma = np.asarray(reference.convert("RGB").reduce(factor).convert("L"))
    for percent in PERCENTILES:
        slow_tone = float(np.percentile(luma, percent, method="inverted_cdf"))
        assert abs(tones[f"luma_p{percent:02d}"] - slow_tone) <= MOST_LEVELS, percent
    apart = np.asarray(picture.rgb, dtype=int) - np.asarray(reference.convert("RGB").reduce(factor), dtype=int)
    assert np.abs(apart.mean(axis=(0, 1))).max() <= MOST_LEVELS


def test_a_jpeg_2000_that_is_too_large_for_memory_is_decoded_smaller_and_hashes_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(_drawn(950), "JPEG2000")
    whole = open_picture(data, side_px=HASH_SIDE_PX)
    monkeypatch.setattr("pixels.decode.MOST_BYTES", 10_000_000)
    small = open_picture(data, side_px=HASH_SIDE_PX)
    assert isinstance(whole, Picture)
    assert isinstance(small, Picture)
    assert (small.width_px, small.height_px) == (whole.width_px, whole.height_px) == (SIDE_PX, 1000)
    take = plugins.load("curate.measures", "phash").measure
    assert hash_distance(take(whole)["phash"], take(small)["phash"]) <= MOST_BITS
    refused = open_picture(data)  # whole was asked for, and whole it does not fit
    assert isinstance(refused, Unreadable)
    assert "1300 x 1000 pixels as JPEG2000" in refused.detail
