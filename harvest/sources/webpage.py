"""A site's own pages: their pictures with the licence that each page states of them (schema.org, rel=license), and what the
picture's own file says besides.

It is asked by addresses of pages or of a sitemap.xml. With `--depth 1` the pages of the same site that a page links to are
read too, with 2 those that these link to. A picture of which no licence is stated is noted and not asked for.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from base.errors import UsageError
from catalog import records
from catalog.records import Candidate
from harvest.iiif_service import web_address
from harvest.json_answer import whole_number
from harvest.source import Answer, Ask, Politeness, Problem, WebSource
from harvest.webpage import LARGEST_BYTES, Page, images
from harvest.webpage_links import asks_not_to_follow, locations, page_links, sitemap_kind

DEEPEST_SITEMAPS = 3
"""Lists of sitemaps within lists of sitemaps (sitemaps.org allows one)."""

_PAGES = ("text/html", "application/xhtml", "text/plain", "application/xml", "text/xml", "application/x-gzip", "application/gzip")


class Source(WebSource):
    """Each picture of each page is an item: what one page says of a picture is never taken for what another says."""

    institution = "any that publishes pages"
    home_url = ""
    terms_url = ""
    asks = "ADDRESS of a page or of a sitemap"
    politeness = Politeness()
    reads_embedded_rights = True

    def start(self, asked: Sequence[str]) -> Iterator[Ask]:
        """One question for each address.

        Raises:
            UsageError: no web address, and no `--base-url` that would complete it.
        """
        for one in dict.fromkeys(asked):
            url = web_address(one, f"{self.base_url}/" if self.base_url else "")
            if url is None:
                raise UsageError(f"webpage: {one!r} is no http or https address of a page.")
            yield Ask(url=url, carry={"depth": self.depth})

    def parse(self, answer: Answer, carry: Mapping[str, Any]) -> Iterator[Candidate | Ask | Problem]:
        """A page's pictures, and the pages that it leads to; a sitemap's pages."""
        depth = whole_number(carry.get("depth")) or 0
        if kind := sitemap_kind(answer.body):
            yield from self._sitemap(answer, kind, depth, whole_number(carry.get("sitemaps")) or 0)
            return
        said = next(iter(answer.headers.get("content-type", ())), "text/html").partition(";")[0].strip().lower()
        if not said.startswith(_PAGES) or len(answer.body) > LARGEST_BYTES or not answer.body.strip():
            yield Problem(where=answer.url, what=f"no page but {said or 'something without a type'}"[:200])
            return
        page = Page.of(answer)
        if page.root is None:
            yield Problem(where=answer.url, what="a page that cannot be read")
            return
        yield from images(page)
        if depth and not asks_not_to_follow(page.root):
            for url in page_links(page.root, page.base, answer.url):
                yield Ask(url=url, carry={"depth": depth - 1})

    def again(self, source_id: str, other: Mapping[str, str]) -> str | None:
        """The page; its address has no fragment, so that the first one parts it from the picture's."""
        return web_address(source_id.partition("#")[0], "")

    def stated(self, name: str) -> records.Source:
        """The site stands for the institution: its terms are its own."""
        host = name.partition(":")[2]
        return records.Source(name=name, institution=host, home_url=f"https://{host}/", terms_url="", checked_on=self.checked_on)

    def _sitemap(self, answer: Answer, kind: str, depth: int, above: int) -> Iterator[Ask | Problem]:
        found = list(dict.fromkeys(locations(answer.body, answer.url)))
        if not found:
            yield Problem(where=answer.url, what=f"a sitemap without addresses of {urlsplit(answer.url).hostname}")
        if kind == "sitemapindex" and above >= DEEPEST_SITEMAPS:
            yield Problem(where=answer.url, what=f"sitemaps nested deeper than {DEEPEST_SITEMAPS}: not followed")
            return
        for url in found:
            if url != answer.url:
                yield Ask(url=url, carry={"depth": depth, "sitemaps": above + 1})
