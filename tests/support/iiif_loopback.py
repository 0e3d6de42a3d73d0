"""A web server on loopback with fixed pages, and the smallest canvases and manifests of IIIF Presentation 3."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

BY = "http://creativecommons.org/licenses/by/4.0/"


class Loopback:
    """A web server with fixed pages: `pages[path] = (status, headers, body)`.

    `asked` lists the paths in order; a hook runs before the answer to its path. A path of `services` is answered by a
    function of the whole path with its query. A page with an ETag or Last-Modified header answers 304 where the request
    names the same; `not_modified` lists these paths.
    """

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, list[tuple[str, str]], bytes]] = {}
        self.asked: list[str] = []
        self.not_modified: list[str] = []
        self.agents: set[str] = set()
        self.services: dict[str, Callable[[str], tuple[int, list[tuple[str, str]], bytes]]] = {}
        self.hooks: dict[str, Callable[[], None]] = {}
        outer = self

        class Pages(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.asked.append(self.path)
                outer.agents.add(self.headers["User-Agent"])
                outer.hooks.get(self.path, lambda: None)()
                if service := outer.services.get(self.path.partition("?")[0]):
                    status, headers, body = service(self.path)
                else:
                    status, headers, body = outer.pages.get(self.path, (404, [], b"not here"))
                if status == 200 and self._is_known(headers):
                    outer.not_modified.append(self.path)
                    status, body = 304, b""
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                if not any(name.lower() == "content-length" for name, _ in headers):
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = any(name.lower() == "content-length" for name, _ in headers)

            def _is_known(self, headers: list[tuple[str, str]]) -> bool:
                marks = dict(headers)
                if named := self.headers["If-None-Match"]:  # then the date counts for nothing (RFC 9110, 13.1.3)
                    return marks.get("ETag") == named
                return "Last-Modified" in marks and self.headers["If-Modified-Since"] == marks["Last-Modified"]

            def log_message(self, *words: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def page(self, path: str, body: Any, *headers: tuple[str, str], status: int = 200) -> str:
        """Serve bytes, text or JSON; returns the address."""
        if not isinstance(body, bytes):
            body = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.pages[path] = (status, list(headers), body)
        return self.url + path

    def canvas(self, name: str, image_url: str, **more: Any) -> dict[str, Any]:
        """A canvas with one painted image."""
        return canvas(f"{self.url}/canvas/{name}", image_url, **more)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def canvas(identifier: str, image_url: str, **more: Any) -> dict[str, Any]:
    """A canvas of Presentation 3 with one painted image."""
    body = {"id": image_url, "type": "Image", "format": "image/jpeg"}
    annotation = {"type": "Annotation", "motivation": "painting", "body": body, "target": identifier}
    return {"id": identifier, "type": "Canvas", "items": [{"type": "AnnotationPage", "items": [annotation]}], **more}


def manifest(identifier: str, *canvases: Any, **more: Any) -> dict[str, Any]:
    """A manifest of Presentation 3."""
    return {
        "@context": "http://iiif.io/api/presentation/3/context.json",
        "id": identifier,
        "type": "Manifest",
        "label": {"en": ["A picture"]},
        "items": list(canvases),
        **more,
    }
