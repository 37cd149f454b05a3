import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tools.evidence import find_emails, find_order_ids, find_zips, occurs, spoken_digits
from tools.tool import Evidence

WORDS = "zero one two three four five six seven eight nine".split()


def said(*turns: str) -> Evidence:
    return Evidence(said=turns)


def spelled(digits: str) -> str:
    return " ".join(WORDS[int(digit)] for digit in digits)


def as_pairs(digits: str) -> str:
    return f"{digits[:2]} {digits[2:]}"


def with_filler(digits: str) -> str:
    return f"it's um {spelled(digits[:3])} uh {spelled(digits[3:])}, thanks"


FORMS = st.sampled_from(
    [str, spelled, as_pairs, with_filler, "-".join, " ".join, ", ".join, "#{}".format, "Order {}!".format]
)
FIVE = st.text("0123456789", min_size=5, max_size=5)


@given(FIVE, FORMS)
def test_five_digits_are_found_in_every_form_of_speech(digits: str, form) -> None:  # type: ignore[no-untyped-def]
    text = form(digits)
    assert find_order_ids(text) == [digits]
    assert find_zips(text) == ([] if "Order" in text else [digits])
    assert occurs(digits, said(text))


@given(FIVE, FIVE, FORMS)
def test_a_number_that_was_not_said_does_not_occur(asked: str, given_: str, form) -> None:  # type: ignore[no-untyped-def]
    assume(asked != given_)
    assert not occurs(asked, said(form(given_)))


@given(st.text(max_size=300), st.text(max_size=40))
def test_hostile_text_never_raises(text: str, value: str) -> None:
    find_order_ids(text), find_zips(text), find_emails(text), spoken_digits(text)
    occurs(value, said(text))


NAMES = st.lists(st.text("bcdfgjklm", min_size=3, max_size=9), min_size=2, max_size=8)


@given(NAMES, st.data())
def test_any_stretch_of_what_was_said_occurs_and_nothing_around_it(
    names: list[str], data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, len(names) - 1))
    last = data.draw(st.integers(first + 1, len(names)))
    stretch = names[first:last]
    assert occurs(", ".join(stretch).title(), said(" ".join(names)))
    assert not occurs(" ".join([*stretch, "aeiou"]), said(" ".join(names)))


@pytest.mark.parametrize(
    ("text", "order_ids", "zips"),
    [
        ("order 10437 and my zip is 60614", ["10437"], ["60614"]),
        ("60614 is my zip code, the order is 10437", ["10437"], ["60614"]),
        ("My order is 1, 0, 4, 3, 7. Zip six oh six fourteen.", ["10437"], ["60614"]),
        ("10437 60614", ["10437", "60614"], ["10437", "60614"]),
        ("1 0 4 3 7 6 0 6 1 4", ["10437", "60614"], ["10437", "60614"]),
        ("orders 10523 and 10812", ["10523", "10812"], ["10812"]),
        ("zip 60614-1234", [], ["60614"]),
        ("call me on 312 555 0199", [], []),
        ("it cost $10437 or 10437.50", [], []),
        ("1 0 4 3 7 7", [], []),
        ("I have 2. 10437 is the order number", ["10437"], []),
        ("10437, yes 10437", ["10437"], ["10437"]),
        ("that one, 10437", ["10437"], ["10437"]),
        ("hello", [], []),
    ],
)
def test_tells_order_numbers_from_zip_codes_by_what_they_were_called(
    text: str, order_ids: list[str], zips: list[str]
) -> None:
    assert find_order_ids(text) == order_ids
    assert find_zips(text) == zips


@pytest.mark.parametrize(
    ("text", "emails"),
    [
        ("maya dot lindqvist at example dot com", ["maya.lindqvist@example.com"]),
        ("My e-mail is Maya.Lindqvist@Example.com.", ["maya.lindqvist@example.com"]),
        ("it's maya.lindqvist at example.com, thanks", ["maya.lindqvist@example.com"]),
        ("m a y a underscore l at mail dash house dot co dot uk", ["maya_l@mail-house.co.uk"]),
        ("a@b.io and c@d.io and a@b.io", ["a@b.io", "c@d.io"]),
        ("meet me at noon", []),
        ("@", []),
        ("at dot com", []),
    ],
)
def test_finds_addresses_written_and_said(text: str, emails: list[str]) -> None:
    assert find_emails(text) == emails


def test_an_email_said_aloud_is_evidence_for_the_written_one() -> None:
    aloud = said("sure, maya dot lindqvist at example dot com")
    assert occurs("maya.lindqvist@example.com", aloud)
    assert not occurs("mya.lindqvist@example.com", aloud)
    assert not occurs("maya.lindqvist@example.org", aloud)


@pytest.mark.parametrize(
    ("address", "known"),
    [
        ("742 Evergreen Terrace, Springfield, IL 62704", True),
        ("742 evergreen ter, springfield, Illinois 62704", True),
        ("742 Evergreen Terrace", True),
        ("743 Evergreen Terrace, Springfield, IL 62704", False),
        ("742 Evergreen Terrace, Springfield, OH 62704", False),
        ("742 Evergreen Terrace Apt 4, Springfield, IL 62704", False),
    ],
)
def test_an_address_may_be_given_over_several_turns(address: str, known: bool) -> None:
    turns = said("seven forty two Evergreen Terrace", "Springfield, Illinois, six two seven oh four")
    assert occurs(address, turns) is known


def test_a_number_may_be_ended_in_the_next_turn() -> None:
    assert occurs("10437", said("it's one zero four", "three seven"))


def test_what_a_tool_found_is_evidence() -> None:
    found = Evidence(results=({"orders": [{"order_id": "10812", "total": 749.0, "gift": True}]},))
    assert occurs("10812", found)
    assert occurs(749, found)
    assert not occurs("10813", found)
    assert not occurs("True", found)
    assert not occurs(1, found)


@pytest.mark.parametrize(
    ("amount", "known"), [(84.0, True), (1299.5, True), (20, True), (12.995, False), (85, False)]
)
def test_amounts_are_compared_as_amounts(amount: float, known: bool) -> None:
    assert occurs(amount, said("it was $84.00, then $1,299.50 and twenty dollars")) is known


@pytest.mark.parametrize("value", ["", "  ", "!?", None, True, [], float("nan"), float("inf")])
def test_what_says_nothing_never_occurs(value: object) -> None:
    assert not occurs(value, said("anything at all!? true nan inf"))


def test_every_value_of_a_list_must_occur() -> None:
    assert occurs(["10437", "60614"], said("10437 and 60614"))
    assert not occurs(["10437", "99999"], said("10437 and 60614"))


def test_a_longer_number_is_no_evidence_for_a_part_of_it() -> None:
    assert not occurs("10437", said("my card is 5104370000000000"))
    assert not occurs("0437", said("order 10437"))


def test_the_newest_words_count_however_long_the_session_is() -> None:
    assert occurs("10437", said(*["I am still waiting for an answer here"] * 1_000, "order 10437"))
