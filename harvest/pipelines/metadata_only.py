"""With --metadata-only a candidate ends here: noted with its rights, no bytes asked for."""

from typing import Any

from scrapy.crawler import Crawler

from harvest.spider import Piece


class MetadataOnly:
    """Also ends candidates that have no address at all."""

    def __init__(self, wanted: bool) -> None:
        """`wanted`: no bytes in this harvest."""
        self._wanted = wanted

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "MetadataOnly":
        """As Scrapy makes it."""
        spider: Any = crawler.spider
        return cls(spider.plan.metadata_only)

    def process_item(self, item: Piece) -> Piece:
        """End it where no bytes are wanted, or none can be had."""
        if not item.done and item.candidate.image_url is None:
            return item.end("failed_no_address", "the source gives no address for the image")
        if not item.done and (self._wanted or item.noted_only):
            return item.end("metadata_only", None)
        return item
