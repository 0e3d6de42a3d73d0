"""Every request, redirected ones too, goes to a public address or to one that the user opened, and nowhere else."""

from dataclasses import dataclass
from typing import Any

from scrapy.crawler import Crawler
from scrapy.http import Request

from harvest.addresses import host_and_port, is_opened, why_closed, why_misleading, why_private
from harvest.failures import Refused
from harvest.hosts import HostPolicy, policy_of
from harvest.resolver import PublicResolver, installed
from harvest.turns import Turns

MOST_PLACES = 10_000
"""Hosts whose place in the table is remembered."""


@dataclass(frozen=True)
class Place:
    """What one scheme, host and port mean here: whose queue it has, whether the user opened it, or why it is closed."""

    host: str
    slot: str
    opened: bool
    policy: HostPolicy | None
    closed: str | None


class Addresses:
    """Checks the address, and gives each host, or group of hosts, its own queue.

    A name is looked up by the resolver that the connection uses as well, so that both see the same answer.
    """

    def __init__(self, crawler: Crawler) -> None:
        """Reads the plan from the spider."""
        self._crawler = crawler
        self._places: dict[tuple[str, int], Place] = {}
        self._resolver: PublicResolver | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Addresses":
        """As Scrapy makes it."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Raises Refused for an address that must not be asked, or a host that is left alone for this harvest."""
        where = host_and_port(request.url)
        if where is None:
            raise Refused("failed_address", "an address that is neither http nor https")
        if why := why_misleading(request.url):
            raise Refused("failed_address", why)
        place = self._places.get(where) or self._noted(where)
        # A redirected request carries its old host's queue (Scrapy 2.19): the new host's pace would not be kept.
        request.meta["download_slot"] = place.slot
        request.meta["opened"] = place.opened
        if place.opened or place.policy:
            request.meta["autothrottle_dont_adjust_delay"] = True
        if place.policy and place.policy.max_size_bytes:
            request.meta["download_maxsize"] = min(
                place.policy.max_size_bytes, request.meta.get("download_maxsize", place.policy.max_size_bytes)
            )
        if place.closed:
            raise Refused("failed_address", place.closed)
        if not place.opened:
            self._resolver = self._resolver or installed()
            if private := (await self._resolver.found(place.host)).private:
                raise Refused("failed_address", why_private(place.host, private))
        if left := Turns.of(self._crawler).left(place.slot):
            raise Refused(*left)

    def _noted(self, where: tuple[str, int]) -> Place:
        spider: Any = self._crawler.spider
        host, port = where
        opened = is_opened(host, port, spider.plan.allow_hosts)
        policy = None if opened else policy_of(host)
        closed = None if opened else why_closed(host, port, spider.plan.contact)
        if len(self._places) >= MOST_PLACES:
            self._places.clear()
        self._places[where] = Place(host, policy.group if policy else host, opened, policy, closed)
        return self._places[where]
