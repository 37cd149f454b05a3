"""All routes as one ASGI application, with what protects them around it."""

from pathlib import Path

from fastapi import FastAPI, WebSocket
from pydantic import SecretStr
from starlette.types import ASGIApp

from gateway.web.articles import articles_routes
from gateway.web.audit import audit_routes
from gateway.web.body_limit import BodyLimit
from gateway.web.calls import calls_routes
from gateway.web.chat import serve_chat
from gateway.web.desk import serve_desk
from gateway.web.desk_routes import desk_routes
from gateway.web.edge import Edge
from gateway.web.errors import answer_errors
from gateway.web.files import UPLOADS, file_routes
from gateway.web.follow_ups import follow_up_routes
from gateway.web.headers import SecurityHeaders
from gateway.web.operations import operations_routes
from gateway.web.pages import Pages
from gateway.web.sign_in import sign_in_routes
from gateway.web.streams import stream_routes
from gateway.web.voice import voice_routes


def web_application(
    edge: Edge, pages: Path, articles: Path | None = None, api_token: SecretStr | None = None
) -> ASGIApp:
    """Everything this gateway answers over HTTP.

    `pages` is the folder of the built pages, `articles` the one that answers cite from, to be read there.
    `api_token` opens the routes for operators; without one there are none.
    """
    app = FastAPI(title="Warmline", openapi_url=None, docs_url=None, redoc_url=None)
    answer_errors(app)
    app.include_router(operations_routes(edge.health))
    app.include_router(voice_routes(edge))
    app.include_router(stream_routes(lambda: edge.streams))
    app.include_router(sign_in_routes(edge))
    app.include_router(audit_routes(edge))
    app.include_router(follow_up_routes(edge))
    app.include_router(desk_routes(edge))
    app.include_router(file_routes(edge))
    if articles is not None:
        app.include_router(articles_routes(articles))
    if api_token is not None:
        app.include_router(calls_routes(edge, api_token))

    @app.websocket("/chat")
    async def chat(socket: WebSocket) -> None:
        await serve_chat(socket, edge)

    @app.websocket("/desk/live")
    async def desk(socket: WebSocket) -> None:
        await serve_desk(socket, edge)

    app.mount("/", Pages(pages))
    return SecurityHeaders(BodyLimit(app, edge.limits.body_bytes, UPLOADS))
