import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from pipelines.advisor import Advice, ToolRequest
from pipelines.agent.agent import Agent
from pipelines.agent.assembly import Surroundings, build_agent
from pipelines.agent.routing import Endpoints
from pipelines.briefing_fold import BriefingFold
from pipelines.conversation import Conversation
from pipelines.facts import Channel, Fact, HandoffRequested, Suggestion, ToolCalled, ToolFinished, Unavailable
from tests import virtual_time
from tests.fakes import scripted_model as play
from tests.fakes.customer import Customer
from tests.fakes.hashed_embedder import HashedEmbedder
from tests.fakes.scripted_model import ScriptedModel
from tests.fakes.shop_in_process import NOW, Shop, shop_in_process
from tests.pipelines.agent.stage import SHOP, Shelf, inline, match, model_of
from tests.pipelines.told import customer
from tools.policy import PolicyLimits
from tools.shop_toolbox import shop_toolbox
from tools.tool import Colleague, Outcome, ToolResult

AGENT, SUPERVISOR, ADMIN = (Colleague(f"a_{role}", role) for role in ("agent", "supervisor", "admin"))
RETURNS = Shelf({"return": [match("You can return unused items within 30 days.", 0.9)]})


@asynccontextmanager
async def stage(
    shelf: Any = RETURNS, script: ScriptedModel | None = None
) -> AsyncIterator[tuple[Agent, Shop]]:
    """An agent over a fresh shop, and the shop."""
    async with shop_in_process() as shop:
        tools = shop_toolbox(shop.connector, PolicyLimits())
        model = model_of(script) if script else None
        surroundings = Surroundings(tools, shelf, HashedEmbedder(), lambda: NOW, inline)
        yield build_agent(SHOP, Endpoints(model, model), surroundings), shop


async def suggested(
    agent: Agent, conversation: Conversation, text: str, channel: Channel = "chat"
) -> list[Suggestion]:
    """What is suggested for the customer's next words."""
    turn_id = f"n{len(conversation.turns)}"
    conversation.apply(customer(turn_id, text, channel))
    return [each async for each in agent.advisor.suggest(conversation, turn_id, channel)]


def deeds(shop: Shop) -> list[str]:
    return [operation for (operation,) in shop.database.execute("SELECT operation FROM deeds")]


def tries(shop: Shop) -> int:
    [(count,)] = shop.database.execute("SELECT count(*) FROM tries").fetchall()
    return int(count)


async def maya(agent: Agent) -> Customer:
    """A customer who has proven who she is."""
    somebody = Customer(agent)
    await somebody.says("where is my order 10437, zip 60614")
    return somebody


# --- suggestions -------------------------------------------------------------------------------------


def test_a_question_that_an_article_answers_is_answered_with_its_source() -> None:
    async def main() -> None:
        async with stage() as (agent, _):
            [made] = await suggested(agent, Conversation("s"), "what is your return policy")
            assert (made.kind, made.pii.text) == ("answer", "You can return unused items within 30 days.")
            assert [cited.article for cited in made.citations] == ["return-policy"]
            assert made.turn_id == "n0" and made.private

    virtual_time.run(main())


def test_a_wish_is_met_with_the_question_that_the_bot_would_have_asked() -> None:
    async def main() -> None:
        async with stage() as (agent, _):
            conversation = Conversation("s")
            [made] = await suggested(agent, conversation, "where is my order")
            assert (made.kind, made.pii.text) == ("reply", "What is the order number?")
            assert conversation.workflow is None, "a suggestion changes nothing"

    virtual_time.run(main())


def test_what_can_be_looked_up_for_a_verified_customer_is() -> None:
    async def main() -> None:
        async with stage() as (agent, _):
            somebody = await maya(agent)
            [made] = await suggested(agent, somebody.conversation, "and where is my order 10951", "voice")
            assert made.pii.text.startswith("Order 1 0 9 5 1, Rain Shell")

    virtual_time.run(main())


