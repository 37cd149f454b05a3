import asyncio

import httpx
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from gateway.web.headers import HEADERS, SecurityHeaders


def headers_of(app: ASGIApp, path: str = "/") -> httpx.Headers:
    async def main() -> httpx.Headers:
        transport = httpx.ASGITransport(SecurityHeaders(app))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            return (await http.get(path)).headers

    return asyncio.run(main())


def test_every_response_tells_browsers_what_pages_may_do() -> None:
    headers = headers_of(PlainTextResponse("hi"))
    assert HEADERS.items() <= dict(headers).items()
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["permissions-policy"].startswith("microphone=(self)")
    assert "unsafe" not in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]


def test_a_response_may_be_stricter() -> None:
    own = PlainTextResponse("hi", headers={"content-security-policy": "sandbox"})
    assert headers_of(own)["content-security-policy"] == "sandbox"


def test_nobody_keeps_what_the_api_answers_unless_it_says_so() -> None:
    assert headers_of(PlainTextResponse("hi"), "/api/desk/me")["cache-control"] == "no-store"
    own = PlainTextResponse("hi", headers={"cache-control": "max-age=5"})
    assert headers_of(own, "/api/thing")["cache-control"] == "max-age=5"
    assert "cache-control" not in headers_of(PlainTextResponse("hi"), "/apiary")
