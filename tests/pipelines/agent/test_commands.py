import json
from typing import get_args

import pytest

from pipelines.agent import commands
from pipelines.agent.commands import Command, label, labels

SECRET = "ana@example.com"
EXAMPLES: dict[Command, str] = {
    commands.Start("refund", (("order_id", SECRET),)): "start(refund)",
    commands.Fill("order_id", SECRET): "fill(order_id)",
    commands.Correct("email", SECRET): "correct(email)",
    commands.Unclear("email"): "unclear(email)",
    commands.Cancel(): "cancel",
    commands.Affirm(): "affirm",
    commands.Deny(): "deny",
    commands.Clarify(("refund", "cancel_order")): "clarify",
    commands.Ask(SECRET): "ask",
    commands.Chat(SECRET): "chat",
    commands.HandOff(SECRET): "hand_off",
    commands.Courtesy("thanks"): "thanks",
}


def test_every_command_has_an_example_here() -> None:
    assert {type(command) for command in EXAMPLES} == set(get_args(Command))


@pytest.mark.parametrize(("command", "expected"), EXAMPLES.items(), ids=EXAMPLES.values())
def test_a_label_says_what_it_is_and_no_value(command: Command, expected: str) -> None:
    assert label(command) == expected


def test_labels_keep_the_order_and_leave_out_what_the_customer_said() -> None:
    written = labels(list(EXAMPLES))
    assert written == list(EXAMPLES.values())
    assert SECRET not in json.dumps(written)
