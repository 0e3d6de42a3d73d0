"""Matches answers of HTTP/1.1 to the questions of one connection, with our limits; httptools (llhttp) reads them.

Twisted's own client, with what Scrapy builds around it, takes a third of a crawl's processor time (2026-11-21); connecting
and TLS stay theirs. Ours is what no parser can know: which question an answer is to, how much of it is taken, which failure
it is, and that a body without a length ends where its connection does.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from httptools import HttpParserCallbackError, HttpParserError, HttpResponseParser
from scrapy.exceptions import DownloadCancelledError, DownloadFailedError, DownloadTimeoutError, ResponseDataLossError
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

MOST_HEAD_BYTES = 1 << 18
"""Of whatever is not the body, at one stretch: status and headers, hints before them, what follows the last chunk. Browsers
stop at about as much. Looked at after each piece that comes."""

SMALL_BYTES = 4096
"""Pieces below this are put together as they come."""

WITHOUT_BODY = (204, 304)

CONTROL = frozenset(
    (b"content-length", b"connection", b"keep-alive", b"te", b"trailers", b"transfer-encoding", b"upgrade", b"proxy-connection")
)
"""Headers that speak of the connection and not of what comes through it."""

LENIENCIES = {
    "lenient_headers": True,  # a value may go on in the next line
    "lenient_optional_cr_before_lf": True,  # a line feed alone ends a line
    "lenient_chunked_length": True,  # chunks count, and a length beside them does not (RFC 9112, 6.3)
    "lenient_keep_alive": True,  # an answer may follow a hint that says that the connection closes
}
"""What real servers need, and Twisted's client takes, too; each is safe here, where one question has one answer."""


class Unanswered(DownloadFailedError):
    """The host ended a connection before a byte of the answer came: if it was kept from before, it was merely old."""


@dataclass(frozen=True)
class Head:
    """Status and headers, names in lower case."""

    status: int
    version: str
    fields: tuple[tuple[bytes, bytes], ...]

    def all(self, name: bytes) -> list[bytes]:
        """Every value of a header."""
        return [value for one, value in self.fields if one == name]


@dataclass(frozen=True)
class Received:
    """A whole answer; `length` is what was known of it before its body came."""

    head: Head
    body: bytes
    length: int | None
    head_at: float


