"""Answers are read as RFC 9112 has them, in whatever pieces they come; what is no answer is a named failure."""

import asyncio
import ssl
import subprocess
import threading
import tracemalloc
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from drawn_pictures import drawn
from iiif_loopback import BY, Loopback, canvas, manifest
from scrapy.exceptions import (
    DownloadCancelledError,
    DownloadFailedError,
    DownloadTimeoutError,
    NotSupported,
    ResponseDataLossError,
)
from scrapy.http import Request

from base.errors import SourceError
from catalog import db
from harvest.connections import headers_of, question_of
from harvest.crawl import harvest_iiif
from harvest.http_answer import MOST_HEAD_BYTES, Connection, Received, Unanswered

MOST_BYTES = 1000
LINE = b"HTTP/1.1 200 OK\r\n"


class Transport:
    """Notes what is done to it."""

    def __init__(self) -> None:
        self.sent = b""
        self.is_aborted = False

    def write(self, data: bytes) -> None:
        self.sent += data

    def abortConnection(self) -> None:
        self.is_aborted = True


def asked(connection: Connection | None = None) -> tuple[Connection, "asyncio.Future[Received]"]:
    connection = connection or Connection()
    connection.transport = connection.transport or Transport()
    return connection, connection.ask(b"GET / HTTP/1.1\r\n\r\n", MOST_BYTES)


def received(answer: bytes, piece_bytes: int, ends: bool) -> tuple[Received, Connection]:
    """What comes of an answer in pieces of this size, and then the connection's end."""

    async def exchange() -> tuple[Received, Connection]:
        connection, future = asked()
        for start in range(0, len(answer), piece_bytes):
            if not future.done():
                connection.dataReceived(answer[start : start + piece_bytes])
        if ends:
            connection.connectionLost()
        return await asyncio.wait_for(future, 1), connection

    return asyncio.run(exchange())


