"""The corpus of broken and hostile images: some hundred and more, each made in code, each with the end that it must come to.

How each ends: `kept` is a picture that nothing speaks against; `readable` is measured rightly, and other criteria may exclude it
(it is flat, or tiny); `unreadable` is excluded as such; `either` is damage of which a decoder may notice nothing, or all.
"""

import io
import json
import random
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from bombs import encoded
from curated_archive import drawn
from hostile_boxes import avifs, jpeg2000s
from hostile_jpegs import jpegs, places, segment, with_segments
from hostile_marks import marks
from hostile_pngs import bmps, gifs, pngs, webps
from hostile_tiffs import tiffs

SIDE_PX = 256
ENDS = ("kept", "readable", "unreadable", "either")
FORMATS = {
    "jpeg": "JPEG", "png": "PNG", "webp": "WEBP", "tiff": "TIFF", "gif": "GIF", "bmp": "BMP", "jp2": "JPEG2000", "avif": "AVIF",
}  # fmt: skip
FLIPS = 8
"""Pictures of each format with a few bits flipped; thousands more are in `benchmarks/hostile_images.py`."""


@dataclass(frozen=True)
class Hostile:
    """One file: its bytes, how it ends, facts that are measured of it, and words that its reason holds."""

    data: bytes = field(repr=False)
    ends: str
    facts: Mapping[str, float | str] = field(default_factory=dict)
    words: str = ""


@cache
def corpus() -> dict[str, Hostile]:
    """Every file by its name, always the same."""
    made: dict[str, tuple[bytes, str]] = {}
    for part in (jpegs(), pngs(), webps(), gifs(), bmps(), tiffs(), jpeg2000s(), avifs(), marks(), strangers(), cuts(), flips()):
        assert not made.keys() & part.keys()
        made |= part
    unknown = (FACTS.keys() | WORDS.keys()) - made.keys()
    assert not unknown, unknown
    return {name: Hostile(data, ends, FACTS.get(name, {}), WORDS.get(name, "")) for name, (data, ends) in made.items()}


def ending_of(name: str) -> str:
    """The letters after the dot that such a file would have."""
    return next((ending for ending in FORMATS if name.startswith((ending, f"cut {ending}", f"flipped {ending}"))), "jpg")


@cache
def wholes() -> dict[str, bytes]:
    """A good picture of each format."""
    options: dict[str, dict[str, int]] = {"jpeg": {"quality": 90}, "avif": {"speed": 10}}
    made = {}
    for at, (name, kind) in enumerate(FORMATS.items()):
        picture = drawn(600 + at, SIDE_PX)
        made[name] = encoded(picture.convert("L") if name == "gif" else picture, kind, **options.get(name, {}))
    return made


def flips() -> dict[str, tuple[bytes, str]]:
    """Bits flipped at seeded places, half of them near the beginning, where headers are."""
    chance, found = random.Random(2026), {}
    for name, whole in wholes().items():
        for number in range(FLIPS):
            hurt = bytearray(whole)
            for _ in range(1 + number):
                hurt[chance.randrange(min(len(hurt), 700) if number % 2 else len(hurt))] ^= 1 << chance.randrange(8)
            found[f"flipped {name} {number}"] = (bytes(hurt), "either")
    return found


