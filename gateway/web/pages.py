"""The built pages, served at `/`. Files with a hash in their name may be kept for ever, others not."""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Warmline</title>
<h1>Warmline is running</h1>
<p>The pages are not built. Run <code>make pages</code> in the project's folder and reload, or set
<code>http.pages</code> to a folder that has them.</p>
<p>The chat's websocket is at <code>/chat</code>, health at <code>/readyz</code>.</p>
"""

NAMED = frozenset(("desk",))
"Pages besides the customer's, each at its name."


class Pages:
    """Serves a folder with an `index.html`; says what to do while there is none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = StaticFiles(directory=folder, html=True, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one file."""
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
            return
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"allow": "GET, HEAD"})
        if not (self._folder / "index.html").is_file():
            status = 200 if scope["path"] in ("", "/") else 404
            await HTMLResponse(NOT_BUILT, status)(scope, receive, send)
            return
        path = self._files.get_path(scope)
        if path in NAMED:
            path = f"{path}.html"
        response = await self._files.get_response(path, scope)
        _allow_keeping(response, scope["path"])
        await response(scope, receive, send)


def _allow_keeping(response: Response, path: str) -> None:
    hashed = "/assets/" in path
    response.headers["cache-control"] = "public, max-age=31536000, immutable" if hashed else "no-cache"