ANSWERS = {
    "a length": (LINE + b"Content-Length: 4\r\n\r\nbody", b"body", True),
    "no bytes": (LINE + b"Content-Length: 0\r\n\r\n", b"", True),
    "line feeds alone": (LINE[:-2] + b"\nContent-Length: 4\n\nbody", b"body", True),
    "chunks": (LINE + b"Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nbo\r\n2\r\ndy\r\n0\r\nX-More: 1\r\n\r\n", b"body", True),
    "chunks and a length": (
        LINE + b"Content-Length: 9\r\nTransfer-Encoding: Chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
        b"body",
        True,
    ),
    "a length and chunks": (
        LINE + b"Transfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
        b"body",
        True,
    ),
    "until the end": (LINE + b"Content-Type: image/png\r\n\r\nbody", b"body", False),
    "not again": (LINE + b"Connection: Close\r\nContent-Length: 4\r\n\r\nbody", b"body", False),
    "of old": (b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbody", b"body", False),
    "hints before": (b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + LINE + b"Content-Length: 4\r\n\r\nbody", b"body", True),
    "of old, and again": (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\nbody", b"body", True),
    "a hint that closes": (
        b"HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n" + LINE + b"Content-Length: 4\r\n\r\nbody", b"body", True,
    ),
    "no reason": (b"HTTP/1.1 200\r\nContent-Length: 4\r\n\r\nbody", b"body", True),
    "nothing new": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", b"", True),
}  # fmt: skip


@pytest.mark.parametrize("piece_bytes", [1, 7, 10_000])
@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_read_in_whatever_pieces_it_comes(name: str, piece_bytes: int) -> None:
    answer, body, is_kept = ANSWERS[name]
    found, connection = received(answer, piece_bytes, ends=name == "until the end")
    assert (found.head.status, found.body) == (304 if name == "nothing new" else 200, body)
    assert connection.is_free is is_kept
    assert connection.transport.is_aborted is not (is_kept or name == "until the end")  # that one is over already


def test_more_than_the_answer_ends_the_connection() -> None:
    found, connection = received(ANSWERS["a length"][0] + b"HTTP/1.1 200 smuggled", 10_000, ends=False)
    assert (found.body, connection.is_free, connection.transport.is_aborted) == (b"body", False, True)


def test_a_word_that_nobody_asked_for_ends_the_connection() -> None:
    _, connection = received(ANSWERS["a length"][0], 10_000, ends=False)
    connection.dataReceived(b"HTTP/1.1 200 smuggled")
    assert (connection.is_free, connection.transport.is_aborted) == (False, True)


FAILURES: dict[str, tuple[bytes, type[Exception]]] = {
    "nothing": (b"", Unanswered),
    "half a head": (LINE + b"Content-Le", DownloadFailedError),
    "half a body": (LINE + b"Content-Length: 4\r\n\r\nbo", ResponseDataLossError),
    "half a chunk": (LINE + b"Transfer-Encoding: chunked\r\n\r\n4\r\nbo", ResponseDataLossError),
    "no last chunk": (LINE + b"Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n", ResponseDataLossError),
    "chunks of no size": (LINE + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\nbody\r\n", DownloadFailedError),
    "the same length twice": (LINE + b"Content-Length: 4\r\nContent-Length: 4\r\n\r\nbody", DownloadFailedError),
    "a list of lengths": (LINE + b"Content-Length: 4, 4\r\n\r\nbody", DownloadFailedError),
    "no length where one is named": (LINE + b"Content-Length: \r\n\r\nbody", DownloadFailedError),
    "a length in two lines": (LINE + b"Content-Length: 4\r\n 2\r\n\r\nbody", DownloadFailedError),
    "a length in words": (LINE + b"Content-Length: four\r\n\r\nbody", DownloadFailedError),
    "a length beyond all numbers": (LINE + b"Content-Length: 99999999999999999999\r\n\r\nbody", DownloadFailedError),
    "a line that is none": (LINE + b"nonsense\r\nContent-Length: 4\r\n\r\nbody", DownloadFailedError),
    "lengths that differ": (LINE + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nbody", DownloadFailedError),
    "a length below nothing": (LINE + b"Content-Length: -4\r\n\r\nbody", DownloadFailedError),
    "another transfer coding": (LINE + b"Transfer-Encoding: gzip\r\n\r\nbody", DownloadFailedError),
    "a transfer coding beside chunks": (
        LINE + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n1\r\nx\r\n0\r\n\r\n", DownloadFailedError,
    ),
    "chunks that only look so": (LINE + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", DownloadFailedError),
    "another protocol from now on": (
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\nbody", DownloadFailedError,
    ),
    "another protocol": (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", DownloadFailedError),
    "no number": (b"HTTP/1.1 OK\r\n\r\n", DownloadFailedError),
    "endless headers": (LINE + b"X: " + b"x" * MOST_HEAD_BYTES * 2, DownloadFailedError),
    "endless hints": (b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" * 20_000, DownloadFailedError),
    "endless headers after the body": (
        LINE + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX: " + b"x" * MOST_HEAD_BYTES * 2, DownloadFailedError,
    ),
    "a length above the cap": (LINE + b"Content-Length: 1001\r\n\r\n", DownloadCancelledError),
    "chunks above the cap": (
        LINE + b"Transfer-Encoding: chunked\r\n\r\n" + b"190\r\n%b\r\n" % (b"x" * 400) * 3, DownloadCancelledError,
    ),
    "an endless body": (LINE + b"\r\n" + b"x" * 1001, DownloadCancelledError),
}  # fmt: skip


@pytest.mark.parametrize("piece_bytes", [999, 100_000])
@pytest.mark.parametrize("name", FAILURES)
def test_what_is_no_whole_answer_is_a_named_failure_and_ends_the_connection(name: str, piece_bytes: int) -> None:
    answer, failure = FAILURES[name]
    with pytest.raises(failure) as raised:
        received(answer, piece_bytes, ends=True)
    assert type(raised.value) is failure


def test_a_body_in_single_bytes_takes_little_more_memory_than_it_is_long() -> None:
    async def exchange() -> int:
        connection = Connection()
        connection.transport = Transport()
        future = connection.ask(b"", 1 << 20)
        connection.dataReceived(LINE + b"Transfer-Encoding: chunked\r\n\r\n")
        tracemalloc.start()
        for _ in range(100):
            connection.dataReceived(b"1\r\nx\r\n" * 1000)
        connection.dataReceived(b"0\r\n\r\n")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert (await future).body == b"x" * 100_000
        return peak

    assert asyncio.run(exchange()) < 500_000


def test_a_connection_that_is_lost_or_too_slow_is_not_waited_for() -> None:
    async def exchange() -> None:
        lost = Connection()
        lost.connectionLost()
        with pytest.raises(Unanswered):
            await asked(lost)[1]
        slow, future = asked()
        slow.dataReceived(LINE)
        slow.expire()
        with pytest.raises(DownloadTimeoutError):
            await future
        assert slow.transport.is_aborted

    asyncio.run(exchange())


def test_headers_are_those_of_the_answer_and_not_of_the_connection() -> None:
    head = (
        LINE + b'ETag: "1"\r\nX-Robots-Tag: noai\r\nx-robots-tag: \r\n noimageai\r\nKeep-Alive: 5\r\nContent-Length: 04\r\n\r\n'
    )
    found, _ = received(head + b"body", 10_000, ends=False)
    assert dict(headers_of(found)) == {b"Content-Length": [b"4"], b"Etag": [b'"1"'], b"X-Robots-Tag": [b"noai", b"noimageai"]}


def test_a_request_goes_out_in_the_order_it_was_made_and_cannot_be_broken_in_two() -> None:
    request = Request("http://a.example/b?c=d#e", headers={"Accept": "image/*", "If-None-Match": '"1"\r\nHost: b.example'})
    assert question_of(request, b"a.example", "/b", "c=d") == (
        b'GET /b?c=d HTTP/1.1\r\nAccept: image/*\r\nIf-None-Match: "1" Host: b.example\r\nHost: a.example\r\n\r\n'
    )
    for path in ("/a b", "/a\r\nb", "/\u00e9"):
        with pytest.raises(ValueError, match="characters"):
            question_of(request, b"a.example", path, "")
    with pytest.raises(NotSupported):
        question_of(Request("http://a.example", method="POST"), b"a.example", "/", "")


class Forgetful(BaseHTTPRequestHandler):
    """Serves pictures, and ends each connection after one of them without a word."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = drawn(len(self.path)) if self.path.endswith(".jpg") else b""
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *words: Any) -> None:
        pass


def harvested(workspace: Path, loopback: Loopback, page: str, scheme: str, host: str, number: int) -> dict[str, int]:
    """Outcomes of so many pictures of a `Forgetful` host."""
    urls = [f"{scheme}://{host}/{'a' * one}.jpg" for one in range(1, number + 1)]
    canvases = [canvas(f"{loopback.url}{page}/{one}", url) for one, url in enumerate(urls)]
    loopback.page(page, manifest(loopback.url + page, *canvases, rights=BY))
    with suppress(SourceError):  # nothing could be taken
        harvest_iiif(workspace, [loopback.url + page], allow_hosts=[loopback.host, host])
    rows = db.rows(workspace, "SELECT outcome, count(*) AS number FROM current_candidates GROUP BY outcome")
    return {row["outcome"]: row["number"] for row in rows}


def test_a_connection_that_the_host_ended_meanwhile_is_made_anew(loopback: Loopback, workspace: Path) -> None:
    with Served(Forgetful) as host:
        assert harvested(workspace, loopback, "/forgetful", "http", host, 8) == {"stored": 8}


def test_a_certificate_is_believed_only_from_those_who_are_trusted(
    loopback: Loopback, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = workspace.parent / "certificate.pem", workspace.parent / "key.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    words += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    words += ["-out", str(certificate[0]), "-keyout", str(certificate[1])]
    subprocess.run(words, check=True, capture_output=True)
    with Served(Forgetful, certificate) as host:
        assert harvested(workspace, loopback, "/tls", "https", host, 2) == {"robots": 2}  # which nobody could read
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        assert harvested(workspace, loopback, "/tls", "https", host, 2) == {"stored": 2}


class Served:
    """A server of these pages on loopback, with TLS where a certificate is given; its host and port."""

    def __init__(self, pages: type[BaseHTTPRequestHandler], certificate: tuple[Path, Path] | None = None) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), pages)
        self._server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        return f"127.0.0.1:{self._server.server_port}"

    def __exit__(self, *reason: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
