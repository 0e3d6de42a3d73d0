"""A host that says Retry-After is left alone for that long; Scrapy 2.19 asks again at once (#3849)."""

import asyncio
import time
from datetime import UTC
from email.utils import parsedate_to_datetime

from scrapy.crawler import Crawler
from scrapy.http import Request, Response

LONGEST_WAIT_S = 120.0
"""A host that asks for a longer pause is left for the next harvest: its items fail with the status it gave."""


class Patience:
    """Holds back requests to hosts that asked for a pause."""

    def __init__(self) -> None:
        """No host has asked yet."""
        self._until: dict[str, float] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Patience":
        """As Scrapy makes it."""
        return cls()

    async def process_request(self, request: Request) -> None:
        """Wait until the host's pause is over."""
        while (left := self._until.get(str(request.meta.get("download_slot")), 0.0) - time.monotonic()) > 0:
            await asyncio.sleep(left)

    def process_response(self, request: Request, response: Response) -> Response:
        """Note the pause that a 429 or 503 asks for."""
        value = response.headers.get("Retry-After")
        if response.status in (429, 503) and value:
            wait_s = pause_s(value.decode("latin-1"), time.time())
            if wait_s is not None and wait_s <= LONGEST_WAIT_S:
                self._until[str(request.meta.get("download_slot"))] = time.monotonic() + wait_s
            elif wait_s is not None:
                request.meta["dont_retry"] = True
        return response


def pause_s(value: str, now: float) -> float | None:
    """Seconds to wait, from either form of Retry-After (a number, or an HTTP date); None when it is neither.

    Args:
        value: The header.
        now: Seconds since 1970, against which a date counts.
    """
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, at.timestamp() - now)
