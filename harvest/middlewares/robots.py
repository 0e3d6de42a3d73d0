"""Asks each host's robots.txt before anything else of that host, media hosts included, and obeys it, at redirects too.

One door stays open: a source's own API at its real address is made for programs, and its terms say how it is to be asked,
while the robots.txt above it often closes the whole API to crawlers (that of Wikimedia Commons does). Such a robots.txt
is a problem noted in the run. It is obeyed where it names us, and wherever `--base-url` points elsewhere.
"""

from typing import Any

from scrapy.crawler import Crawler
from scrapy.http import Request

from base import plugins
from harvest.failures import Refused
from harvest.host_files import HostFiles
from harvest.robots import Rules
from harvest.source import Problem

LONGEST_DELAY_S = 120.0
"""A longer Crawl-delay is cut to this: the host is then asked so rarely that a person should talk to its keepers."""


class Robots:
    """Also asks a redirected image's new host what it says of use, before the image is asked for there."""

    def __init__(self, crawler: Crawler) -> None:
        """Nothing is noted yet."""
        self._crawler = crawler
        self._noted: set[str] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Robots":
        """As Scrapy makes it."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Raises Refused, with the line that closes the address as evidence."""
        if request.meta.get("is_robots_txt"):
            return
        files = HostFiles.of(self._crawler)
        rules = await files.robots(request.url)
        if refused := rules.refusal(request.url):
            if not self._is_open_api(request, rules):
                raise Refused("robots", *refused)
            self._note(rules.url, refused[0])
        if (delay_s := rules.crawl_delay_s()) and not request.meta.get("opened"):
            self._keep_pace(request, min(delay_s, LONGEST_DELAY_S))
        is_image = "ask" not in request.meta and not request.meta.get("host_file")
        if is_image and request.meta.get("redirect_urls") and not self._plan().fetch_anyway:
            denied = (await files.wide(request.url)).opt_outs
            if denied:
                raise Refused("not_fetched_opt_out", f"the owner opts out: {denied[0].value}", denied)

    def _is_open_api(self, request: Request, rules: Rules) -> bool:
        ask = request.meta.get("ask")
        if ask is None or rules.by_name:
            return False
        api_url: str = plugins.load("harvest.sources", ask.reader or self._plan().source).Source.api_url.rstrip("/")
        rest = request.url.removeprefix(api_url)
        return bool(api_url) and rest != request.url and rest[:1] in ("", "/", "?")

    def _note(self, where: str, why: str) -> None:
        if where not in self._noted:
            self._noted.add(where)
            spider: Any = self._crawler.spider
            what = f"{why}: the API was asked all the same, for its own terms say how programs may ask"
            spider.outlet.send(Problem(where=where, what=what))

    def _plan(self) -> Any:
        spider: Any = self._crawler.spider
        return spider.plan

    def _keep_pace(self, request: Request, delay_s: float) -> None:
        engine: Any = self._crawler.engine
        slot = engine.downloader.slots.get(request.meta.get("download_slot"))
        if slot is not None and slot.delay < delay_s:
            slot.delay = delay_s
        request.meta["autothrottle_dont_adjust_delay"] = True
