"""Reads every opt-out channel of `harvest/opt_outs/` on the image's answer; a denial drops the bytes and stays as evidence."""

from dataclasses import replace
from typing import Any

from scrapy.crawler import Crawler

from base import plugins
from harvest.gate import excused
from harvest.spider import Piece


class OptOutHeaders:
    """Whether an opt-out excludes is decided when curating; that it is kept, and the bytes are not, is decided here."""

    def __init__(self, fetch_anyway: str | None) -> None:
        """`fetch_anyway` is a person's reason to keep the bytes all the same, or None."""
        self._reason = fetch_anyway
        self._channels = [plugins.load("harvest.opt_outs", name) for name in plugins.names("harvest.opt_outs")]

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "OptOutHeaders":
        """As Scrapy makes it."""
        spider: Any = crawler.spider
        return cls(spider.plan.fetch_anyway)

    def process_item(self, item: Piece) -> Piece:
        """Keep the statements; drop the bytes unless there is a reason not to."""
        if item.done or item.answer is None:
            return item
        said = tuple(one for channel in self._channels for one in channel.read(item.answer))
        if not said:
            return item
        if not self._reason:
            return item.end("not_fetched_opt_out", f"the owner opts out: {said[0].value}", said)
        item.candidate = excused(replace(item.candidate, opt_outs=(*item.candidate.opt_outs, *said)), self._reason)
        return item
