from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.agent import position
from pipelines.agent.definition_file import load_definition
from pipelines.agent.position import CONFIRMATION, GO_ON, OFFER, PERSON, RESUMPTION, Pending, Position
from pipelines.conversation import Conversation, WorkflowState
from pipelines.facts import CustomerTurn, Words, WorkflowChanged

SHOP = load_definition(Path(position.__file__).parent / "definitions" / "shop.yaml")
SLOTS = {"order_id": "10812"}


def state_after(*facts: WorkflowChanged) -> WorkflowState | None:
    """What the log gives back, by way of the very bytes that it stores."""
    conversation = Conversation("s")
    for fact in facts:
        conversation.apply(WorkflowChanged.model_validate_json(fact.model_dump_json()))
    return conversation.workflow


def read_back(written: Position) -> Position:
    return Position.of(state_after(written.changed("active")), SHOP)


def test_a_conversation_without_workflows_stands_nowhere() -> None:
    assert Position.of(None, SHOP) == Position()


@given(
    st.sampled_from(["order_id", "zip", "new_address", CONFIRMATION, None]),
    st.integers(0, 5),
    st.dictionaries(st.sampled_from(["order_id", "zip", "new_address"]), st.text(max_size=20)),
    st.lists(st.builds(Pending, st.sampled_from(sorted(SHOP.workflows)), st.just(SLOTS)), max_size=2),
)
def test_a_position_comes_back_from_its_fact(
    awaiting: str | None, attempts: int, slots: dict[str, str], then: list[Pending]
) -> None:
    written = Position("change_address", awaiting, attempts, slots, tuple(then))
    assert not read_back(written).differs(written)
    assert not written.differs(read_back(written))


@pytest.mark.parametrize(
    ("awaiting", "step"),
    [("order_id", 0), ("zip", 1), ("new_address", 2), (CONFIRMATION, 3), (None, 0), ("no such slot", 0)],
)
def test_the_step_is_the_one_whose_question_is_open(awaiting: str | None, step: int) -> None:
    assert read_back(Position("change_address", awaiting)).step == step


def test_a_yes_is_never_read_from_a_fact() -> None:
    assert not read_back(Position("refund", CONFIRMATION, slots=SLOTS, confirmed=True)).confirmed


def test_results_and_whether_we_were_heard_are_of_this_turn_only() -> None:
    fact = Position("refund", CONFIRMATION, results={"amount": 84}, question_heard=False).changed("active")
    assert read_back(Position("refund", results={"amount": 84})).results == {}
    now = Position.of(state_after(fact), SHOP, question_heard=False, results={"amount": 84})
    assert not now.question_heard and now.results == {"amount": 84}


def test_what_the_customer_said_stands_only_in_the_personal_part() -> None:
    fact = Position("refund", slots={"zip": "60614"}, then=(Pending("ticket", {"message": "60614"}),))
    assert "60614" not in fact.changed("active").model_dump_json(exclude={"pii"})


@pytest.mark.parametrize("state", ["done", "cancelled", "failed", "refused"])
def test_what_ended_can_still_be_mended(state: str) -> None:
    fact = WorkflowChanged.model_validate(
        {"workflow": "refund", "state": state, "awaiting": "zip", "pii": {"values": SLOTS}}
    )
    assert Position.of(state_after(fact), SHOP) == Position(last=Pending("refund", SLOTS))


def test_an_open_offer_of_a_person_is_no_workflow() -> None:
    offer = Position(awaiting=PERSON, slots={"reason": "over_limit", "skill": "refunds"})
    assert offer.changed("active").workflow == OFFER
    assert read_back(offer) == offer
    assert Position.of(state_after(offer.changed("cancelled")), SHOP) == Position()


def test_an_open_question_whether_to_go_on_is_no_workflow() -> None:
    question = Position(awaiting=RESUMPTION, slots={"workflow": "refund"})
    assert question.changed("active").workflow == GO_ON
    assert read_back(question) == question
    assert Position.of(state_after(question.changed("cancelled")), SHOP) == Position()


def test_a_workflow_that_the_definition_lost_has_ended() -> None:
    gone = WorkflowChanged(workflow="loyalty_points", state="active", awaiting="zip")
    assert Position.of(state_after(gone), SHOP) == Position()
    pending = read_back(Position("refund", then=(Pending("loyalty_points", {}), Pending("ticket", {}))))
    assert pending.then == (Pending("ticket", {}),)


def test_the_newest_fact_counts() -> None:
    first, second = Position("refund", "order_id"), Position("ticket", "email")
    assert Position.of(state_after(first.changed("cancelled"), second.changed("active")), SHOP) == second
    conversation = Conversation("s")
    conversation.apply(CustomerTurn(turn_id="t", channel="chat", pii=Words(text="hi")))
    assert Position.of(conversation.workflow, SHOP) == Position()


def test_an_end_keeps_what_comes_next_and_what_ended() -> None:
    then = (Pending("ticket", {}),)
    ended = Position("refund", CONFIRMATION, 2, SLOTS, then, confirmed=True).ended()
    assert ended == Position(then=then, last=Pending("refund", SLOTS))


def test_standing_nowhere_is_not_worth_a_fact() -> None:
    assert not Position().differs(Position("refund"))
    assert Position("refund").differs(Position())
