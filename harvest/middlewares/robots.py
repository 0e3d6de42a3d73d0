"""Asks each host's robots.txt once, before anything else of that host, media hosts included, and obeys it."""

import asyncio
from typing import Any

from scrapy.crawler import Crawler
from scrapy.http import Request
from scrapy.http.request import NO_CALLBACK

from harvest.failures import FETCH_ERRORS, Refused, outcome_of
from harvest.robots import Rules, read_robots, robots_url

LONGEST_DELAY_S = 120.0
"""A longer Crawl-delay is cut to this: the host is then asked so rarely that a person should talk to its keepers."""


class Robots:
    """One robots.txt a host and scheme, for the whole crawl."""

    def __init__(self, crawler: Crawler) -> None:
        """Nothing is asked yet."""
        self._crawler = crawler
        self._asked: dict[str, asyncio.Task[Rules]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Robots":
        """As Scrapy makes it."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Raises Refused, with the line that closes the address as evidence."""
        if request.meta.get("is_robots_txt"):
            return
        url = robots_url(request.url)
        if url not in self._asked:
            self._asked[url] = asyncio.ensure_future(self._ask(url))
        rules = await self._asked[url]
        if refused := rules.refusal(request.url):
            raise Refused("robots", *refused)
        if (delay_s := rules.crawl_delay_s()) and not request.meta.get("autothrottle_dont_adjust_delay"):
            self._keep_pace(request, min(delay_s, LONGEST_DELAY_S))

    async def _ask(self, url: str) -> Rules:
        engine: Any = self._crawler.engine
        request = Request(url, callback=NO_CALLBACK, meta={"is_robots_txt": True}, dont_filter=True)
        try:
            response = await engine.download_async(request)
        except FETCH_ERRORS as error:
            return Rules(url, closed=f"could not be read ({outcome_of(error)[1]})")
        return read_robots(url, response.status, response.body)

    def _keep_pace(self, request: Request, delay_s: float) -> None:
        engine: Any = self._crawler.engine
        slot = engine.downloader.slots.get(request.meta.get("download_slot"))
        if slot is not None and slot.delay < delay_s:
            slot.delay = delay_s
        request.meta["autothrottle_dont_adjust_delay"] = True
