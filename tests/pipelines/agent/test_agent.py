import asyncio
from collections.abc import Awaitable, Callable
from functools import cache

import httpx
import pytest

from pipelines.agent.agent import Agent
from pipelines.agent.assembly import Surroundings, build_agent
from pipelines.agent.routing import Endpoints
from pipelines.facts import (
    Channel,
    HandoffRequested,
    IdentityVerified,
    Trouble,
)
from tests import virtual_time
from tests.fakes import scripted_model as play
from tests.fakes.customer import Customer, Reply
from tests.fakes.hashed_embedder import HashedEmbedder
from tests.fakes.scripted_model import ScriptedModel
from tests.fakes.shop_in_process import NOW, TOKEN, Shop, shop_in_process
from tests.pipelines.agent.stage import SHOP, Shelf, Talk, agent_on_stage, inline, match, model_of
from tools.connector import ShopSettings, connected
from tools.policy import PolicyLimits
from tools.shop_toolbox import shop_toolbox
from tools.tool import CallContext, ToolCall, ToolResult
from tools.toolbox import Toolbox


@pytest.mark.parametrize("channel", ["voice", "chat"])
def test_the_greeting_is_the_definitions(channel: Channel) -> None:
    async def main() -> None:
        async with agent_on_stage() as agent:
            assert agent.greeting(channel) == getattr(SHOP.greeting, channel)

    virtual_time.run(main())


def test_who_was_cut_off_is_asked_whether_to_go_on_with_nothing_that_is_theirs() -> None:
    async def main() -> None:
        async with agent_on_stage() as agent:
            words, question = agent.welcome_back("refund", None)
            assert "your refund" in words and question is not None
            talk = Talk(agent)
            talk.conversation.apply(question)
            assert await talk.say("yes please") == SHOP.slots_of("refund")["order_id"].ask.chat
            assert "colleague" in agent.welcome_back("refund", "refunds")[0]
            assert agent.welcome_back(None, None) == agent.welcome_back("a workflow of before", None)
            assert "Fernhill" in agent.calling_back()

    virtual_time.run(main())


def test_with_a_model_that_hangs_something_true_is_said_within_three_seconds_and_a_person_offered() -> None:
    async def main() -> None:
        script = ScriptedModel(otherwise=play.hang())
        async with agent_on_stage(script, first_token_s=30.0, total_s=30.0) as agent:
            talk = Talk(agent)
            loop = asyncio.get_running_loop()
            begun = loop.time()
            reply = await talk.say("tell me a joke")
            assert reply.startswith("That takes me a little longer than usual")
            assert "can't work that out" in reply and "colleague" in reply
            assert [fact.code for fact in talk.of(Trouble)] == ["answer_slow", "model_slow"]
            assert loop.time() - begun <= 12.5
            await talk.say("yes")
            assert talk.of(HandoffRequested)

    virtual_time.run(main())


def test_a_slow_model_is_announced_and_then_heard() -> None:
    async def main() -> None:
        script = ScriptedModel(otherwise=play.after(4.0, play.text("It was in tents.")))
        async with agent_on_stage(script) as agent:
            reply = await Talk(agent).say("tell me a joke")
            assert reply == "That takes me a little longer than usual, one moment. It was in tents."

    virtual_time.run(main())


@pytest.mark.parametrize("trouble", [play.hang(), play.after(5, play.text("Knock, knock."))])
def test_within_three_seconds_something_is_said_whatever_the_model_does(trouble: play.Reply) -> None:
    async def main() -> None:
        async with agent_on_stage(ScriptedModel(otherwise=trouble)) as agent:
            reply = await Customer(agent).says("tell me a joke")
            assert reply.first_words_s is not None and reply.first_words_s <= 3

    virtual_time.run(main())


def test_workflows_and_sure_passages_never_wait_for_a_model_that_is_dead() -> None:
    async def main() -> None:
        shelf = Shelf({"return": [match("You can return unused items within 30 days.", 0.9)]})
        script = ScriptedModel(otherwise=play.hang())
        async with agent_on_stage(script, shelf) as agent:
            talk = Talk(agent)
            loop = asyncio.get_running_loop()
            begun = loop.time()
            await talk.say("what is your return policy")
            await talk.say("where is my order 10437, my zip code is 60614")
            assert loop.time() == begun
            assert not script.requests

    virtual_time.run(main())


