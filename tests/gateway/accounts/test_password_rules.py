import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.accounts.password_rules import LONGEST, SHORTEST, fault, plain


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "vier kleine Füße im Wind",
        "🐴🔋📎🌂🍰🎈🎉🎁🎂🍩🍪🍫",
        "kq3-fmx9-qdh",
        "x" + "abcdefg" * 5,
    ],
)
def test_what_is_long_and_no_pattern_is_good_whatever_it_is_made_of(password: str) -> None:
    assert fault(password, "alex", "Alex") is None


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("", "12 to 256"),
        ("Tr0ub4dor&3", "12 to 256"),
        ("x" * 257, "12 to 256"),
        ("aaaaaaaaaaaa", "pattern"),
        ("abababababab", "pattern"),
        ("123456789012", "pattern"),
        ("210987654321", "pattern"),
        ("QwertyUiopAsdf", "pattern"),
        ("password1234", "tried first"),
        ("PASSWORD1234", "tried first"),
        ("Administrator2026!", "tried first"),
        ("alexandra1234", "a name"),
        ("Warmline2026", "a name"),
    ],
)
def test_what_is_guessed_first_is_refused_with_the_reason(password: str, says: str) -> None:
    said = fault(password, "alexandra", "Alexandra")
    assert said is not None and says in said


def test_a_name_may_be_part_of_something_long() -> None:
    assert fault("alexandra likes old tramways", "alexandra") is None


def test_a_name_too_short_to_mean_anything_forbids_nothing() -> None:
    assert fault("plovdiv-tram-7", "al") is None


def test_the_same_letters_from_another_keyboard_are_the_same() -> None:
    assert plain("ｐａｓｓ ①") == "pass 1"
    assert plain("Zoe\u0308") == plain("Zoë")


@given(st.text(max_size=LONGEST + 20))
def test_a_fault_is_a_sentence_or_none_and_never_repeats_the_password(password: str) -> None:
    said = fault(password, "alex")
    assert said is None or (said.endswith(".") and (len(password) < SHORTEST or password not in said))