@pytest.mark.parametrize(
    "text",
    [
        "I want a refund for order 10523",
        "cancel order 10951",
        "yes please",
        "where is my order 10437, zip 60614",
    ],
)
def test_nothing_with_an_effect_is_ever_called(text: str) -> None:
    async def main() -> None:
        async with stage() as (agent, shop):
            somebody = await maya(agent)
            await somebody.says("I want a refund for order 10523")
            before = deeds(shop), tries(shop)
            stranger = Conversation("s-2")
            for conversation in (somebody.conversation, stranger):
                await suggested(agent, conversation, text)
            assert (deeds(shop), tries(shop)) == before

    virtual_time.run(main())


@pytest.mark.parametrize(
    "text", ["get me a human", "tell me a joke", "hello", "thanks", "", "\x00 <b>{order_id}</b>"]
)
def test_what_only_a_bot_would_say_is_not_suggested(text: str) -> None:
    async def main() -> None:
        async with stage() as (agent, _):
            assert await suggested(agent, Conversation("s"), text) == []

    virtual_time.run(main())


class Broken(Shelf):
    def search(self, query: str, limit: int = 3) -> Any:
        raise Unavailable("down")


def test_with_articles_that_are_down_nothing_is_suggested() -> None:
    async def main() -> None:
        async with stage(Broken()) as (agent, _):
            assert await suggested(agent, Conversation("s"), "what is your return policy") == []

    virtual_time.run(main())


def test_a_suggestion_never_costs_a_customer_the_model() -> None:
    async def main() -> None:
        script = ScriptedModel()
        async with stage(Shelf({"warranty": [match("Two years.", 0.6)]}), script) as (agent, _):
            await suggested(agent, Conversation("s"), "tell me about the warranty")
            await suggested(agent, Conversation("s"), "do you like hiking")
            assert script.requests == []

    virtual_time.run(main())


# --- questions of colleagues -------------------------------------------------------------------------


async def asked(agent: Agent, somebody: Customer, question: str) -> Advice:
    briefing = BriefingFold(agent.advisor.glossary).apply_all(somebody.log).briefing()
    return await agent.advisor.ask(somebody.conversation, briefing.for_role("agent"), question)


def test_a_colleague_is_told_what_is_known_and_where_it_was_said() -> None:
    async def main() -> None:
        async with stage() as (agent, _):
            somebody = await maya(agent)
            told = await asked(agent, somebody, "which carrier has it?")
            assert "Carrier of 10437: Northline." in told.text
            assert told.turns[0] == "turn-1" and told.known

    virtual_time.run(main())


def test_a_colleague_gets_the_articles_with_their_sources() -> None:
    async def main() -> None:
        async with stage() as (agent, _):
            told = await asked(agent, Customer(agent), "what is our return policy")
            assert told.text == "You can return unused items within 30 days."
            assert [cited.article for cited in told.citations] == ["return-policy"]

    virtual_time.run(main())


def test_what_neither_has_is_said_honestly() -> None:
    async def main() -> None:
        async with stage(Broken()) as (agent, _):
            told = await asked(agent, Customer(agent), "x" * 5_000)
            assert not told.known and told.text == SHOP.phrases.not_covered.chat

    virtual_time.run(main())


def test_a_model_that_hangs_does_not_keep_a_colleague_waiting() -> None:
    async def main() -> None:
        script = ScriptedModel(otherwise=play.hang())
        async with stage(Shelf({"warranty": [match("Two years.", 0.6)]}), script) as (agent, _):
            begun = asyncio.get_running_loop().time()
            told = await asked(agent, Customer(agent), "how long is the warranty")
            assert "Two years." in told.text
            assert asyncio.get_running_loop().time() - begun <= 12

    virtual_time.run(main())


# --- tools -------------------------------------------------------------------------------------------


async def ran(
    agent: Agent, somebody: Customer, colleague: Colleague, tool: str, request_id: str = "q1", **more: Any
) -> tuple[list[Fact], ToolResult]:
    """The facts and the result of a tool that a colleague runs."""
    confirmed = more.pop("confirmed", True)
    request = ToolRequest(request_id, tool, more, colleague, confirmed)
    facts: list[Fact] = []
    async with aclosing(agent.advisor.run_tool(somebody.conversation, request)) as items:
        async for item in items:
            if isinstance(item, ToolResult):
                return facts, item
            facts.append(item)
            somebody.conversation.apply(item)
    raise AssertionError("no result")


