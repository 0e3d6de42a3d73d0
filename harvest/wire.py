"""How the crawling process hands over what it found: frames of one JSON document, with the picture's bytes behind it."""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

from catalog.records import Candidate, OptOut, Rights
from harvest.source import Problem


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What the server of an image answered, and the marks by which it says later whether anything changed."""

    url: str
    status: int
    etag: str | None = None
    last_modified: str | None = None


Delivery = tuple[Candidate, bytes | None, bool, Answered | None]
"""(candidate, bytes, held, the image's answer). `held`: its bytes are in the store already and did not come again."""

Frame = Delivery | Problem

_LENGTHS = struct.Struct(">IQ")
"""Bytes of the JSON document, then bytes of the picture. Lengths, because a stream that is read by lines reads ahead, and
nobody could then wait for the next frame without taking part of it."""


def pack(frame: Frame) -> bytes:
    """The frame as bytes."""
    return b"".join(pack_in_two(frame))


def pack_in_two(frame: Frame) -> tuple[bytes, bytes]:
    """The frame's beginning, and the picture's bytes as they are: nothing is copied."""
    if isinstance(frame, Problem):
        return _packed({"kind": "problem", "where": frame.where, "what": frame.what})
    candidate, body, held, answered = frame
    head = {
        "kind": "candidate",
        "candidate": row_of(candidate),
        "held": held,
        "has_body": body is not None,
        "answered": None if answered is None else vars(answered),
    }
    return _packed(head, body or b"")


def pack_end() -> bytes:
    """Says that the crawl came to its end, so that a broken pipe is never taken for one."""
    return b"".join(_packed({"kind": "end"}))


def unpack(stream: IO[bytes]) -> Frame | None:
    """The next frame, of which not a byte too many is read; None at the crawl's end.

    Raises:
        EOFError: the stream stops without saying that the crawl is at its end.
    """
    head_bytes, body_bytes = _LENGTHS.unpack(_exactly(stream, _LENGTHS.size))
    head = json.loads(_exactly(stream, head_bytes))
    if head["kind"] == "end":
        return None
    if head["kind"] == "problem":
        return Problem(where=head["where"], what=head["what"])
    body = _exactly(stream, body_bytes) if head["has_body"] else None
    answered = None if head["answered"] is None else Answered(**head["answered"])
    return candidate_from(head["candidate"]), body, head["held"], answered


def row_of(candidate: Candidate) -> dict[str, Any]:
    """Every field of the candidate as plain JSON values."""
    return {**candidate.statement(), "answer_sha256": candidate.answer_sha256, "consulted": list(candidate.consulted)}


def candidate_from(row: Mapping[str, Any]) -> Candidate:
    """The candidate whose `row_of` this is."""
    values = dict(row)
    values["rights"] = rights_from(row["rights"])
    values["opt_outs"] = tuple(OptOut(**one) for one in row["opt_outs"])
    values["concepts"] = tuple(row["concepts"])
    values["consulted"] = tuple(row["consulted"])
    return Candidate(**values)


def rights_from(row: Mapping[str, Any]) -> Rights:
    """The rights whose `as_row()` this is."""
    values = dict(row)
    values["raw"] = tuple((name, text) for name, text in row["raw"])
    values["flags"] = tuple(row["flags"])
    values["alternatives"] = tuple(rights_from(one) for one in row["alternatives"])
    return Rights(**values)


_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False)  # made once: it takes longer than a row


def _packed(value: Mapping[str, Any], body: bytes = b"") -> tuple[bytes, bytes]:
    document = _JSON.encode(value).encode()
    return _LENGTHS.pack(len(document), len(body)) + document, body


def _exactly(stream: IO[bytes], size_bytes: int) -> bytes:
    parts: list[bytes] = []
    left = size_bytes
    while left:
        part = stream.read(left)
        if not part:
            raise EOFError
        parts.append(part)
        left -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
