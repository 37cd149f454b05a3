"""Refuses request bodies over a limit before they fill memory (ASGI middleware)."""

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.web.messages import HttpError, HttpErrorBody


class _TooLarge(Exception):
    pass


class BodyLimit:
    """Answers 413 when a body is announced or turns out to be longer than `limit` bytes.

    Routes at the paths `uploads` read theirs piece by piece and count by themselves.
    """

    def __init__(self, app: ASGIApp, limit: int, uploads: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._limit = limit
        self._uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting its body."""
        if scope["type"] != "http" or scope["path"] in self._uploads:
            await self._app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or int(announced) > self._limit:
            await self._refuse(scope, receive, send)
            return
        got, begun = 0, False

        async def counted() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got > self._limit:
                raise _TooLarge
            return message

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, counted, watched)
        except _TooLarge:
            if not begun:
                await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        text = f"A request body has at most {self._limit} bytes."
        error = HttpError(code="body_too_large", fault="client", message=text, retry=False)
        response = JSONResponse(HttpErrorBody(error=error).model_dump(), 413, {"connection": "close"})
        await response(scope, receive, send)
