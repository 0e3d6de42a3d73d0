"""Asks for the image itself, as it is: no recompression, and every refusal or failure becomes the outcome."""

from typing import Any

from scrapy.crawler import Crawler
from scrapy.http import Request
from scrapy.http.request import NO_CALLBACK

from harvest.failures import FETCH_ERRORS, Refused, outcome_of
from harvest.spider import Piece, answer_of

HEADERS = {"Accept": "image/*,*/*;q=0.1", "Accept-Encoding": "identity"}


class Fetch:
    """The request goes through all of `harvest/middlewares/`."""

    def __init__(self, crawler: Crawler) -> None:
        """The engine comes into being later."""
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Fetch":
        """As Scrapy makes it."""
        return cls(crawler)

    async def process_item(self, item: Piece) -> Piece:
        """Put the answer on the item, or end it."""
        if item.done:
            return item
        engine: Any = self._crawler.engine
        try:
            request = Request(str(item.candidate.image_url), headers=HEADERS, callback=NO_CALLBACK, dont_filter=True)
            response = await engine.download_async(request)
        except FETCH_ERRORS as error:
            opt_outs = error.opt_outs if isinstance(error, Refused) else ()
            return item.end(*outcome_of(error), opt_outs)
        if response.status != 200:
            return item.end(f"failed_{response.status}", f"the server answered with status {response.status}")
        item.answer = answer_of(response)
        return item
