import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import cache
from typing import Any

import pytest

from knowledge.embedding import EmbeddingUnavailable
from knowledge.passage import Match, Passage
from pipelines.agent.classifier import Classifier
from pipelines.agent.definition import Definition
from pipelines.agent.grounded import Grounded, Knowledge
from pipelines.agent.tool_loop import LoopSettings, ToolLoop
from pipelines.agent.turn import NOTE_TURNS, Parts, TurnAnswer
from pipelines.agent.understand import Understander
from pipelines.answer import Filler
from pipelines.conversation import Conversation
from pipelines.facts import (
    Channel,
    CustomerTurn,
    HandoffRequested,
    IdentityVerified,
    ToolCalled,
    ToolFinished,
    Trouble,
    Unavailable,
    Understood,
    Words,
    WorkflowChanged,
)
from tests import virtual_time
from tests.fakes import scripted_model as play
from tests.fakes.customer import Customer, Reply
from tests.fakes.hashed_embedder import HashedEmbedder
from tests.fakes.scripted_model import ScriptedModel
from tests.fakes.shop_in_process import NOW, Shop, shop_in_process
from tests.pipelines.agent.stage import SHOP, Shelf, Talk, agent_on_stage, inline, match, model_of
from tools.policy import PolicyLimits
from tools.shop_toolbox import shop_toolbox
from tools.tool import Effect, Outcome, ToolCall, ToolResult

RETURNS = Shelf({"return": [match("You can return unused items within 30 days of delivery.", 0.9)]})
SAY = SHOP.phrases
PERSON = "I want to talk to a person"
OFFER = SAY.offer_person.chat


def test_an_order_is_looked_up_when_number_and_zip_come_in_one_breath() -> None:
    async def main() -> None:
        async with agent_on_stage() as agent:
            talk = Talk(agent)
            reply = await talk.say("where is my order 10437, my zip code is 60614")
            assert "10437" in reply and "in transit" in reply
            assert [fact.tool for fact in talk.of(ToolFinished)] == ["verify_identity", "look_up_order"]
            assert talk.of(IdentityVerified)[0].method == "order+zip"
            assert talk.basis.source == "workflow"

    virtual_time.run(main())


def test_a_refund_happens_once_after_a_yes_and_its_receipt_is_what_is_said() -> None:
    async def main() -> None:
        async with agent_on_stage() as agent:
            talk = Talk(agent)
            asked = await talk.say("I want a refund for my order 10523, zip code 60614")
            assert "$84.00" in asked and asked.endswith("Shall I do that?")
            assert [(f.outcome, f.code) for f in talk.of(ToolFinished)][-1] == ("refused", "not_confirmed")
            done = await talk.say("yes please")
            receipt = talk.of(ToolFinished)[-1]
            assert receipt.outcome == "done" and str(receipt.pii.values["refund_id"]) in done
            again = await talk.say("yes")
            assert [f.outcome for f in talk.of(ToolFinished)].count("done") == 2, again

    virtual_time.run(main())


def test_over_the_limit_is_refused_without_asking_and_a_person_is_offered() -> None:
    async def main() -> None:
        async with agent_on_stage() as agent:
            talk = Talk(agent, "voice")
            reply = await talk.say("I want a refund for my order 10812, zip code 60614")
            assert "decided by a person" in reply and "colleague" in reply
            assert not talk.of(HandoffRequested)
            await talk.say("yes")
            assert talk.of(HandoffRequested) == [HandoffRequested(reason="over_limit", skill="refunds")]

    virtual_time.run(main())


def test_a_question_in_the_middle_is_answered_and_the_open_question_comes_back() -> None:
    async def main() -> None:
        async with agent_on_stage(shelf=RETURNS) as agent:
            talk = Talk(agent)
            await talk.say("I want a refund for my order 10523")
            reply = await talk.say("what is your return policy")
            assert reply.startswith("You can return unused items within 30 days") and "ZIP" in reply
            assert [cited.article for cited in talk.basis.citations] == ["return-policy"]
            assert "$84.00" in await talk.say("60614")

    virtual_time.run(main())


