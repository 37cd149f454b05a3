import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import httpx

from tests import virtual_time
from tests.fakes.shop_in_process import TODAY, TOKEN, Shop
from tests.tools.contact import Contact, code, maya, new_contact
from tools.connector import ShopSettings, connected
from tools.policy import PolicyLimits
from tools.shop.catalogue import BY_NAME
from tools.shop.database import add
from tools.shop.seed import MAYA, Purchase
from tools.shop_toolbox import shop_toolbox
from tools.tool import HandoffRequest, Outcome


def test_an_order_is_told_with_all_that_templates_need() -> None:
    async def scenario() -> None:
        async with maya() as (contact, _):
            result = await contact.call("look_up_order", order_id=10437)
            assert result.data == {
                "order_id": "10437",
                "status": "in_transit",
                "title": "Trail Jacket and Wool Socks",
                "items": [
                    {"name": "Trail Jacket", "quantity": 1, "price": 114.9},
                    {"name": "Wool Socks", "quantity": 1, "price": 15.0},
                ],
                "total": 129.9,
                "refunded": 0.0,
                "placed_on": "2026-11-18",
                "shipped_on": "2026-11-19",
                "expected_on": "2026-11-24",
                "delivered_on": None,
                "days_since_delivery": None,
                "carrier": "Northline",
                "tracking_number": "NL10437US",
            }
            assert result.pii == {"ship_to": "2210 North Clark Street, Chicago, IL 60614"}
            assert result.receipt is None
            json.dumps(result.data)

    virtual_time.run(scenario())


def test_a_verified_customer_need_not_know_order_numbers() -> None:
    async def scenario() -> None:
        async with new_contact() as (contact, _):
            contact.say("maya dot lindqvist at example dot com, zip 60614")
            await contact.call("verify_identity", email="maya.lindqvist@example.com", zip_code="60614")
            listed = await contact.call("list_orders")
            assert listed.data["count"] == 5
            assert listed.data["orders"][0] == {
                "order_id": "10951",
                "status": "processing",
                "placed_on": "2026-11-21",
                "title": "Rain Shell",
                "total": 112.5,
            }
            found = await contact.call("look_up_order", order_id="10951")
            assert found.outcome is Outcome.DONE, "what was listed may be asked about"

    virtual_time.run(scenario())


def test_a_parcel_is_told_by_its_last_event() -> None:
    async def scenario() -> None:
        async with maya() as (contact, _):
            moving = await contact.call("track_parcel", order_id="10437")
            waiting = await contact.call("track_parcel", order_id="10951")
        assert moving.data["last_event"] == "Passed the sorting center"
        assert (moving.data["carrier"], moving.data["expected_on"]) == ("Northline", "2026-11-24")
        assert [event["what"] for event in moving.data["events"]] == [
            "Left our warehouse",
            "Passed the sorting center",
        ]
        assert (waiting.data["status"], waiting.data["last_event"], waiting.data["events"]) == (
            "processing",
            None,
            [],
        )

    virtual_time.run(scenario())


def test_a_refund_is_offered_with_its_amount_then_made_with_a_receipt() -> None:
    async def scenario() -> None:
        async with maya() as (contact, _):
            offered = await contact.call("request_refund", order_id="10523")
            assert code(offered) == "not_confirmed"
            assert (offered.data["amount"], offered.data["title"]) == (84.0, "Hiking Boots")
            contact.say("yes")
            made = await contact.confirmed("request_refund", order_id="10523")
            assert made.data == {
                "refund_id": "R-30001",
                "order_id": "10523",
                "amount": 84.0,
                "arrives_within": "3 to 5 business days",
            }
            assert made.receipt is not None
            assert made.receipt.facts == {"refund_id": "R-30001", "order_id": "10523", "amount": 84.0}
            contact.say("again please")
            assert code(await contact.confirmed("request_refund", order_id="10523")) == "already_refunded"

    virtual_time.run(scenario())


def test_a_refund_over_the_limit_is_for_a_person() -> None:
    async def scenario() -> None:
        async with maya() as (contact, _):
            refused = await contact.confirmed("request_refund", order_id="10812")
            assert refused.refusal is not None
            assert (refused.refusal.code, refused.refusal.offer_person) == ("over_limit", True)
            assert refused.wish == HandoffRequest("over_limit", skill="refunds")
            assert refused.data["amount"] == 749.0
            assert refused.receipt is None

    virtual_time.run(scenario())


def test_one_item_can_be_refunded_and_then_the_rest() -> None:
    async def scenario() -> None:
        async with maya() as (contact, shop):
            _deliver(shop, "10990", "Trail Jacket", "Wool Socks")
            contact.say("order 10990, just the socks, yes")
            socks = await contact.confirmed("request_refund", order_id="10990", item="socks")
            assert socks.data["amount"] == 15.0
            contact.say("and the rest too, yes")
            rest = await contact.confirmed("request_refund", order_id="10990")
            assert rest.data["amount"] == 114.9

    virtual_time.run(scenario())


def test_item_by_item_does_not_get_around_the_limit() -> None:
    async def scenario() -> None:
        async with maya() as (contact, shop):
            _deliver(shop, "10990", "Two-Person Tent", "Down Parka")
            contact.say("order 10990, first the tent, yes")
            assert (await contact.confirmed("request_refund", order_id="10990", item="tent")).data[
                "amount"
            ] == 329.0
            contact.say("now the parka, yes")
            parka = await contact.confirmed("request_refund", order_id="10990", item="parka")
            assert code(parka) == "over_limit"

    virtual_time.run(scenario())


