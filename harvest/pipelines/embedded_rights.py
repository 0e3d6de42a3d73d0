"""What a picture's own file says of its rights is read beside its page; a stricter word there drops the bytes."""

from typing import Any

from scrapy.crawler import Crawler

from harvest.embedded_rights import completed
from harvest.gate import excused, is_refused, why_refused
from harvest.spider import Piece


class EmbeddedRights:
    """Only for sources that say `reads_embedded_rights`: where an institution states rights in its records, those count."""

    def __init__(self, fetch_anyway: str | None) -> None:
        """`fetch_anyway` is a person's reason to keep the bytes all the same, or None."""
        self._reason = fetch_anyway

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "EmbeddedRights":
        """As Scrapy makes it."""
        spider: Any = crawler.spider
        return cls(spider.plan.fetch_anyway)

    def process_item(self, item: Piece) -> Piece:
        """Complete the candidate; end it where nothing is permitted any more."""
        if item.done or item.held or item.answer is None:
            return item
        item.candidate = completed(item.candidate, item.answer.body)
        if is_refused(item.candidate.rights):
            if not self._reason:
                return item.end("not_fetched_rights", why_refused(item.candidate.rights))
            item.candidate = excused(item.candidate, self._reason)
        return item
