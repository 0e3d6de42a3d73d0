"""What a file itself says of how its picture was made: C2PA, IPTC's Digital Source Type, the names of generators.

Words that stand in the file count, and nothing is validated: who marks a picture as generated has no reason to lie, and
who removed the marks leaves nothing to read. No classifier is asked: its guess is no evidence.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pixels.beside_pixels import beside_pixels
from pixels.c2pa import jpeg_boxes
from pixels.exif import DETAILS, tags_of
from pixels.xmp_packets import xmp_packets

MOST_BYTES = 4 << 20
"""Of one manifest or text; larger ones are read as far as this."""

MOST_MATCHES = 256
"""Of one mark in one text: a manifest repeats it for every ingredient."""

BY_MACHINE = ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "algorithmicMedia", "compositeSynthetic")
"""Source types of pictures that a model or a program made, wholly or in part; of several in a file these count first."""

SOURCE_TYPES = (
    *BY_MACHINE,
    *("trainedAlgorithmicData", "algorithmicallyEnhanced", "dataDrivenMedia", "virtualRecording", "softwareImage"),
    *("digitalCreation", "digitalArt", "humanEdits", "minorHumanEdits", "composite", "compositeCapture", "screenCapture"),
    *("computationalCapture", "digitalCapture", "negativeFilm", "positiveFilm", "print", "empty"),
)
"""IPTC NewsCodes, Digital Source Type, with retired words, and C2PA's two own (2026-11-21)."""

GENERATORS = {
    "Midjourney": "midjourney",
    "DALL-E": r"\bdall(?:Â?·|[.-])e\b|\bdall-?e ?[23]\b",
    "OpenAI": r"openai|chatgpt|\bgpt-4o\b|\bgpt-image",
    "Adobe Firefly": r"adobe[ _]firefly",
    "Google AI": r"(?:made|edited) with google ai|google (?:generative|imagen)",
    "Microsoft": r"bing image creator|microsoft designer",
    "Stable Diffusion": r"stable[ _-]?diffusion|dreamstudio|automatic1111",
    "NovelAI": r"novelai",
    "ComfyUI": r"comfyui",
    "InvokeAI": r"invokeai",
    "Fooocus": r"fooocus",
    "Flux": r"black forest labs",
    "Ideogram": r"ideogram\.?ai",
    "Leonardo": r"leonardo\.ai",
    "Recraft": r"recraft\.ai|\brecraft v\d",
    "Craiyon": r"craiyon",
    "diffusers": r"\bdiffusers\b",
    "fototeca": r"\Afototeca(?: augment|, )",  # else the word means an archive of photographs
}
"""Generators by the name that is reported, each with what its files call it (case aside)."""

_TEXT_KEYS = {
    "workflow": "ComfyUI",
    "invokeai_metadata": "InvokeAI",
    "invokeai_graph": "InvokeAI",
    "sd-metadata": "InvokeAI",
    "fooocus_scheme": "Fooocus",
}
"""Keywords of PNG text that one generator alone writes."""

_TEXTS = ("software", "parameters", "source", "generator")
"""Keywords of PNG text in which a program names itself; titles and descriptions of pictures may name anything."""

_NAMED = re.compile("|".join(f"(?P<g{at}>{words})" for at, words in enumerate(GENERATORS.values())), re.I)
_STEPS = re.compile(r"\bSteps: ?\d+, ?Sampler: ?")
"""The settings that Stable Diffusion's web interfaces write beside a prompt."""

_KNOWN = "|".join(sorted(SOURCE_TYPES, key=len, reverse=True))
_KEY = "digitalsourcetype"
_SOURCE_TYPE = re.compile(
    rf"""{_KEY}(?:/|[^A-Za-z/<]{{1,16}}|[^<>]{{0,40}}resource=["'])(?:https?://[\w./-]{{1,60}}/)?"""
    rf"""(?P<word>(?:{_KNOWN})|[A-Za-z]{{3,60}}(?=["'<\s]))""",
    re.I,
)
"""As an address (no end is marked where it stands in CBOR) or as a bare word in XMP."""

