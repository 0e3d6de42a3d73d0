"""What the page, and the image's host for all its addresses, say against use is read before the image is asked for."""

from dataclasses import replace
from typing import Any

from scrapy.crawler import Crawler

from harvest.host_files import HostFiles, HostWide
from harvest.page_consent import PAGE_CHANNELS
from harvest.spider import Piece


class HostConsent:
    """A picture that is opted out is not requested, unless a person gave a reason; the evidence stays either way."""

    def __init__(self, crawler: Crawler, fetch_anyway: str | None) -> None:
        """`fetch_anyway` is a person's reason to ask for the bytes all the same, or None."""
        self._crawler = crawler
        self._reason = fetch_anyway

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "HostConsent":
        """As Scrapy makes it."""
        spider: Any = crawler.spider
        return cls(crawler, spider.plan.fetch_anyway)

    async def process_item(self, item: Piece) -> Piece:
        """End the item, or let it pass with what was read."""
        if item.done or item.candidate.image_url is None:
            return item
        before = item.candidate
        files = HostFiles.of(self._crawler)
        read = [await _wide(files, before.image_url)]
        if before.page_url and set(PAGE_CHANNELS) <= set(before.consulted):
            read.append(await _wide(files, before.page_url))
        opt_outs = dict.fromkeys([*before.opt_outs, *(one for wide in read for one in wide.opt_outs)])
        consulted = dict.fromkeys([*before.consulted, *(name for wide in read for name in wide.consulted)])
        item.candidate = replace(before, opt_outs=tuple(opt_outs), consulted=tuple(consulted))
        if opt_outs and not self._reason:
            return item.end("not_fetched_opt_out", f"the owner opts out: {next(iter(opt_outs)).value}")
        return item


async def _wide(files: HostFiles, url: str | None) -> HostWide:
    """Nothing for an address that makes no sense: asking for it will say so."""
    try:
        return await files.wide(url or "")
    except ValueError:
        return HostWide()
