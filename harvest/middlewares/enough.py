"""No further questions once the limit of candidates is reached; pictures of the candidates taken are still fetched."""

from scrapy.crawler import Crawler
from scrapy.http import Request

from harvest.failures import Refused


class Enough:
    """Refuses questions after the limit."""

    def __init__(self, crawler: Crawler) -> None:
        """The spider knows when it is enough."""
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Enough":
        """As Scrapy makes it."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Let pictures through, and questions while there are too few candidates."""
        if "ask" in request.meta and getattr(self._crawler.spider, "enough", False):
            raise Refused("enough", "the limit of candidates is reached")
