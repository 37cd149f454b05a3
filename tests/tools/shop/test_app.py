import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests import virtual_time
from tests.fakes.shop_in_process import NOW, TOKEN, shop_in_process
from tools.shop.app import shop_app
from tools.shop.store import ShopStore

KEY = {"Idempotency-Key": "a-key-of-its-own"}


def change(customer_id: str, version: int) -> dict[str, Any]:
    return {"json": {"customer_id": customer_id, "version": version}, "headers": KEY}


@asynccontextmanager
async def client(token: str = TOKEN) -> AsyncIterator[httpx.AsyncClient]:
    async with shop_in_process() as shop:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with httpx.AsyncClient(
            transport=shop.transport, base_url="http://shop.test", headers=headers
        ) as http:
            yield http


def request(method: str, path: str, token: str = TOKEN, **how: Any) -> httpx.Response:
    async def scenario() -> httpx.Response:
        async with client(token) as http:
            return await http.request(method, path, **how)

    return virtual_time.run(scenario())


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", TOKEN[:-1]])
@pytest.mark.parametrize("path", ["/orders/10437", "/openapi.json", "/docs", "/nowhere"])
def test_nothing_is_told_without_the_token(token: str, path: str) -> None:
    response = request("GET", path, token)
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "no_token"


def test_it_describes_itself() -> None:
    paths = request("GET", "/openapi.json").json()["paths"]
    assert set(paths) == {
        "/orders/{order_id}",
        "/orders/{order_id}/parcel",
        "/orders/{order_id}/refunds",
        "/orders/{order_id}/cancellation",
        "/orders/{order_id}/address",
        "/customers/{customer_id}/orders",
        "/customers/{customer_id}/password-resets",
        "/verifications",
        "/stores",
        "/tickets",
        "/deeds/{key}",
    }
    assert all(operation["summary"] for path in paths.values() for operation in path.values())


@pytest.mark.parametrize(
    ("method", "path", "how", "status"),
    [
        ("GET", "/orders/99999", {}, 404),
        ("GET", "/orders/abc", {}, 422),
        ("GET", "/orders/10437%27--", {}, 422),
        ("GET", "/customers/C9999/orders", {}, 404),
        ("GET", "/customers/C0001/orders?limit=1000000", {}, 422),
        ("GET", "/nowhere", {}, 404),
        ("DELETE", "/orders/10437", {}, 405),
        ("POST", "/orders/10523/refunds", {"json": {}}, 422),
        ("POST", "/orders/10523/refunds", {"content": b"{nonsense", "headers": KEY}, 422),
        ("POST", "/orders/10951/cancellation", {"json": {"customer_id": "C0001", "version": 1}}, 422),
        ("POST", "/orders/10951/cancellation", change("C0001", 9), 412),
        ("POST", "/orders/10951/cancellation", change("C0002", 1), 404),
        ("POST", "/orders/10437/cancellation", change("C0001", 1), 409),
        ("POST", "/verifications", {"json": {"session_id": "s", "zip": "60614"}, "headers": KEY}, 422),
        ("GET", "/deeds/a-key-never-used", {}, 404),
    ],
)
def test_every_refusal_is_json_with_a_code(method: str, path: str, how: dict[str, Any], status: int) -> None:
    response = request(method, path, **how)
    assert response.status_code == status
    assert set(response.json()["error"]) == {"code", "message"}


def test_the_same_key_gets_the_same_answer() -> None:
    async def scenario() -> None:
        async with client() as http:
            order = (await http.get("/orders/10523")).json()
            body = {
                "customer_id": "C0001",
                "version": 1,
                "line_ids": [order["lines"][0]["line_id"]],
                "amount_cents": 8_400,
            }
            first = await http.post("/orders/10523/refunds", json=body, headers=KEY)
            second = await http.post("/orders/10523/refunds", json=body, headers=KEY)
            assert (first.status_code, first.json()) == (second.status_code, second.json())
            assert (await http.get(f"/deeds/{KEY['Idempotency-Key']}")).json() == first.json()
            assert (await http.get("/orders/10523")).json()["refunded_cents"] == 8_400

    virtual_time.run(scenario())


def test_a_locked_session_is_told_so_by_its_status() -> None:
    async def scenario() -> None:
        async with client() as http:
            for n in range(4):
                response = await http.post(
                    "/verifications",
                    json={"session_id": "s", "zip": "00000", "order_id": "10437"},
                    headers={"Idempotency-Key": f"key-000{n}"},
                )
            assert (response.status_code, response.json()["failed"]) == (423, 3)
            told = (await http.get("/verifications", params={"session_id": "s"})).json()
            assert (told["failed"], told["locked"]) == (3, True)

    virtual_time.run(scenario())


def test_a_disk_that_is_full_is_a_503_and_the_shop_goes_on_reading() -> None:
    async def scenario() -> None:
        async with shop_in_process() as shop:
            pages = shop.database.execute("PRAGMA page_count").fetchone()[0]
            shop.database.execute(f"PRAGMA max_page_count = {pages}")
            app = shop_app(ShopStore(shop.database, lambda: NOW), TOKEN)
            headers = {"Authorization": f"Bearer {TOKEN}"}
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(app=app), base_url="http://shop.test", headers=headers
            ) as http:
                ticket = {"category": "other", "subject": "s", "message": "m" * 4_000}
                statuses = {
                    (
                        await http.post("/tickets", json=ticket, headers={"Idempotency-Key": f"key-{n:04}"})
                    ).status_code
                    for n in range(20)
                }
                assert 503 in statuses
                assert (await http.get("/orders/10437")).status_code == 200
                with pytest.raises(sqlite3.OperationalError):
                    shop.database.execute("CREATE TABLE more AS SELECT * FROM lines")

    virtual_time.run(scenario())
