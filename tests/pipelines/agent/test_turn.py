from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import cache
from typing import Any

import pytest

from knowledge.embedding import EmbeddingUnavailable
from knowledge.passage import Match
from pipelines.agent.classifier import Classifier
from pipelines.agent.definition import Definition
from pipelines.agent.grounded import Grounded, Knowledge
from pipelines.agent.tool_loop import LoopSettings, ToolLoop
from pipelines.agent.turn import NOTE_TURNS, Parts, TurnAnswer
from pipelines.agent.understand import Understander
from pipelines.answer import Basis, Say
from pipelines.facts import (
    CustomerTurn,
    HandoffRequested,
    ToolCalled,
    Trouble,
    Unavailable,
    Understood,
    Words,
    WorkflowChanged,
)
from tests import virtual_time
from tests.fakes.agent_parts import (
    SHOP_DEFINITION,
    Customer,
    Reply,
    Shelf,
    collected,
    model_of,
    on_the_spot,
    passage,
)
from tests.fakes.hashed_embedder import HashedEmbedder
from tests.fakes.scripted_model import ScriptedModel, calls, text
from tests.fakes.shop_in_process import NOW, Shop, shop_in_process
from tools.policy import PolicyLimits
from tools.shop_toolbox import shop_toolbox
from tools.tool import Effect, Outcome, ToolCall, ToolResult

SAY = SHOP_DEFINITION.phrases
PERSON = "I want to talk to a person"
OFFER = SAY.offer_person.chat
RETURNS = passage("You have 30 days to return an item. It must be unworn.", 0.95)
SHELF = Shelf(**{"return policy": [RETURNS]})


class NoTools:
    """A toolbox whose every call fails."""

    def effect(self, tool: str) -> Effect | None:
        return None

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


@cache
def classifier() -> Classifier:
    return Classifier(SHOP_DEFINITION, HashedEmbedder())


class Answers:
    """Answers turns as an agent does, but for its limits in time."""

    def __init__(
        self,
        tools: Any,
        *,
        knowledge: Knowledge = SHELF,
        script: ScriptedModel | None = None,
        definition: Definition = SHOP_DEFINITION,
    ) -> None:
        async def covered(question: str) -> float:
            return 0.0

        model = model_of(script) if script else None
        self._parts = Parts(
            definition,
            Understander(definition, classifier(), on_the_spot, covered),
            Grounded(definition, knowledge, on_the_spot, model),
            tools,
            lambda: NOW,
            ToolLoop(definition, model, tools, LoopSettings(("request_refund",))) if model else None,
        )

    def respond(self, conversation: Any, turn_id: str, channel: Any) -> Any:
        return TurnAnswer(self._parts, conversation, turn_id, channel).pieces()

    def greeting(self, channel: Any) -> str:
        return ""

    async def warm(self) -> None:
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


def test_what_was_understood_is_told_first_and_without_values() -> None:
    [reply] = replies(["where is my order 10437"])
    first = reply.pieces[0]
    assert isinstance(first, Understood)
    assert (first.turn_id, first.commands) == ("turn-1", ["start(order_status)"])
    assert "10437" not in first.model_dump_json()


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
    [reply] = replies([PERSON], definition=SHOP_DEFINITION.model_copy(update={"note": None}))
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


def test_an_answer_names_its_passage_before_its_first_word_and_blanks_stand_between_sentences() -> None:
    [reply] = replies(["what is your return policy"])
    assert reply.text == "You have 30 days to return an item. It must be unworn."
    first = next(n for n, piece in enumerate(reply.pieces) if isinstance(piece, Say))
    assert any(isinstance(piece, Basis) and piece.citations for piece in reply.pieces[:first])
    assert reply.basis.source == "knowledge"


def test_what_the_model_wants_done_begins_the_workflow_that_asks_first() -> None:
    script = ScriptedModel(otherwise=calls(("request_refund", {"order_id": "10523"})))

    async def scene(customer: Customer, shop: Shop) -> None:
        reply = await customer.says("tell me a joke")
        assert reply.text == "What is the order number?"
        assert reply.facts(ToolCalled) == []

    at_the_shop(scene, script=script)


def test_words_of_the_model_are_named_as_such() -> None:
    [reply] = replies(["tell me a joke"], script=ScriptedModel(otherwise=text("Knock, knock.")))
    assert (reply.text, reply.basis) == ("Knock, knock.", Basis("model"))


def test_an_answer_that_is_closed_early_lets_its_model_go() -> None:
    script = ScriptedModel(otherwise=text("Knock, knock. Who is there?", pause_s=1))

    async def main() -> None:
        answers = Answers(NoTools(), script=script)
        customer = Customer(answers)
        turn = CustomerTurn(turn_id="t", channel="chat", pii=Words(text="tell me a joke"))
        customer.conversation.apply(turn)
        async with aclosing(answers.respond(customer.conversation, "t", "chat")) as pieces:
            async for piece in pieces:
                if isinstance(piece, Say):
                    break
        again = await collected(
            answers.respond(customer.conversation, "t", "chat"), customer.conversation.apply
        )
        assert again.text == "Knock, knock. Who is there?"

    virtual_time.run(main())
