"""Asks for the image itself, as it is: no recompression, and every refusal or failure becomes the outcome."""

import asyncio
from typing import Any

from scrapy.crawler import Crawler
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK

from harvest.failures import FETCH_ERRORS, Refused, outcome_of
from harvest.plan import url_key
from harvest.spider import Piece, answer_of, answered_of

HEADERS = {"Accept": "image/*,*/*;q=0.1", "Accept-Encoding": "identity"}


class Fetch:
    """The request goes through all of `harvest/middlewares/`. Items that ask for one address at one time share its answer."""

    def __init__(self, crawler: Crawler) -> None:
        """The engine comes into being later."""
        self._crawler = crawler
        self._under_way: dict[str, asyncio.Future[Response]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Fetch":
        """As Scrapy makes it."""
        return cls(crawler)

    async def process_item(self, item: Piece) -> Piece:
        """Put the answer on the item, or end it."""
        if item.done:
            return item
        try:
            response = await self._response(item)
        except FETCH_ERRORS as error:
            opt_outs = error.opt_outs if isinstance(error, Refused) else ()
            return item.end(*outcome_of(error), opt_outs)
        item.answered = answered_of(response, item)
        if response.status == 304 and item.conditions:
            item.held = True  # not done: its headers may opt out all the same
            item.answer = answer_of(response)
            return item
        if response.status != 200:
            return item.end(f"failed_{response.status}", f"the server answered with status {response.status}")
        item.answer = answer_of(response)
        return item

    async def _response(self, item: Piece) -> Response:
        if item.conditions:
            return await self._asked(item)
        key = url_key(str(item.candidate.image_url))
        if key in self._under_way:
            return await asyncio.shield(self._under_way[key])
        shared = self._under_way[key] = asyncio.get_running_loop().create_future()
        try:
            response = await self._asked(item)
        except BaseException as error:
            shared.set_exception(error)
            shared.exception()  # nobody else may have waited for it
            raise
        else:
            shared.set_result(response)
            return response
        finally:
            del self._under_way[key]

    async def _asked(self, item: Piece) -> Response:
        engine: Any = self._crawler.engine
        headers = {**HEADERS, **item.conditions}
        request = Request(str(item.candidate.image_url), headers=headers, callback=NO_CALLBACK, dont_filter=True)
        response: Response = await engine.download_async(request)
        return response
