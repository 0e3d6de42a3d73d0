"""What is painted on a IIIF canvas: images only, their addresses, and whether they stand behind a login."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harvest.iiif_service import (
    address,
    declared_px,
    image_service,
    is_described,
    is_reduced,
    largest_size,
    rendering,
    within_limits,
)
from harvest.iiif_text import as_list, identifier

DEEPEST = 4
"""A choice within a choice within … is followed this far."""

_INNER = ("source", "full", "default", "items", "item")
"""Where an image lies inside a Choice or a SpecificResource, of version 3 and 2; a Choice's default comes first."""


@dataclass(frozen=True)
class Painted:
    """An image, and what it was found in: annotation, Choice, SpecificResource; the nearest first."""

    body: Mapping[str, Any]
    around: tuple[Mapping[str, Any], ...]


def painted_images(canvas: Mapping[str, Any]) -> Iterator[Painted]:
    """The images painted on a canvas, of version 2 or 3; of a Choice its first image. Sound, video and text are no images."""
    annotations: list[Any] = []
    for page in as_list(canvas.get("items")):
        if isinstance(page, dict):
            annotations += [page] if "body" in page else as_list(page.get("items"))
    annotations += as_list(canvas.get("images"))
    for annotation in annotations:
        if not isinstance(annotation, dict):
            continue
        motives = as_list(annotation.get("motivation", "painting"))
        if "painting" in motives or "sc:painting" in motives:
            for body in as_list(annotation.get("body", annotation.get("resource"))):
                if found := _image(body, (annotation,)):
                    yield found


def image_url(body: Mapping[str, Any], *, manifest_urls: tuple[str, ...], base: str) -> str | None:
    """Where the image's bytes are: the body's own address, else its image service's largest; None when there is neither.

    Where the body's own address asks its image service for more than the server allows, it is made smaller.

    Args:
        body: The painted image.
        manifest_urls: Addresses of the manifest; a body id that is a fragment of one is no file.
        base: For relative addresses.
    """
    own, service = _own_file(body, manifest_urls, base), image_service(body, base)
    if service is None:
        return own
    description, kind, url = service
    if own is None:
        return f"{url}/full/{largest_size(description, kind)}/0/{'native' if kind == 1 else 'default'}.jpg"
    asked = rendering(own)
    if asked is None or asked.service != url:
        return own
    return f"{url}/{asked.region}/{within_limits(asked, description, kind)}/{asked.rotation}/{asked.file}"


def to_be_asked(body: Mapping[str, Any], canvas: Mapping[str, Any], *, manifest_urls: tuple[str, ...], base: str) -> str | None:
    """The image service whose own description decides the size: there is more to be had than the manifest's address gives.

    None where there is no service, or the manifest says enough.
    """
    service = image_service(body, base)
    if service is None:
        return None
    description, _, url = service
    own = _own_file(body, manifest_urls, base)
    if own is None:
        return None if is_described(description) else url
    whole = declared_px(description) or declared_px(canvas)
    asked = rendering(own)
    if asked is not None:
        return url if asked.service == url and is_reduced(asked, whole) else None
    stated = declared_px(body)
    return url if stated and whole and max(stated) < 0.9 * max(whole) else None


def described_image_url(description: Mapping[str, Any], kind: int, service_url: str, own: str | None) -> str:
    """The address of the most that a server gives, from its own description; quality and format as the manifest has them."""
    asked = rendering(own)
    same = asked is not None and asked.service == service_url
    file = asked.file if asked and same else "native.jpg" if kind == 1 else "default.jpg"
    return f"{service_url}/full/{largest_size(description, kind)}/{asked.rotation if asked and same else '0'}/{file}"


def needs_login(resource: Mapping[str, Any]) -> bool:
    """Whether a login, token or probe service hangs on the resource, or on a service of it."""
    waiting = [*as_list(resource.get("service"))[:100], *as_list(resource.get("services"))[:100]]
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


def _own_file(body: Mapping[str, Any], manifest_urls: tuple[str, ...], base: str) -> str | None:
    """The body's own address, unless it is only a fragment of the manifest, or the image service itself."""
    own = address(identifier(body), base)
    if own is None or own.partition("#")[0] in [url.partition("#")[0] for url in manifest_urls]:
        return None
    service = image_service(body, base)
    return None if service and own.rstrip("/").removesuffix("/info.json") == service[2] else own


def _image(body: Any, around: tuple[Mapping[str, Any], ...]) -> Painted | None:
    if isinstance(body, str):
        body = {"id": body}
    if not isinstance(body, dict) or len(around) > DEEPEST:
        return None
    kind = str(body.get("type") or body.get("@type") or "").rpartition(":")[2]
    if kind in ("Choice", "SpecificResource"):
        inner = [one for name in _INNER for one in as_list(body.get(name))]
        return next(filter(None, (_image(one, (body, *around)) for one in inner)), None)
    if kind == "Image":
        return Painted(body, around)
    looks_like_one = str(body.get("format", "")).startswith("image/") or _named_like_image(identifier(body))
    return Painted(body, around) if not kind and looks_like_one else None


def _named_like_image(url: str | None) -> bool:
    path = (url or "").partition("?")[0].lower()
    return path.endswith((".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".jp2"))
