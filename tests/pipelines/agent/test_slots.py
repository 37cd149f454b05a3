import pytest

from pipelines.agent.commands import Affirm, Ask, Command, Correct, Deny, Fill, Start
from pipelines.agent.position import CONFIRMATION, Pending, Position
from pipelines.agent.slots import Heard, Slots, part_of
from tests.pipelines.agent.stage import SHOP

SLOTS = Slots(SHOP)
IDLE = Position()
ASKED_ORDER = Position("refund", awaiting="order_id")
ASKED_ZIP = Position("refund", awaiting="zip", slots={"order_id": "10523"})
CONFIRMING = Position("refund", awaiting=CONFIRMATION, slots={"order_id": "10523", "zip": "60614"})
ENDED = Position(last=Pending("order_status", {"order_id": "10437", "zip": "60614"}))
TELLING = Position("ticket", awaiting="message", slots={"subject": "boots"})


@pytest.mark.parametrize(
    ("position", "text", "commands"),
    [
        (ASKED_ORDER, "it's 10523", [Fill("order_id", "10523")]),
        (ASKED_ZIP, "six oh six one four", [Fill("zip", "60614")]),
        (ASKED_ZIP, "no, I meant 10437", [Correct("order_id", "10437")]),
        (CONFIRMING, "make that order 10437", [Correct("order_id", "10437")]),
        (ENDED, "no, I meant 10523", [Correct("order_id", "10523")]),
        (ASKED_ZIP, "what is that", []),
        (TELLING, "They fell apart after 3 days.", [Fill("message", "They fell apart after 3 days.")]),
    ],
)
def test_values_become_commands(position: Position, text: str, commands: list[Command]) -> None:
    assert SLOTS.filled(Heard(text, position, verified=False)) == commands


def test_free_words_fill_nothing_that_we_did_not_ask_for() -> None:
    start = SLOTS.start(Heard("open a ticket about my boots", IDLE, verified=False), "ticket")
    assert start == Start("ticket", ())


def test_what_is_pointed_at_is_what_was_spoken_of_last() -> None:
    assert SLOTS.start(Heard("then cancel it", ENDED, verified=True), "cancel_order") == Start(
        "cancel_order", (("order_id", "10437"),)
    )
    assert SLOTS.start(Heard("cancel an order", ENDED, verified=True), "cancel_order") == Start(
        "cancel_order", ()
    )


def test_values_in_no_part_of_their_own_go_to_the_first_start_and_none_is_used_twice() -> None:
    heard = Heard("where is 10437 and refund 10523, zip 60614", IDLE, verified=False)
    parts = [
        SLOTS.start(part_of(heard, "where is 10437"), "order_status"),
        SLOTS.start(part_of(heard, "refund 10523"), "refund"),
    ]
    first, second = SLOTS.with_the_rest(heard, parts)
    assert first == Start("order_status", (("order_id", "10437"), ("zip", "60614")))
    assert second == Start("refund", (("order_id", "10523"),))


def test_a_yes_beside_a_question_counts_and_a_yes_beside_a_new_wish_does_not() -> None:
    heard = Heard("yes, and how long does it take?", CONFIRMING, verified=True)
    assert SLOTS.beside(heard, [Ask("how long does it take?")]) == [Affirm()]
    assert SLOTS.beside(heard, [Start("cancel_order")]) == []
    assert SLOTS.beside(Heard("no. what is the policy?", CONFIRMING, verified=True), [Ask("…")]) == [Deny()]
