"""The connector against a service that misbehaves in every way a service can."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests import virtual_time
from tests.fakes.shop_in_process import shop_in_process
from tools.connector import ShopConnector, ShopSettings, connected
from tools.tool import ToolError

SETTINGS = ShopSettings("http://shop.test", "a-token-for-tests-only")
Handler = Callable[[httpx.Request], Any]


def ask(handler: Handler, question: Callable[[ShopConnector], Any]) -> Any:
    async def scenario() -> Any:
        async with connected(SETTINGS, httpx.MockTransport(handler)) as shop:
            return await question(shop)

    return virtual_time.run(scenario())


def fails(handler: Handler, question: Callable[[ShopConnector], Any]) -> ToolError:
    with pytest.raises(ToolError) as caught:
        ask(handler, question)
    return caught.value


def reading(shop: ShopConnector) -> Any:
    return shop.order("10437")


def changing(shop: ShopConnector) -> Any:
    return shop.reset_password("k" * 64, "C0001")


def verifying(shop: ShopConnector) -> Any:
    return shop.verify("k" * 64, "s_1", {"zip": "60614", "order_id": "10437"})


def answers(status: int, body: object = None) -> Handler:
    return lambda request: httpx.Response(status, json=body)


def garbage(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, text="<html>Welcome to the proxy</html>")


def raises(error: type[httpx.TransportError]) -> Handler:
    def handler(request: httpx.Request) -> httpx.Response:
        raise error("no", request=request)

    return handler


NEVER_SENT = [raises(httpx.ConnectError), raises(httpx.ConnectTimeout), raises(httpx.PoolTimeout)]
LOST = [raises(httpx.ReadTimeout), raises(httpx.ReadError), raises(httpx.RemoteProtocolError)]


@pytest.mark.parametrize(
    "handler", [*NEVER_SENT, *LOST, answers(500), answers(502), answers(503), answers(429)]
)
def test_a_question_that_gets_no_answer_may_be_asked_again(handler: Handler) -> None:
    for question in (reading, verifying):
        error = fails(handler, question)
        assert (error.code, error.retry) == ("unavailable", True)


@pytest.mark.parametrize("handler", [*NEVER_SENT, answers(503), answers(429)])
def test_a_change_that_never_began_is_known_to_be_undone(handler: Handler) -> None:
    assert (fails(handler, changing).code, fails(handler, changing).retry) == ("unavailable", True)


@pytest.mark.parametrize(
    "handler", [*LOST, answers(500), answers(502), garbage, answers(200, {"receipt_id": "P-1"})]
)
def test_a_change_whose_answer_is_lost_or_useless_is_unconfirmed(handler: Handler) -> None:
    assert (fails(handler, changing).code, fails(handler, changing).retry) == ("unconfirmed", True)


@pytest.mark.parametrize(
    "handler", [garbage, answers(200, []), answers(200, {"order_id": "10437"}), answers(302), answers(204)]
)
def test_an_answer_that_is_not_of_the_agreed_form_is_not_believed(handler: Handler) -> None:
    assert (fails(handler, reading).code, fails(handler, reading).retry) == ("broken_answer", False)


@pytest.mark.parametrize(
    ("status", "code", "retry"),
    [(401, "rejected", False), (409, "rejected", False), (422, "rejected", False), (412, "conflict", True)],
)
def test_a_service_that_says_no_has_changed_nothing(status: int, code: str, retry: bool) -> None:
    error = fails(answers(status, {"error": {"code": "x", "message": "secret"}}), changing)
    assert (error.code, error.retry) == (code, retry)
    assert "secret" not in str(error)


def test_what_is_not_there_is_none() -> None:
    assert ask(answers(404), reading) is None
    assert ask(answers(404), lambda shop: shop.deed("k" * 64)) is None


def test_changes_carry_token_key_and_the_version_they_were_decided_on() -> None:
    requests: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json={"receipt_id": "R-1", "at": 1.0})

    async def scenario() -> None:
        async with shop_in_process() as real, connected(SETTINGS, httpx.MockTransport(handler)) as shop:
            order = await real.connector.order("10523")
            assert order is not None
            await shop.refund("k" * 64, order, [order.lines[0].line_id], 8400)

    virtual_time.run(scenario())
    (request,) = requests
    assert request.headers["Authorization"] == "Bearer a-token-for-tests-only"
    assert request.headers["Idempotency-Key"] == "k" * 64
    body = json.loads(request.content)
    assert (body["customer_id"], body["version"], body["amount_cents"]) == ("C0001", 1, 8400)


def test_a_call_that_is_cancelled_leaves_the_pool_usable() -> None:
    slow = True

    async def handler(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60 if slow else 0)
        return httpx.Response(404)

    async def scenario() -> None:
        nonlocal slow
        async with connected(SETTINGS, httpx.MockTransport(handler)) as shop:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await shop.order("10437")
            slow = False
            assert await shop.order("10437") is None

    virtual_time.run(scenario())


def test_the_connector_and_the_real_shop_understand_each_other() -> None:
    async def scenario() -> None:
        async with shop_in_process() as real:
            shop = real.connector
            order = await shop.order("10951")
            assert order is not None and order.total_cents == 11_250
            assert await shop.order("99999") is None
            page = await shop.orders_of("C0001", 2)
            assert ([each.order_id for each in page.orders], page.count) == (["10951", "10437"], 5)
            assert (await shop.orders_of("C9999", 2)).count == 0
            parcel = await shop.parcel("10437")
            assert parcel is not None and parcel.events[0].what == "Left our warehouse"
            assert [store.city for store in await shop.stores()] == ["Denver", "Portland"]
            assert await shop.failed_tries("s_1") == 0
            wrong = await shop.verify("a" * 64, "s_1", {"zip": "00000", "order_id": "10437"})
            assert (wrong.verified, wrong.failed, wrong.customer) == (False, 1, None)
            moved = await shop.change_address("b" * 64, order, "12 Oak Street, Chicago, IL 60614")
            assert await shop.deed("b" * 64) == moved
            with pytest.raises(ToolError) as caught:
                await shop.cancel("c" * 64, order)  # decided on the version before the move
            assert caught.value.code == "conflict"
            ticket = {"customer_id": None, "email": None, "category": "other", "subject": "s", "message": "m"}
            assert (await shop.create_ticket("d" * 64, ticket)).receipt_id.startswith("T-")

    virtual_time.run(scenario())
