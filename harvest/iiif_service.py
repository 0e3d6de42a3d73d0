"""IIIF image services: which version, how much a server gives, and the address that asks for the most it allows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any
from urllib.parse import urljoin, urlsplit

from harvest.iiif_text import as_list, identifier
from harvest.text import one_line

LARGEST_PX = 1_000_000
"""No side of any picture is longer: what says so is no number to reckon with."""

REDUCED = 0.98
"""A rendering whose longer side is below this share of the whole is a reduced one; rounding explains the rest."""

_VERSIONS: Mapping[int, tuple[str, ...]] = {
    3: ("imageservice3", "image/3"),
    2: ("imageservice2", "image/2"),
    1: ("imageservice1", "image/1", "stanford.edu", "image-api/1"),
}
"""What betrays an image service's version, wherever in its description it stands."""

_RENDERING = re.compile(
    r"(?P<service>.+)/(?P<region>full|square|[0-9.]+(?:,[0-9.]+){3}|pct:[0-9.]+(?:,[0-9.]+){3})"
    r"/(?P<size>\^?(?:full|max|pct:[0-9.]+|!?[0-9]*,[0-9]*))/(?P<rotation>!?[0-9.]+)/(?P<file>[a-z]+\.[a-z0-9]+)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Rendering:
    """An address in the form of the Image API, taken apart."""

    service: str
    region: str
    size: str
    rotation: str
    file: str  # quality and format


def rendering(url: str | None) -> Rendering | None:
    """The parts of an Image API address; None for any other."""
    found = _RENDERING.fullmatch(url or "")
    return Rendering(*found.group("service", "region", "size", "rotation", "file")) if found else None


def service_kind(service: Any) -> int | None:
    """Version of an image service, 1 to 3; None when it is no image service."""
    if not isinstance(service, dict):
        return None
    words = " ".join(str(service.get(key, "")) for key in ("type", "@type", "@context", "profile", "protocol")).lower()
    for version, signs in _VERSIONS.items():
        if any(sign in words for sign in signs):
            return version
    return 2 if "level" in words or "iiif:image" in words or "iiif.io/api/image" in words else None


def image_service(body: Mapping[str, Any], base: str) -> tuple[Mapping[str, Any], int, str] | None:
    """(description, version, address without a slash at its end) of the first image service of a painted image."""
    for service in as_list(body.get("service")):
        kind = service_kind(service)
        if kind and (url := address(identifier(service), base)):
            return service, kind, url.rstrip("/").removesuffix("/info.json")
    return None


def largest_size(service: Mapping[str, Any], version: int) -> str:
    """The size that asks for the most within the limits that the service declares, in the words of its version.

    Level 0 serves only its listed sizes. If only maxWidth is given, maxHeight equals it (Image API 3.0, 5.3).
    """
    whole = "max" if version == 3 else "full"
    if level(service) == 0:
        sizes = [_pair(one, "width", "height") for one in as_list(service.get("sizes"))]
        if best := max((one for one in sizes if one), default=None):
            return f"{best[0]},{best[1]}" if version == 3 else f"{best[0]},"
        return whole
    if (box := _box(service)) is None:
        return whole
    size = _pair(service, "width", "height")
    if size is None:
        return whole if box[0] is None else f"!{box[0]},{box[1]}"
    fitting = _fitted(size, box)
    if fitting == size:
        return whole
    if level(service) == 1:  # sizes by a box belong to level 2
        return f"{fitting[0]},"
    return f"!{box[0]},{box[1]}" if box[2] is None and box[0] is not None else f"!{fitting[0]},{fitting[1]}"


def within_limits(own: Rendering, service: Mapping[str, Any], version: int) -> str:
    """The size of a rendering, or what the server allows where its description forbids so much."""
    if own.region.lower() != "full" or (box := _box(service)) is None:
        return own.size
    whole = _pair(service, "width", "height")
    asked = asked_px(own.size, whole)
    if asked is None:
        return own.size if own.size == "max" or own.size.startswith("pct:") else largest_size(service, version)
    if own.size.lstrip("^") == "max" or _fitted(asked, box) == asked:
        return own.size
    return largest_size(service, version)


def is_reduced(own: Rendering, whole: tuple[int, int] | None) -> bool:
    """Whether a rendering shows the whole picture in fewer pixels than there are; unknown counts as yes."""
    size = own.size.lstrip("^").lower()
    if own.region.lower() != "full" or size in ("full", "max") or size == "pct:100":
        return False
    asked = asked_px(size, whole)
    return whole is None or asked is None or max(asked) < REDUCED * max(whole)


def asked_px(size: str, whole: tuple[int, int] | None) -> tuple[int, int] | None:
    """Width and height that a size asks for; None where that cannot be known."""
    size = size.lstrip("^").lower()
    if size in ("full", "max"):
        return whole
    if size.startswith("pct:"):
        try:
            share = float(size[4:]) / 100
        except ValueError:
            return None
        return None if whole is None else (round(whole[0] * share), round(whole[1] * share))
    width, _, height = size.lstrip("!").partition(",")
    asked = int(width[:9]) if width else None, int(height[:9]) if height else None
    if asked[0] and asked[1]:
        return _fitted(whole, (*asked, None)) if size.startswith("!") and whole else (asked[0], asked[1])
    if whole is None:
        return None
    if asked[0]:
        return asked[0], max(1, round(whole[1] * asked[0] / whole[0]))
    return (max(1, round(whole[0] * asked[1] / whole[1])), asked[1]) if asked[1] else None


def declared_px(resource: Mapping[str, Any]) -> tuple[int, int] | None:
    """Width and height as a canvas, an image or a service states them."""
    return _pair(resource, "width", "height")


def is_described(service: Mapping[str, Any]) -> bool:
    """Whether a service is described in its place, so that its own answer would add nothing on sizes."""
    return _box(service) is not None or any(service.get(name) for name in ("sizes", "tiles"))


def level(service: Mapping[str, Any]) -> int | None:
    """The compliance level, 0 to 2; None where it is not stated, or is one that does not exist."""
    words = " ".join(str(one) for one in as_list(service.get("profile")) if isinstance(one, str))
    found = re.search(r"level([012])(?![0-9])", words)
    return int(found[1]) if found else None


def address(text: str | None, base: str) -> str | None:
    """An absolute http or https address; its fragment stays."""
    if not text or not text.strip():
        return None
    try:
        whole = one_line(text)
        url = whole if whole.startswith(("https://", "http://")) else urljoin(base, whole)
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None


def web_address(text: str | None, base: str) -> str | None:
    """An absolute http or https address without its fragment, or None."""
    url = address(text, base)
    return url.partition("#")[0] if url else None


def _box(service: Mapping[str, Any]) -> tuple[int | None, int | None, int | None] | None:
    """(maxWidth, maxHeight, maxArea) as declared, there or in the profile; None when nothing is."""
    limits = [one for one in (service, *as_list(service.get("profile"))) if isinstance(one, dict)]
    widest, highest, area = (
        next((number for one in limits if (number := _whole(one.get(name), most))), None)
        for name, most in (("maxWidth", LARGEST_PX), ("maxHeight", LARGEST_PX), ("maxArea", LARGEST_PX**2))
    )
    if widest is None and area is None:
        return None  # maxHeight alone means nothing (Image API 3.0, 5.3)
    return widest, (highest or widest) if widest else None, area


def _fitted(size: tuple[int, int], box: tuple[int | None, int | None, int | None]) -> tuple[int, int]:
    """The size made smaller, in proportion, until it fits."""
    width, height = size
    scales = [1.0]
    if box[0] and box[1]:
        scales += [box[0] / width, box[1] / height]
    if box[2]:
        scales.append(sqrt(box[2] / (width * height)))
    scale = min(scales)
    return size if scale >= 1 else (max(1, int(width * scale)), max(1, int(height * scale)))


def _whole(value: Any, most: int = LARGEST_PX) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 14:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < most else None


def _pair(value: Any, first: str, second: str) -> tuple[int, int] | None:
    if not isinstance(value, dict):
        return None
    one, other = _whole(value.get(first)), _whole(value.get(second))
    return (one, other) if one and other else None
