"""Bodies that were packed for the way are unpacked up to a size and a ratio; nothing that unpacks without end is believed."""

import io
import zlib
from collections.abc import Callable, Iterator, Sequence

import brotli  # type: ignore[import-untyped]  # Scrapy brings it, without types
from backports import zstd

PART_BYTES = 1 << 16

MOST_TIMES = 300
"""A body may unpack to so many times its size. JSON of one repeated record reaches 100; zlib's most is 1,032, for zeros
(assumption, not measured)."""

ALWAYS_BYTES = 1 << 20
"""So much may come out whatever the ratio."""

MOST_CODINGS = 2
"""Laid one over the other."""


class TooMuch(ValueError):
    """It unpacks to more than is allowed."""


class Broken(ValueError):
    """It is not what its coding says."""


def unpacked(body: bytes, codings: Sequence[str], most_bytes: int) -> bytes:
    """The body before it was packed.

    Args:
        body: As it came.
        codings: The values of Content-Encoding, in the order in which they were laid on; those that are unknown here
            (servers send `none`, `utf-8`, `binary`) are taken for none.
        most_bytes: Of the result; 0 means no limit but the ratio.

    Raises:
        TooMuch: it grows beyond `most_bytes` or `MOST_TIMES`, or is packed too many times over.
        Broken: it cannot be unpacked.
    """
    known = [one for one in codings if one in _READERS]
    if len(known) > MOST_CODINGS:
        raise TooMuch(f"packed {len(known)} times over")
    for coding in reversed(known):
        most = max(ALWAYS_BYTES, len(body) * MOST_TIMES)
        body = _joined(_READERS[coding](body), min(most, most_bytes or most))
    return body


def _joined(parts: Iterator[bytes], most_bytes: int) -> bytes:
    whole = bytearray()
    try:
        for part in parts:
            whole += part
            if len(whole) > most_bytes:
                raise TooMuch(f"more than {most_bytes} bytes")
    except (zlib.error, brotli.error, zstd.ZstdError, EOFError) as error:
        raise Broken(str(error)) from error
    return bytes(whole)


def _inflated(body: bytes, window_bits: int) -> Iterator[bytes]:
    """zlib's streams, one after another as gzip allows; what follows the last one is padding."""
    while body:
        stream = zlib.decompressobj(window_bits)
        rest = body
        while not stream.eof:
            part = stream.decompress(rest, PART_BYTES)
            rest = stream.unconsumed_tail
            if not part and not rest and not stream.eof:
                raise EOFError("the packed stream ends early")
            yield part
        body = stream.unused_data if stream.unused_data[:2] == b"\x1f\x8b" else b""


def _deflated(body: bytes) -> Iterator[bytes]:
    """`deflate` means zlib's format, but some servers send it without its frame."""
    try:
        zlib.decompressobj().decompress(body, 1)
    except zlib.error:
        return _inflated(body, -zlib.MAX_WBITS)
    return _inflated(body, zlib.MAX_WBITS)


def _brotli(body: bytes) -> Iterator[bytes]:
    stream = brotli.Decompressor()
    part = stream.process(body, output_buffer_limit=PART_BYTES)
    yield part
    while not stream.is_finished():
        if not part and stream.can_accept_more_data():
            raise EOFError("the packed stream ends early")
        part = stream.process(b"", output_buffer_limit=PART_BYTES)
        yield part


def _zstd(body: bytes) -> Iterator[bytes]:
    with zstd.ZstdFile(io.BytesIO(body)) as stream:
        while part := stream.read(PART_BYTES):
            yield part


_READERS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "gzip": lambda body: _inflated(body, zlib.MAX_WBITS | 16),
    "x-gzip": lambda body: _inflated(body, zlib.MAX_WBITS | 16),
    "deflate": _deflated,
    "br": _brotli,
    "zstd": _zstd,
}

ACCEPTED = ", ".join(name for name in _READERS if not name.startswith("x-"))
"""For the header Accept-Encoding."""
