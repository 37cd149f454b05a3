"""What goes wrong in HTTP routes, as the error bodies of `docs/wire.md` with a fitting status."""

from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from gateway.live import Busy, Draining, UnknownSession
from gateway.protocol_error import ProtocolError
from gateway.web.messages import Fault, HttpError, HttpErrorBody
from pipelines.facts import Unavailable

log = structlog.get_logger()

RETRY_AFTER = {"retry-after": "5"}


class Refused(Exception):
    """The request is well-formed but may not be made, or not now."""

    def __init__(self, status: int, code: str, message: str, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after_s = retry_after_s


def answer_errors(app: FastAPI) -> None:
    """Answer every failure with an error body."""
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)


def body(status: int, code: str, fault: Fault, message: str, **headers: str) -> JSONResponse:
    """An error response; worth another try where the status says so."""
    error = HttpError(code=code, fault=fault, message=message, retry=status in (429, 503))
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return JSONResponse(HttpErrorBody(error=error).model_dump(), status, named)


async def _refused(_: Request, error: Any) -> JSONResponse:
    assert isinstance(error, Refused)
    later = {} if error.retry_after_s is None else {"retry-after": str(error.retry_after_s)}
    return body(error.status, error.code, "client", str(error), **later)


async def _malformed(_: Request, error: Any) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return body(400, "malformed_json", "client", "The body is not JSON.")
    where = ".".join(str(key) for key in first["loc"][1:])
    return body(422, "invalid_message", "client", f"`{where}`: {first['msg']}.")


async def _protocol(_: Request, error: Any) -> JSONResponse:
    assert isinstance(error, ProtocolError)
    return body(error.status, error.code, "client", error.message)


async def _unknown_session(_: Request, error: Any) -> JSONResponse:
    text = "There is no such session, or the token is not its own. Begin a new one."
    return body(404, "unknown_session", "client", text)


async def _unavailable(_: Request, error: Any) -> JSONResponse:
    match error:
        case Draining():
            return body(503, "draining", "gateway", str(error), **RETRY_AFTER)
        case Busy():
            return body(503, "busy", "gateway", str(error), **RETRY_AFTER)
    return body(503, "unavailable", "dependency", str(error), **RETRY_AFTER)


async def _http(_: Request, error: Any) -> JSONResponse:
    assert isinstance(error, HTTPException)
    texts = {404: "There is nothing here.", 405: "This address takes other methods."}
    codes = {404: "not_found", 405: "method_not_allowed"}
    text = texts.get(error.status_code, str(error.detail))
    response = body(error.status_code, codes.get(error.status_code, "http"), "client", text)
    response.headers.update(error.headers or {})
    return response


async def _bug(request: Request, error: Any) -> JSONResponse:
    log.error("request failed", path=request.url.path, exc_info=error)
    return body(500, "internal", "gateway", "Something went wrong on our side.")


_HANDLERS: dict[type[Exception], Any] = {
    Refused: _refused,
    RequestValidationError: _malformed,
    ProtocolError: _protocol,
    UnknownSession: _unknown_session,
    Unavailable: _unavailable,
    HTTPException: _http,
    Exception: _bug,
}
