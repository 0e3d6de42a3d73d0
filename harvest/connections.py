"""Connections are kept open and used again; a host never has more than its pace allows, and each request has its turn."""

import asyncio
import re
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadTimeoutError, NotSupported
from scrapy.http import Headers, Request, Response
from scrapy.utils._download_handlers import wrap_twisted_exceptions
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet import tcp
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure
from twisted.web.client import URI

from harvest.http_answer import CONTROL, Connection, Received, Unanswered
from harvest.turns import Turns

READ_BYTES = 1 << 18
"""Taken from a connection at once: with Twisted's own 64 KiB a picture of 250 kB passes through forty calls more."""

MOST_KEPT = 16
"""Idle connections kept for one host; `Connections` sees to it that there are never more than its slot allows."""

KEPT_S = 240.0
"""For so long an idle connection is kept; Twisted's own number."""

MOST_PLACES = 10_000
"""Hosts whose way to connect is remembered."""

_TARGET = re.compile(r"[\x21-\x7e]+")

tcp.Connection.bufferSize = READ_BYTES


class Place:
    """One scheme, host and port: how to connect to it, what to call it, and its idle connections."""

    def __init__(self, scheme: str, netloc: str, context_factory: Any) -> None:
        """As it stands in addresses; the name is looked up, and checked, at each connection (`harvest/resolver.py`)."""
        uri: Any = URI.fromBytes(f"{scheme}://{netloc}/".encode("ascii"))  # type: ignore[no-untyped-call]
        host = b"[" + uri.host + b"]" if b":" in uri.host else uri.host
        is_usual = (scheme, uri.port) in (("http", 80), ("https", 443))
        self.name: bytes = host if is_usual else b"%b:%d" % (host, uri.port)
        self.idle: list[Connection] = []
        self._uri = uri
        self._context_factory = context_factory

    def endpoint(self, timeout_s: float) -> Any:
        """A new connection's beginning: TCP, and TLS where the scheme asks for it, with the certificate verified."""
        from twisted.internet import reactor

        plain: Any = HostnameEndpoint(reactor, self._uri.host.decode("ascii"), self._uri.port, timeout=timeout_s)
        if self._uri.scheme == b"http":
            return plain
        return wrapClientTLS(self._context_factory.creatorForNetloc(self._uri.host, self._uri.port), plain)

    def take(self) -> Connection | None:
        """An idle connection that is still open."""
        while self.idle:
            connection = self.idle.pop()
            if connection.idle is not None:
                connection.idle.cancel()
            if connection.is_free:
                return connection
        return None

    def keep(self, connection: Connection) -> None:
        """Give a connection back, if it can be used again."""
        if len(self.idle) >= MOST_KEPT:
            self.idle = [one for one in self.idle if one.is_free]  # the host ends idle ones without our asking
        if connection.is_free and len(self.idle) < MOST_KEPT:
            connection.idle = asyncio.get_running_loop().call_later(KEPT_S, self._forget, connection)
            self.idle.append(connection)
        else:
            connection.abort()

    def _forget(self, connection: Connection) -> None:
        self.idle = [one for one in self.idle if one is not connection]
        connection.abort()


