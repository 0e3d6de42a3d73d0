"""What a C2PA manifest in a file says on training and mining: the assertions of C2PA and CAWG, found and read.

Nothing is validated: a manifest that is broken, or whose signature no longer fits, still shows the wish of whoever wrote
it. Source: ISO 19566-5 (JUMBF boxes), C2PA 2.x annex A (where files carry them), CAWG Training and Data Mining 1.1.
"""

import json
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pixels.beside_pixels import MOST_SEGMENTS, beside_pixels
from pixels.cbor import BrokenError, read_cbor

MOST_ASSERTIONS = 64
"""Of one file; each manifest of each ingredient may hold one."""

LARGEST_BYTES = 1 << 20
"""Of one assertion; larger ones are read as far as this."""

_LABEL = re.compile(rb"(?:c2pa|cawg)\.training-mining[A-Za-z0-9_.-]{0,40}\0")
_HINT = b".training-"
_BEFORE_LABEL = 25  # length 4, `jumd` 4, type 16, toggles 1
_CATEGORIES = ("ai_training", "ai_generative_training", "data_mining", "ai_inference")


@dataclass(frozen=True)
class TrainingAssertion:
    """One assertion: its label, and what it says of each use: allowed, notallowed, constrained, or another word.

    `damaged`: it cannot be read; `uses` then holds what its bytes still show.
    """

    label: str
    uses: tuple[tuple[str, str], ...] = ()
    constraints: str = ""
    damaged: bool = False

    def denials(self) -> dict[str, str]:
        """The uses that are not allowed, or only on conditions: nobody has agreed to the conditions, so that is a no."""
        return {use: said for use, said in self.uses if said in ("notAllowed", "constrained")}


def training_assertions(data: bytes) -> list[TrainingAssertion]:
    """Every training-mining assertion in a file, of whatever manifest and format, in order. Never raises.

    Boxes lie in one piece in PNG, WebP, TIFF, HEIF and AVIF, so they are found wherever they are; a JPEG cuts them
    into segments, which are put together first.
    """
    found = dict.fromkeys(one for boxes in jpeg_boxes(data) for one in _assertions(boxes))
    return list(found or dict.fromkeys(_assertions(beside_pixels(data))))


def _assertions(stream: bytes) -> Iterator[TrainingAssertion]:
    if _HINT not in stream:
        return
    for number, label in enumerate(_LABEL.finditer(stream)):
        start = label.start() - _BEFORE_LABEL
        if number == MOST_ASSERTIONS:
            return
        if start < 0 or stream[start + 4 : start + 8] != b"jumd":
            continue
        (size,) = struct.unpack(">I", stream[start : start + 4])
        content = start + size if size >= _BEFORE_LABEL + len(label[0]) else label.end()
        yield _read(label[0][:-1].decode("ascii"), *_box(stream, content))


def _box(stream: bytes, at: int) -> tuple[bytes, bytes]:
    """(kind, body) of the box at a place; the body as far as it goes."""
    head = stream[at : at + 16]
    if len(head) < 8:
        return b"", b""
    size, kind = struct.unpack(">I4s", head[:8])
    begin = at + 8
    if size == 1 and len(head) == 16:
        (size,) = struct.unpack(">Q", head[8:])
        begin += 8
    end = len(stream) if size == 0 else at + size
    return kind, stream[begin : max(begin, min(end, begin + LARGEST_BYTES))]


def _read(label: str, kind: bytes, body: bytes) -> TrainingAssertion:
    try:
        value = json.loads(body) if kind == b"json" else read_cbor(body)
    except (BrokenError, ValueError, RecursionError):
        return TrainingAssertion(label, tuple(_shown(body).items()), damaged=True)
    uses: dict[str, str] = {}
    constraints: list[str] = []
    for name, entry in _entries(value):
        said = entry.get("use") if isinstance(entry, dict) else entry
        if isinstance(said, str) and _is_category(name):
            uses[name] = _word(said)
            about = (
                entry.get("constraint_info") or entry.get("constraints_info") if isinstance(entry, dict) else None
            )  # both occur
            if isinstance(about, str) and about not in constraints:
                constraints.append(" ".join(about.split())[:500])
    return TrainingAssertion(label, tuple(uses.items()), "; ".join(constraints[:4]))


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    """The uses, as an object by name or as a list of objects that hold their name."""
    entries = value.get("entries", value.get("data", value)) if isinstance(value, dict) else value
    if isinstance(entries, dict):
        entries = entries.get("entries", entries)
    if isinstance(entries, dict):
        yield from ((name, entry) for name, entry in entries.items() if isinstance(name, str))
    elif isinstance(entries, list):
        for entry in entries:
            name = entry.get("label") or entry.get("name") if isinstance(entry, dict) else None
            if isinstance(name, str):
                yield name, entry


def _shown(body: bytes) -> dict[str, str]:
    """The uses whose names and words still stand in a damaged assertion."""
    names = [name for name in _CATEGORIES if name.encode() in body]
    for word in ("notAllowed", "constrained"):
        if word.encode() in body:
            return dict.fromkeys(names or ["some use"], word)
    return {}


def _is_category(name: str) -> bool:
    return name.rpartition(".")[2].lower() in _CATEGORIES


def _word(said: str) -> str:
    """The word in the specification's spelling, whatever case or separator it comes in."""
    folded = re.sub(r"[^a-z]", "", said.lower())
    return {"notallowed": "notAllowed", "constrained": "constrained", "allowed": "allowed"}.get(folded, said[:100])


def jpeg_boxes(data: bytes) -> list[bytes]:
    """The JUMBF boxes of a JPEG, each put together from its APP11 segments in the order of their numbers."""
    pieces: dict[int, list[tuple[int, bytes]]] = {}
    at = 2 if data.startswith(b"\xff\xd8") else len(data)
    for _ in range(MOST_SEGMENTS):
        if at + 4 > len(data) or data[at] != 0xFF:
            break
        mark = data[at + 1]
        if mark == 0xFF:  # a fill byte
            at += 1
            continue
        if mark in (0xD9, 0xDA):
            break
        if 0xD0 <= mark <= 0xD7 or mark == 0x01:
            at += 2
            continue
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : at + 2 + size]
        if mark == 0xEB and body[:2] == b"JP" and len(body) >= 16:
            instance, number = struct.unpack(">HI", body[2:8])
            pieces.setdefault(instance, []).append((number, body[8:]))
        at += 2 + max(size, 2)
    return [_joined(sorted(several)) for several in pieces.values()]


def _joined(several: list[tuple[int, bytes]]) -> bytes:
    """Each further segment repeats the box's length and kind, which are left out."""
    first = several[0][1]
    head = first[: 16 if first[:4] == b"\0\0\0\x01" else 8]
    rest = [body[len(head) :] if body.startswith(head) else body for _, body in several[1:]]
    return b"".join([first, *rest])
