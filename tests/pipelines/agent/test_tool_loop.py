import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from itertools import pairwise
from typing import Any

import pytest

from pipelines.agent.actions import Actions
from pipelines.agent.commands import HandOff, Start
from pipelines.agent.language_model import ModelUnavailable
from pipelines.agent.tool_loop import LoopSettings, ToolLoop, Wish
from pipelines.answer import Piece, Say
from pipelines.conversation import Conversation
from pipelines.facts import (
    Channel,
    CustomerTurn,
    Fact,
    IdentityVerified,
    ReplyDone,
    ToolFinished,
    Values,
    Words,
)
from tests import virtual_time
from tests.fakes.scripted_model import ScriptedModel, bare_calls, calls, status, text
from tests.fakes.shop_in_process import NOW, shop_in_process
from tests.pipelines.agent.stage import SHOP, model_of
from tools.policy import PolicyLimits
from tools.shop_toolbox import shop_toolbox

FREE = LoopSettings(tools=("look_up_order", "list_orders"))
SAID = "look at my order 10437"
LOOK = ("look_up_order", {"order_id": "10437"})
SAY = SHOP.phrases


def answered(
    script: ScriptedModel,
    settings: LoopSettings = FREE,
    facts: Sequence[Fact] = (),
    channel: Channel = "chat",
) -> list[Piece | Wish]:
    """The pieces of an answer to `SAID`, asked by a customer who is verified, over the real tools."""

    async def main() -> list[Piece | Wish]:
        async with shop_in_process() as shop:
            tools = shop_toolbox(shop.connector, PolicyLimits())
            conversation = Conversation.fold("s", [IDENTITY, *facts, TURN])
            loop = ToolLoop(SHOP, model_of(script), tools, settings)
            actions = Actions(tools, lambda: NOW, conversation, "t1")
            return [piece async for piece in kept(loop.answer(conversation, actions, channel), conversation)]

    return virtual_time.run(main())


IDENTITY = IdentityVerified(customer_id="C0001", method="order+zip", pii=Values(values={"zip": "60614"}))
TURN = CustomerTurn(turn_id="t1", channel="chat", pii=Words(text=SAID))


async def kept(pieces: Any, conversation: Conversation) -> AsyncIterator[Piece | Wish]:
    async with aclosing(pieces) as each:
        async for piece in each:
            if isinstance(piece, Fact):
                conversation.apply(piece)
            yield piece


def words(pieces: Sequence[Piece | Wish]) -> list[str]:
    return [piece.text for piece in pieces if isinstance(piece, Say)]


def results(pieces: Sequence[Piece | Wish]) -> list[tuple[str, str | None]]:
    return [(piece.tool, piece.code) for piece in pieces if isinstance(piece, ToolFinished)]


def told_back(script: ScriptedModel) -> list[Mapping[str, Any]]:
    """What the model was told of its calls, in the last request."""
    return [json.loads(m["content"]) for m in script.requests[-1].messages if m["role"] == "tool"]


def test_the_model_may_just_talk() -> None:
    script = ScriptedModel(otherwise=text("Hiking is lovely. I hope you go soon."))
    assert words(answered(script, LoopSettings())) == ["Hiking is lovely.", "I hope you go soon."]
    [request] = script.requests
    assert request.kind == "text", "without tools their descriptions cost nothing"
    assert request.user == SAID


@pytest.mark.parametrize("form", [calls, bare_calls])
def test_a_tool_is_called_and_the_model_speaks_of_what_came(form: Any) -> None:
    script = ScriptedModel()
    script.will(form(LOOK), text("Order 10437 is in transit."))
    pieces = answered(script)
    assert results(pieces) == [("look_up_order", None)]
    assert words(pieces) == ["Order 10437 is in transit."]
    assert told_back(script)[0]["status"] == "in_transit"


def test_several_calls_in_a_turn_are_made_in_order_and_answered_each() -> None:
    script = ScriptedModel()
    script.will(calls(LOOK, ("list_orders", {})), text("There you are."))
    pieces = answered(script)
    assert results(pieces) == [("look_up_order", None), ("list_orders", None)]
    answers = [m for m in script.requests[-1].messages if m["role"] == "tool"]
    asked = script.requests[-1].messages[-3]["tool_calls"]
    assert [m["tool_call_id"] for m in answers] == [call["id"] for call in asked]
    assert len({call["id"] for call in asked}) == 2


def test_a_model_that_asks_for_ever_is_stopped_after_its_rounds() -> None:
    script = ScriptedModel(otherwise=calls(*[LOOK] * 20))
    pieces = answered(script, LoopSettings(FREE.tools, rounds=2, calls_a_round=3))
    assert len(script.requests) == 2
    assert len(results(pieces)) == 6


def test_an_argument_that_nobody_said_is_refused_and_the_model_is_told() -> None:
    script = ScriptedModel()
    script.will(calls(("look_up_order", {"order_id": "11042"})), text("I can't see that one."))
    pieces = answered(script)
    assert results(pieces) == [("look_up_order", "invented_argument")]
    assert "refused" in told_back(script)[0]
    assert words(pieces) == ["I can't see that one."]


@pytest.mark.parametrize("tool", ["drop_tables", "verify_identity"])
def test_a_tool_that_is_not_there_or_not_lent_is_not_called(tool: str) -> None:
    script = ScriptedModel()
    script.will(calls((tool, {})), text("Never mind then."))
    assert results(answered(script)) == []
    assert told_back(script) == [{"error": "There is no such tool."}]


