from hypothesis import given
from hypothesis import strategies as st

from pipelines.conversation import Conversation, Turn
from pipelines.facts import (
    Activity,
    CustomerTurn,
    Fact,
    HandoffRequested,
    IdentityVerified,
    ReplyDelta,
    ReplyDone,
    ToolCalled,
    ToolFinished,
    Understood,
    Values,
    Words,
    WorkflowChanged,
)


def said(turn_id: str, text: str) -> CustomerTurn:
    return CustomerTurn(turn_id=turn_id, channel="chat", pii=Words(text=text))


def answered(turn_id: str, answers: str | None, text: str, *, interrupted: bool = False) -> ReplyDone:
    return ReplyDone(turn_id=turn_id, answers=answers, interrupted=interrupted, pii=Words(text=text))


def called(call_id: str, **arguments: str) -> ToolCalled:
    return ToolCalled(
        turn_id="c1", call_id=call_id, tool="look_up_order", effect="read", pii=Values(values=arguments)
    )


def finished(call_id: str, outcome: str, **data: str) -> ToolFinished:
    return ToolFinished.model_validate(
        {
            "turn_id": "c1",
            "call_id": call_id,
            "tool": "look_up_order",
            "outcome": outcome,
            "pii": {"values": data},
        }
    )


WHOLE: list[Fact] = [
    answered("r0", None, "Hi, how can I help?"),
    said("c1", "Where is my order 10437? My ZIP code is 60614."),
    called("k1", order_id="10437"),
    finished("k1", "done", order_id="10437", status="in_transit"),
    IdentityVerified(customer_id="7", method="order+zip", pii=Values(values={"zip": "60614"})),
    WorkflowChanged(workflow="order_status", state="done"),
    answered("r1", "c1", "It is on its", interrupted=True),
    said("c2", "A person please"),
    HandoffRequested(reason="customer_asked"),
]


def test_turns_are_kept_in_order_with_what_was_heard() -> None:
    conversation = Conversation.fold("s", WHOLE)
    assert conversation.turns[2] == Turn("r1", "bot", "It is on its", interrupted=True)
    assert [turn.turn_id for turn in conversation.turns] == ["r0", "c1", "r1", "c2"]


def test_a_turn_without_a_reply_is_still_owed() -> None:
    conversation = Conversation.fold("s", WHOLE)
    assert [turn.turn_id for turn in conversation.unanswered()] == ["c2"]
    conversation.apply(answered("r2", "c2", "I asked a colleague."))
    assert conversation.unanswered() == []


def test_a_turn_whose_answer_was_cut_off_stands_where_its_answer_began() -> None:
    asking = WorkflowChanged(workflow="refund", state="active", awaiting="confirmation")
    ended = WorkflowChanged(workflow="refund", state="done")
    begun = Understood(turn_id="c9", commands=["affirm"], by="rules", confidence=1.0)
    conversation = Conversation.fold("s", [asking, begun, ended, begun])
    stood = conversation.standing("c9").workflow
    assert stood is not None and (stood.state, stood.awaiting) == ("active", "confirmation")
    assert conversation.standing("c10").workflow == conversation.workflow
    conversation.apply(answered("r9", "c9", "Done."))
    assert conversation.standing("c9").workflow == conversation.workflow


def test_evidence_is_what_the_customer_said_and_what_tools_found() -> None:
    evidence = Conversation.fold("s", [*WHOLE, called("k2", order_id="99999")]).evidence()
    assert evidence.said == ("Where is my order 10437? My ZIP code is 60614.", "A person please")
    assert evidence.results == ({"order_id": "10437", "status": "in_transit"},)


def test_a_refused_or_failed_call_is_no_evidence() -> None:
    facts = [
        called("k1", order_id="11111"),
        finished("k1", "refused", order_id="11111"),
        called("k2"),
        finished("k2", "failed"),
    ]
    assert Conversation.fold("s", facts).evidence().results == ()


def test_identity_workflow_and_handoff_are_the_newest() -> None:
    conversation = Conversation.fold(
        "s", [*WHOLE, WorkflowChanged(workflow="refund", state="active", awaiting="zip")]
    )
    assert conversation.identity is not None and conversation.identity.customer_id == "7"
    assert conversation.workflow is not None and conversation.workflow.awaiting == "zip"
    assert conversation.handoff is not None and conversation.handoff.reason == "customer_asked"


def test_passing_facts_change_nothing() -> None:
    before = Conversation.fold("s", WHOLE)
    after = Conversation.fold(
        "s", [*WHOLE, Activity(state="typing"), ReplyDelta(turn_id="r9", offset=0, text="x")]
    )
    assert after.turns == before.turns and after.tools == before.tools


def test_the_end_of_a_call_whose_beginning_is_unknown_is_kept() -> None:
    assert Conversation.fold("s", [finished("k9", "done", status="shipped")]).tools["k9"].arguments == {}


@given(st.integers(min_value=0, max_value=len(WHOLE)))
def test_a_conversation_rebuilt_from_the_log_equals_the_lost_one(crash: int) -> None:
    live = Conversation("s")
    for fact in WHOLE[:crash]:
        live.apply(fact)
    rebuilt = Conversation.fold("s", WHOLE[:crash])
    for fact in WHOLE[crash:]:
        live.apply(fact)
        rebuilt.apply(fact)
    assert vars(rebuilt) == vars(live)


def test_a_copy_equals_and_goes_its_own_way() -> None:
    original = Conversation.fold("s", WHOLE)
    before = Conversation.fold("s", WHOLE)
    copy = original.copy()
    assert vars(copy) == vars(original)
    copy.apply(said("c99", "and another thing"))
    copy.apply(answered("r99", "c99", "Yes."))
    copy.apply(called("k99", order_id="10951"))
    copy.apply(finished("k99", "done", status="lost"))
    copy.apply(Understood(turn_id="c100", commands=[], by="rules", confidence=1.0))
    copy.apply(WorkflowChanged(workflow="other", state="active"))
    assert vars(original) == vars(before) and vars(copy) != vars(before)
