import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.secret import PLACEHOLDER, WITHHELD, Secrets, without_numbers


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("4711", "[secret 1]"),
        ("my PIN is four seven one one.", "my pin is [secret 1]."),
        ("it's 47, uh, 11", "it's [secret 1]"),
        ("four seven and then one one", "[secret 1] and then …"),
        ("for order 10437 it is 4711 please", "for order … it is [secret 1] please"),
        ("4712, no, 4711", "…, no, [secret 1]"),
    ],
)
def test_a_secret_leaves_its_placeholder(said: str, kept: str) -> None:
    secrets = Secrets()
    assert secrets.withhold(said, 4) == kept
    assert secrets.reveal("[secret 1]") == "4711"
    assert "4711" not in repr(secrets)


@pytest.mark.parametrize("said", ["471", "47111", "four seven one"])
def test_digits_that_are_too_few_or_too_many_are_no_secret_and_yet_withheld(said: str) -> None:
    secrets = Secrets()
    assert secrets.withhold(said, 4) == WITHHELD
    assert not secrets.values()


def test_words_without_numbers_stay_as_they_are() -> None:
    assert Secrets().withhold("Why do you need that?", 4) == "Why do you need that?"
    assert without_numbers("Grüße") == "Grüße"


def test_each_secret_has_a_placeholder_of_its_own_and_all_are_forgotten_together() -> None:
    secrets = Secrets()
    assert [secrets.withhold(said, 4) for said in ("4711", "4712")] == ["[secret 1]", "[secret 2]"]
    copy = secrets.copy()
    secrets.forget()
    assert "[secret 1]" not in secrets and "[secret 1]" in copy
    assert secrets.withhold("4713", 4) == "[secret 3]", "an old placeholder never means a new secret"


def test_only_a_whole_value_is_revealed() -> None:
    secrets = Secrets()
    secrets.withhold("4711", 4)
    assert secrets.reveal("tell me [secret 1]") == "tell me [secret 1]"
    assert secrets.reveal(4) == 4


def test_what_a_service_gives_back_is_hidden_wherever_it_stands() -> None:
    secrets = Secrets()
    secrets.withhold("4711", 4)
    answer = {"pin": "4711", "tries": [4711, 2, True], "note": {"text": "PIN 4711 accepted"}, "none": None}
    assert secrets.hide(answer) == {
        "pin": "[secret 1]",
        "tries": ["[secret 1]", 2, True],
        "note": {"text": "PIN [secret 1] accepted"},
        "none": None,
    }


@given(st.text(max_size=60), st.text("0123456789", min_size=4, max_size=4), st.text(max_size=60))
def test_no_words_around_it_let_a_secret_through(before: str, pin: str, after: str) -> None:
    kept = Secrets().withhold(f"{before} {pin} {after}", 4)
    assert pin not in PLACEHOLDER.sub("", kept)