def test_a_customer_who_cut_off_our_question_has_not_said_yes_to_it() -> None:
    async def main() -> None:
        async with agent_on_stage() as agent:
            talk = Talk(agent)
            await talk.say("cancel my order 10951, zip code 60614")
            cut = talk.conversation.turns.pop()
            talk.conversation.turns.append(type(cut)(cut.turn_id, "bot", "Shall", interrupted=True))
            reply = await talk.say("yes")
            assert "Shall I cancel" in reply
            assert not any(f.tool == "cancel_order" and f.outcome == "done" for f in talk.of(ToolFinished))
            assert "is cancelled" in await talk.say("yes")

    virtual_time.run(main())


def test_a_conversation_rebuilt_from_its_facts_goes_on_where_it_was() -> None:
    async def main() -> None:
        async with agent_on_stage() as agent:
            talk = Talk(agent)
            await talk.say("cancel my order 10951, zip code 60614")
            stored = [type(fact).model_validate_json(fact.model_dump_json()) for fact in talk.facts]
            rebuilt = Conversation.fold("s-test", stored)
            rebuilt.turns = list(talk.conversation.turns)
            restarted = Talk(agent, conversation=rebuilt)
            assert "is cancelled" in await restarted.say("yes")

    virtual_time.run(main())


def test_what_is_not_covered_is_said_to_be_unknown_and_a_person_is_offered() -> None:
    async def main() -> None:
        async with agent_on_stage() as agent:
            talk = Talk(agent)
            reply = await talk.say("do you repair jackets")
            assert "don't know" in reply and "colleague" in reply
            await talk.say("yes please")
            assert talk.of(HandoffRequested)[0].reason == "not_covered"

    virtual_time.run(main())


def test_facts_about_understanding_and_workflows_carry_values_only_where_they_may_be_erased() -> None:
    async def main() -> None:
        async with agent_on_stage() as agent:
            talk = Talk(agent)
            await talk.say("where is my order 10437, my zip code is 60614")
            for fact in [*talk.of(Understood), *talk.of(WorkflowChanged), *talk.of(ToolCalled)]:
                assert "60614" not in fact.model_dump_json(exclude={"pii"})

    virtual_time.run(main())


def test_small_talk_is_the_models_and_a_claim_without_a_receipt_is_not_said() -> None:
    async def main() -> None:
        script = ScriptedModel()
        script.will(
            play.text("Why did the tent laugh? It was in tents."), play.text("I have refunded your order.")
        )
        async with agent_on_stage(script) as agent:
            talk = Talk(agent)
            assert "in tents" in await talk.say("tell me a joke")
            assert talk.basis.source == "model"
            reply = await talk.say("sing me a song")
            assert "have not been able" in reply and "refunded" not in reply

    virtual_time.run(main())


def test_a_models_wish_to_refund_becomes_the_workflow_and_not_a_refund() -> None:
    async def main() -> None:
        script = ScriptedModel()
        script.will(play.bare_calls(("request_refund", {"order_id": "10523"})))
        async with agent_on_stage(script, tools=("request_refund", "store_hours")) as agent:
            talk = Talk(agent)
            reply = await talk.say("sing me a song")
            assert reply == "What is the order number?"
            assert not talk.of(ToolCalled)

    virtual_time.run(main())


def fillers_of(script: ScriptedModel, *said: str, channel: Channel = "voice") -> list[list[Filler]]:
    """What may be said while the model makes up its first words, turn by turn."""

    async def main() -> list[list[Filler]]:
        async with agent_on_stage(script) as agent:
            customer = Customer(agent, channel)
            return [(await customer.says(words)).facts(Filler) for words in said]

    return virtual_time.run(main())


def test_a_slow_model_gets_a_filler_that_differs_from_the_last_one() -> None:
    script = ScriptedModel()
    script.will(*[play.text("Why not? It is a long story.", pause_s=0.6)] * 3)
    [unknown], [slow], [again] = fillers_of(script, "tell me a joke", "sing me a song", "tell me a joke")
    assert unknown.after_s > 0 and slow.after_s == again.after_s == 0
    assert len({unknown.text, slow.text, again.text}) == 3


