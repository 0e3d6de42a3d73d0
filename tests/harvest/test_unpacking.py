"""A packed answer is unpacked within its caps, whatever it is packed with; what cannot be unpacked is an outcome."""

import gzip
import tracemalloc
import zlib
from collections.abc import Sequence

import brotli
import pytest
from backports import zstd
from scrapy.http import Request, Response

from harvest.failures import Refused
from harvest.middlewares.unpacking import Unpacking
from harvest.unpack import ACCEPTED, Broken, TooMuch, unpacked

TEXT = b'{"title": "Cuia de porongo"}' * 50
ZEROS = bytes(30 << 20)
MOST = 64 << 20


def packed(body: bytes) -> bytes:
    """The same at every hour: gzip writes the time into its header."""
    return gzip.compress(body, mtime=0)


def raw_deflate(body: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(body) + stream.flush()


@pytest.mark.parametrize(
    ("codings", "body"),
    [
        (["gzip"], packed(TEXT)),
        (["x-gzip"], packed(TEXT)),
        (["gzip"], packed(TEXT[:100]) + packed(TEXT[100:])),
        (["gzip"], packed(TEXT) + bytes(100)),
        (["deflate"], zlib.compress(TEXT)),
        (["deflate"], raw_deflate(TEXT)),
        (["br"], brotli.compress(TEXT)),
        (["zstd"], zstd.compress(TEXT)),
        (["deflate", "gzip"], packed(zlib.compress(TEXT))),
        (["identity"], TEXT),
        (["utf-8"], TEXT),
        ([""], TEXT),
        ([], TEXT),
    ],
)
def test_what_was_packed_comes_out_as_it_went_in(codings: Sequence[str], body: bytes) -> None:
    assert unpacked(body, codings, MOST) == TEXT


@pytest.mark.parametrize(
    ("codings", "body"),
    [
        (["gzip"], packed(ZEROS)),
        (["deflate"], zlib.compress(ZEROS)),
        (["deflate"], raw_deflate(ZEROS)),
        (["br"], brotli.compress(ZEROS, quality=5)),
        (["zstd"], zstd.compress(ZEROS)),
        (["gzip"], packed(bytes(1_000)) * 30_000),
        (["gzip", "gzip"], packed(packed(ZEROS))),
        (["gzip", "gzip", "gzip"], packed(packed(packed(TEXT)))),
    ],
)
def test_a_bomb_is_not_unpacked(codings: Sequence[str], body: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(TooMuch):
        unpacked(body, codings, 10 << 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 24 << 20


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", b"no gzip at all"),
        ("gzip", packed(TEXT)[:-20]),
        ("gzip", packed(TEXT)[:-8] + b"12345678"),
        ("deflate", b"\xff\xff no deflate"),
        ("deflate", zlib.compress(TEXT)[:20]),
        ("br", b"no brotli at all"),
        ("br", brotli.compress(TEXT)[:20]),
        ("zstd", b"no zstd at all"),
        ("zstd", zstd.compress(TEXT)[:20]),
    ],
)
def test_what_cannot_be_unpacked_is_broken(coding: str, body: bytes) -> None:
    with pytest.raises(Broken):
        unpacked(body, [coding], MOST)


def answered(body: bytes, **headers: str) -> Response:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return Unpacking(MOST).process_response(
        Request("http://m.example/a"), Response("http://m.example/a", headers=fields, body=body)
    )


def test_headers_that_speak_of_the_packed_bytes_go_with_them() -> None:
    found = answered(packed(TEXT), Content_Encoding="gzip", Content_MD5="AAAA", ETag='"1"')
    assert found.body == TEXT
    assert set(found.headers) == {b"Etag"}
    plain = answered(TEXT, Content_MD5="AAAA")
    assert plain.headers["Content-MD5"] == b"AAAA"
    assert answered(b"", Content_Encoding="gzip").body == b""


@pytest.mark.parametrize(("body", "outcome"), [(packed(ZEROS), "too_large"), (b"no gzip", "failed_packing")])
def test_the_outcome_names_it(body: bytes, outcome: str) -> None:
    with pytest.raises(Refused) as refused:
        answered(body, Content_Encoding="gzip")
    assert refused.value.outcome == outcome


def test_we_ask_for_what_we_can_unpack_but_images_as_they_are() -> None:
    question, image = Request("http://m.example/a"), Request("http://m.example/b", headers={"Accept-Encoding": "identity"})
    for request in (question, image):
        Unpacking(MOST).process_request(request)
    assert question.headers["Accept-Encoding"] == ACCEPTED.encode() == b"gzip, deflate, br, zstd"
    assert image.headers["Accept-Encoding"] == b"identity"
