"""Where a site leads: links of a page to pages of the same site, and the pages that a sitemap lists."""

import re
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from harvest.iiif_service import web_address
from harvest.robots import TOKEN
from harvest.webpage_tree import tree

MOST_LINKS = 500
"""Of one page that are followed (assumption, not measured)."""

MOST_LOCATIONS = 50_000
"""Of one sitemap: its own limit (sitemaps.org)."""

LARGEST_SITEMAP_BYTES = 50 << 20

_NO_PAGES = re.compile(
    r"\.(?:jpe?g|png|gif|webp|tiff?|svg|avif|jp2|pdf|zip|gz|tar|mp[34]|avi|mov|webm|ogg|wav|css|js|json|xml|rss|atom|docx?|xlsx?"
    r"|pptx?|epub|exe|dmg|iso|csv|txt|ico|woff2?)$",
    re.IGNORECASE,
)
_SITEMAP = re.compile(rb"<(?:[A-Za-z0-9]+:)?(urlset|sitemapindex)[\s>]")


def page_links(root: Any, base: str, page_url: str) -> list[str]:
    """The pages of the same host that a page links to, each once, in order; links that ask not to be followed are left."""
    found: dict[str, None] = {}
    for link in root.iter("a", "area"):
        if "nofollow" in (link.get("rel") or "").lower().split():
            continue
        url = web_address(link.get("href"), base)
        if url and url != page_url and same_site(url, page_url) and not _NO_PAGES.search(urlsplit(url).path):
            found[url] = None
        if len(found) >= MOST_LINKS:
            break
    return list(found)


def asks_not_to_follow(root: Any) -> bool:
    """Whether the page asks robots to follow none of its links."""
    metas = [one for one in root.iter("meta") if (one.get("name") or "").strip().lower() in ("robots", TOKEN)]
    words = [word.strip().lower() for one in metas for word in (one.get("content") or "").split(",")]
    return "nofollow" in words or "none" in words


def same_site(url: str, other: str) -> bool:
    """Whether two addresses have the same host and port."""
    return urlsplit(url).netloc.lower() == urlsplit(other).netloc.lower()


def sitemap_kind(body: bytes) -> str | None:
    """`urlset` or `sitemapindex`; None for anything else. A packed sitemap is looked into."""
    found = _SITEMAP.search(sitemap_text(body)[:4_096])
    return found[1].decode() if found else None


def sitemap_text(body: bytes) -> bytes:
    """The sitemap's XML, unpacked where it came packed, up to the largest size that is allowed."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        return zlib.decompressobj(wbits=31).decompress(body, LARGEST_SITEMAP_BYTES)
    except zlib.error:
        return b""


def locations(body: bytes, url: str) -> Iterator[str]:
    """The addresses that a sitemap lists, as far as they are of its own site."""
    root = tree(sitemap_text(body).decode("utf-8", "replace"), "xml")
    names = "*[local-name()='url' or local-name()='sitemap']/*[local-name()='loc']/text()"
    for location in [] if root is None else root.xpath(f"/*/{names}")[:MOST_LOCATIONS]:
        found = web_address(str(location), url)
        if found and same_site(found, url):
            yield found
