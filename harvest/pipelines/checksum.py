"""Compares what came with the provider's own checksum, and with those that the server sent along."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator

from harvest.source import Answer
from harvest.spider import Piece

ALGORITHMS = {"sha1": "sha1", "sha256": "sha256", "sha-256": "sha256", "md5": "md5", "sha-1": "sha1", "sha": "sha1"}
"""Names that providers and headers use. Source: RFC 9530 and the older RFC 3230, whose `sha` is SHA-1."""

_FIELD = re.compile(r"([A-Za-z0-9-]+)=:?([A-Za-z0-9+/=_-]+):?")


class Checksum:
    """A picture that is not what its provider says was damaged on the way, or is another one: it is not kept."""

    def process_item(self, item: Piece) -> Piece:
        """End what differs."""
        if item.done or item.held or item.answer is None:
            return item
        stated = [*_stated(item.candidate.checksum), *_sent(item.answer)]
        for source, algorithm, expected in stated:
            if hashlib.new(algorithm, item.answer.body, usedforsecurity=False).digest() != expected:
                return item.end("failed_checksum", f"the bytes are not those of the {algorithm} checksum that {source} gives")
        return item


def _stated(checksum: str | None) -> Iterator[tuple[str, str, bytes]]:
    """The provider's, written `sha1:<hex>`."""
    name, _, text = (checksum or "").partition(":")
    algorithm = ALGORITHMS.get(name.lower())
    if algorithm:
        try:
            digest = bytes.fromhex(text)
        except ValueError:
            return
        if len(digest) == hashlib.new(algorithm, usedforsecurity=False).digest_size:
            yield "its source", algorithm, digest


def _sent(answer: Answer) -> Iterator[tuple[str, str, bytes]]:
    """Content-MD5, Digest and Repr-Digest; of a body that was packed for the way they would be of the packed one."""
    if "content-encoding" in answer.headers:
        return
    for text in answer.headers.get("content-md5", ()):
        yield from _decoded("the header Content-MD5", "md5", text)
    for header in ("repr-digest", "content-digest", "digest"):
        for line in answer.headers.get(header, ()):
            for name, text in _FIELD.findall(line):
                if algorithm := ALGORITHMS.get(name.lower()):
                    yield from _decoded(f"the header {header.title()}", algorithm, text)


def _decoded(source: str, algorithm: str, text: str) -> Iterator[tuple[str, str, bytes]]:
    try:
        digest = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return
    if len(digest) == hashlib.new(algorithm, usedforsecurity=False).digest_size:
        yield source, algorithm, digest