def test_a_colleague_does_what_the_bot_may_not_and_the_log_says_who() -> None:
    async def main() -> None:
        async with stage() as (agent, shop):
            somebody = await maya(agent)
            facts, result = await ran(agent, somebody, AGENT, "request_refund", order_id="10812")
            assert result.outcome is Outcome.DONE and result.receipt is not None
            [call, end] = facts
            assert isinstance(call, ToolCalled) and isinstance(end, ToolFinished)
            assert call.agent_id == end.agent_id == AGENT.agent_id
            assert end.receipt_id == result.receipt.receipt_id and deeds(shop) == ["refund"]

    virtual_time.run(main())


def test_the_same_request_again_is_done_once() -> None:
    async def main() -> None:
        async with stage() as (agent, shop):
            somebody = await maya(agent)
            first = await ran(agent, somebody, AGENT, "request_refund", order_id="10523")
            again = await ran(agent, somebody, AGENT, "request_refund", order_id="10523")
            assert first[1].receipt == again[1].receipt and deeds(shop) == ["refund"]
            _, another = await ran(agent, somebody, AGENT, "request_refund", "q2", order_id="10523")
            assert another.refusal is not None and another.refusal.code == "already_refunded"

    virtual_time.run(main())


def test_a_colleague_may_ask_first_what_would_be_done() -> None:
    async def main() -> None:
        async with stage() as (agent, shop):
            somebody = await maya(agent)
            _, result = await ran(agent, somebody, AGENT, "request_refund", order_id="10523", confirmed=False)
            assert result.refusal is not None and result.refusal.code == "not_confirmed"
            assert result.data["amount"] == 84.0 and deeds(shop) == []

    virtual_time.run(main())


def test_a_colleague_can_verify_a_customer_and_then_serve_them() -> None:
    async def main() -> None:
        async with stage() as (agent, _):
            somebody = Customer(agent)
            _, early = await ran(agent, somebody, AGENT, "look_up_order", order_id="10437")
            assert early.refusal is not None and early.refusal.code == "not_verified"
            await ran(agent, somebody, AGENT, "verify_identity", "q2", order_id="10437", zip_code="60614")
            assert somebody.conversation.identity is not None
            _, result = await ran(agent, somebody, AGENT, "look_up_order", "q3", order_id="10437")
            assert result.outcome is Outcome.DONE

    virtual_time.run(main())


@pytest.mark.parametrize(
    ("colleague", "tool", "code"),
    [
        (ADMIN, "look_up_order", "not_allowed"),
        (SUPERVISOR, "ask_for_person", "not_allowed"),
        (AGENT, "drop_tables; --", "unknown_tool"),
    ],
)
def test_what_a_role_may_not_do_is_refused(colleague: Colleague, tool: str, code: str) -> None:
    async def main() -> None:
        async with stage() as (agent, _):
            facts, result = await ran(agent, await maya(agent), colleague, tool, order_id="10437")
            assert (result.refusal.code if result.refusal else result.error_code) == code
            assert not any("drop_tables" in fact.model_dump_json() for fact in facts)

    virtual_time.run(main())


def test_the_desk_is_told_which_tools_it_has_and_what_they_take() -> None:
    async def main() -> None:
        async with stage() as (agent, _):
            tools = {tool.tool: tool for tool in agent.advisor.tools("agent")}
            assert tools["request_refund"].effect == "write" and "ask_for_person" not in tools
            assert "order_id" in tools["request_refund"].parameters["properties"]
            assert tools["request_refund"].description
            assert agent.advisor.tools("admin") == () == agent.advisor.tools("customer")

    virtual_time.run(main())


def test_without_a_model_there_is_no_retelling() -> None:
    async def main() -> None:
        async with stage() as (agent, _):
            assert await agent.advisor.summarize(BriefingFold(agent.advisor.glossary).briefing()) is None

    virtual_time.run(main())


def test_the_bot_answers_as_ever_after_a_colleague_was_there() -> None:
    async def main() -> None:
        async with stage() as (agent, _):
            somebody = await maya(agent)
            await ran(agent, somebody, AGENT, "request_refund", order_id="10523")
            told = await somebody.says("I want a refund for order 10523")
            assert "already been refunded" in told.text and not told.facts(HandoffRequested)

    virtual_time.run(main())
