from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.arguments import (
    Choice,
    Digits,
    EmailAddress,
    Kind,
    ListOf,
    PostalAddress,
    Real,
    Text,
    Unreadable,
    Whole,
    YesNo,
    is_nothing,
)


@pytest.mark.parametrize(
    "value",
    ["10437", 10437, 10437.0, "#10437", " 10-437 ", "10 437", "order 10437", "one zero four three seven"],
)
def test_an_order_number_is_read_in_many_spellings(value: Any) -> None:
    assert Digits(5).read(value) == "10437"


@pytest.mark.parametrize("value", ["1043", "104377", "abc", 10437.5, True, ["10437"], {"id": 10437}, "", -1])
def test_what_is_no_order_number_is_refused(value: Any) -> None:
    with pytest.raises(Unreadable, match="5 digits"):
        Digits(5).read(10**7 if value == -1 else value)


def test_a_zip_gets_its_lost_nought_back_and_sheds_its_four_more_digits() -> None:
    assert Digits(5, tail=4).read(2134) == "02134"
    assert Digits(5, tail=4).read("60614-1234") == "60614"


def test_an_email_is_read_as_written_or_said() -> None:
    assert EmailAddress().read("Maya.Lindqvist@EXAMPLE.com") == "maya.lindqvist@example.com"
    assert EmailAddress().read("maya dot lindqvist at example dot com") == "maya.lindqvist@example.com"
    for bad in ("maya", "a@b.io, c@d.io", 5, None):
        with pytest.raises(Unreadable):
            EmailAddress().read(bad)


def test_text_loses_control_characters_and_has_an_end() -> None:
    assert Text().read("  two\n\tlines\x00 \u202e") == "two lines"
    values: list[Any] = ["", " \n", "x" * 501, [], True]
    for bad in values:
        with pytest.raises(Unreadable):
            Text().read(bad)


def test_an_address_needs_number_street_and_zip() -> None:
    assert PostalAddress().read("12 Oak Street,\nChicago, IL 60614") == "12 Oak Street, Chicago, IL 60614"
    assert PostalAddress().read("twelve Oak Street Chicago Illinois six oh six one four")
    for bad in ("Oak Street, Chicago, IL 60614", "12 Oak Street, Chicago", "60614", "12 60614"):
        with pytest.raises(Unreadable, match="whole address"):
            PostalAddress().read(bad)


def test_a_choice_forgives_spelling_but_not_meaning() -> None:
    choice = Choice(("wrong_item", "other"))
    assert choice.read("Wrong item") == "wrong_item"
    assert choice.read("WRONG-ITEM") == "wrong_item"
    for bad in ("wrong", 3, None):
        with pytest.raises(Unreadable, match="wrong_item, other"):
            choice.read(bad)


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        (Whole(), 3.0, 3),
        (Whole(), "three", 3),
        (Whole(), "-12", -12),
        (Real(), "$1,299.50", 1299.5),
        (Real(), 7, 7.0),
        (YesNo(), "Yes", True),
        (YesNo(), 0, False),
        (ListOf(Whole()), ["1", 2], [1, 2]),
        (ListOf(Whole()), "4", [4]),
    ],
)
def test_plain_kinds_are_read_leniently(kind: Kind, value: Any, read: Any) -> None:
    assert kind.read(value) == read


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Whole(), 1.5),
        (Whole(), True),
        (Whole(), "many"),
        (Real(), "nan"),
        (Real(), "1e999"),
        (Real(), True),
        (YesNo(), "perhaps"),
        (ListOf(Whole(), most=2), [1, 2, 3]),
    ],
)
def test_plain_kinds_refuse_what_they_are_not(kind: Kind, value: Any) -> None:
    with pytest.raises(Unreadable):
        kind.read(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KINDS: list[Kind] = [
    Digits(5),
    EmailAddress(),
    Text(),
    PostalAddress(),
    Choice(("a",)),
    Whole(),
    Real(),
    YesNo(),
    ListOf(Digits(5)),
]


@given(st.sampled_from(KINDS), JSON)
def test_any_json_is_read_or_refused_and_the_value_never_stands_in_the_refusal(
    kind: Kind, value: Any
) -> None:
    try:
        read = kind.read(value)
    except Unreadable as error:
        assert str(error).startswith("must")
    else:
        assert kind.read(read) == read, "what was read once is read the same again"


@pytest.mark.parametrize("value", [None, "", " null ", "N/A", "unknown", [], {}])
def test_what_models_write_for_want_of_a_value_is_nothing(value: Any) -> None:
    assert is_nothing(value)
    assert not is_nothing("10437")
    assert not is_nothing(0)
    assert not is_nothing(False)
