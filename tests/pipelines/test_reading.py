"""How transcripts read."""

import pytest

from pipelines.reading import Reading, is_backchannel, reading, words

FIVE = frozenset({5})


@pytest.mark.parametrize(
    "text",
    [
        "My order number is",
        "My order number is...",
        "I want to return the shoes and",
        "Could you change the address to?",
        "I was wondering if...",
        "I'd like to, um",
        "It costs 20 and,",
        "I would like to know.",
        "Can you tell me?",
        "Can you check the status of my order number?",
        "If I return it today.",
        "Well.",
        "And so",
        "The thing is",
    ],
)
def test_nobody_ends_a_turn_like_this(text: str) -> None:
    assert reading(text) is Reading.UNFINISHED


@pytest.mark.parametrize(
    "text",
    [
        "It is blue.",
        "I think so.",
        "Yes, it is.",
        "I would like to know where my refund is.",
        "Please send it back to me.",
        "I bought 2 lamps.",
        "If it fits, I will keep it.",
        "My address is 12 Oak Street, Chicago, 60614.",
        "Hello",
        "Yes, please.",
        "it is blue",
    ],
)
def test_a_sentence_like_any_other(text: str) -> None:
    assert reading(text, FIVE) is Reading.STATED


def test_a_missing_full_stop_means_something_only_to_a_recogniser_that_writes_them() -> None:
    assert reading("I want a medium light") is Reading.LOOSE
    assert reading("i want a medium light") is Reading.STATED


@pytest.mark.parametrize("text", ["Where is my order?", "Where is it from?", "So, what is my order number?"])
def test_a_question_is_finished(text: str) -> None:
    assert reading(text) is Reading.FINISHED


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("104", Reading.UNFINISHED),
        ("1, 0, 4.", Reading.UNFINISHED),
        ("one zero", Reading.UNFINISHED),
        ("Yes, it's 1 0 4 3", Reading.UNFINISHED),
        ("My ZIP code is 60.", Reading.UNFINISHED),
        ("10437", Reading.FINISHED),
        ("My order number is 10437.", Reading.FINISHED),
        ("one zero four, three seven", Reading.FINISHED),
        ("112356.", Reading.STATED),
    ],
)
def test_a_number_is_finished_with_its_last_digit(text: str, reads: Reading) -> None:
    assert reading(text, FIVE) is reads


def test_where_lengths_are_unknown_a_dictated_number_may_go_on() -> None:
    assert reading("My order number is 104.") is Reading.UNFINISHED
    assert reading("My order number is 10437.") is Reading.LOOSE
    assert reading("Where is my order 10437?") is Reading.LOOSE


@pytest.mark.parametrize("text", ["Yes.", "no", "Yes, please.", "No, thank you.", "That's right."])
def test_a_yes_is_finished_where_we_asked_for_one(text: str) -> None:
    assert reading(text, yes_no=True) is Reading.FINISHED


@pytest.mark.parametrize("text", ["Yes.", "Fun", "Shoes."])
def test_a_single_word_that_nobody_asked_for_begins_something(text: str) -> None:
    assert reading(text) is Reading.LOOSE
    assert reading(text, yes_no=True) > Reading.LOOSE


@pytest.mark.parametrize("text", ["Wait.", "Hold on, please.", "Sorry, excuse me.", "Wait a moment."])
@pytest.mark.parametrize("yes_no", [True, False])
def test_who_asks_for_the_word_goes_on_to_use_it(text: str, yes_no: bool) -> None:
    assert reading(text, yes_no=yes_no) is Reading.LOOSE


def test_more_than_a_yes_is_read_like_anything_else() -> None:
    assert reading("Yes, and", yes_no=True) is Reading.UNFINISHED


def test_hostile_text_is_read_quickly() -> None:
    for text in ("1 " * 5_000, "yes " * 5_000, "and so " * 5_000, "," * 20_000, "?" * 20_000, ""):
        assert reading(text, FIVE) in Reading


@pytest.mark.parametrize(
    ("text", "murmur"),
    [
        ("Uh-huh.", True),
        ("mm hmm", True),
        ("Okay, right.", True),
        ("okay but wait", False),
        ("yes", False),
        ("no", False),
        ("", True),
    ],
)
def test_knows_a_murmur(text: str, murmur: bool) -> None:
    assert is_backchannel(text) is murmur


@pytest.mark.parametrize(
    ("text", "murmur"), [("10.", True), ("7", True), ("10437.", False), ("10 days", False)]
)
def test_a_short_number_nobody_asked_for_is_a_murmur_too(text: str, murmur: bool) -> None:
    assert is_backchannel(text, number=True) is murmur
    assert not is_backchannel(text)


def test_words_are_counted_without_their_punctuation() -> None:
    assert words("Uh-huh, I'm fine…") == ["uhhuh", "im", "fine"]
