"""Every request, redirected ones too, goes to a public address or to one that the user opened, and nowhere else."""

import asyncio
from typing import Any

from scrapy.crawler import Crawler
from scrapy.http import Request

from harvest.addresses import host_and_port, is_opened, looked_up, refusal
from harvest.failures import Refused


class Addresses:
    """Checks the address, and gives each host its own queue."""

    def __init__(self, crawler: Crawler) -> None:
        """Reads the plan from the spider."""
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Addresses":
        """As Scrapy makes it."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Raises Refused for an address that must not be asked."""
        spider: Any = self._crawler.spider
        plan = spider.plan
        place = host_and_port(request.url)
        if place is not None:
            # A redirected request carries its old host's queue (Scrapy 2.19): the new host's pace would not be kept.
            request.meta["download_slot"] = place[0]
            if is_opened(*place, plan.allow_hosts):
                request.meta["autothrottle_dont_adjust_delay"] = True
                return
        why = await asyncio.to_thread(refusal, request.url, plan.allow_hosts, plan.contact, looked_up)
        if why:
            raise Refused("failed_address", why)
