"""CBOR (RFC 8949) into plain Python values, within hard limits: enough for assertions in a C2PA manifest."""

import struct
from typing import Any

DEEPEST = 32
MOST_ITEMS = 20_000
"""Of one value, nested ones included; assertions hold a few dozen."""


class BrokenError(ValueError):
    """Not CBOR, or beyond the limits."""


def read_cbor(body: bytes) -> Any:
    """The first value; what follows it is left. Keys that no dict can hold become their text; tags are dropped.

    Raises:
        BrokenError: cut off, malformed, too deep or too many items.
    """
    return _Reader(body).value(0)


class _Reader:
    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0
        self._items = 0
        self._float = 0.0

    def value(self, depth: int) -> Any:
        kind, argument = self._head()
        self._items += 1
        if depth > DEEPEST or self._items > MOST_ITEMS:
            raise BrokenError("too deep, or too many items")
        if kind == 0:
            return self._sized(argument)
        if kind == 1:
            return -1 - self._sized(argument)
        if kind in (2, 3):
            return self._string(kind, argument)
        if kind == 4:
            return [self.value(depth + 1) for _ in self._each(argument)]
        if kind == 5:
            found: dict[Any, Any] = {}
            for _ in self._each(argument):
                key = self.value(depth + 1)
                found[key if isinstance(key, (str, int, bytes, float)) else repr(key)[:200]] = self.value(depth + 1)
            return found
        if kind == 6:
            return self.value(depth + 1)
        return self._simple(argument)

    def _head(self) -> tuple[int, int | None]:
        """(major type, argument); the argument is None for an indefinite length, and negative for a simple value's bytes."""
        first = self._take(1)[0]
        kind, short = first >> 5, first & 31
        if short < 24:
            return kind, short
        if short <= 27:
            size = 1 << (short - 24)
            raw = self._take(size)
            if kind == 7 and size > 1:
                self._float = struct.unpack({2: ">e", 4: ">f", 8: ">d"}[size], raw)[0]
                return kind, -1
            return kind, int.from_bytes(raw, "big")
        if short == 31 and kind in (2, 3, 4, 5, 7):
            return kind, None
        raise BrokenError(f"a length of kind {short}")

    def _string(self, kind: int, size: int | None) -> str | bytes:
        parts = []
        if size is not None:
            parts.append(self._take(size))
        else:
            for _ in self._each(None):
                inner, length = self._head()
                if inner != kind:
                    raise BrokenError("a piece of another kind")
                parts.append(self._take(self._sized(length)))
        whole = b"".join(parts)
        return whole.decode("utf-8", "replace") if kind == 3 else whole

    def _each(self, count: int | None) -> Any:
        """Once for each member; the items' limit ends a count that lies."""
        if count is not None:
            yield from range(count)
            return
        while self._body[self._at : self._at + 1] != b"\xff":
            yield None
        self._at += 1

    def _simple(self, argument: int | None) -> Any:
        if argument is None:
            raise BrokenError("a break where a value should be")
        if argument == -1:
            return self._float
        return {20: False, 21: True}.get(argument)

    def _sized(self, argument: int | None) -> int:
        if argument is None:
            raise BrokenError("no length")
        return argument

    def _take(self, size: int) -> bytes:
        piece = self._body[self._at : self._at + size]
        if len(piece) != size:
            raise BrokenError("cut off")
        self._at += size
        return piece