@pytest.mark.parametrize(
    ("tool", "workflow"), [("request_refund", "refund"), ("create_ticket", "ticket"), ("cancel_order", None)]
)
def test_a_wish_to_change_something_becomes_the_start_of_its_workflow(
    tool: str, workflow: str | None
) -> None:
    script = ScriptedModel(otherwise=calls((tool, {"order_id": "10437", "amount": 9999})))
    pieces = answered(script, LoopSettings((*FREE.tools, tool)))
    assert pieces == [Wish(Start(workflow or tool))], "and what the model would fill in counts for nothing"
    assert len(script.requests) == 1


def test_a_wish_for_a_person_goes_to_the_decider() -> None:
    assert answered(ScriptedModel(otherwise=calls(("ask_for_person", {})))) == [Wish(HandOff())]


@pytest.mark.parametrize(
    "claim", ["I have refunded your order.", "Your order has been cancelled.", "Done, it is refunded."]
)
def test_a_claim_without_a_receipt_is_replaced_and_ends_the_answer(claim: str) -> None:
    pieces = answered(ScriptedModel(otherwise=text(f"Good news! {claim} Anything else?")))
    assert words(pieces) == ["Good news!", SAY.no_receipt.chat]


def test_a_claim_with_a_receipt_of_the_session_may_be_said() -> None:
    receipt = ToolFinished(
        turn_id="t0", call_id="t0.1", tool="request_refund", outcome="done", receipt_id="R-1"
    )
    script = ScriptedModel(otherwise=text("I have refunded your order."))
    assert words(answered(script, facts=[receipt])) == ["I have refunded your order."]


def test_a_figure_that_nobody_gave_is_not_said() -> None:
    script = ScriptedModel(otherwise=text("Your order 10437 costs 12 dollars."))
    assert words(answered(script)) == [SAY.not_covered.chat]


def test_a_clause_is_spoken_before_its_sentence_ends_and_what_follows_is_still_checked() -> None:
    false = "I looked at your order, and I have cancelled it."
    assert words(answered(ScriptedModel(otherwise=text(false)))) == [
        "I looked at your order,",
        SAY.no_receipt.chat,
    ]


def test_clauses_do_not_count_as_sentences() -> None:
    script = ScriptedModel(otherwise=text("I like the hills, and the sea. I like the woods, and rain. More."))
    assert words(answered(script, channel="voice")) == [
        "I like the hills,",
        "and the sea.",
        "I like the woods,",
        "and rain.",
    ]


def test_by_voice_the_model_is_brief() -> None:
    script = ScriptedModel(otherwise=text("Well. " * 30))
    assert words(answered(script, channel="voice")) == ["Well.", "Well."]


def test_a_model_that_is_down_is_the_callers_to_explain() -> None:
    with pytest.raises(ModelUnavailable):
        answered(ScriptedModel(otherwise=status(500)))


def test_the_model_is_shown_the_last_turns_and_not_the_whole_story() -> None:
    script = ScriptedModel()
    answered(script, facts=said(19, length=900))
    system, *shown = script.requests[0].messages
    assert system["role"] == "system" and SHOP.persona in system["content"]
    assert 5 <= len(shown) <= 8
    assert max(len(str(message["content"])) for message in shown) == 300


def test_mostly_a_prompt_only_adds_to_the_one_before() -> None:
    prompts: list[Sequence[Mapping[str, Any]]] = []
    for turns in range(24):
        script = ScriptedModel()
        answered(script, facts=said(turns))
        prompts.append(script.requests[0].messages[:-1])  # the newest words differ
    begun_anew = [turns for turns, (one, two) in enumerate(pairwise(prompts), 1) if two[: len(one)] != one]
    assert begun_anew == [8, 12, 16, 20], "earlier turns leave by fours"


def test_it_reads_ahead_what_the_next_prompt_will_begin_with() -> None:
    script = ScriptedModel()

    async def main() -> None:
        async with shop_in_process() as shop:
            tools = shop_toolbox(shop.connector, PolicyLimits())
            loop = ToolLoop(SHOP, model_of(script, cache_slots=1), tools, FREE)
            conversation = Conversation.fold("s", said(2))
            await loop.read_ahead(conversation, "look at")
            conversation.apply(TURN)
            actions = Actions(tools, lambda: NOW, conversation, "t1")
            assert [piece async for piece in loop.answer(conversation, actions, "voice")]

    virtual_time.run(main())
    ahead, answer = script.requests
    assert ahead.messages[:-1] == answer.messages[:-1] and ahead.body["tools"] == answer.body["tools"]
    assert answer.user.startswith(ahead.user)
    assert (ahead.body["max_tokens"], ahead.body["id_slot"]) == (0, answer.body["id_slot"])


def said(turns: int, length: int = 5) -> list[CustomerTurn]:
    """Customer turns that differ."""
    texts = [f"{number} ".ljust(length, "a") for number in range(turns)]
    return [
        CustomerTurn(turn_id=f"x{number}", channel="chat", pii=Words(text=text))
        for number, text in enumerate(texts)
    ]


def test_the_model_does_not_see_the_filler_that_an_answer_began_with() -> None:
    script = ScriptedModel(otherwise=text("It is open."))
    filler = SAY.thinking[0].voice
    facts = [
        CustomerTurn(turn_id="t0", channel="voice", pii=Words(text="Are you open?")),
        ReplyDone(turn_id="r0", answers="t0", pii=Words(text=f"{filler} I believe so.")),
    ]
    answered(script, facts=facts)
    assert [m["content"] for m in script.requests[-1].messages if m["role"] == "assistant"] == [
        "I believe so."
    ]
