"""The last step: hands the candidate, and its bytes if any, to the command, which stores and spools them."""

import asyncio
from typing import Any

from scrapy.crawler import Crawler

from harvest.spider import Piece


class HandOver:
    """While the command is busy it waits in a thread, so that other downloads go on."""

    def __init__(self, crawler: Crawler) -> None:
        """The spider holds the way out."""
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "HandOver":
        """As Scrapy makes it."""
        return cls(crawler)

    async def process_item(self, item: Piece) -> Piece:
        """Hand over and let go of the bytes."""
        spider: Any = self._crawler.spider
        body = item.answer.body if item.answer is not None and not item.held else None
        item.answer = None
        frame = (item.candidate, body, item.held, item.answered)
        if spider.outlet.has_room():
            spider.outlet.send(frame)
        else:
            await asyncio.to_thread(spider.outlet.send, frame)
        return item