class Connections(HTTP11DownloadHandler):
    """In place of Scrapy's own way to ask; its settings and its TLS are used. One gate a host.

    Scrapy 2.19 counts a request as under way only once its task runs, so that of a slot without a delay every request
    that waits is sent at the same time.
    """

    def __init__(self, crawler: Crawler) -> None:
        """No host has been asked yet."""
        super().__init__(crawler)
        self._own_crawler = crawler
        self._turns = Turns.of(crawler)
        self._gates: dict[str, asyncio.Semaphore] = {}
        self._places: dict[tuple[str, str], Place] = {}
        self._factory = Factory.forProtocol(Connection)
        self._factory.noisy = False

    async def download_request(self, request: Request) -> Response:
        """Ask as soon as the host has a connection free."""
        slot = str(request.meta["download_slot"])
        if slot not in self._gates:
            engine: Any = self._own_crawler.engine
            self._gates[slot] = asyncio.Semaphore(engine.downloader.slots[slot].concurrency)
        async with self._gates[slot]:
            await self._turns.turn(request)
            response = await self._asked(request)
        self._turns.answered(request, len(response.body))
        return response

    async def close(self) -> None:
        """End what is idle."""
        for place in self._places.values():
            while connection := place.take():
                connection.abort()
        await super().close()

    async def _asked(self, request: Request) -> Response:
        parts = urlsplit(request.url)
        place = self._places.get((parts.scheme, parts.netloc)) or self._noted(parts.scheme, parts.netloc)
        question = question_of(request, place.name, parts.path, parts.query)
        most_bytes = int(request.meta.get("download_maxsize", self._default_maxsize))
        begun = time.monotonic()
        until = begun + request.meta["download_timeout"]
        received: Received | None = None
        if connection := place.take():
            with suppress(Unanswered):  # the host had ended it, as it may at any time: once more, on a new one
                received = await self._exchanged(place, connection, question, most_bytes, until)
        if received is None:
            connection = await self._connected(place, until - time.monotonic())
            received = await self._exchanged(place, connection, question, most_bytes, until)
        request.meta["download_latency"] = received.head_at - begun
        return Response(
            request.url.partition("#")[0],
            status=received.head.status,
            headers=headers_of(received),
            body=received.body,
            protocol=received.head.version,
        )

    async def _connected(self, place: Place, left_s: float) -> Connection:
        from twisted.internet import reactor

        def too_late(result: Any, timeout_s: float) -> Any:
            if isinstance(result, Failure):
                raise DownloadTimeoutError(f"no connection within {timeout_s:.0f} s")
            return result

        left_s = max(left_s, 0.001)
        connecting = place.endpoint(left_s).connect(self._factory)
        connecting.addTimeout(left_s, reactor, onTimeoutCancel=too_late)
        with wrap_twisted_exceptions():
            connection: Connection = await maybe_deferred_to_future(connecting)
        return connection

    async def _exchanged(self, place: Place, connection: Connection, question: bytes, most_bytes: int, until: float) -> Received:
        expiry = asyncio.get_running_loop().call_later(max(0.0, until - time.monotonic()), connection.expire)
        try:
            received = await connection.ask(question, most_bytes)
        except BaseException:
            connection.abort()
            raise
        finally:
            expiry.cancel()
        place.keep(connection)
        return received

    def _noted(self, scheme: str, netloc: str) -> Place:
        if len(self._places) >= MOST_PLACES:
            self._places = {key: place for key, place in self._places.items() if place.idle}
        self._places[scheme, netloc] = Place(scheme, netloc, self._contextFactory)
        return self._places[scheme, netloc]


def question_of(request: Request, host: bytes, path: str, query: str) -> bytes:
    """The request as it goes out.

    Raises:
        NotSupported: it is no GET, or carries something: a harvest only asks.
        ValueError: an address that no server could read.
    """
    if request.method != "GET" or request.body:
        raise NotSupported("a harvest only asks")
    target = f"{path or '/'}?{query}" if query else path or "/"
    if not _TARGET.fullmatch(target):
        raise ValueError(f"an address with characters that must not stand there: {target!r}")
    lines = [b"GET %b HTTP/1.1" % target.encode()]
    for name, values in request.headers.items():
        lines.extend(b"%b: %b" % (name, b" ".join(value.splitlines())) for value in values)
    if b"Host" not in request.headers:
        lines.append(b"Host: " + host)
    return b"\r\n".join((*lines, b"", b""))


def headers_of(received: Received) -> Headers:
    """What is said of the answer, and not of the connection it came through."""
    headers = [pair for pair in received.head.fields if pair[0] not in CONTROL]
    if received.length is not None:
        headers.insert(0, (b"content-length", b"%d" % received.length))
    return Headers(headers)
