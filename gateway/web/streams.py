"""Carriers over HTTP: the webhook that asks what to do with a call, and the websocket of its sound.

`/telephone/PROVIDER/answer` and `/telephone/PROVIDER/stream`. Both are checked before anything else: whoever
cannot show what the provider would gets 403 with the same words whatever was wrong, and a provider that is
not enabled is not there at all.
"""

from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from fastapi.websockets import WebSocket
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocketDisconnect, WebSocketDisconnected, WebSocketState

from gateway.live import Busy
from gateway.protocol_error import ProtocolError
from gateway.stream.calls import Line, StreamCalls
from gateway.stream.connection import NORMAL, Gone
from gateway.stream.counts import REFUSED
from gateway.stream.documents import incoming
from gateway.stream.providers import Provider
from gateway.stream.signatures import SignedRequest
from gateway.stream.wire import Message
from gateway.web.errors import Refused, body

Find = Callable[[], StreamCalls | None]
"None: no calls are taken (yet)."

FORBIDDEN = "This is for the provider alone."
NOT_HERE = "There is nothing here."
CLEAN = frozenset({1000, 1001, 1005})


def stream_routes(find: Find) -> APIRouter:
    """The routes of media streams."""
    router = APIRouter(prefix="/telephone")

    @router.api_route("/{name}/answer", methods=["GET", "POST"])
    async def answer(name: str, request: Request) -> Response:
        return await _answer(find(), name, request)

    @router.websocket("/{name}/stream")
    async def stream(name: str, socket: WebSocket) -> None:
        await _stream(find(), name, socket)

    return router


async def _answer(calls: StreamCalls | None, name: str, request: Request) -> Response:
    """The document that connects a call to our websocket."""
    provider = calls.providers.get(name) if calls is not None else None
    if calls is None or provider is None or provider.webhook is None or provider.document is None:
        raise Refused(404, "not_found", NOT_HERE)
    asked = _signed(calls, request, await request.body())
    if not calls.spend(provider.webhook(asked)):
        REFUSED.labels(name, "bad_webhook_signature").inc()
        raise Refused(403, "forbidden", FORBIDDEN)
    address = f"{_public(calls, 'wss')}/telephone/{name}/stream"
    document = provider.document(address, incoming(asked), calls.issue_ticket(name))
    return Response(document.text, media_type=document.media_type, headers={"cache-control": "no-store"})


async def _stream(calls: StreamCalls | None, name: str, socket: WebSocket) -> None:
    """Serve one websocket from its handshake to its end."""
    provider = calls.providers.get(name) if calls is not None else None
    if calls is None or provider is None:
        await _deny(socket, 404, "not_found", NOT_HERE)
        return
    handshake = _signed(calls, socket)
    if not calls.spend(provider.handshake(handshake)):
        REFUSED.labels(name, "bad_signature").inc()
        await _deny(socket, 403, "forbidden", FORBIDDEN)
        return
    try:
        wire = provider.wire(handshake)
        with calls.line(name):
            await socket.accept(_subprotocol(provider, socket))
            await calls.serve(Line(name, wire, SocketConnection(socket), ticketed=provider.ticketed))
    except ProtocolError as error:  # in the address; what comes later ends in `serve`
        await _deny(socket, error.status, error.code, error.message)
    except Busy:
        await _deny(socket, 503, "busy", "All lines are taken; try again in a minute.")


class SocketConnection:
    """A websocket; see `gateway.stream.connection.Connection`."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def receive(self) -> Message:
        """See `Connection`."""
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise Gone(clean=message.get("code", NORMAL) in CLEAN)
        text: str | None = message.get("text")
        return text if text is not None else message["bytes"]

    async def send(self, message: Message) -> None:
        """See `Connection`."""
        try:
            if isinstance(message, str):
                await self._socket.send_text(message)
            else:
                await self._socket.send_bytes(message)
        except (WebSocketDisconnect, WebSocketDisconnected, OSError):
            raise Gone(clean=False) from None

    async def close(self, code: int, reason: str) -> None:
        """See `Connection`."""
        ended = WebSocketState.DISCONNECTED
        if ended in (self._socket.client_state, self._socket.application_state):
            return
        try:
            await self._socket.close(code, reason)
        except (WebSocketDisconnect, WebSocketDisconnected, OSError):
            pass


def _signed(calls: StreamCalls, connection: HTTPConnection, content: bytes = b"") -> SignedRequest:
    """The request as the provider made it: at our public address, whatever stands between."""
    scheme = "wss" if connection.scope["type"] == "websocket" else "https"
    query = connection.url.query
    return SignedRequest(
        method=connection.scope.get("method", "GET"),
        url=f"{_public(calls, scheme)}{connection.url.path}{'?' if query else ''}{query}",
        headers=dict(connection.headers),
        body=content,
        now_s=calls.now_s,
    )


def _public(calls: StreamCalls, scheme: str) -> str:
    """Our public address, in `scheme`; in its plain sister where the address is plain (on one machine)."""
    given, _, rest = (calls.settings.public_url or "https://localhost").rstrip("/").partition("://")
    return f"{scheme if given == 'https' else scheme[:-1]}://{rest}"


def _subprotocol(provider: Provider, socket: WebSocket) -> str | None:
    offered = socket.scope["subprotocols"]
    return provider.subprotocol if provider.subprotocol in offered else None


async def _deny(socket: WebSocket, status: int, code: str, text: str) -> None:
    """Refuse the handshake with an HTTP status and an error body."""
    await socket.send_denial_response(body(status, code, "client", text))
