from typing import Any

import pytest

from pipelines.briefing_lines import (
    SPOKEN,
    TALK,
    deed_text,
    failure_text,
    named,
    next_action,
    shortened,
    spoken,
    summary,
)
from pipelines.briefing_parts import Deed, Failure, Known, Limit, Matter, OpenQuestion, Packet, Who, Why
from pipelines.sentiment import Sentiment

OVER = Limit(
    tool="request_refund",
    code="over_limit",
    text="Request refund refused: over limit",
    limit={"refund_limit": 500.0},
    asked={"amount": 749.0},
    source_turn="c1",
)
DONE = Deed(tool="cancel_order", receipt="C-1", result={}, text="Cancel order: receipt C-1", source_turn="c1")


def failed(code: str, tool: str | None = "look_up_order") -> Failure:
    return Failure(tool=tool, code=code, text=failure_text(tool, code, "get a refund"), source_turn="c1")


@pytest.mark.parametrize(
    ("parts", "awaited", "asked", "action"),
    [
        ({}, None, None, "Ask what they need."),
        ({"why": Why(intent=TALK)}, None, None, "Ask what it is about: they have only asked for a person."),
        ({"why": Why(intent="get a refund")}, None, None, "Help them to get a refund."),
        ({"why": Why(intent="get a refund")}, "confirmation", None, "Get their yes, then get a refund."),
        ({"why": Why(intent="get a refund")}, "zip", "What is the ZIP?", "Ask: “What is the ZIP?”"),
        ({"why": Why(words="kaput")}, None, None, "Find out what they mean: nobody has understood it."),
        ({"why": Why(earlier=(Matter(intent="x"),))}, None, None, "Ask what else they need."),
        ({"done": (DONE,)}, None, None, "Ask what else they need."),
        ({"done": (DONE.model_copy(update={"note": True}),)}, None, None, "Ask what they need."),
        ({"policy_limits": (OVER,)}, "zip", "ZIP?", "Decide it: over limit, amount 749.00."),
        (
            {"policy_limits": (OVER.model_copy(update={"limit": {}, "code": "already_shipped"}),)},
            None,
            None,
            "Explain it or find another way: already shipped, amount 749.00.",
        ),
        (
            {"failed": (failed("timeout"),)},
            None,
            None,
            "Try again, or by hand: look up order did not work (timeout).",
        ),
        (
            {"failed": (failed("unconfirmed", "request_refund"),), "policy_limits": (OVER,)},
            None,
            None,
            "Check whether this was done before it is done again: request refund.",
        ),
        (
            {"failed": (failed("repeated_failure", None),)},
            None,
            None,
            "Take it up where the bot got stuck: did not get to the end of it: get a refund.",
        ),
        (
            {"who": Who(failed_tries=2)},
            "zip",
            "ZIP?",
            "Find out who they are in another way: 2 tries have failed.",
        ),
        (
            {"open_question": OpenQuestion(text="Do you rent skis?", source_turn="c1", by="customer")},
            None,
            None,
            "Answer their question: “Do you rent skis?”",
        ),
    ],
)  # fmt: skip
def test_the_next_step_is_what_helps_most(
    parts: dict[str, Any], awaited: str | None, asked: str | None, action: str
) -> None:
    assert next_action(Packet(**parts), awaited, asked) == action


def test_an_upset_customer_comes_first() -> None:
    packet = Packet(sentiment=Sentiment(label="angry"), why=Why(intent="get a refund"))
    assert (
        next_action(packet, None, None)
        == "They are upset: acknowledge that first. Help them to get a refund."
    )
    assert "They are angry." in summary(packet)[1]


def test_the_summary_has_three_lines() -> None:
    who = Who(name="Maya", verified=True, method="order+zip")
    why = Why(intent="get a refund", words="money back please")
    lines = summary(Packet(who=who, why=why, policy_limits=(OVER,), next_best_action="Decide it."))
    assert lines == (
        "Maya (verified by order+zip) wants to get a refund: “money back please”",
        "Request refund refused: over limit.",
        "Decide it.",
    )
    assert summary(Packet(who=Who(channel="chat"))) == (
        "The customer (not verified) has written.",
        "Nothing was done yet.",
        "",
    )


def test_a_whisper_is_short_whatever_the_packet_holds() -> None:
    long = OVER.model_copy(update={"text": "x" * 500})
    packet = Packet(
        who=Who(name="N" * 300),
        policy_limits=(long,),
        next_best_action="y " * 300,
        why=Why(intent="z " * 200),
    )
    assert len(spoken(packet)) <= SPOKEN
    assert len(spoken(Packet())) > 0


def test_a_whisper_spells_numbers() -> None:
    order = Known(key="order_id", value="10437", source_turn="c1", confirmed=True, source="customer")
    assert "Order 1 0 4 3 7." in spoken(Packet(facts=(order,)))


def test_small_sentences() -> None:
    assert named({"amount": 84.0, "order_id": "10523", "days": 3}) == "amount 84.00, order 10523, days 3"
    assert deed_text("cancel_order", "C-1", {}) == "Cancel order: receipt C-1"
    assert "nobody knows" in failure_text("request_refund", "unconfirmed", "")
    assert shortened("a  b\nc", 10) == "a b c" and shortened("one two three", 9) == "one two…"
