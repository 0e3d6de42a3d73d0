"""What is painted on a IIIF canvas: images only, their addresses, and whether they stand behind a login."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from harvest.iiif_text import as_list, identifier
from harvest.text import one_line

DEEPEST = 4
"""A choice within a choice within … is followed this far."""

_SERVICE_SIGNS: Mapping[int, tuple[str, ...]] = {
    3: ("imageservice3", "image/3"),
    2: ("imageservice2", "image/2"),
    1: ("imageservice1", "image/1", "stanford.edu", "image-api/1"),
}
"""What betrays an image service's version, wherever in its description it stands."""


def image_bodies(canvas: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The images painted on a canvas; of a Choice its first image. Sound, video and text are no images."""
    for page in as_list(canvas.get("items")):
        for annotation in as_list(page.get("items") if isinstance(page, dict) else None):
            if not isinstance(annotation, dict):
                continue
            motives = as_list(annotation.get("motivation", "painting"))
            if "painting" in motives or "sc:painting" in motives:
                for body in as_list(annotation.get("body")):
                    if found := _image(body, DEEPEST):
                        yield found


def image_url(body: Mapping[str, Any], *, manifest_urls: tuple[str, ...], base: str) -> str | None:
    """Where the image's bytes are: the body's own address, else its image service's largest; None when there is neither.

    Args:
        body: The painted image.
        manifest_urls: Addresses of the manifest; a body id that is a fragment of one is no file.
        base: For relative addresses.
    """
    own = _address(identifier(body), base)
    if own and urldefrag(own).url not in {urldefrag(url).url for url in manifest_urls}:
        return own
    for service in as_list(body.get("service")):
        kind = _service_kind(service)
        if kind and (url := _address(identifier(service), base)):
            return f"{url.rstrip('/')}/full/{largest_size(service, kind)}/0/{'native' if kind == 1 else 'default'}.jpg"
    return None


def largest_size(service: Mapping[str, Any], version: int) -> str:
    """The size that asks for the most within the limits that the service declares, in the words of its version.

    Level 0 serves only its listed sizes. If only maxWidth is given, maxHeight equals it (Image API 3.0, 5.3).
    """
    profiles = " ".join(str(one) for one in as_list(service.get("profile")))
    if "level0" in profiles:
        sizes = [_pair(one, "width", "height") for one in as_list(service.get("sizes"))]
        if best := max((one for one in sizes if one), default=None):
            return f"{best[0]},{best[1]}" if version == 3 else f"{best[0]},"
    limits = [one for one in (service, *as_list(service.get("profile"))) if isinstance(one, dict)]
    widest = next((width for one in limits if (width := _whole(one.get("maxWidth")))), None)
    if widest:
        highest = next((height for one in limits if (height := _whole(one.get("maxHeight")))), widest)
        size = _pair(service, "width", "height")
        if size and size[0] <= widest and size[1] <= highest:
            return "max" if version == 3 else "full"
        return f"!{widest},{highest}"
    return "max" if version == 3 else "full"


def needs_login(resource: Mapping[str, Any]) -> bool:
    """Whether a login, token or probe service hangs on the resource, or on a service of it."""
    waiting = as_list(resource.get("service"))[:100]
    for _ in range(DEEPEST):
        below: list[Any] = []
        for service in waiting:
            if not isinstance(service, dict):
                continue
            words = f"{service.get('type', service.get('@type', ''))} {service.get('profile', '')} {service.get('@context', '')}"
            if words.lstrip().startswith("Auth") or "iiif.io/api/auth/" in words:
                return True
            below += as_list(service.get("service"))[:100]
        waiting = below
    return False


def _image(body: Any, depth: int) -> Mapping[str, Any] | None:
    if isinstance(body, str):
        body = {"id": body}
    if not isinstance(body, dict) or depth == 0:
        return None
    kind = str(body.get("type") or body.get("@type") or "").rpartition(":")[2]
    if kind == "Choice":
        return next(filter(None, (_image(one, depth - 1) for one in as_list(body.get("items")))), None)
    if kind == "SpecificResource":
        return _image(body.get("source"), depth - 1)
    if kind == "Image":
        return body
    looks_like_one = str(body.get("format", "")).startswith("image/") or _named_like_image(identifier(body))
    return body if not kind and looks_like_one else None


def _named_like_image(url: str | None) -> bool:
    path = (url or "").partition("?")[0].lower()
    return path.endswith((".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".jp2"))


def _service_kind(service: Any) -> int | None:
    """Version of an image service, 1 to 3; None when it is no image service."""
    if not isinstance(service, dict):
        return None
    words = " ".join(str(service.get(key, "")) for key in ("type", "@type", "@context", "profile")).lower()
    for version, signs in _SERVICE_SIGNS.items():
        if any(sign in words for sign in signs):
            return version
    return 2 if "level" in words or "iiif:image" in words else None


def _address(text: str | None, base: str) -> str | None:
    if not text or not text.strip():
        return None
    try:
        url = urljoin(base, one_line(text))
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1_000_000 else None


def _pair(value: Any, first: str, second: str) -> tuple[int, int] | None:
    if not isinstance(value, dict):
        return None
    one, other = _whole(value.get(first)), _whole(value.get(second))
    return (one, other) if one and other else None
