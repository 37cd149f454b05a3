"""Files over HTTP, up and down, for customers and for agents: `/api/files`, `/api/desk/files`.

A body is a file as it is; its name stands percent-encoded in a header, so that no address has it. What is
given out is to be saved, not shown: whatever is in it, no browser runs it as a page of ours. The messages are
those of `docs/wire.md`.
"""

from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import quote, unquote

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse

from gateway.desk.desk import Desk
from gateway.files.customers import CustomerFiles
from gateway.files.files import Files, Upload, new_file_id
from gateway.files.kinds import KINDS
from gateway.live import Busy, UnknownSession
from gateway.store.file_store import StoredFile
from gateway.web.edge import Edge
from gateway.web.errors import Refused
from gateway.web.sign_in import signed_in

CUSTOMERS, AGENTS = "/api/files", "/api/desk/files"
UPLOADS = frozenset((CUSTOMERS, AGENTS))
"Paths whose bodies are counted here."
NAME = "warmline-file-name"
BEARER = "Bearer "
HARMLESS = {
    "cache-control": "private, no-store",
    "content-security-policy": "sandbox; default-src 'none'",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
}

SessionId = Annotated[str, Query(alias="session", max_length=64, pattern=r"^[\x21-\x7e]+$")]
FileId = Annotated[str, Path(pattern=r"^file_[A-Za-z0-9_-]{22}$")]


class FileRules(BaseModel):
    """What may be sent."""

    model_config = ConfigDict(frozen=True)

    size_bytes: int
    count: int
    types: list[str]
    "Media types."


class FileView(BaseModel):
    """A file that is there."""

    model_config = ConfigDict(frozen=True)

    file_id: str
    name: str | None
    media_type: str
    size: int


def file_routes(edge: Edge) -> APIRouter:
    """The routes."""
    router = APIRouter()

    @router.get(CUSTOMERS)
    async def rules(request: Request) -> FileRules:
        _check_origin(edge, request)
        settings = _files(edge).settings
        types = [KINDS[name].media_type for name in settings.types]
        return FileRules(size_bytes=settings.size_bytes, count=settings.count, types=types)

    @router.post(CUSTOMERS, status_code=201)
    async def send(request: Request, session_id: SessionId) -> FileView:
        files, customers = await _customer(edge, request, session_id)
        await customers.check_person(session_id)
        async with files.taken(new_file_id(), session_id, _upload(request)) as file:
            await customers.share(file)
        return _view(file)

    @router.get(f"{CUSTOMERS}/{{file_id}}")
    async def fetch(request: Request, file_id: FileId, session_id: SessionId) -> StreamingResponse:
        files, _ = await _customer(edge, request, session_id)
        return await _give(files, await files.of(session_id, file_id))

    @router.post(AGENTS, status_code=201)
    async def send_to_customer(request: Request, session_id: SessionId) -> FileView:
        agent = (await signed_in(edge, request)).account
        files, desk, file_id = _files(edge), _desk(edge), new_file_id()
        await desk.files.begin(agent, session_id, file_id)
        async with files.taken(file_id, session_id, _upload(request)) as file:
            await desk.files.share(agent, file)
        return _view(file)

    @router.get(f"{AGENTS}/{{file_id}}")
    async def fetch_at_desk(request: Request, file_id: FileId, session_id: SessionId) -> StreamingResponse:
        agent = (await signed_in(edge, request)).account
        files, desk = _files(edge), _desk(edge)
        await desk.files.read(agent, session_id, file_id)
        return await _give(files, await files.of(session_id, file_id))

    return router


async def _customer(edge: Edge, request: Request, session_id: str) -> tuple[Files, CustomerFiles]:
    """Where the customer's files are, if the request comes from the customer of this session."""
    _check_origin(edge, request)
    if not edge.enter(request):
        raise Refused(429, "too_many", "Too many requests from your address; try again in a minute.")
    try:
        files, customers = _files(edge), edge.customer_files
        if customers is None:
            raise Busy("the gateway is still starting; try again in a few seconds")
        given = request.headers.get("authorization", "")
        if not given.startswith(BEARER):
            raise UnknownSession
        await customers.admit(session_id, given.removeprefix(BEARER))
        return files, customers
    finally:
        edge.leave(request)


def _check_origin(edge: Edge, request: Request) -> None:
    if not edge.admits(request):
        raise Refused(403, "origin_not_allowed", "Pages of this origin may not come here.")


def _files(edge: Edge) -> Files:
    if edge.files is None:
        raise Busy("files are not possible right now")
    return edge.files


def _desk(edge: Edge) -> Desk:
    if edge.desk is None:
        raise Busy("the desk is not there right now; try again in a moment")
    return edge.desk


def _upload(request: Request) -> Upload:
    length = request.headers.get("content-length", "")
    announced = int(length) if length.isascii() and length.isdigit() else None
    return Upload(unquote(request.headers.get(NAME, ""), errors="replace"), announced, _body(request))


async def _body(request: Request) -> AsyncIterator[bytes]:
    try:
        async for data in request.stream():
            yield data
    except ClientDisconnect:
        raise Refused(400, "incomplete", "The file did not come whole.") from None


async def _give(files: Files, file: StoredFile) -> StreamingResponse:
    pieces = files.given(file)
    first = await anext(pieces)  # what fails at once is answered as an error

    async def body() -> AsyncIterator[bytes]:
        try:
            yield first
            async for piece in pieces:
                yield piece
        finally:
            await pieces.aclose()

    headers = {
        **HARMLESS,
        "content-disposition": _disposition(file.name or "file"),
        "content-length": str(file.size),
    }
    charset = "; charset=utf-8" if file.media_type.startswith("text/") else ""
    return StreamingResponse(body(), headers=headers, media_type=file.media_type + charset)


def _disposition(name: str) -> str:
    """As RFC 6266 writes it: the name in ASCII for old programs, and as it is."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _view(file: StoredFile) -> FileView:
    return FileView(file_id=file.file_id, name=file.name, media_type=file.media_type, size=file.size)
