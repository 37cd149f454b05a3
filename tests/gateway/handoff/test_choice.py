import pytest

from gateway.handoff.choice import Choice, choice_of

OFFERED: list[tuple[str, Choice]] = [
    ("call me back please", "callback"),
    ("Yes, a callback.", "callback"),
    ("could you ring me", "callback"),
    ("can I leave a message?", "message"),
    ("A message, please.", "message"),
    ("I'll wait", "wait"),
    ("I can wait.", "wait"),
    ("let me wait then", "wait"),
    ("wait", "wait"),
    ("let's go on", "stay"),
    ("We can continue together", "stay"),
    ("No, thank you.", "stay"),
    ("never mind", "stay"),
]


@pytest.mark.parametrize(("words", "choice"), OFFERED)
def test_an_alternative_is_known_by_its_words(words: str, choice: Choice) -> None:
    assert choice_of(words, offered=True, waiting=False) == choice


CANCELS = [
    "Never mind.",
    "Forget it",
    "forget about it",
    "I don\u2019t need a person any more",
    "please cancel that",
    "stop waiting",
    "no human please",
    "I'll stay with you",
]


@pytest.mark.parametrize("words", CANCELS)
def test_who_waits_may_change_their_mind(words: str) -> None:
    assert choice_of(words, offered=False, waiting=True) == "cancel"


OTHER = [
    "",
    "   ",
    "where is my order",
    "what are your hours?",
    "I want a refund for my lamp",
    "my number is 10437",
    "?!",
    "how long does it take?",
    "I have waited for my parcel for two weeks, and nobody could tell me where it is, never mind why",
]


@pytest.mark.parametrize("words", OTHER)
@pytest.mark.parametrize(("offered", "waiting"), [(True, False), (False, True)])
def test_other_words_are_for_the_bot(words: str, offered: bool, waiting: bool) -> None:
    assert choice_of(words, offered=offered, waiting=waiting) is None


@pytest.mark.parametrize("words", ["never mind", "call me back", "I'll wait", "no"])
def test_without_a_handoff_nothing_is_a_choice(words: str) -> None:
    assert choice_of(words, offered=False, waiting=False) is None


def test_who_waits_and_says_no_to_something_else_still_waits() -> None:
    assert choice_of("no", offered=False, waiting=True) is None
    assert choice_of("cancel my order", offered=False, waiting=True) is None
