from collections.abc import Awaitable, Callable
from functools import cache

import httpx
import pytest

from pipelines.agent.agent import Agent
from pipelines.agent.assembly import Surroundings, build_agent
from pipelines.agent.routing import Endpoints
from pipelines.facts import (
    HandoffRequested,
    IdentityVerified,
    Trouble,
)
from tests import virtual_time
from tests.fakes.agent_parts import SHOP_DEFINITION, Customer, Shelf, model_of, on_the_spot, passage
from tests.fakes.hashed_embedder import HashedEmbedder
from tests.fakes.scripted_model import ScriptedModel, after, hang, status, text
from tests.fakes.shop_in_process import NOW, TOKEN, Shop, shop_in_process
from tools.connector import ShopSettings, connected
from tools.policy import PolicyLimits
from tools.shop_toolbox import shop_toolbox

RETURNS = passage("You have 30 days to return an item.", 0.95, article="return-policy")
CHAT = "tell me a joke"


@cache
def embedder() -> HashedEmbedder:
    return HashedEmbedder()


def agent_over(shop: Shop, script: ScriptedModel | None = None) -> Agent:
    model = model_of(script) if script else None
    tools = shop_toolbox(shop.connector, PolicyLimits())
    surroundings = Surroundings(
        tools, Shelf(**{"return policy": [RETURNS]}), embedder(), lambda: NOW, on_the_spot
    )
    return build_agent(SHOP_DEFINITION, Endpoints(answer=model), surroundings)


def with_customer(
    scene: Callable[[Customer, Shop], Awaitable[None]], script: ScriptedModel | None = None
) -> None:
    async def main() -> None:
        async with shop_in_process() as shop:
            await scene(Customer(agent_over(shop, script)), shop)

    virtual_time.run(main())


def deeds(shop: Shop) -> list[str]:
    return [operation for (operation,) in shop.database.execute("SELECT operation FROM deeds")]


def test_the_greeting_fits_the_channel() -> None:
    async def scene(customer: Customer, shop: Shop) -> None:
        assert customer.agent.greeting("voice") == SHOP_DEFINITION.greeting.voice
        assert customer.agent.greeting("chat") == SHOP_DEFINITION.greeting.chat

    with_customer(scene)


def test_an_order_is_looked_up_once_the_customer_has_proven_who_they_are() -> None:
    async def scene(customer: Customer, shop: Shop) -> None:
        asked = await customer.says("where is my order")
        assert asked.text == "What is the order number?"
        assert (await customer.says("10437")).text.startswith("To check that it's you")
        told = await customer.says("60614")
        assert [use.tool for use in told.tools] == ["verify_identity", "look_up_order"]
        assert told.text.startswith("Order 10437 (") and "in transit" in told.text
        assert told.basis.source == "workflow"
        assert told.facts(IdentityVerified)

    with_customer(scene)


def test_a_refund_takes_a_yes_to_our_question_and_leaves_a_receipt() -> None:
    async def scene(customer: Customer, shop: Shop) -> None:
        asked = await customer.says("I want a refund for order 10523, zip 60614")
        assert asked.text.endswith("Shall I do that?") and deeds(shop) == []
        done = await customer.says("yes please")
        receipt = done.tools[-1].receipt_id
        assert receipt is not None and f"(refund {receipt})" in done.text
        assert deeds(shop) == ["refund"]
        await customer.says("yes")
        assert deeds(shop) == ["refund"]

    with_customer(scene)


def test_a_no_leaves_everything_as_it_is() -> None:
    async def scene(customer: Customer, shop: Shop) -> None:
        await customer.says("I want a refund for order 10523, zip 60614")
        assert (await customer.says("no")).text == "Okay, I won't refund anything."
        assert deeds(shop) == []

    with_customer(scene)


def test_what_is_over_the_limit_is_refused_and_a_person_offered_and_called() -> None:
    async def scene(customer: Customer, shop: Shop) -> None:
        refused = await customer.says("I want a refund for order 10812, zip 60614")
        assert refused.tools[-1].code == "over_limit"
        assert refused.text.endswith("Would you like me to get a colleague for you?")
        called = await customer.says("yes")
        [handoff] = called.facts(HandoffRequested)
        assert (handoff.reason, handoff.skill) == ("over_limit", "refunds")
        assert deeds(shop) == ["ticket"]

    with_customer(scene)


