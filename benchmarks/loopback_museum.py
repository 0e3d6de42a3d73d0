"""A museum on loopback for benchmarks, in a process of its own: IIIF manifests and JPEGs of mixed sizes, from memory.

Run: python benchmarks/loopback_museum.py --images 5000 [--smallest 20000] [--largest 1500000] [--log FILE]
It prints one line of JSON (port, bytes of all pictures) when it is ready, and ends when its standard input closes.
"""

import argparse
import asyncio
import io
import json
import os
import random
import sys
from typing import Any

import numpy as np
from PIL import Image

DRAWN = 256
"""Pictures drawn; the others are these again with another comment segment, so that each has its own bytes and SHA-256."""

SKEW = 2.2
"""Sizes are spread over their logarithm as u to this power: more small pictures than large ones, as collections have."""

CANVASES = 100
"""Canvases of one manifest."""

BY = "http://creativecommons.org/licenses/by/4.0/"
CONTEXT = "http://iiif.io/api/presentation/3/context.json"


class Pictures:
    """`count` JPEGs, the same for the same arguments."""

    def __init__(self, count: int, smallest_bytes: int, largest_bytes: int) -> None:
        chance = random.Random(0)
        ratio = largest_bytes / smallest_bytes
        sizes = [smallest_bytes * ratio ** (chance.random() ** SKEW) for _ in range(min(count, DRAWN))]
        self.count = count
        self._drawn = [drawn(number, size) for number, size in enumerate(sizes)]

    def body(self, number: int) -> bytes:
        """The bytes of one picture: a drawn one, with its number as a comment."""
        words = b"picture %08d" % number
        whole = self._drawn[number % len(self._drawn)]
        return whole[:2] + b"\xff\xfe" + (len(words) + 2).to_bytes(2, "big") + words + whole[2:]

    def size_bytes(self) -> int:
        """Of all pictures together."""
        return sum(len(self._drawn[number % len(self._drawn)]) + 20 for number in range(self.count))


def drawn(number: int, size_bytes: float) -> bytes:
    """A JPEG of a smooth picture with noise, of about this size."""
    noise = np.random.default_rng(number)
    side_px = max(16, int((size_bytes / 0.238) ** 0.5))  # bytes a pixel of this noise at this quality, measured
    across = np.linspace(0, 6, side_px)
    smooth = 128 + 60 * np.sin(across[:, None] + number) * np.cos(across[None, :])
    pixels = smooth[:, :, None] + noise.normal(0, 7, (side_px, side_px, 3))
    stream = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(stream, "JPEG", quality=90)
    return stream.getvalue()


class Museum(asyncio.Protocol):
    """One connection; each request is answered at once, and noted in the log before."""

    pictures: Pictures
    port = 0
    log = -1

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.waiting = b""

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        while (end := self.waiting.find(b"\r\n\r\n")) >= 0:
            request, self.waiting = self.waiting[:end], self.waiting[end + 4 :]
            path = request.split(b" ", 2)[1].decode()
            if self.log >= 0:
                os.write(self.log, path.encode() + b"\n")
            status, kind, body = self.page(path)
            close = b"\r\nconnection: close" in request.lower()
            head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            self.transport.write((head + ("Connection: close\r\n" if close else "") + "\r\n").encode() + body)
            if close:
                self.transport.close()

    def page(self, path: str) -> tuple[str, str, bytes]:
        kind, _, name = path.strip("/").partition("/")
        number = int(name.partition(".")[0]) if name.partition(".")[0].isdigit() else -1
        if kind == "image" and 0 <= number < self.pictures.count:
            return "200 OK", "image/jpeg", self.pictures.body(number)
        if kind == "robots.txt":
            return "200 OK", "text/plain", b"User-agent: *\nDisallow: /private/\n"
        if kind == "collection":
            return "200 OK", "application/json", json.dumps(self._collection()).encode()
        if kind == "manifest" and number >= 0:
            return "200 OK", "application/json", json.dumps(self._manifest(number)).encode()
        return "404 Not Found", "text/plain", b"not here"

    def _collection(self) -> dict[str, Any]:
        manifests = range(-(-self.pictures.count // CANVASES))
        members = [{"id": self._url(f"manifest/{number}"), "type": "Manifest"} for number in manifests]
        return {"@context": CONTEXT, "id": self._url("collection"), "type": "Collection", "rights": BY, "items": members}

    def _manifest(self, number: int) -> dict[str, Any]:
        first = number * CANVASES
        canvases = [self._canvas(one) for one in range(first, min(first + CANVASES, self.pictures.count))]
        own = self._url(f"manifest/{number}")
        label = {"en": [f"Album {number}"]}
        return {"@context": CONTEXT, "id": own, "type": "Manifest", "label": label, "rights": BY, "items": canvases}

    def _canvas(self, number: int) -> dict[str, Any]:
        own = self._url(f"canvas/{number}")
        body = {"id": self._url(f"image/{number}.jpg"), "type": "Image", "format": "image/jpeg"}
        annotation = {"type": "Annotation", "motivation": "painting", "body": body, "target": own}
        pages = [{"type": "AnnotationPage", "items": [annotation]}]
        return {"id": own, "type": "Canvas", "label": {"en": [f"Leaf {number}"]}, "items": pages}

    def _url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"


async def serve(pictures: Pictures, log: int) -> None:
    """Serve until standard input closes."""
    Museum.pictures, Museum.log = pictures, log
    server = await asyncio.get_running_loop().create_server(Museum, "127.0.0.1", 0, backlog=1024)
    Museum.port = server.sockets[0].getsockname()[1]
    print(json.dumps({"port": Museum.port, "size_bytes": pictures.size_bytes()}), flush=True)
    await asyncio.to_thread(sys.stdin.read)


def main() -> None:
    """Draw, then serve."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--images", type=int, default=5000)
    words.add_argument("--smallest", type=int, default=20_000)
    words.add_argument("--largest", type=int, default=1_500_000)
    words.add_argument("--log")
    given = words.parse_args()
    log = os.open(given.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644) if given.log else -1
    asyncio.run(serve(Pictures(given.images, given.smallest, given.largest), log))


if __name__ == "__main__":
    main()
