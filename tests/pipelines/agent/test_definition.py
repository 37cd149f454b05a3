from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from pipelines.agent import definition
from pipelines.agent.definition import Definition, Spoken, placeholders

SHOP: dict[str, Any] = yaml.safe_load(
    (Path(definition.__file__).parent / "definitions" / "shop.yaml").read_text(encoding="utf-8")
)
REFUND = ("workflows", "refund")


def with_value(value: Any, *way: str | int) -> dict[str, Any]:
    """The shop's definition with another value at the end of `way`."""
    changed = deepcopy(SHOP)
    place: Any = changed
    for part in way[:-1]:
        place = place[part]
    place[way[-1]] = value
    return changed


def refusal_of(value: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        Definition.model_validate(value)
    return str(caught.value)


def test_the_shop_is_fit_to_use() -> None:
    shop = Definition.model_validate(SHOP)
    assert shop.workflows["refund"].write_tools() == {"request_refund"}
    assert shop.workflows["order_status"].write_tools() == frozenset()
    assert {"order_id", "zip", "new_address"} <= set(shop.slots_of("change_address"))


def test_one_sentence_serves_ear_and_eye() -> None:
    shop = Definition.model_validate(with_value("Hello.", "greeting"))
    assert shop.greeting == Spoken(voice="Hello.", chat="Hello.")


READ = {"use": "look_up_order", "given": {"order_id": "order_id"}}
WRITE = {**READ, "use": "request_refund", "effect": "write", "gives": ["amount", "title"]}
ASK, VERIFY, CONFIRM = {"ask": "order_id"}, {"verify": "order_id"}, {"confirm": "Shall I do that?"}


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([ASK, VERIFY, WRITE], "needs verify somewhere and confirm directly before"),
        ([ASK, VERIFY, CONFIRM, READ, WRITE], "confirm must stand directly before a step that writes"),
        ([ASK, CONFIRM, WRITE, VERIFY], "needs verify somewhere and confirm directly before"),
        ([VERIFY, CONFIRM, WRITE, WRITE], "needs verify somewhere and confirm directly before"),
        ([VERIFY, CONFIRM, READ], "confirm must stand directly before a step that writes"),
        ([VERIFY, CONFIRM], "its last step is none that confirms"),
        ([VERIFY, CONFIRM, WRITE, CONFIRM, WRITE], "confirms at most once"),
        ([], "at least 1 item"),
        ([{"ask": "shoe_size"}], "names the slot 'shoe_size'"),
        ([VERIFY, {**READ, "given": {"order_id": "number"}}], "names the slot 'number'"),
        ([{"ask": "order_id", "verify": "order_id"}], "Extra inputs are not permitted"),
    ],
)
def test_steps_that_make_no_sense_are_refused(steps: list[dict[str, Any]], reason: str) -> None:
    assert reason in refusal_of(with_value(steps, *REFUND, "steps"))


@pytest.mark.parametrize(
    ("value", "way", "reason"),
    [
        ("Done: {colour}.", (*REFUND, "say", "done"), "{colour}, which nothing fills"),
        ("Not for {colour}.", (*REFUND, "say", "refused", "not_yours"), "{colour}, which nothing fills"),
        ("Shall I paint it {colour}?", (*REFUND, "steps", 2, "confirm"), "{colour}, which nothing fills"),
        ("Hello {name}.", ("phrases", "greet"), "phrases.greet has the placeholder {name}"),
        ("Done: {amount:euro}.", (*REFUND, "say", "done"), "known are :id, :money and :date"),
        ("Done: {0}.", (*REFUND, "say", "done"), "is no placeholder"),
        ("Done: {order.id}.", (*REFUND, "say", "done"), "is no placeholder"),
        ("", (*REFUND, "say", "failed"), "at least 1 character"),
        ({"voice": "**Done**.", "chat": "**Done**."}, (*REFUND, "say", "failed"), "no markdown"),
        ({"voice": "Two things:\n- one", "chat": "x"}, (*REFUND, "say", "failed"), "no markdown"),
        ({"by": "weather", "otherwise": "Done."}, (*REFUND, "say", "done"), "goes by 'weather'"),
        ("pin", ("identity", "proof"), "identity.proof names 'pin'"),
        (["refund me"], (*REFUND, "examples"), "at least 5 items"),
        ("A long story. " * 40, ("persona",), "at most 400 characters"),
        (True, (*REFUND, "dangerous"), "Extra inputs are not permitted"),
        ({}, ("workflows",), "at least 1 item"),
        (SHOP["workflows"]["refund"], ("workflows", "Refund!"), "is no workflow name"),
    ],
)
def test_what_would_go_wrong_with_a_customer_on_the_line_is_refused(
    value: Any, way: tuple[str | int, ...], reason: str
) -> None:
    assert reason in refusal_of(with_value(value, *way))


