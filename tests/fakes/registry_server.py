"""An HTTP server on loopback that plays Hugging Face, a Python package index and an npm registry.

Real sockets and real bytes, so that tests see what a broken line really looks like: it can cut a transfer
short, hang, refuse, answer garbage, and it remembers what it was asked for.
"""

import contextlib
import io
import json
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Page:
    """What the server answers at one path."""

    body: bytes
    content_type: str = "application/octet-stream"
    status: int = 200
    cuts: list[int] = field(default_factory=list)
    "For each coming request: send so many bytes, then drop the connection."
    busy: int = 0
    "How many requests to refuse with 503 first."
    knows_ranges: bool = True


@dataclass
class RegistryServer:
    """The pages, and what was asked for."""

    url: str
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    "Path and Range of every request, in order."
    hanging: threading.Event = field(default_factory=threading.Event)
    "While clear, paths under /hang/ send a head and nothing more."

    def add_wheel(self, name: str, version: str, members: dict[str, bytes]) -> Page:
        """Publish a wheel on the index under `/simple/`."""
        filename = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
        listing = {
            "meta": {"api-version": "1.1"},
            "files": [{"filename": filename, "url": f"/files/{filename}"}],
        }
        self.pages[f"/simple/{name}/"] = Page(
            json.dumps(listing).encode(), "application/vnd.pypi.simple.v1+json"
        )
        page = self.pages[f"/files/{filename}"] = Page(wheel(members))
        return page

    def requests(self, path: str) -> list[str | None]:
        """The Range of every request for a path."""
        return [span for asked, span in self.asked if asked == path]


def wheel(members: dict[str, bytes]) -> bytes:
    """A zip archive of the members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarball(members: dict[str, bytes]) -> bytes:
    """A gzipped tar archive of the members."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@contextlib.contextmanager
def registry_server() -> Iterator[RegistryServer]:
    """Serve on a free loopback port while the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            span = self.headers.get("Range")
            server.asked.append((self.path, span))
            page = server.pages.get(self.path) or Page(b"not here", status=404)
            if page.busy:
                page.busy -= 1
                page = Page(b"later", status=503)
            _answer(self, page, span, server)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that hangs up is no trouble of ours."""

    httpd = Server(("127.0.0.1", 0), Handler)
    server = RegistryServer(f"http://127.0.0.1:{httpd.server_port}")
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.hanging.set()
        httpd.shutdown()
        httpd.server_close()
        thread.join()


def _answer(handler: BaseHTTPRequestHandler, page: Page, span: str | None, server: RegistryServer) -> None:
    start = int(span.removeprefix("bytes=").rstrip("-")) if span and page.knows_ranges else 0
    if start and start >= len(page.body):
        handler.send_response(416)
        handler.send_header("Content-Range", f"bytes */{len(page.body)}")
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return
    body = page.body[start:]
    handler.send_response(206 if start else page.status)
    handler.send_header("Content-Type", page.content_type)
    handler.send_header("Content-Length", str(len(body)))
    if start:
        handler.send_header("Content-Range", f"bytes {start}-{len(page.body) - 1}/{len(page.body)}")
    handler.end_headers()
    if handler.path.startswith("/hang/"):
        server.hanging.wait()
        handler.close_connection = True
        return
    if page.cuts:
        body = body[: page.cuts.pop(0)]
        handler.close_connection = True
    handler.wfile.write(body)