def test_what_has_not_shipped_can_be_sent_elsewhere_and_cancelled() -> None:
    async def scenario() -> None:
        async with maya() as (contact, _):
            contact.say("send 10951 to twelve Oak Street, Chicago, Illinois 60614")
            address = "12 Oak St, Chicago, IL 60614"
            offered = await contact.call("change_address", order_id="10951", new_address=address)
            assert offered.pii == {"new_address": address}
            moved = await contact.confirmed("change_address", order_id="10951", new_address=address)
            assert moved.data == {"change_id": "A-30001", "order_id": "10951"}
            assert moved.pii == {"new_address": address}
            assert "new_address" not in moved.data, "the model's spelling must not become evidence"
            assert (await contact.call("look_up_order", order_id="10951")).pii == {"ship_to": address}
            contact.say("cancel it")
            cancelled = await contact.confirmed("cancel_order", order_id="10951")
            assert cancelled.receipt is not None
            assert cancelled.receipt.facts["amount"] == 112.5
            contact.say("cancel it")
            assert code(await contact.confirmed("cancel_order", order_id="10951")) == "already_cancelled"

    virtual_time.run(scenario())


def test_what_has_shipped_stays_as_it_is() -> None:
    async def scenario() -> None:
        async with maya() as (contact, _):
            contact.say("to 12 Oak Street, Chicago, IL 60614")
            address = "12 Oak Street, Chicago, IL 60614"
            assert code(await contact.confirmed("cancel_order", order_id="10437")) == "already_shipped"
            moved = await contact.confirmed("change_address", order_id="10523", new_address=address)
            assert code(moved) == "already_shipped"

    virtual_time.run(scenario())


def test_an_incomplete_address_is_asked_for_again_before_anything_else() -> None:
    async def scenario() -> None:
        async with maya() as (contact, _):
            contact.say("to Oak Street")
            result = await contact.confirmed("change_address", order_id="10951", new_address="Oak Street")
            assert code(result) == "bad_arguments"
            assert "ZIP" in (result.error or "")

    virtual_time.run(scenario())


def test_an_order_is_found_or_not_in_the_same_words_whoever_owns_it() -> None:
    async def scenario() -> None:
        async with maya() as (contact, _):
            contact.say("what about 11042 and 99999?")
            theirs = await contact.call("look_up_order", order_id="11042")
            nobodys = await contact.call("look_up_order", order_id="99999")
            assert replace(theirs, call_id="", elapsed_ms=0) == replace(nobodys, call_id="", elapsed_ms=0)
            assert code(theirs) == "not_yours"

    virtual_time.run(scenario())


# --- a service that fails in the middle --------------------------------------------------------------


class LosesAnAnswer(httpx.AsyncBaseTransport):
    """Carries requests to the shop and loses the answer to the first change."""

    def __init__(self, shop: Shop) -> None:
        self._inner = shop.transport
        self.lost = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        if request.method != "GET" and not self.lost:
            self.lost += 1
            raise httpx.ReadTimeout("lost", request=request)
        return response


def test_a_refund_whose_answer_is_lost_is_made_once_and_its_receipt_found() -> None:
    async def scenario() -> None:
        async with maya() as (contact, shop):
            transport = LosesAnAnswer(shop)
            async with connected(ShopSettings("http://shop.test", TOKEN), transport) as connector:
                contact.toolbox = shop_toolbox(connector, PolicyLimits())
                result = await contact.confirmed("request_refund", order_id="10523")
            assert transport.lost == 1
            assert result.receipt is not None and result.receipt.receipt_id == "R-30001"
            assert shop.database.execute("SELECT count(*) FROM deeds").fetchone()[0] == 1

    virtual_time.run(scenario())


def test_a_killed_gateway_that_answers_the_turn_again_gives_the_same_receipt() -> None:
    async def scenario() -> None:
        async with maya() as (contact, shop):
            contact.say("yes")
            before = await contact.confirmed("request_refund", order_id="10523")
            reborn = Contact(shop_toolbox(shop.connector, PolicyLimits()))
            reborn.said, reborn.identity = contact.said, contact.identity
            after = await reborn.confirmed("request_refund", order_id="#10523", reason="damaged")
            assert after.receipt == before.receipt
            assert after.data == before.data
            assert shop.database.execute("SELECT count(*) FROM deeds").fetchone()[0] == 1

    virtual_time.run(scenario())


def test_two_sessions_refunding_the_same_order_at_once_refund_it_once() -> None:
    async def scenario() -> None:
        async with maya() as (contact, shop):
            other = Contact(contact.toolbox, "s_2")
            other.said, other.identity = contact.said, contact.identity
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(each.confirmed("request_refund", order_id="10523"))
                    for each in (contact, other)
                ]
            assert sorted(code(task.result()) for task in tasks) == ["already_refunded", "done"]
            assert shop.database.execute("SELECT count(*) FROM deeds").fetchone()[0] == 1

    virtual_time.run(scenario())


def test_a_shop_that_is_down_is_said_to_be_down() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    async def scenario() -> None:
        async with maya() as (contact, _):
            settings = ShopSettings("http://shop.test", TOKEN)
            async with connected(settings, httpx.MockTransport(refuse)) as connector:
                contact.toolbox = shop_toolbox(connector, PolicyLimits())
                for tool in ("look_up_order", "request_refund", "cancel_order"):
                    result = await contact.confirmed(tool, order_id="10523")
                    assert (result.error_code, result.retry) == ("unavailable", True)

    virtual_time.run(scenario())


def _deliver(shop: Shop, order_id: str, *names: str) -> None:
    """One more order of Maya's, delivered five days ago."""
    day = TODAY - timedelta(days=5)
    goods = tuple((BY_NAME[name], 1) for name in names)
    add(shop.database, Purchase(order_id, MAYA, "delivered", goods, day, day, day, day, "Northline"))
