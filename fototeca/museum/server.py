"""The museum's web server on loopback: robots.txt, IIIF Presentation 3 manifests, and pictures under Image API addresses."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from base.errors import BusyError
from fototeca.museum.collection import Item, items

ROBOTS = b"User-agent: *\nDisallow: /private/\n"
PRESENTATION = "http://iiif.io/api/presentation/3/context.json"
IMAGE_API = "http://iiif.io/api/image/3/context.json"


class Museum:
    """An open museum.

    Attributes:
        url: Where it is, for example `http://127.0.0.1:40123`.
        host: The same without the scheme.
        port: The same, the number alone.
        items: What hangs in it.
        requests: How often each path was asked for, HEAD and refused paths included.
    """

    def __init__(self, port: int) -> None:
        """Takes the things on show; the address is known, nothing is asked of the network yet."""
        self.port = port
        self.host = f"127.0.0.1:{port}"
        self.url = f"http://{self.host}"
        self.items: list[Item] = items()
        self.requests: Counter[str] = Counter()
        self._of_path = {path_of(item): item for item in self.items}
        self._of_manifest = {f"/iiif/manifest/{item.id}.json": item for item in self.items}
        self._of_service = {f"{service_path(item)}/info.json": item for item in self.items}

    @property
    def collection_url(self) -> str:
        """Where a harvest begins."""
        return f"{self.url}/iiif/collection.json"

    def answer(self, path: str) -> tuple[HTTPStatus, dict[str, str], bytes]:
        """Gives status, headers and body for a path without its query."""
        if path == "/robots.txt":
            return HTTPStatus.OK, {"Content-Type": "text/plain; charset=utf-8"}, ROBOTS
        if path == "/iiif/collection.json":
            return _json(collection(self.url, self.items))
        if path in self._of_manifest:
            return _json(manifest(self.url, self._of_manifest[path]))
        if path in self._of_service:
            return _json(image_information(self.url, self._of_service[path]))
        item = self._of_path.get(path)
        content = item.content() if item else None
        if item is None or content is None:
            return HTTPStatus.NOT_FOUND, {"Content-Type": "text/plain; charset=utf-8"}, b"There is nothing here.\n"
        return HTTPStatus.OK, {"Content-Type": item.media_type, **dict(item.headers)}, content


@contextmanager
def open_museum(port: int = 0) -> Iterator[Museum]:
    """Opens the museum on 127.0.0.1 for the length of a `with` block.

    Args:
        port: 0 takes any free one; another number is where it was open before, so that its addresses stay the same.

    Raises:
        BusyError: another program has that port.
        UsageError: scikit-image, whose photographs hang here, is not installed.
    """
    try:
        server = _Server(("127.0.0.1", port), _Guide)
    except OSError as error:
        raise BusyError(
            f"Port {port} of 127.0.0.1, where the demo's museum was before, is taken: stop the other program."
        ) from error
    try:
        museum = Museum(server.server_port)
        server.museum = museum
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield museum
        finally:
            server.shutdown()
            thread.join()
    finally:
        server.server_close()


def path_of(item: Item) -> str:
    """Gives the path of an item's picture, in full size."""
    return f"{service_path(item)}/full/max/0/default.{'png' if item.media_type == 'image/png' else 'jpg'}"


def service_path(item: Item) -> str:
    """Gives the path of an item's image service."""
    return f"/{'private' if item.private else 'iiif'}/image/{item.id}"


def collection(url: str, shown: list[Item]) -> dict[str, Any]:
    """Lists all manifests. Nothing is said here about rights: they differ from item to item."""
    return {
        "@context": PRESENTATION,
        "id": f"{url}/iiif/collection.json",
        "type": "Collection",
        "label": {"en": ["A small museum of the pampas"], "pt": ["Um pequeno museu do pampa"]},
        "items": [
            {"id": f"{url}/iiif/manifest/{item.id}.json", "type": "Manifest", "label": {"none": [item.title]}} for item in shown
        ],
    }


def manifest(url: str, item: Item) -> dict[str, Any]:
    """Describes one item: one canvas with one picture painted on it, its rights and its credit."""
    canvas = f"{url}/iiif/canvas/{item.id}"
    size = {"width": item.width_px, "height": item.height_px}
    service = {"id": url + service_path(item), "type": "ImageService3", "profile": "level0"}
    body = {"id": url + path_of(item), "type": "Image", "format": item.media_type, **size, "service": [service]}
    annotation = {
        "id": f"{canvas}/painting",
        "type": "Annotation",
        "motivation": "painting",
        "target": canvas,
        "body": body,
    }
    page = {"id": f"{canvas}/page", "type": "AnnotationPage", "items": [annotation]}
    facts = [("creator", item.creator), ("date", item.date), *(("concept", name) for name in item.concepts)]
    described: dict[str, Any] = {
        "@context": PRESENTATION,
        "id": f"{url}/iiif/manifest/{item.id}.json",
        "type": "Manifest",
        "label": {"none": [item.title]},
        "summary": {item.language: [item.caption]},
        "metadata": [{"label": {"en": [name]}, "value": {"none": [value]}} for name, value in facts if value],
        "items": [{"id": canvas, "type": "Canvas", **size, "items": [page]}],
    }
    if item.rights:
        described["rights"] = item.rights
    if item.statement:
        described["requiredStatement"] = {"label": {"en": ["Attribution"]}, "value": {"en": [item.statement]}}
    return described


def image_information(url: str, item: Item) -> dict[str, Any]:
    """Describes an image service that serves the full picture only (level 0)."""
    size = {"width": item.width_px, "height": item.height_px}
    told: dict[str, Any] = {
        "@context": IMAGE_API,
        "id": url + service_path(item),
        "type": "ImageService3",
        "protocol": "http://iiif.io/api/image",
        "profile": "level0",
        **size,
        "sizes": [size],
    }
    if item.media_type == "image/png":
        told |= {"extraFormats": ["png"], "preferredFormats": ["png"]}
    return told


def _json(document: dict[str, Any]) -> tuple[HTTPStatus, dict[str, str], bytes]:
    body = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True).encode()
    return HTTPStatus.OK, {"Content-Type": f'application/ld+json;profile="{document["@context"]}"'}, body


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    museum: Museum


class _Guide(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        """Answers with headers and body."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answers with headers alone."""
        self._answer(with_body=False)

    def _answer(self, with_body: bool) -> None:
        museum = self.server.museum
        path = self.path.partition("?")[0]
        museum.requests[path] += 1
        status, headers, body = museum.answer(path)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Stays silent: `Museum.requests` counts."""
