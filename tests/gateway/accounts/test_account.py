from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.accounts.account import Account, InvalidAccount, display_name, sign_in_name

ALEX = Account("a_1", "alex", "Alex")


def test_a_new_person_takes_a_call_or_three_chats() -> None:
    assert ALEX.role == "agent" and ALEX.enabled
    assert ALEX.capacity == {"voice": 1, "chat": 3}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "Alex"}, "lower case"),
        ({"display_name": " Alex"}, "odd spaces"),
        ({"role": "owner"}, "agent, supervisor, admin"),
        ({"queues": frozenset({"a queue"})}, "a queue has"),
        ({"queues": frozenset(f"q{n}" for n in range(65))}, "more than 64 queues"),
        ({"skills": {"billing": 11}}, "1 to 10"),
        ({"skills": {"billing": 0}}, "1 to 10"),
        ({"skills": {"x" * 33: 1}}, "a skill has"),
        ({"skills": {"'; DROP TABLE accounts": 1}}, "a skill has"),
        ({"languages": frozenset()}, "1 to 64 languages"),
        ({"languages": frozenset({"english"})}, "such as `en`"),
        ({"capacity": {"voice": 1}}, "that of voice and that of chat"),
        ({"capacity": {"voice": 2, "chat": 1}}, "one call"),
        ({"capacity": {"voice": 1, "chat": -1}}, "chats"),
    ],
)
def test_an_account_that_cannot_be_is_refused_with_what_is_wrong(change: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidAccount, match=says):
        replace(ALEX, **change)


@pytest.mark.parametrize(
    ("typed", "name"), [(" Alex ", "alex"), ("ALEX@shop.example", "alex@shop.example"), ("ａｌｅｘ", "alex")]
)
def test_a_sign_in_name_is_the_same_however_it_is_typed(typed: str, name: str) -> None:
    assert sign_in_name(typed) == name


@pytest.mark.parametrize(
    "typed", ["", " ", "a b", "-alex", "x" * 65, "x" * 1_000_000, "al\x00ex", "аlex", "al'ex"]
)
def test_what_can_be_nobodys_sign_in_name_is_refused(typed: str) -> None:
    with pytest.raises(InvalidAccount):
        sign_in_name(typed)


@pytest.mark.parametrize("shown", ["Alex", "Zoë Ünï", "李雷", "Alex 😀"])
def test_people_are_called_what_they_are_called(shown: str) -> None:
    assert display_name(f"  {shown}\n") == shown


@pytest.mark.parametrize("shown", ["", "\n", "x" * 65, "Al\x07ex", "Alex\u202exela", "Al\ufeffex", "\ud800"])
def test_a_name_that_would_spoil_a_screen_is_refused(shown: str) -> None:
    with pytest.raises(InvalidAccount):
        display_name(shown)


@given(st.text())
def test_names_are_stable_or_refused(text: str) -> None:
    for made in (sign_in_name, display_name):
        try:
            name = made(text)
        except InvalidAccount:
            continue
        assert made(name) == name and 0 < len(name) <= 64