def test_a_filler_differs_from_the_last_one_whatever_was_said_since() -> None:
    async def main() -> None:
        slow = ScriptedModel(otherwise=play.text("Why not? It is a long story.", pause_s=0.6))
        async with agent_on_stage(slow) as agent:
            for since in range(4):
                customer = Customer(agent, "voice")
                [first] = (await customer.says("tell me a joke")).facts(Filler)
                for _ in range(since):
                    await customer.says("where is my order")
                [second] = (await customer.says("sing me a song")).facts(Filler)
                assert second.text != first.text

    virtual_time.run(main())


def test_a_quick_model_and_a_reader_need_no_filler() -> None:
    script = ScriptedModel(otherwise=play.text("Why not? It is a long story."))
    assert fillers_of(script, "tell me a joke", "sing me a song")[1] == []
    slow = ScriptedModel(otherwise=play.text("Why not? It is a long story.", pause_s=0.6))
    assert fillers_of(slow, "tell me a joke", "sing me a song", channel="chat") == [[], []]


def test_what_a_workflow_says_needs_no_filler() -> None:
    assert fillers_of(ScriptedModel(), "where is my order", "it is 10437") == [[], []]


def test_without_a_model_small_talk_is_declined_honestly() -> None:
    async def main() -> None:
        async with agent_on_stage() as agent:
            assert "colleague" in await Talk(agent).say("tell me a joke")

    virtual_time.run(main())


def test_a_model_that_is_down_is_admitted_and_the_session_goes_on() -> None:
    async def main() -> None:
        script = ScriptedModel(otherwise=play.status(500))
        async with agent_on_stage(script) as agent:
            talk = Talk(agent)
            reply = await talk.say("tell me a joke")
            assert "can't work that out" in reply and "colleague" in reply
            assert talk.of(Trouble)[0].code == "model_unavailable"
            assert "in transit" in await talk.say("where is my order 10437, my zip code is 60614")

    virtual_time.run(main())


def test_closing_the_answer_in_the_middle_leaves_no_task_and_no_open_stream() -> None:
    async def main() -> None:
        script = ScriptedModel(otherwise=play.hang("Well, that is a long story. And"))
        async with agent_on_stage(script) as agent:
            conversation = Conversation("s")
            conversation.apply(CustomerTurn(turn_id="t", channel="chat", pii=Words(text="tell me a joke")))
            pieces: Any = agent.respond(conversation, "t", "chat")
            async with aclosing(pieces):
                await _first_words(pieces)
            assert script.cancelled == 1
            assert len(asyncio.all_tasks()) == 1

    virtual_time.run(main())


async def _first_words(pieces: AsyncIterator[Any]) -> None:
    async for piece in pieces:
        if getattr(piece, "text", None):
            return


class NoTools:
    """A toolbox whose every call fails."""

    def effect(self, tool: str) -> Effect | None:
        return None

    def at_desk(self, role: str) -> tuple[str, ...]:
        return ()

    def schemas(self, names: Any = None) -> list[dict[str, Any]]:
        return []

    async def call(self, call: ToolCall, context: Any) -> ToolResult:
        return ToolResult(call.call_id, call.tool, Outcome.FAILED, error_code="unknown_tool")


class Broken:
    """Articles that cannot be searched."""

    def __init__(self, fault: Exception) -> None:
        self._fault = fault

    def search(self, query: str, limit: int = 3) -> list[Match]:
        raise self._fault

    def leads(self) -> list[Passage]:
        raise self._fault


@cache
def classifier() -> Classifier:
    return Classifier(SHOP, HashedEmbedder())


class Answers:
    """Answers turns as an agent does, but for its limits in time."""

    def __init__(
        self,
        tools: Any,
        *,
        knowledge: Knowledge = RETURNS,
        script: ScriptedModel | None = None,
        definition: Definition = SHOP,
    ) -> None:
        async def covered(question: str) -> float:
            return 0.0

        model = model_of(script) if script else None
        self._parts = Parts(
            definition,
            Understander(definition, classifier(), inline, covered),
            Grounded(definition, knowledge, inline, model),
            tools,
            lambda: NOW,
            ToolLoop(definition, model, tools, LoopSettings(("request_refund",))) if model else None,
        )

    def respond(self, conversation: Any, turn_id: str, channel: Any) -> Any:
        return TurnAnswer(self._parts, conversation, turn_id, channel).pieces()

    def greeting(self, channel: Any) -> str:
        return ""

    def sayings(self) -> Sequence[str]:
        return ()

    async def warm(self) -> None:
        return None

    async def listen(self, conversation: Any, words: str) -> None:
        return None

    def forget(self, session_id: str) -> None:
        return None


