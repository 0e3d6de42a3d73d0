"""Leads each candidate through the pipelines, and sends Scrapy's signals where somebody listens: both for a crawl's speed."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from scrapy.crawler import Crawler
from scrapy.signalmanager import SignalManager
from scrapy.utils.misc import build_from_crawler, load_object

from harvest.spider import Piece


class Steps:
    """Scrapy's `ITEM_PROCESSOR`: its own makes a coroutine of each step, where most of ours have nothing to wait for."""

    def __init__(self, steps: Sequence[Any]) -> None:
        """`steps` in order, each with `process_item`, whether it waits or not."""
        self._steps: list[tuple[Callable[[Piece], Any], bool]] = [
            (one.process_item, inspect.iscoroutinefunction(one.process_item)) for one in steps
        ]

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Steps":
        """As Scrapy makes it, from the same setting as its own."""
        numbers = crawler.settings.getdict("ITEM_PIPELINES")
        return cls([build_from_crawler(load_object(name), crawler) for name in sorted(numbers, key=numbers.__getitem__)])

    async def process_item_async(self, item: Piece) -> Piece:
        """The candidate after its last step; what a step raises goes on to Scrapy, which tells `HarvestSpider.piece_failed`."""
        for step, waits in self._steps:
            item = await step(item) if waits else step(item)
        return item

    async def open_spider_async(self) -> None:
        """No step prepares anything."""

    async def close_spider_async(self) -> None:
        """No step holds anything."""


class Signals(SignalManager):
    """Scrapy sends ten signals a picture, of which at most two are heard."""

    def __init__(self, crawler: Crawler) -> None:
        """Nobody listens yet: take it into use before the crawl begins."""
        super().__init__(crawler)
        self._heard: set[Any] = set()

    def connect(self, receiver: Any, signal: Any, **kwargs: Any) -> None:
        """Also note that this signal has a listener; it keeps the note when that one leaves."""
        self._heard.add(signal)
        super().connect(receiver, signal, **kwargs)

    def send_catch_log(self, signal: Any, **kwargs: Any) -> list[tuple[Any, Any]]:
        """As Scrapy does it, where anybody may listen."""
        return super().send_catch_log(signal, **kwargs) if signal in self._heard else []

    async def send_catch_log_async(self, signal: Any, **kwargs: Any) -> list[tuple[Any, Any]]:
        """As Scrapy does it, where anybody may listen."""
        return await super().send_catch_log_async(signal, **kwargs) if signal in self._heard else []
