"""Reads every opt-out channel of `harvest/opt_outs/` on the image's answer; a denial drops the bytes and stays as evidence."""

from dataclasses import replace
from typing import Any

from scrapy.crawler import Crawler

from harvest.consent import answer_channels, said_in_answer, without_overruled
from harvest.gate import excused
from harvest.host_files import HostFiles, HostWide
from harvest.spider import Piece


class OptOutHeaders:
    """Whether an opt-out excludes is decided when curating; that it is kept, and the bytes are not, is decided here."""

    def __init__(self, crawler: Crawler, fetch_anyway: str | None) -> None:
        """`fetch_anyway` is a person's reason to keep the bytes all the same, or None."""
        self._crawler = crawler
        self._reason = fetch_anyway

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "OptOutHeaders":
        """As Scrapy makes it."""
        spider: Any = crawler.spider
        return cls(crawler, spider.plan.fetch_anyway)

    async def process_item(self, item: Piece) -> Piece:
        """Keep the statements; drop the bytes unless there is a reason not to."""
        if item.done or item.answer is None:
            return item
        answer, before = item.answer, item.candidate
        wide = HostWide()
        if answer.url != before.image_url:  # redirected: with a reason it was asked for whatever the new host says
            wide = await HostFiles.of(self._crawler).wide(answer.url)
        earlier = without_overruled([*before.opt_outs, *wide.opt_outs], answer)
        opt_outs = tuple(dict.fromkeys([*earlier, *said_in_answer(answer)]))
        consulted = tuple(dict.fromkeys([*before.consulted, *wide.consulted, *answer_channels()]))
        item.candidate = replace(before, opt_outs=opt_outs, consulted=consulted)
        if opt_outs and not self._reason:
            return item.end("not_fetched_opt_out", f"the owner opts out: {opt_outs[0].value}")
        if self._reason:
            item.candidate = excused(item.candidate, self._reason)
        return item
