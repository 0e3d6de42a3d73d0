"""What comes is named by its own bytes, and nothing that claims much is believed or decoded: one row a file."""

import gzip
import hashlib
import io
import tracemalloc
from base64 import b64encode
from pathlib import Path

import pytest
from bombs import bmp_of, encoded, gif_of, jpeg_of, png_of, texts_png, tiff_in_a_circle, tiff_of_tags, tiff_pages
from drawn_pictures import drawn
from iiif_loopback import BY, Loopback, canvas, manifest
from PIL import Image

from catalog import db
from catalog.records import Candidate
from catalog.rights import read_rights
from harvest.crawl import harvest_iiif
from harvest.pipelines.checksum import Checksum
from harvest.sniff import sniffed
from harvest.source import Answer
from harvest.spider import Piece

SVG = b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>'
SMALL = Image.new("RGB", (32, 24), (10, 80, 120))
KEPT = None

FILES = {
    "a plain jpeg": (drawn(1), "image/jpeg", KEPT, None),
    "an html page as image": (b"<!DOCTYPE html><title>sorry</title>", "image/jpeg", "not_an_image", "an HTML page"),
    "an svg with entities": (SVG, "image/svg+xml", "not_an_image", "an SVG drawing"),
    "a pdf": (b"%PDF-1.7\n1 0 obj", "application/pdf", "not_an_image", "a PDF document"),
    "json": (b'{"error": "gone"}', "image/png", "not_an_image", "a JSON document"),
    "a zip": (b"PK\x03\x04" + bytes(60), "image/jpeg", "not_an_image", "a ZIP archive"),
    "a zipped jpeg": (gzip.compress(drawn(1)), "image/jpeg", "not_an_image", "a gzip archive"),
    "a film": (b"\0\0\0\x18ftypmp42" + bytes(40), "image/jpeg", "not_an_image", "a video recording"),
    "nothing": (b"", "image/jpeg", "not_an_image", "an empty file"),
    "text": (b"Not found", "image/jpeg", "not_an_image", "plain text"),
    "noise": (bytes(range(1, 200)), "image/jpeg", "not_an_image", "no image format"),
    "a jpeg's first bytes": (drawn(1)[:12], "image/jpeg", "not_an_image", "a JPEG file whose header"),
    "a png of 60000 x 60000": (png_of(60_000, 60_000), "image/png", "too_large", "60000 x 60000 pixels"),
    "a png of 2 billion lines": (png_of(1, 2**31 - 1), "image/png", "too_large", "2147483647"),
    "a png of no width": (png_of(0, 10), "image/png", "not_an_image", "PNG"),
    "a zlib bomb in a small png": (png_of(40, 30, pixels=bytes(20_000_000)), "image/png", KEPT, None),
    "a jpeg of 65500 x 65500": (jpeg_of(65_500, 65_500), "image/jpeg", "too_large", "65500 x 65500"),
    "a cut-off jpeg": (drawn(1)[:-40], "image/jpeg", KEPT, "cut off: a JPEG file without its end"),
    "a cut-off png": (encoded(SMALL, "PNG")[:-20], "image/png", KEPT, "cut off: a PNG file without its end"),
    "a cut-off webp": (encoded(SMALL, "WEBP")[:-9], "image/webp", "not_an_image", "a WebP file whose header"),
    "a jpeg with more behind its end": (drawn(1) + bytes(5_000), "image/jpeg", KEPT, None),
    "a jpeg of empty segments": (b"\xff\xd8" + b"\xff\xe5\0\2" * 500_000, "image/jpeg", "not_an_image", "endless small parts"),
    "a jpeg of padding": (drawn(1)[:20] + b"\xff" * 2_000_000, "image/jpeg", "not_an_image", "endless small parts"),
    "a png of empty chunks": (png_of(9, 9)[:33] + b"\0\0\0\0prVt\0\0\0\0" * 200_000, "image/png", "not_an_image", "endless"),
    "a png of unpacking texts": (texts_png(4), "image/png", "not_an_image", "PNG"),
    "a gif of comments": (gif_of(1)[:13] + b"!\xfe\1c\0" * 200_000, "image/gif", "not_an_image", "endless small parts"),
    "a jpeg 2000 of free boxes": (
        b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0\0\0\x08free" * 200_000, "image/jp2", "not_an_image", "endless small parts",
    ),
    "an avif of free boxes": (b"\0\0\0\x10ftypavif\0\0\0\0" + b"\0\0\0\x08free" * 200_000, None, "not_an_image", "endless"),
    "a tiff whose tags share their bytes": (tiff_of_tags(3_000, 900_000), "image/tiff", "not_an_image", "TIFF"),
    "a bmp of 100000 x 100000": (bmp_of(100_000, 100_000), "image/bmp", "too_large", "100000 x 100000 pixels"),
    "a gif of 2000 frames": (gif_of(2_000), "image/gif", KEPT, "animated"),
    "an animated webp": (
        encoded(SMALL, "WEBP", save_all=True, append_images=[Image.new("RGB", (32, 24))]), "image/webp", KEPT, "animated",
    ),
    "an animated png": (
        encoded(SMALL, "PNG", save_all=True, append_images=[Image.new("RGB", (32, 24))]), "image/png", KEPT, "animated",
    ),
    "a tiff of 3 pages": (tiff_pages(3), "image/tiff", KEPT, "several pages"),
    "a tiff in a circle": (tiff_in_a_circle(), "image/tiff", KEPT, None),
    "a 16-bit tiff": (encoded(Image.new("I;16", (9, 9), 40_000), "TIFF"), "image/tiff", KEPT, "16 bits"),
    "a 16-bit png": (encoded(Image.new("I;16", (9, 9), 40_000), "PNG"), "image/png", KEPT, "16 bits"),
    "a cmyk jpeg": (encoded(SMALL.convert("CMYK"), "JPEG"), "image/jpeg", KEPT, "CMYK"),
    "a png called jpeg": (encoded(SMALL, "PNG"), "image/jpeg", KEPT, "PNG, though served as image/jpeg"),
    "a jpeg without a type": (drawn(1), None, KEPT, None),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_each_file_has_its_named_outcome_and_little_memory_is_used(name: str) -> None:
    body, content_type, outcome, word = FILES[name]
    tracemalloc.start()
    found = sniffed(body, content_type)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.outcome == outcome
    if word is None:
        assert outcome is KEPT
        assert found.detail is None or "pages" in found.detail
    else:
        assert word in str(found.detail)
    assert peak < 8 << 20


@pytest.mark.parametrize(
    ("body", "named", "word"),
    [
        (drawn(1), "https://museum.example/a.jpg", None),
        (drawn(1), "https://museum.example/a.JPEG?w=9#x.png", None),
        (drawn(1), "https://museum.example/a.tif/full/max/0/default.jpg", None),
        (drawn(1), "https://museum.example/image.php?id=a.png", None),
        (drawn(1), "https://museum.example/a.png", "JPEG, though named .png"),
        (drawn(1), "https://museum.example/plan.svg", "JPEG, though named .svg"),
        (encoded(SMALL, "PNG"), "https://museum.example/a.jpg", "PNG, though named .jpg"),
        (encoded(SMALL, "TIFF"), "https://museum.example/a.tiff", None),
        (drawn(1), None, None),
    ],
)
def test_a_name_that_promises_another_format_is_noted(body: bytes, named: str | None, word: str | None) -> None:
    assert sniffed(body, None, named).detail == word
    assert sniffed(body, None, named).outcome is None


def test_a_packed_answer_is_unpacked_only_up_to_the_cap_and_the_note_stays(loopback: Loopback, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as stream:
        for _ in range(80):
            stream.write(bytes(1 << 20))
    encoding = ("Content-Encoding", "gzip")
    bomb = loopback.page("/img/bomb.jpg", packed.getvalue(), ("Content-Type", "image/jpeg"), encoding)
    moving = loopback.page("/img/moving.gif", gif_of(3), ("Content-Type", "image/gif"))
    folded = loopback.page("/img/folded.jpg", gzip.compress(drawn(3)), ("Content-Type", "image/jpeg"), encoding)
    canvases = [canvas(f"{loopback.url}/canvas/{name}", url) for name, url in (("b", bomb), ("m", moving), ("f", folded))]
    loopback.page("/m", manifest(loopback.url + "/m", *canvases, rights=BY))
    for _ in range(2):  # the second harvest asks for nothing that is held, and states nothing new
        report = harvest_iiif(tmp_path, [loopback.url + "/m"], allow_hosts=[loopback.host])
    assert report.changed == 0
    rows = db.rows(tmp_path, "SELECT source_id, outcome, outcome_detail FROM current_candidates ORDER BY source_id")
    assert [(row["source_id"][-1], row["outcome"], row["outcome_detail"]) for row in rows] == [
        ("b", "too_large", "unpacked, larger than this source allows"),
        ("f", "stored", None),
        ("m", "stored", "animated, the first frame counts"),
    ]


SHA1 = hashlib.sha1(drawn(1), usedforsecurity=False).hexdigest()
SHA256 = b64encode(hashlib.sha256(drawn(1)).digest()).decode()
MD5 = b64encode(hashlib.md5(drawn(1), usedforsecurity=False).digest()).decode()


@pytest.mark.parametrize(
    ("checksum", "headers", "whole"),
    [
        (f"sha1:{SHA1}", {}, True),
        (f"sha1:{SHA1.upper()}", {}, True),
        ("sha1:" + "0" * 40, {}, False),
        ("sha1:nonsense", {}, True),
        ("crc32:00000000", {}, True),
        (None, {"content-md5": (MD5,)}, True),
        (None, {"content-md5": (MD5[:-4] + "AA==",)}, False),
        (None, {"repr-digest": (f"sha-256=:{SHA256}:",)}, True),
        (None, {"repr-digest": ("sha-256=:" + b64encode(bytes(32)).decode() + ":",)}, False),
        (None, {"digest": (f"SHA-256={SHA256},MD5={MD5}",)}, True),
        (None, {"digest": ("SHA-256=" + b64encode(bytes(32)).decode(),)}, False),
        (None, {"digest": ("SHA-256=" + b64encode(bytes(32)).decode(),), "content-encoding": ("gzip",)}, True),
        (None, {"digest": ("unixsum=30637", "")}, True),
    ],
)
def test_bytes_are_compared_with_every_checksum_that_is_given(
    checksum: str | None, headers: dict[str, tuple[str, ...]], whole: bool
) -> None:
    said = Candidate(source="s", source_id="1", rights=read_rights("CC0"), outcome="metadata_only", checksum=checksum)
    item = Checksum().process_item(Piece(said, answer=Answer("http://127.0.0.1/a", drawn(1), 200, headers)))
    assert item.candidate.outcome == ("metadata_only" if whole else "failed_checksum")
    assert item.done is not whole
