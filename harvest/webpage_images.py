"""The pictures that a page shows: each with all its addresses, of which the largest is taken, and the words around it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harvest.iiif_service import web_address
from harvest.text import plain

LARGE_ATTRIBUTES = (
    "data-orig-file", "data-original-src", "data-full", "data-full-src", "data-full-url", "data-fullsize", "data-zoom-image",
    "data-zoom", "data-zoom-src", "data-large_image", "data-large-file", "data-highres", "data-hires", "data-large",
)  # fmt: skip
"""Where galleries and shops put the address of the whole picture."""

LAZY_ATTRIBUTES = ("data-src", "data-lazy-src", "data-original", "data-lazy", "data-echo", "data-img-src", "data-image")
SETS = ("srcset", "data-srcset", "data-lazy-srcset")

_PICTURE_NAME = re.compile(r"\.(?:jpe?g|png|tiff?|webp|jp2|avif)$", re.IGNORECASE)
_FURNITURE = frozenset(("nav", "footer", "header"))
_CONTENT = frozenset(("main", "article", "figure"))


@dataclass(frozen=True)
class Shown:
    """One picture of a page; `urls` are all addresses of it, the largest first."""

    element: Any
    urls: tuple[str, ...]
    alt: str | None
    caption: str | None
    is_content: bool  # not part of the page's head, foot or navigation


def shown_images(root: Any, base: str) -> Iterator[Shown]:
    """Every `<img>` with an address on the web; drawings in the page itself and counting pixels are none."""
    for element in root.iter("img"):
        if _side(element, "width") and _side(element, "height") and max(_side(element, "width"), _side(element, "height")) < 3:
            continue
        urls = tuple(dict.fromkeys(url for one in _addresses(element) if (url := _usable(one, base))))
        if urls:
            figure = next(iter(element.iterancestors("figure")), None)
            caption = None if figure is None else plain(" ".join(" ".join(one.itertext()) for one in figure.iter("figcaption")))
            yield Shown(element, urls, plain(element.get("alt") or "") or None, caption or None, is_content(element))


def is_content(element: Any) -> bool:
    """Whether it lies in what the page is about: the nearest of these elements tells."""
    for above in element.iterancestors():
        if above.tag in _CONTENT:
            return True
        if above.tag in _FURNITURE or above.get("role") in ("navigation", "banner", "contentinfo"):
            return False
    return True


def largest_of_set(text: str) -> list[str]:
    """The addresses of a `srcset`, the largest first: by width, else by density."""
    found = []
    for place, piece in enumerate(_pieces(text)):
        url, _, size = piece.partition(" ")
        number = re.fullmatch(r"\s*([0-9.]{1,9})([wx])\s*(?:[0-9]+h)?\s*", size)
        try:
            rank = float(number[1]) if number else 1.0
        except ValueError:
            rank = 1.0
        found.append((-rank, place, url))
    return [url for _, _, url in sorted(found)]


def _addresses(element: Any) -> Iterator[str]:
    """Every address of one picture, the largest first."""
    link = next(iter(element.iterancestors("a")), None)
    if link is not None and _PICTURE_NAME.search((link.get("href") or "").partition("?")[0].partition("#")[0]):
        yield link.get("href")
    yield from (value for name in LARGE_ATTRIBUTES if (value := element.get(name)))
    picture = next(iter(element.iterancestors("picture")), None)  # lxml puts an image into the source before it
    sources = [] if picture is None else list(picture.iter("source"))[:50]
    sets = [value for one in (element, *sources) for name in SETS if (value := one.get(name))]
    yield from largest_of_set(", ".join(sets))
    yield from (value for name in LAZY_ATTRIBUTES if (value := element.get(name)))
    yield from (value for value in [element.get("src")] if value)


def _pieces(text: str) -> Iterator[str]:
    """The candidates of a srcset: commas part them, but may also stand inside an address."""
    for piece in re.split(r",\s+|(?<=[0-9][wx]),", text[:100_000])[:200]:
        if stripped := " ".join(piece.split()).strip(","):
            yield stripped


def _usable(text: str, base: str) -> str | None:
    """A web address that may hold a picture; SVG is a drawing."""
    if text.startswith(("data:", "blob:")):
        return None
    url = web_address(text, base)
    return url if url and not url.partition("?")[0].lower().endswith((".svg", ".svgz")) else None


def _side(element: Any, name: str) -> int:
    value = (element.get(name) or "").strip().removesuffix("px")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 7 else 0