def replies(said: Sequence[str], tools: Any = None, **parts: Any) -> list[Reply]:
    """What comes of these turns, one after the other."""

    async def main() -> list[Reply]:
        customer = Customer(Answers(tools or NoTools(), **parts))
        return [await customer.says(words) for words in said]

    return virtual_time.run(main())


def at_the_shop(scene: Callable[[Customer, Shop], Awaitable[None]], **parts: Any) -> None:
    async def main() -> None:
        async with shop_in_process() as shop:
            await scene(Customer(Answers(shop_toolbox(shop.connector, PolicyLimits()), **parts)), shop)

    virtual_time.run(main())


def tickets(shop: Shop) -> list[tuple[str, str, str]]:
    return list(shop.database.execute("SELECT receipt_id, subject, message FROM tickets"))


def test_a_wish_for_a_person_writes_one_ticket_and_speaks_its_reference() -> None:
    async def scene(customer: Customer, shop: Shop) -> None:
        await customer.says("where is my order")
        reply = await customer.says(PERSON)
        [(reference, subject, message)] = tickets(shop)
        assert f"your reference is {reference}." in reply.text
        assert "customer_asked" in subject
        assert message == f"where is my order {PERSON}"
        assert [fact.reason for fact in reply.facts(HandoffRequested)] == ["customer_asked"]

    at_the_shop(scene)


def test_the_same_turn_answered_again_writes_no_second_ticket() -> None:
    async def scene(customer: Customer, shop: Shop) -> None:
        first = await customer.says(PERSON)
        second = await customer.after(customer.log[:1], customer.agent).hears("turn-1")
        assert second.text == first.text
        assert len(tickets(shop)) == 1

    at_the_shop(scene)


def test_a_note_holds_the_last_turns_only() -> None:
    async def scene(customer: Customer, shop: Shop) -> None:
        for _ in range(NOTE_TURNS + 3):
            await customer.says("hello")
        await customer.says(PERSON)
        [(_, _, message)] = tickets(shop)
        assert message.split(" ", NOTE_TURNS - 1) == ["hello"] * (NOTE_TURNS - 1) + [PERSON]

    at_the_shop(scene)


def test_no_reference_is_spoken_if_no_ticket_could_be_written() -> None:
    [reply] = replies([PERSON])
    assert "reference" not in reply.text
    assert reply.text == "Our people are here Monday to Saturday, 8 a.m. to 8 p.m. Pacific."
    assert reply.facts(HandoffRequested)


def test_an_agent_that_writes_no_notes_only_asks_for_the_person() -> None:
    [reply] = replies([PERSON], definition=SHOP.model_copy(update={"note": None}))
    assert reply.facts(ToolCalled) == []
    assert reply.facts(HandoffRequested)


@pytest.mark.parametrize("fault", [EmbeddingUnavailable("no model"), Unavailable("the queue is full")])
def test_when_a_part_of_us_is_down_we_say_so_and_offer_a_person(fault: Exception) -> None:
    [reply] = replies(["what is your return policy"], knowledge=Broken(fault))
    assert [(fact.code, fact.retry) for fact in reply.facts(Trouble)] == [("agent_unavailable", True)]
    assert reply.text == f"{SAY.late.chat} {OFFER}"
    assert [fact.workflow for fact in reply.facts(WorkflowChanged)] == ["offer_person"]


def test_in_the_middle_of_something_trouble_does_not_lose_the_thread() -> None:
    _, reply = replies(
        ["where is my order", "what is your return policy"], knowledge=Broken(Unavailable("down"))
    )
    assert reply.text == SAY.late.chat, "a question of ours is open, so no second one is asked"
    assert reply.facts(WorkflowChanged) == []


def test_what_no_article_covers_is_said_and_a_person_offered_once() -> None:
    [reply] = replies(["how late are you open tonight"])
    assert reply.text == f"{SAY.not_covered.chat} {OFFER}"
