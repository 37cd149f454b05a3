"""Files as docs/wire.md has them, for tests of pages: keeps what comes, refuses what a test says."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.files.kinds import Sniffer
from gateway.store.file_store import StoredFile
from tests.fakes.page_server import PageServer

Tell = Callable[[StoredFile], Awaitable[None]]
"Lets the session know of a file that came."
TYPES = ("png", "jpeg", "pdf", "txt")


@dataclass(frozen=True, slots=True)
class Kept:
    name: str
    data: bytes


class PageFiles:
    """One side's files at one path."""

    def __init__(self, path: str, knows: Callable[[Request], bool], tell: Tell) -> None:
        self.size_bytes = 1_000_000
        self.kept: dict[str, Kept] = {}
        "By id; put one there to let pages fetch it."
        self.refusals: list[Response] = []
        "Answers to the next uploads instead of taking them."
        self.came = 0
        "Uploads, those that were refused too."
        self.server: PageServer | None = None
        self._path = path
        self._knows = knows
        self._tell = tell
        self._answering = asyncio.Event()
        self._answering.set()
        self._broken_off = asyncio.Event()

    def until_broken_off(self) -> None:
        """Return once an upload that was held back was given up by its page."""
        assert self.server is not None
        self.server.call(self._broken_off.wait())

    def hold_back(self) -> None:
        """Answer no upload until `go_on`."""
        self._do(self._answering.clear)

    def go_on(self) -> None:
        """Answer uploads, those that wait too."""
        self._do(self._answering.set)

    def routes(self) -> list[Route]:
        """To be served."""
        return [
            Route("/api/files", self._rules, methods=["GET"]),
            Route(self._path, self._send, methods=["POST"]),
            Route(f"{self._path}/{{file_id}}", self._fetch),
        ]

    def _do(self, change: Callable[[], None]) -> None:
        async def in_its_thread() -> None:
            change()

        assert self.server is not None
        self.server.call(in_its_thread())

    async def _rules(self, _: Request) -> Response:
        return JSONResponse({"size_bytes": self.size_bytes, "count": 20, "types": ["image/png"]})

    async def _send(self, request: Request) -> Response:
        data = await request.body()
        self.came += 1
        if not self._knows(request):
            return _unknown("unknown_session")
        if self.refusals:
            return self.refusals.pop(0)
        while not self._answering.is_set():
            if await request.is_disconnected():
                self._broken_off.set()
                return Response(status_code=400)
            await asyncio.sleep(0.02)
        sniffer = Sniffer(TYPES)
        sniffer.feed(data)
        name = unquote(request.headers["warmline-file-name"])
        file_id = f"file_{len(self.kept) + 1}"
        self.kept[file_id] = Kept(name, data)
        session = request.query_params["session"]
        await self._tell(StoredFile(file_id, session, sniffer.finish().media_type, len(data), name))
        return JSONResponse({"file_id": file_id}, 201)

    async def _fetch(self, request: Request) -> Response:
        kept = self.kept.get(request.path_params["file_id"])
        if not self._knows(request) or kept is None:
            return _unknown("unknown_file")
        return Response(kept.data, headers={"content-disposition": "attachment"})


def _unknown(code: str) -> Response:
    error = {"code": code, "fault": "client", "message": "There is no such file.", "retry": False}
    return JSONResponse({"error": error}, 404)
