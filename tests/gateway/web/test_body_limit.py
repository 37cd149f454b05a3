import asyncio
from collections.abc import AsyncIterator

import httpx
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from gateway.web.body_limit import BodyLimit

read: list[int] = []


async def length(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that answers with the length of the body."""
    body = await Request(scope, receive).body()
    read.append(len(body))
    await PlainTextResponse(str(len(body)))(scope, receive, send)


def post(**request: object) -> httpx.Response:
    async def main() -> httpx.Response:
        transport = httpx.ASGITransport(BodyLimit(length, 1000))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            return await http.post("/", **request)  # type: ignore[arg-type]

    return asyncio.run(main())


def test_a_body_within_the_limit_passes() -> None:
    assert post(content=b"x" * 1000).text == "1000"


def test_an_announced_body_over_the_limit_is_not_read() -> None:
    read.clear()
    response = post(content=b"x" * 1001)
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "body_too_large"
    assert read == []


def test_a_body_without_a_length_is_cut_when_it_goes_over() -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 100

    read.clear()
    assert post(content=endless()).status_code == 413
    assert read == []


def test_a_length_that_is_no_number_is_refused() -> None:
    assert post(content=b"x", headers={"content-length": "-5"}).status_code == 413


def test_routes_that_read_piece_by_piece_count_for_themselves() -> None:
    async def main() -> list[int]:
        limited = BodyLimit(length, 1000, frozenset(("/upload",)))
        transport = httpx.ASGITransport(limited)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            paths = ("/upload", "/upload/", "/other")
            return [(await http.post(path, content=b"x" * 1001)).status_code for path in paths]

    assert asyncio.run(main()) == [200, 413, 413]
