import pytest

from pipelines.agent.definition import Slot, SlotKind
from pipelines.agent.values import Known, find_address, find_values, wish

LINE = {"voice": "x", "chat": "x"}
SLOTS = {
    name: Slot.model_validate({"kind": kind, "ask": LINE, "again": LINE})
    for name, kind in {"order": "order_id", "zip": "zip", "mail": "email"}.items()
}
WITH_ADDRESS = {**SLOTS, "to": Slot.model_validate({"kind": "address", "ask": LINE, "again": LINE})}


@pytest.mark.parametrize(
    ("text", "known", "found"),
    [
        ("order 10437, zip 60614", Known(), {"order": "10437", "zip": "60614"}),
        ("10437 and 60614", Known(), {"order": "10437", "zip": "60614"}),
        ("one zero four three seven", Known(), {"order": "10437"}),
        ("six oh six one four", Known(awaiting="zip", order_given=True), {"zip": "60614"}),
        ("10437", Known(awaiting="order_id"), {"order": "10437"}),
        ("it's 60614", Known(order_given=True), {"zip": "60614"}),
        ("11042", Known(order_given=True, verified=True), {"order": "11042"}),
        ("no, I meant 10523", Known(awaiting="zip", order_given=True, corrects=True), {"order": "10523"}),
        ("60614", Known(awaiting="zip", order_given=True, proof_tried=True, corrects=True), {"zip": "60614"}),
        ("maya dot lindqvist at example dot com", Known(), {"mail": "maya.lindqvist@example.com"}),
        ("it costs $10437", Known(), {}),
        ("nothing here", Known(awaiting="zip"), {}),
    ],
)
def test_numbers_get_their_roles(text: str, known: Known, found: dict[str, str]) -> None:
    assert find_values(text, SLOTS, known) == found


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("1200 Market Street, Denver, CO 80202", "1200 Market Street, Denver, CO 80202"),
        ("change it to 12 Oak Street, Denver CO 80203 please", "12 Oak Street, Denver CO 80203"),
        (
            "Send order 10951 to 45 Lakeview Avenue, Madison, WI 53703 instead. My ZIP is 60614.",
            "45 Lakeview Avenue, Madison, WI 53703",
        ),
        ("12 Oak Street, Denver", None),
        ("order 10437 please, ZIP 60614", None),
        ("to my mother", None),
    ],
)
def test_an_address_is_taken_whole_or_not_at_all(text: str, address: str | None) -> None:
    assert find_address(text) == address


def test_the_zip_code_of_a_new_address_proves_nothing() -> None:
    text = "order 10951 to 12 Oak Street, Denver CO 80203"
    assert find_values(text, WITH_ADDRESS, Known()) == {
        "order": "10951",
        "to": "12 Oak Street, Denver CO 80203",
    }


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Where is 10437?", "where is my order ?"),
        ("where is my order one zero four three seven", "where is my order"),
        ("My ZIP code is 60614.", ""),
        ("refund order 10523, zip 60614", "refund my order"),
        ("my email is maya@example.com", ""),
        ("I have two kids", "i have two kids"),
    ],
)
def test_a_wish_is_what_remains_without_values(text: str, wanted: str) -> None:
    assert wish(text) == wanted


PIN = Slot.model_validate({"kind": "digits", "digits": 4, "secret": True, "ask": LINE, "again": LINE})
CARD = Slot.model_validate({"kind": "digits", "digits": 5, "ask": LINE, "again": LINE})


@pytest.mark.parametrize(
    ("text", "awaiting", "found"),
    [
        ("it is [secret 2]", "digits", {"pin": "[secret 2]"}),
        ("4711", "digits", {}),
        ("card one zero four three seven", "digits", {"card": "10437"}),
        ("10437", "order_id", {"order": "10437"}),
    ],
)
def test_bare_digits_are_what_we_asked_for_and_a_secret_comes_as_its_placeholder(
    text: str, awaiting: SlotKind, found: dict[str, str]
) -> None:
    assert find_values(text, {**SLOTS, "pin": PIN, "card": CARD}, Known(awaiting=awaiting)) == found


def test_a_placeholder_is_no_part_of_a_wish() -> None:
    assert wish("my pin is [secret 1]") == "my pin is"
