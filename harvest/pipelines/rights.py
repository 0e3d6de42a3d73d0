"""An image whose rights are refused is never requested, unless a person gave a reason, which becomes evidence."""

from typing import Any

from scrapy.crawler import Crawler

from harvest.gate import excused, is_refused, why_refused
from harvest.spider import Piece


class RightsGate:
    """Rights are facts; this step only saves the host and us what may not be used."""

    def __init__(self, fetch_anyway: str | None) -> None:
        """`fetch_anyway` is a person's reason, or None."""
        self._reason = fetch_anyway

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "RightsGate":
        """As Scrapy makes it."""
        spider: Any = crawler.spider
        return cls(spider.plan.fetch_anyway)

    def process_item(self, item: Piece) -> Piece:
        """Refuse, or note the reason."""
        if self._reason:
            item.candidate = excused(item.candidate, self._reason)
        elif not item.done and is_refused(item.candidate.rights):
            item.end("not_fetched_rights", why_refused(item.candidate.rights))
        return item
