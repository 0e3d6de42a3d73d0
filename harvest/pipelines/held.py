"""Bytes that the store holds are not asked for again while the item's address stays the same."""

from typing import Any

from scrapy.crawler import Crawler

from harvest.plan import held_key
from harvest.spider import Piece


class Held:
    """The first step."""

    def __init__(self, held: frozenset[str]) -> None:
        """`held` are keys as `held_key` makes them."""
        self._held = held

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Held":
        """As Scrapy makes it."""
        spider: Any = crawler.spider
        return cls(spider.plan.held)

    def process_item(self, item: Piece) -> Piece:
        """Mark a held item as done."""
        url = item.candidate.image_url
        if url is not None and held_key(item.candidate.candidate_id, url) in self._held:
            item.held = item.done = True
        return item
