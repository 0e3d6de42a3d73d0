"""Answers that were packed for the way are unpacked within the caps of `harvest/unpack.py`, and not by Scrapy."""

from scrapy.crawler import Crawler
from scrapy.http import Request, Response

from harvest.failures import Refused
from harvest.unpack import ACCEPTED, Broken, TooMuch, unpacked

TOO_MUCH = "unpacked, larger than this source allows"
BROKEN = "the answer is packed in a way that cannot be undone"

OF_THE_PACKED = ("Content-MD5", "Digest", "Repr-Digest", "Content-Digest", "Content-Length")
"""What these headers say is said of the packed bytes, which are gone."""


class Unpacking:
    """Images are asked for as they are (`identity`), but some hosts pack them all the same."""

    def __init__(self, most_bytes: int) -> None:
        """Of one unpacked answer."""
        self._most_bytes = most_bytes

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Unpacking":
        """As Scrapy makes it."""
        return cls(crawler.settings.getint("DOWNLOAD_MAXSIZE"))

    def process_request(self, request: Request) -> None:
        """Say what can be unpacked."""
        request.headers.setdefault("Accept-Encoding", ACCEPTED)

    def process_response(self, request: Request, response: Response) -> Response:
        """The answer as it was before it was packed.

        Raises:
            Refused: it grows beyond the caps, or is broken.
        """
        stated = response.headers.getlist("Content-Encoding")
        if not stated:
            return response
        codings = [one.strip().lower() for one in b",".join(stated).decode("latin-1").split(",")]
        headers = response.headers.copy()
        for name in ("Content-Encoding", *OF_THE_PACKED):
            headers.pop(name, None)
        if not response.body:
            return response.replace(headers=headers)
        try:
            body = unpacked(response.body, codings, request.meta.get("download_maxsize", self._most_bytes))
        except TooMuch:
            raise Refused("too_large", TOO_MUCH) from None
        except Broken:
            raise Refused("failed_packing", BROKEN) from None
        return response.replace(headers=headers, body=body)