def test_a_question_is_answered_from_the_articles_in_the_middle_of_something() -> None:
    async def scene(customer: Customer, shop: Shop) -> None:
        await customer.says("where is my order")
        told = await customer.says("what is your return policy")
        assert told.text.startswith("You have 30 days to return an item. Back to your order.")
        assert [each.article for each in told.basis.citations] == ["return-policy"]
        assert customer.conversation.workflow is not None
        assert customer.conversation.workflow.awaiting == "order_id"

    with_customer(scene)


# --- when something is down --------------------------------------------------------------------------


def test_without_a_model_orders_go_on_and_the_rest_is_told_honestly() -> None:
    async def scene(customer: Customer, shop: Shop) -> None:
        told = await customer.says(CHAT)
        assert told.text == "I'm sorry, I don't know that. Would you like me to get a colleague for you?"
        assert (await customer.says("where is my order")).text == "What is the order number?"

    with_customer(scene)


def test_a_model_that_is_down_is_told_with_words_and_as_a_fact() -> None:
    async def scene(customer: Customer, shop: Shop) -> None:
        told = await customer.says(CHAT)
        assert [fact.code for fact in told.facts(Trouble)] == ["model_unavailable"]
        assert told.text.endswith("Would you like me to get a colleague for you?")

    with_customer(scene, ScriptedModel(otherwise=status(500)))


def test_a_slow_model_is_announced_within_three_seconds_and_its_answer_follows() -> None:
    async def scene(customer: Customer, shop: Shop) -> None:
        told = await customer.says(CHAT)
        assert told.first_words_s is not None and told.first_words_s <= 3
        assert told.text == f"{SHOP_DEFINITION.phrases.slow.chat} Knock, knock."

    with_customer(scene, ScriptedModel(otherwise=after(5, text("Knock, knock."))))


def test_a_model_that_hangs_never_leaves_the_customer_in_silence() -> None:
    async def scene(customer: Customer, shop: Shop) -> None:
        told = await customer.says(CHAT)
        assert told.first_words_s is not None and told.first_words_s <= 3
        assert SHOP_DEFINITION.phrases.late.chat in told.text
        assert [fact.code for fact in told.facts(Trouble)] == ["answer_slow", "model_slow"]
        assert (await customer.says("where is my order")).text == "What is the order number?"

    with_customer(scene, ScriptedModel(otherwise=hang()))


def test_a_shop_that_is_down_is_said_and_a_person_offered() -> None:
    async def main() -> None:
        def refuse(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("no route", request=request)

        async with shop_in_process() as shop:
            settings = ShopSettings("http://shop.test", TOKEN)
            async with connected(settings, httpx.MockTransport(refuse)) as down:
                customer = Customer(agent_over(Shop(down, shop.database, shop.transport)))
                told = await customer.says("where is my order 10437, my zip is 60614")
        assert told.tools[-1].code == "unavailable"
        assert told.text.startswith("I'm sorry, I can't reach our order system right now.")
        assert told.text.endswith("Would you like me to get a colleague for you?")

    virtual_time.run(main())


# --- kill and replay ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "last", "effects"),
    [
        ("I want a refund for order 10523, zip 60614", "yes", ["refund"]),
        ("I want a refund for order 10523", "60614", []),
        ("where is my order 10437", "60614", []),
        ("where is my order", "I want to talk to a person", ["ticket"]),
    ],
)
def test_wherever_a_turn_is_killed_its_second_answer_is_the_first_and_nothing_is_done_twice(
    before: str, last: str, effects: list[str]
) -> None:
    async def scene(customer: Customer, shop: Shop) -> None:
        await customer.says(before)
        asked = len(customer.log)
        first = await customer.says(last)
        for kept in range(asked + 1, len(customer.log)):
            restarted = customer.after(customer.log[:kept], agent_over(shop))
            [turn] = restarted.conversation.unanswered()
            again = await restarted.hears(turn.turn_id)
            where = f"killed after {customer.log[kept - 1]!r}"
            assert again.text == first.text, where
            assert [use.receipt_id for use in again.tools] == [use.receipt_id for use in first.tools], where
        assert deeds(shop) == effects

    with_customer(scene)
