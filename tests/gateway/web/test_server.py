from pathlib import Path

import httpx
import pytest

from gateway.web.server import web_application
from tests import virtual_time
from tests.fakes.asgi_socket import asgi_socket
from tests.gateway.web.web_world import ask, edge


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_there_is_no_documentation_of_the_api_for_strangers(path: str) -> None:
    async def test(http: httpx.AsyncClient) -> None:
        assert (await http.get(path)).status_code == 404

    ask(edge(), test)


def test_errors_and_pages_have_the_security_headers() -> None:
    async def test(http: httpx.AsyncClient) -> None:
        for answer in (await http.get("/"), await http.get("/nothing"), await http.post("/api/offer")):
            assert "default-src 'none'" in answer.headers["content-security-policy"]

    ask(edge(), test)


def test_a_huge_body_is_refused() -> None:
    async def test(http: httpx.AsyncClient) -> None:
        answer = await http.post("/api/offer", content=b"x" * 10_000_000)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")

    ask(edge(), test)


def test_a_wrong_method_is_told_so() -> None:
    async def test(http: httpx.AsyncClient) -> None:
        answer = await http.delete("/healthz")
        assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")

    ask(edge(), test)


def test_a_websocket_anywhere_else_is_refused() -> None:
    async def main() -> None:
        async with asgi_socket(web_application(edge(), Path("nowhere")), "/elsewhere") as socket:
            await socket.closed()
            assert socket.close_code is not None or socket.refused is not None

    virtual_time.run(main())
