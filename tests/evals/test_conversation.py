from pathlib import Path
from typing import Any

import pytest

import evals
from evals.conversation import Expectation, ExpectedTool, Observed, judge, load_scripts

CALL = {"tool": "request_refund", "arguments": {"order_id": "10523"}, "outcome": "done", "code": None}


def observed(**given: Any) -> Observed:
    values: dict[str, Any] = {
        "reply": "I refunded $84.00 for order 10523.",
        "tools": [CALL],
        "cited": ["refunds"],
        "handoffs": [],
        "first_words_ms": 1,
        "total_ms": 2,
        "understood": "",
        "source": "workflow",
    }
    return Observed(**(values | given))


@pytest.mark.parametrize(
    "expectation",
    [
        Expectation(any_of=("refunded", "sent"), all_of=("84.00",), none_of=("sorry",)),
        Expectation(
            tools=(ExpectedTool(tool="request_refund", arguments={"order_id": "10523"}, outcome="done"),)
        ),
        Expectation(cites="refunds", no_handoff=True, shorter_than=100),
        Expectation(no_tool=("cancel_order",)),
    ],
)
def test_what_holds_passes(expectation: Expectation) -> None:
    assert judge(expectation, observed()) == []


@pytest.mark.parametrize(
    "expectation",
    [
        Expectation(any_of=("sent",)),
        Expectation(all_of=("84.00", "Maya")),
        Expectation(none_of=("Order 10523",)),
        Expectation(tools=(ExpectedTool(tool="request_refund", arguments={"order_id": "10437"}),)),
        Expectation(tools=(ExpectedTool(tool="request_refund", code="over_limit"),)),
        Expectation(no_tool=("request_refund",)),
        Expectation(cites="warranty"),
        Expectation(handoff="any"),
        Expectation(shorter_than=10),
    ],
)
def test_what_does_not_hold_is_named(expectation: Expectation) -> None:
    assert len(judge(expectation, observed())) == 1


def test_saying_nothing_never_passes() -> None:
    assert judge(Expectation(), observed(reply="")) == ["says nothing"]


def test_the_scripts_are_well_formed_many_and_differently_named() -> None:
    assert evals.__file__
    scripts = load_scripts(Path(evals.__file__).parent / "conversations")
    assert len(scripts) >= 20
    assert len({script.name for script in scripts}) == len(scripts)