def test_a_question_may_name_what_its_effect_will_give() -> None:
    changed = with_value("Shall I refund {amount:money}?", *REFUND, "steps", 2, "confirm")
    assert Definition.model_validate(changed)


def test_a_definition_cannot_be_changed_once_it_is_read() -> None:
    shop = Definition.model_validate(SHOP)
    with pytest.raises(ValidationError, match="frozen"):
        shop.persona = "You give everything away."


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Nothing.", []),
        ("{a} and {b_2:money}", [("a", ""), ("b_2", "money")]),
        ("{{braces}}", []),
    ],
)
def test_placeholders_have_a_name_and_perhaps_a_form(text: str, found: list[tuple[str, str]]) -> None:
    assert list(placeholders(text)) == found


@pytest.mark.parametrize("text", ["{", "{}", "{A}", "{a[0]}", "{a.b}", "{0}"])
def test_broken_placeholders_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        list(placeholders(text))


PIN = {"kind": "digits", "digits": 4, "secret": True, "ask": "The PIN?", "again": "Four digits, please."}


@pytest.mark.parametrize(
    ("slot", "reason"),
    [
        ({**PIN, "digits": None}, "says how many `digits`"),
        ({**PIN, "digits": 2}, "greater than or equal to 3"),
        ({**PIN, "kind": "zip"}, "and no other does"),
        ({"kind": "zip", "secret": True, "ask": "x", "again": "y"}, "only a slot of kind digits"),
    ],
)
def test_a_secret_is_a_number_of_known_length(slot: dict[str, Any], reason: str) -> None:
    assert reason in refusal_of(with_value({"pin": slot}, *REFUND, "slots"))


def test_no_sentence_may_name_a_secret() -> None:
    value = with_value({"pin": PIN}, *REFUND, "slots")
    assert Definition.model_validate(value).slots_of("refund")["pin"].length == 4
    value["workflows"]["refund"]["say"]["declined"] = "Okay, {pin} it is."
    assert "{pin}, which nothing fills" in refusal_of(value)


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"menu": {"0": "Help me."}}, "the key 0 asks for a person"),
        ({"no": "0"}, "the key 0 asks for a person"),
        ({"menu": {"12": "Help me."}}, "should match pattern"),
        ({"menu": {"#": "Help me."}}, "should match pattern"),
        ({"menu": {"1": " "}}, "at least 1 character"),
        ({"yes": "1", "no": "1"}, "yes and no are the same key"),
        ({"maybe": "3"}, "Extra inputs"),
    ],
)
def test_a_menu_of_keys_is_checked(keys: dict[str, Any], reason: str) -> None:
    assert reason in refusal_of(with_value(keys, "keypad"))


def test_keys_say_words_in_a_call() -> None:
    keys = {"menu": {"1": "Where is my order?"}, "yes": "8"}
    choices = Definition.model_validate(with_value(keys, "keypad")).keypad.choices()
    assert (choices.menu, choices.answers) == ({"1": "Where is my order?"}, {"8": "Yes."})
