from typing import Any

from pipelines.briefing_parts import Glossary, Known
from pipelines.briefing_records import MOST_FACTS, Records
from pipelines.facts import Fact, HandoffRequested
from tests.pipelines.told import called, customer, finished, understood, verified, workflow

GLOSSARY = Glossary(note_tool="create_ticket")


def records(*facts: Fact) -> Records:
    folded = Records(GLOSSARY)
    for fact in facts:
        folded.apply(fact)
    return folded


def known(folded: Records, key: str, about: str | None = None) -> Known:
    [fact] = [fact for fact in folded.facts() if (fact.key, fact.about) == (key, about)]
    return fact


SAID = [
    customer("c1", "refund order 10523, zip 60614"),
    workflow("refund", "active", order_id="10523", zip="60614"),
]
LOOKED_UP = [
    *SAID,
    called("c1.1", "look_up_order", order_id="10523"),
    finished("c1.1", "look_up_order", status="delivered", title="Boots", total=84.0, order_id="10523"),
]


def test_a_value_has_the_turn_that_it_was_said_in() -> None:
    folded = records(
        customer("c1", "my order is 10523"),
        customer("c2", "yes that one"),
        workflow("refund", "active", order_id="10523"),
    )
    assert (known(folded, "order_id").source_turn, known(folded, "order_id").source) == ("c1", "customer")


def test_a_value_said_in_pieces_belongs_to_the_turn_that_ended_it() -> None:
    folded = records(
        customer("c1", "one oh five"), customer("c2", "two three"), workflow("x", "active", order_id="10523")
    )
    assert known(folded, "order_id").source_turn == "c2"


def test_a_value_that_nobody_gave_is_not_taken() -> None:
    assert records(customer("c1", "hello"), workflow("refund", "active", order_id="99999")).facts() == ()


def test_a_value_from_a_tools_result_says_so() -> None:
    folded = records(
        customer("c1", "my newest order"),
        finished("c1.1", "list_orders", orders=[{"order_id": "10951"}]),
        workflow("cancel_order", "active", order_id="10951"),
    )
    assert (known(folded, "order_id").source, known(folded, "order_id").confirmed) == ("tool", True)


def test_what_proves_an_identity_is_never_a_fact_and_stands_in_no_text() -> None:
    folded = records(*SAID, verified())
    assert [fact.key for fact in folded.facts()] == ["order_id"]
    assert folded.proofs == ("facts.zip",)
    assert folded.without_proofs("zip six oh six one four") == "zip …"


def test_secrets_are_no_facts() -> None:
    assert records(customer("c1", "[secret 1]"), workflow("x", "active", pin="[secret 1]")).facts() == ()


def test_a_service_that_takes_a_number_for_its_own_confirms_it() -> None:
    assert not known(records(*SAID), "order_id").confirmed
    assert known(records(*LOOKED_UP), "order_id").confirmed


def test_another_number_takes_the_place_of_one_that_nobody_confirmed() -> None:
    corrected = [customer("c2", "no, 10524"), workflow("refund", "active", order_id="10524")]
    assert [fact.value for fact in records(*SAID, *corrected).facts()] == ["10524"]
    both = records(*LOOKED_UP, *corrected)
    assert [fact.value for fact in both.facts() if fact.key == "order_id"] == ["10523", "10524"]


def test_after_a_deed_what_may_have_changed_is_not_sure_any_more() -> None:
    folded = records(
        *LOOKED_UP,
        called("c2.1", "request_refund", order_id="10523"),
        finished("c2.1", "request_refund", receipt="R-1", amount=84.0),
    )
    assert not known(folded, "status", "10523").confirmed and not known(folded, "total", "10523").confirmed
    assert known(folded, "title", "10523").confirmed and known(folded, "order_id").confirmed
    [deed] = folded.done
    assert (deed.receipt, deed.result, deed.by) == ("R-1", {"amount": 84.0}, "bot")


def test_without_a_receipt_nothing_was_done() -> None:
    assert records(finished("c1.1", "request_refund", amount=84.0)).done == ()


def test_a_receipt_counts_once_however_often_it_is_told() -> None:
    told = finished("c1.1", "request_refund", receipt="R-1")
    assert len(records(told, told).done) == 1


def test_the_note_of_a_handoff_is_told_from_a_ticket() -> None:
    asked = [understood("c1", "hand_off"), HandoffRequested(reason="customer_asked")]
    ticket = finished("c1.1", "create_ticket", receipt="T-1")
    assert records(customer("c1", "a person"), *asked, ticket).done[0].note
    assert not records(customer("c1", "a ticket"), ticket).done[0].note


def test_a_refusal_by_policy_is_a_limit_with_its_number() -> None:
    folded = records(
        *SAID,
        called("c1.1", "request_refund", order_id="10523"),
        finished(
            "c1.1", "request_refund", "refused", "over_limit", amount=749.0, limit={"refund_limit": 500.0}
        ),
    )
    [limit] = folded.limits
    assert (limit.code, limit.limit, limit.asked) == (
        "over_limit",
        {"refund_limit": 500.0},
        {"amount": 749.0, "order_id": "10523"},
    )
    assert (
        limit.text == "Request refund refused: over limit (amount 749.00, order 10523; refund limit 500.00)"
    )
    by_hand = [
        called("q1.1", "request_refund", order_id="10523"),
        finished("q1.1", "request_refund", receipt="R-1", agent_id="a_1"),
    ]
    for fact in by_hand:
        folded.apply(fact)
    assert folded.limits == () and folded.done[0].by == "human"


def test_steps_on_the_way_are_no_limits() -> None:
    codes = ("not_confirmed", "not_verified", "invented_argument", "not_allowed")
    assert records(*(finished(f"c{n}.1", "t", "refused", code) for n, code in enumerate(codes))).limits == ()


def test_of_what_is_not_theirs_nothing_is_known() -> None:
    folded = records(
        *SAID,
        called("c1.1", "look_up_order", order_id="10523"),
        finished("c1.1", "look_up_order", "refused", "not_yours", status="delivered"),
    )
    assert [(fact.key, fact.confirmed) for fact in folded.facts()] == [("order_id", False)]
    assert folded.limits[0].code == "not_yours"


def test_failures_are_counted_and_forgotten_once_it_worked() -> None:
    down = finished("c1.1", "look_up_order", "failed", "timeout")
    folded = records(down, down)
    assert (folded.failed[0].code, folded.failed[0].times) == ("timeout", 2)
    folded.apply(finished("c2.1", "look_up_order", status="delivered"))
    assert folded.failed == ()


def test_a_models_own_mistakes_are_no_failures() -> None:
    assert records(finished("c1.1", "nonsense", "failed", "unknown_tool")).failed == ()


def test_failed_proofs_are_counted_until_one_succeeds() -> None:
    wrong = finished("c1.1", "verify_identity", "refused", "verification_failed", tries_left=2)
    folded = records(wrong, wrong)
    assert folded.failed_tries == 2 and folded.limits == () and folded.facts() == ()
    folded.apply(finished("c2.1", "verify_identity", verified=True, zip="60614"))
    assert folded.failed_tries == 0


def test_a_flood_of_values_is_bounded() -> None:
    values: dict[str, Any] = {f"key{n}": n for n in range(500)}
    assert len(records(finished("c1.1", "t", **values)).facts()) == MOST_FACTS