def test_warming_reads_the_prompts_that_answers_begin_with() -> None:
    async def main() -> None:
        script = ScriptedModel()
        async with agent_on_stage(script) as agent:
            await agent.warm()
            prompts = [str(request.messages[0]["content"]) for request in script.requests]
            assert len(prompts) == 3 and all(request.body["max_tokens"] == 1 for request in script.requests)
            assert sum(SHOP.persona in prompt for prompt in prompts) == 2

    virtual_time.run(main())


def test_warming_never_fails() -> None:
    async def main() -> None:
        async with agent_on_stage(ScriptedModel(otherwise=play.status(500))) as agent:
            await agent.warm()
        async with agent_on_stage() as agent:
            await agent.warm()

    virtual_time.run(main())


def test_hundreds_of_answers_at_once_do_not_disturb_each_other() -> None:
    async def main() -> None:
        async with agent_on_stage() as agent:
            talks = [Talk(agent) for _ in range(100)]
            async with asyncio.TaskGroup() as tasks:
                asked = [tasks.create_task(t.say("what is your name"), name="talk") for t in talks]
            assert len({task.result() for task in asked}) == 1

    virtual_time.run(main())


@cache
def embedder() -> HashedEmbedder:
    return HashedEmbedder()


def agent_over(shop: Shop, script: ScriptedModel | None = None) -> Agent:
    model = model_of(script) if script else None
    tools = shop_toolbox(shop.connector, PolicyLimits())
    surroundings = Surroundings(tools, Shelf(), embedder(), lambda: NOW, inline)
    return build_agent(SHOP, Endpoints(answer=model), surroundings)


def with_customer(
    scene: Callable[[Customer, Shop], Awaitable[None]], script: ScriptedModel | None = None
) -> None:
    async def main() -> None:
        async with shop_in_process() as shop:
            await scene(Customer(agent_over(shop, script)), shop)

    virtual_time.run(main())


def deeds(shop: Shop) -> list[str]:
    return [operation for (operation,) in shop.database.execute("SELECT operation FROM deeds")]


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


class SlowService:
    """The shop's tools, each call of one of them so many seconds late."""

    def __init__(self, tools: Toolbox, tool: str, seconds: float) -> None:
        self._tools = tools
        self._slow = tool
        self._seconds = seconds
        self.effect = tools.effect
        self.at_desk = tools.at_desk
        self.schemas = tools.schemas

    async def call(self, call: ToolCall, context: CallContext) -> ToolResult:
        if call.tool == self._slow:
            await asyncio.sleep(self._seconds)
        return await self._tools.call(call, context)


@pytest.mark.parametrize(
    ("tool", "heard"),
    [
        ("look_up_order", ["I'm looking that up. Order", "I can refund", "Done."]),
        ("verify_identity", ["I'm checking that. Order", "I can refund", "Done."]),
        ("request_refund", ["Order", "I'm checking that. I can refund", "I'm doing that now. Done."]),
    ],
)
def test_a_caller_hears_what_a_slow_service_is_doing(tool: str, heard: list[str]) -> None:
    async def main() -> list[Reply]:
        async with shop_in_process() as shop:
            slow = SlowService(shop_toolbox(shop.connector, PolicyLimits()), tool, 2.0)
            surroundings = Surroundings(slow, Shelf(), embedder(), lambda: NOW, inline)
            caller = Customer(build_agent(SHOP, Endpoints(), surroundings), "voice")
            said = ("where is my order 10523, zip 60614", "I want a refund for it", "yes please")
            return [await caller.says(text) for text in said]

    replies = virtual_time.run(main())
    for reply, begins in zip(replies, heard, strict=True):
        assert reply.text.startswith(begins)
        assert reply.first_words_s == pytest.approx(0.7 if begins.startswith("I'm") else 0, abs=0.05)
        assert not reply.facts(Trouble)


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
