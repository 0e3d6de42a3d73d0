"""How the crawling process hands over what it found: one JSON line a frame, with the picture's bytes behind it."""

import json
from collections.abc import Mapping
from typing import IO, Any

from base.files import canonical_json
from catalog.records import Candidate, OptOut, Rights
from harvest.source import Problem

Frame = tuple[Candidate, bytes | None, bool] | Problem
"""(candidate, bytes, held) or a problem. `held`: its bytes are in the store already and were not asked for."""


def pack(frame: Frame) -> bytes:
    """The frame as bytes."""
    if isinstance(frame, Problem):
        return _line({"kind": "problem", "where": frame.where, "what": frame.what})
    candidate, body, held = frame
    row = {**candidate.statement(), "answer_sha256": candidate.answer_sha256}
    head = {"kind": "candidate", "candidate": row, "held": held, "size_bytes": None if body is None else len(body)}
    return _line(head) + (body or b"")


def pack_end() -> bytes:
    """Says that the crawl came to its end, so that a broken pipe is never taken for one."""
    return _line({"kind": "end"})


def unpack(stream: IO[bytes]) -> Frame | None:
    """The next frame; None at the crawl's end.

    Raises:
        EOFError: the stream stops without saying that the crawl is at its end.
    """
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    head = json.loads(line)
    if head["kind"] == "end":
        return None
    if head["kind"] == "problem":
        return Problem(where=head["where"], what=head["what"])
    body = None
    if head["size_bytes"] is not None:
        body = stream.read(head["size_bytes"])
        if len(body) != head["size_bytes"]:
            raise EOFError
    return candidate_from(head["candidate"]), body, head["held"]


def candidate_from(row: Mapping[str, Any]) -> Candidate:
    """The candidate whose `statement()` this is."""
    values = dict(row)
    values["rights"] = rights_from(row["rights"])
    values["opt_outs"] = tuple(OptOut(**one) for one in row["opt_outs"])
    values["concepts"] = tuple(row["concepts"])
    return Candidate(**values)


def rights_from(row: Mapping[str, Any]) -> Rights:
    """The rights whose `as_row()` this is."""
    values = dict(row)
    values["raw"] = tuple((name, text) for name, text in row["raw"])
    values["flags"] = tuple(row["flags"])
    values["alternatives"] = tuple(rights_from(one) for one in row["alternatives"])
    return Rights(**values)


def _line(value: Mapping[str, Any]) -> bytes:
    return (canonical_json(value) + "\n").encode()