class Connection(Protocol):
    """One connection. `ask` again only when the answer before has come and `is_free`."""

    transport: Any = None

    def __init__(self) -> None:
        """Twisted says when it is connected."""
        self.is_free = True
        self._is_lost = self._is_aborted = False  # TLS breaks when it is aborted after its end (Twisted 26.10)
        self.idle: asyncio.TimerHandle | None = None
        self._answer: asyncio.Future[Received] | None = None
        self._most_bytes = 0
        self._begin()

    def _begin(self) -> None:
        self._parser = HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(**LENIENCIES)
        self._fields: list[tuple[bytes, bytes]] = []
        self._head: Head | None = None
        self._head_at = 0.0
        self._length: int | None = None
        self._is_chunked = False
        self._parts: list[bytes | bytearray] = []
        self._size_bytes = 0
        self._bare_bytes = 0  # that came since the last of the body
        self._came = self._is_whole = self._keeps_open = False

    def ask(self, question: bytes, most_bytes: int) -> "asyncio.Future[Received]":
        """Send a whole question; of its answer's body no more than `most_bytes` are taken (0: any number).

        Raises, through the future:
            Unanswered: the connection ended before anything came.
            DownloadFailedError: it ended before the headers did, or they make no sense.
            ResponseDataLossError: it ended before the body did.
            DownloadCancelledError: the body is larger than that.
            DownloadTimeoutError: `expire` was called.
        """
        self.is_free = False
        self._begin()
        self._most_bytes = most_bytes
        answer: asyncio.Future[Received] = asyncio.get_running_loop().create_future()
        self._answer = answer
        if self._is_lost:  # after it was made, before its first question
            self._fail(Unanswered("the host ended the connection at once"))
        else:
            self.transport.write(question)
        return answer

    def expire(self) -> None:
        """The time for this answer is over."""
        self._fail(DownloadTimeoutError("no whole answer in time"))

    def abort(self) -> None:
        """End the connection at once."""
        self.is_free = False
        if not self._is_lost and not self._is_aborted:
            self._is_aborted = True
            self.transport.abortConnection()

    def dataReceived(self, data: bytes) -> None:
        """As Twisted hands it over."""
        if self._answer is None:  # nobody asked
            self.abort()
            return
        self._came = True
        size_before = self._size_bytes
        failure: BaseException | None = None
        try:
            self._parser.feed_data(data)
        except HttpParserCallbackError as error:
            failure = error.__context__ or error  # what was raised below
        except HttpParserError as error:
            failure = DownloadFailedError(f"an answer that makes no sense: {error}")
        self._bare_bytes = 0 if self._size_bytes > size_before else self._bare_bytes + len(data)
        if self._is_whole:
            self._finish(self._keeps_open and failure is None)
        elif failure is not None:
            self._fail(failure)
        elif self._bare_bytes > MOST_HEAD_BYTES:
            self._fail(DownloadFailedError("endless headers"))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """As Twisted says it."""
        self.is_free = False
        self._is_lost = True
        if self._answer is None:
            return
        if self._head is None:
            kind = DownloadFailedError if self._came else Unanswered
            self._fail(kind(reason.getErrorMessage()))
        elif self._length is None and not self._is_chunked:
            self._finish(False)  # its end is the connection's
        else:
            self._fail(ResponseDataLossError(reason.getErrorMessage()))

    def on_message_begin(self) -> None:
        """As httptools calls it, like those below; it passes over empty lines between two messages."""
        if self._is_whole:
            raise DownloadFailedError("more than one answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One of the head, or after the last chunk, where none is wanted."""
        if self._head is None:
            self._fields.append((name.lower(), value.strip(b" \t")))

    def on_headers_complete(self) -> None:
        """The head is whole; or a hint is, which says only that the answer will come (RFC 9110, 15.2)."""
        status = self._parser.get_status_code()
        if status == 101:
            raise DownloadFailedError("another protocol, which nobody asked for")
        if 100 <= status < 200:
            self._fields = []
            return
        head = Head(status, f"HTTP/{self._parser.get_http_version()}", tuple(self._fields))
        codings = {value.lower() for value in head.all(b"transfer-encoding")}
        lengths = head.all(b"content-length")
        if status in WITHOUT_BODY:
            self._length = 0
        elif codings:
            if codings != {b"chunked"}:  # llhttp would take another for a body as it is
                raise DownloadFailedError(f"a transfer coding that nobody knows: {codings}")
            self._is_chunked = True
        elif lengths:
            self._length = int(lengths[0])  # llhttp lets one number through, and no more
            if self._most_bytes and self._length > self._most_bytes:
                raise DownloadCancelledError(f"{self._length} bytes are more than {self._most_bytes}")
        self._head, self._head_at = head, time.monotonic()

    def on_body(self, data: bytes) -> None:
        """A piece of it."""
        self._size_bytes += len(data)
        if self._most_bytes and self._size_bytes > self._most_bytes:
            raise DownloadCancelledError(f"more than {self._most_bytes} bytes")
        self._keep(data)

    def on_message_complete(self) -> None:
        """The end of an answer, or of a hint."""
        self._is_whole = self._head is not None
        self._keeps_open = self._parser.should_keep_alive()  # which llhttp forgets after this

    def _keep(self, data: bytes) -> None:
        """A large piece as it is, small ones together: an object for each single byte would take forty times its memory."""
        if len(data) >= SMALL_BYTES:
            self._parts.append(data)
        elif self._parts and isinstance(self._parts[-1], bytearray):
            self._parts[-1] += data
        else:
            self._parts.append(bytearray(data))

    def _finish(self, is_free: bool) -> None:
        answer, head = self._answer, self._head
        if answer is None or head is None:
            return
        self._answer = None
        body = bytes(self._parts[0]) if len(self._parts) == 1 else b"".join(self._parts)
        self._parts = []
        self.is_free = is_free
        if not is_free:
            self.abort()
        if not answer.done():
            answer.set_result(Received(head, body, self._length, self._head_at))

    def _fail(self, error: BaseException) -> None:
        answer, self._answer = self._answer, None
        self._parts = []
        self.abort()
        if answer is not None and not answer.done():
            answer.set_exception(error)