_CREATOR = re.compile(r"(?:CreatorTool|photoshop:Credit)(?:\s*=\s*[\"']|\s*>)(?P<words>[^\"'<]{1,200})")
_AGENT = re.compile(r"(?:claim_generator|softwareAgent)(?P<words>.{1,160})", re.S)
_MANIFEST = b"c2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71"
"""Type of the box that holds all manifests of a file (C2PA 2.x, 11.1.4.2)."""

_SOFTWARE, _COMMENT = 0x0131, 0x9286
_ENCODINGS = {b"UNICODE\0": ("utf-16-le", "utf-16-be"), b"ASCII\0\0\0": ("latin-1",)}
"""Of EXIF's UserComment, by its first eight bytes; which order UNICODE has is not said."""


@dataclass(frozen=True, kw_only=True)
class MadeBy:
    """`source_type` is the last part of the Digital Source Type's address, `generator` one of `GENERATORS`; None for none."""

    source_type: str | None = None
    c2pa: bool = False
    generator: str | None = None


def made_by(data: bytes, info: Mapping[str, Any]) -> MadeBy:
    """What the marks in a file's bytes and in its texts (`Picture.info`) say. Never raises."""
    beside = beside_pixels(data)
    manifests = _manifests(data, beside)
    packets = [packet[:MOST_BYTES] for packet in xmp_packets(beside)]
    texts = {key: value[:MOST_BYTES] for key, value in info.items() if isinstance(value, str)}
    return MadeBy(
        source_type=_source_type([*packets, *texts.values(), *manifests]),
        c2pa=bool(manifests),
        generator=_generator(packets, texts, manifests, _tags(data, info.get("exif"))),
    )


def _tags(data: bytes, exif: Any) -> Mapping[int, bytes]:
    """EXIF's Software and UserComment; a TIFF is itself such a structure."""
    body = data if data[:2] in (b"II", b"MM") else exif
    return tags_of(body, (_SOFTWARE, _COMMENT, DETAILS)) if isinstance(body, bytes) else {}


def _manifests(data: bytes, beside: bytes) -> list[str]:
    """The C2PA manifests as text of one character a byte; a JPEG cuts them into segments, other files do not."""
    if _MANIFEST not in beside:
        return []
    whole = [box for box in jpeg_boxes(data) if _MANIFEST in box] or [beside[beside.find(_MANIFEST) :]]
    return [box[:MOST_BYTES].decode("latin-1") for box in whole]


def _source_type(texts: list[str]) -> str | None:
    by_lower = {word.lower(): word for word in SOURCE_TYPES}
    found = [by_lower.get(match["word"].lower(), match["word"]) for text in texts for match in _matches(text)]
    return next((word for word in BY_MACHINE if word in found), found[0] if found else None)


def _matches(text: str) -> Iterator[re.Match[str]]:
    folded, at = text.lower(), -1
    for _ in range(MOST_MATCHES):
        at = folded.find(_KEY, at + 1)
        if at < 0:
            return
        if match := _SOURCE_TYPE.match(text, at):
            yield match


def _generator(packets: list[str], texts: Mapping[str, str], manifests: list[str], tags: Mapping[int, bytes]) -> str | None:
    for key in texts:
        if by := _TEXT_KEYS.get(key.lower()):
            return by
    for words in _naming(packets, texts, manifests, tags):
        if found := _NAMED.search(words):
            return list(GENERATORS)[int(str(found.lastgroup)[1:])]
        if _STEPS.search(words):
            return "Stable Diffusion"
    return None


def _naming(packets: list[str], texts: Mapping[str, str], manifests: list[str], tags: Mapping[int, bytes]) -> Iterator[str]:
    """The places where a program names itself or writes its settings."""
    for packet in packets:
        yield from (match["words"] for match in islice(_CREATOR.finditer(packet), MOST_MATCHES))
    yield from (text for key, text in texts.items() if key.lower() in _TEXTS)
    yield tags.get(_SOFTWARE, b"")[:1000].decode("latin-1")
    comment = tags.get(_COMMENT, b"")[:65_536]
    yield from (comment[8:].decode(code, "ignore") for code in _ENCODINGS.get(comment[:8], ()))
    for manifest in manifests:
        yield from (match["words"] for match in islice(_AGENT.finditer(manifest), MOST_MATCHES))