def cuts() -> dict[str, tuple[bytes, str]]:
    """Files cut off at every kind of place; of some, what is left is a whole picture."""
    whole = wholes()
    jpeg, png, webp, tiff, gif = (whole[name] for name in ("jpeg", "png", "webp", "tiff", "gif"))
    at: dict[str, tuple[str, int]] = {f"jpeg in its {place}": ("jpeg", begin + 6) for place, begin in places(jpeg).items()}
    idat, frame = png.index(b"IDAT"), gif.index(b",\0\0\0\0")
    directory = int.from_bytes(tiff[4:8], "little")
    at |= {
        "jpeg after two bytes": ("jpeg", 2),
        "jpeg in the middle of its scan": ("jpeg", (len(jpeg) + jpeg.index(b"\xff\xda")) // 2),
        "jpeg shortly before its end": ("jpeg", len(jpeg) - 200),
        "png in its signature": ("png", 5),
        "png in its header": ("png", 20),
        "png before its header's checksum": ("png", 29),
        "png after its header": ("png", 33),
        "png at the beginning of its data": ("png", idat + 4),
        "png in its data": ("png", idat + (len(png) - idat) // 2),
        "webp in its first length": ("webp", 6),
        "webp after its first length": ("webp", 12),
        "webp in its frame's header": ("webp", 26),
        "webp in its frame": ("webp", len(webp) // 2),
        "webp one byte before its end": ("webp", len(webp) - 2),
        "tiff in its header": ("tiff", 6),
        "tiff before its directory": ("tiff", directory),
        "tiff in its directory": ("tiff", directory + 30),
        "gif in its header": ("gif", 9),
        "gif in its colours": ("gif", 90),
        "gif before its frame": ("gif", frame),
        "gif in its frame's header": ("gif", frame + 5),
        "gif in its codes": ("gif", (len(gif) + frame) // 2),
        "bmp in its file header": ("bmp", 10),
        "bmp in its header": ("bmp", 30),
        "bmp after its header": ("bmp", 54),
        "bmp in its last line": ("bmp", len(whole["bmp"]) - 5),
    }
    found = {f"cut {name}": (whole[kind][:size], "unreadable") for name, (kind, size) in at.items()}
    small = bytearray(encoded(drawn(620, SIDE_PX), "TIFF", compression="tiff_deflate"))
    return found | {
        "cut jpeg, only its end's mark": (encoded(drawn(621, SIDE_PX), "JPEG")[:-2], "unreadable"),
        "cut png, only its last part": (encoded(drawn(622, SIDE_PX), "PNG")[:-12], "kept"),
        "cut tiff in its packed strips": (bytes(small[: len(small) // 2]), "unreadable"),
        "cut gif, only its end's mark": (encoded(drawn(623, SIDE_PX).convert("L"), "GIF")[:-1], "kept"),
    }


def strangers() -> dict[str, tuple[bytes, str]]:
    """What is no picture, or a picture and something else."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("word/document.xml"), "<w/>" * 500)
    archive_bytes = packed.getvalue()
    pdf = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n"
    icon = encoded(drawn(630, 64), "ICO", sizes=[(64, 64)])
    jpeg = encoded(drawn(631, SIDE_PX), "JPEG", quality=90)
    gif = bytearray(encoded(drawn(632, SIDE_PX).convert("L"), "GIF"))
    at = gif.index(b",\0\0\0\0")
    script = gif[:at] + b"!\xfe\x18*/=1;alert(document.URL)" + b"\0" + gif[at:]
    return {
        "html": (b"<!DOCTYPE html><html><body>Not found</body></html>", "unreadable"),
        "html after a mark of its order": (b"\xef\xbb\xbf\n\n  <HTML><body>gone</body></HTML>", "unreadable"),
        "json": (json.dumps({"error": "not found"}).encode(), "unreadable"),
        "pdf": (pdf, "unreadable"),
        "svg": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "unreadable"),
        "svg of entities": (b'<!DOCTYPE svg [<!ENTITY a "&b;&b;">]><svg>&a;</svg>', "unreadable"),
        "zip": (archive_bytes, "unreadable"),
        "zip of zeros": (b"PK\x03\x04" + bytes(9_000), "unreadable"),
        "program": (b"MZ" + bytes(300), "unreadable"),
        "film": (b"\0\0\0\x18ftypmp42" + bytes(400), "unreadable"),
        "heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(400), "unreadable"),
        "icon": (icon, "unreadable"),
        "photoshop file": (b"8BPS\0\1" + bytes(400), "unreadable"),
        "camera's raw file": (b"FUJIFILMCCD-RAW 0201" + bytes(400), "unreadable"),
        "nothing": (b"", "unreadable"),
        "one byte": (b"\xff", "unreadable"),
        "a thousand zeros": (bytes(1_000), "unreadable"),
        "noise": (random.Random(7).randbytes(20_000), "unreadable"),
        "plain text": (b"This picture was moved.", "unreadable"),
        "git's note of a large file": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", "unreadable"),
        "gif and script": (bytes(script), "kept"),
        "jpeg and zip": (jpeg + archive_bytes, "kept"),
        "jpeg and pages": (
            with_segments(encoded(drawn(633, SIDE_PX), "JPEG"), segment(0xFE, b"<html><script>1</script>")),
            "kept",
        ),
        "pdf and jpeg": (pdf + b"stream\n" + jpeg + b"\nendstream", "unreadable"),
        "zip and jpeg": (archive_bytes + jpeg, "unreadable"),
        "jpeg and film": (
            encoded(drawn(634, SIDE_PX), "JPEG") + b"\0\0\0\x18ftypmp42" + random.Random(8).randbytes(300_000),
            "kept",
        ),
        "png and php": (encoded(drawn(635, SIDE_PX), "PNG") + b"<?php system($_GET['x']); ?>" * 900, "kept"),
    }


def _of(width: int, height: int, **more: float | str) -> dict[str, float | str]:
    return {"width_px": width, "height_px": height, **more}


def _square(form: str, mode: str, bits: int = 8, **more: float | str) -> dict[str, float | str]:
    return _of(SIDE_PX, SIDE_PX, format=form, mode=mode, bits=bits, **more)


FACTS: dict[str, dict[str, float | str]] = {
    **{f"jpeg of orientation {value}": _of(256, 216, orientation=value) for value in range(1, 5)},
    **{f"jpeg of orientation {value}": _of(216, 256, orientation=value) for value in range(5, 9)},
    **{f"jpeg of orientation {value}": _of(256, 216, orientation=1) for value in (0, 9, 65_535)},
    "exif whose orientation is a text": {"orientation": 1},
    "jpeg of 12000 x 12000, all there": _of(12_000, 12_000, mode="L"),
    "jpeg of 65500 x 3, all there": _of(65_500, 3),
    "jpeg without loss": _of(304, 304, mode="L", format="JPEG"),
    "jpeg cmyk": _square("JPEG", "CMYK"),
    "jpeg ycck": _square("JPEG", "CMYK"),
    "mpo of two": _square("JPEG", "RGB", frames=2),
    "png of 16-bit colour": _square("PNG", "RGB", 16),
    "png of 16-bit colour with alpha": _square("PNG", "RGBA", 16),
    "png of 16-bit grey": _square("PNG", "I;16", 16),
    "png of 16-bit grey with alpha": _square("PNG", "RGBA", 16),
    "png of one bit": _square("PNG", "1", 1),
    "png with a palette and alpha": _square("PNG", "P"),
    "png of grey with alpha": _square("PNG", "LA"),
    "png of nothing but transparency": _of(300, 300, luma_p50=255.0, entropy_bits=0.0),
    "png in motion": _square("PNG", "RGB", frames=3),
    "png in motion that claims 4 billion frames": _square("PNG", "RGB", frames=1),
    "png of 1 x 1": _of(1, 1, sharpness=0.0),
    "png of 1 x 9000": _of(1, 9_000),
    "png of 200000 x 201": _of(200_000, 201),
    "webp in motion": _square("WEBP", "RGB", frames=3),
    "gif in motion": {"frames": 2},
    "gif of 3000 frames": _of(8, 8, frames=3_000),
    "gif of 200000 frames": _of(300, 300, frames=10_000),
    "gif of no size": _of(1, 1),
    "tiff in a circle": _of(8, 8, frames=1),
    "tiff of 40 pages": _of(8, 8, frames=40),
    "tiff of 9000 empty pages": _square("TIFF", "RGB", frames=9_001),
    "tiff of 200000 empty pages": _square("TIFF", "RGB", frames=10_000),
    "tiff of 16-bit colour": _square("TIFF", "RGB", 16),
    "tiff of 16-bit colour in planes": _square("TIFF", "RGB", 16),
    "tiff of 16-bit grey": _square("TIFF", "I;16", 16),
    "tiff of 32-bit grey": _square("TIFF", "I", 32),
    "tiff of floats that are no numbers": _square("TIFF", "F", 32),
    "tiff of nothing but no numbers": _of(300, 300, luma_p50=0.0),
    "tiff lab": _square("TIFF", "LAB"),
    "tiff cmyk": _square("TIFF", "CMYK"),
    "tiff of ycbcr, subsampled": _square("TIFF", "YCbCr"),
    "tiff of fax lines": _square("TIFF", "1", 1),
    "bigtiff": _square("TIFF", "RGB"),
    "jp2 of 13000 x 13000 in 3 components without data": _of(13_000, 13_000, mode="RGB"),
    "jp2 of 16-bit grey": _square("JPEG2000", "I;16", 16),
    "avif in motion": _square("AVIF", "RGB", frames=2),
    "profile of wide colours": {"icc": "Adobe RGB (drawn)"},
    "profile of srgb": {"icc": "sRGB built-in"},
    "profile of rubbish": {"icc": "unusable"},
    "profile of greys on colours": {"icc": "unusable"},
    "profile of colours on greys": {"icc": "unusable"},
    "xmp of 50 MB": _square("JPEG", "RGB", digital_source_type="none"),
}
"""Of pictures that are odd and all right: what must be measured."""

WORDS: dict[str, str] = {
    "jpeg of 65500 x 65500": "too large to be taken: 65500 x 65500 pixels by its header",
    "jpeg of 12000 x 12000 in colour, progressive": "12000 x 12000 pixels as JPEG, which takes 873 MB",
    "jpeg of 20000 scans": "endless small parts",
    "jpeg without its pixels": "the header says 3000 x 3000 pixels, for which there are too few bytes",
    "png with unpacking texts": "a PNG file whose header is broken",
    "png without data": "it has a header and no picture data",
    "webp of 11000 x 11000, all there": "11000 x 11000 pixels as WEBP",
    "gif of 20000 comments": "endless small parts",
    "tiff of one million strips": "endless small parts",
    "tiff of 13000 x 13000 in colour, in one strip, deflated": "13000 x 13000 pixels as TIFF, which takes 1183 MB",
    "tiff of tiles of 60000 x 60000": "which takes 3600 MB",
    "avif of 12000 x 12000 by its boxes": "12000 x 12000 pixels as AVIF",
    "html": "an HTML page",
    "json": "a JSON document",
    "pdf": "a PDF document",
    "pdf and jpeg": "a PDF document",
    "svg": "an SVG drawing",
    "zip": "a ZIP archive",
    "zip and jpeg": "a ZIP archive",
    "heic": "a HEIC picture, a format that is not read",
    "icon": "an ICO file of small icons",
    "nothing": "an empty file",
    "cut jpeg in the middle of its scan": "The file is cut off: the data end before the picture does.",
    "cut png in its data": "The file is cut off: the data end before the picture does.",
    "cut gif in its codes": "The file is cut off",
}
"""Of files that are unreadable: what the reason must hold."""
