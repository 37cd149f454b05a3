import pytest

from pipelines.briefing_matters import EARLIER, Matters
from pipelines.briefing_parts import Glossary
from pipelines.facts import Fact
from tests.pipelines.told import customer, finished, reply, understood, workflow

GLOSSARY = Glossary(
    intents={"refund": "get a refund", "order_status": "check on an order"},
    questions={"zip": "What is the ZIP code?"},
    deeds={"request_refund": "refund"},
)


def matters(*facts: Fact) -> Matters:
    folded = Matters(GLOSSARY)
    for fact in facts:
        folded.apply(fact)
    return folded


def began(turn: str, name: str, text: str = "I want that") -> list[Fact]:
    return [customer(turn, text), understood(turn, f"start({name})"), workflow(name, "active")]


def test_the_intent_is_in_our_words_and_the_wish_in_theirs() -> None:
    why = matters(*began("c1", "refund", "my money back please"), customer("c2", "10523")).why("over_limit")
    assert (why.intent, why.words, why.source_turn, why.reason) == (
        "get a refund",
        "my money back please",
        "c1",
        "over_limit",
    )


def test_a_workflow_that_no_glossary_has_is_named_as_it_is() -> None:
    assert matters(*began("c1", "rent_a_tent")).why(None).intent == "rent a tent"


def test_what_is_settled_is_earlier_and_what_is_open_is_why() -> None:
    why = matters(*began("c1", "refund"), workflow("refund", "done"), *began("c2", "order_status")).why(None)
    assert why.intent == "check on an order"
    assert [(each.intent, each.state) for each in why.earlier] == [("get a refund", "done")]


@pytest.mark.parametrize("state", ["refused", "failed"])
def test_what_was_refused_or_failed_is_still_what_they_want(state: str) -> None:
    asked = [customer("c2", "a person please"), understood("c2", "hand_off")]
    assert (
        matters(*began("c1", "refund"), workflow("refund", state), *asked).why(None).intent == "get a refund"
    )


@pytest.mark.parametrize("state", ["done", "cancelled"])
def test_who_has_nothing_open_and_asks_for_a_person_wants_just_that(state: str) -> None:
    asked = [customer("c2", "a person please"), understood("c2", "hand_off")]
    why = matters(*began("c1", "refund"), workflow("refund", state), *asked).why(None)
    assert (why.intent, why.words) == ("talk to a person", "a person please")


def test_two_wishes_in_one_turn_are_two_matters() -> None:
    both = [
        customer("c1", "refund this and where is that"),
        understood("c1", "start(refund)", "start(order_status)"),
    ]
    why = matters(*both).why(None)
    assert why.intent == "check on an order" and why.earlier[0].intent == "get a refund"


def test_what_nobody_understood_stands_until_they_find_other_words() -> None:
    odd = [customer("c1", "it went kaput in the rain"), understood("c1", "clarify")]
    assert matters(*odd).why(None).words == "it went kaput in the rain"
    assert matters(*odd, *began("c2", "refund")).why(None).earlier == ()


def test_a_thank_you_is_no_matter() -> None:
    thanks = [customer("c2", "ok thank you so much"), understood("c2", "clarify")]
    assert matters(*began("c1", "refund"), workflow("refund", "done"), *thanks).why(None).words == ""


def test_a_question_is_answered_or_not() -> None:
    asked = [customer("c1", "how long do refunds take"), understood("c1", "ask")]
    assert matters(*asked, reply("c1", "3 days", "knowledge")).why(None).earlier[0].state == "answered"
    assert matters(*asked, reply("c1", "I don't know", "fixed")).why(None).intent == "get a question answered"


def test_words_count_even_if_nothing_was_ever_understood() -> None:
    assert (
        matters(customer("c1", "the zip of my tent is stuck")).why(None).words
        == "the zip of my tent is stuck"
    )
    assert matters(customer("c1", "hi")).why(None).words == ""
    assert matters().why(None).source_turn is None


def test_an_answer_that_was_begun_twice_is_one_matter() -> None:
    again = understood("c1", "start(refund)")
    assert (
        matters(*began("c1", "refund"), workflow("refund", "done"), again).why(None).earlier[0].state
        == "done"
    )


def test_what_is_awaited_comes_with_its_question() -> None:
    assert matters(workflow("refund", "active", "zip")).awaited == ("zip", "What is the ZIP code?")
    assert matters(workflow("refund", "active", "confirmation")).awaited == ("confirmation", None)
    assert matters(workflow("refund", "active", "zip"), workflow("refund", "done")).awaited == (None, None)
    assert matters(workflow("offer_person", "active", "person")).awaited == (None, None)


def test_getting_stuck_is_a_failure_of_the_conversation_unless_a_tool_failed() -> None:
    stuck = matters(*began("c1", "refund"), workflow("refund", "active", "zip"), workflow("refund", "failed"))
    assert stuck.stuck[0].text == "Did not get to the end of it: get a refund (no zip)"
    tool = finished("c1.1", "request_refund", "failed", "timeout")
    assert matters(*began("c1", "refund"), tool, workflow("refund", "failed")).stuck == ()
    assert (
        matters(*began("c1", "refund"), workflow("refund", "failed"), workflow("refund", "done")).stuck == ()
    )


def test_what_a_colleague_does_by_hand_settles_the_matter() -> None:
    by_hand = finished("q1.1", "request_refund", receipt="R-1", agent_id="a_1")
    folded = matters(*began("c1", "refund"), workflow("refund", "refused"), by_hand)
    assert folded.why(None).earlier[0].state == "done"


def test_only_the_newest_matters_are_named() -> None:
    many = [fact for n in range(12) for fact in (*began(f"c{n}", f"w{n}"), workflow(f"w{n}", "done"))]
    assert len(matters(*many).why(None).earlier) == EARLIER


def test_an_offer_of_a_person_is_no_matter_of_theirs() -> None:
    folded = matters(workflow("offer_person", "active", "person", reason="x"))
    assert folded.offering and folded.why(None).intent is None
