"""What counts as an agent's yes or no on the telephone."""

import pytest

from gateway.handoff.reply import KEYS, reply_of

YES = [
    "Connect.",
    "Put them through.",
    "Yes, please put her through.",
    "I'll take it.",
    "I’ll take the call.",
]
NO = ["Decline.", "Not now, sorry.", "I can't take it.", "No, not now."]
AGAIN = ["Again.", "Please repeat that.", "Say it again, please.", "Once more."]


@pytest.mark.parametrize(
    ("text", "reply"),
    [*((text, "yes") for text in YES), *((text, "no") for text in NO), *((text, "again") for text in AGAIN)],
)
def test_plain_words_count_at_any_time(text: str, reply: str) -> None:
    assert reply_of(text, asked=False) == reply_of(text, asked=True) == reply


@pytest.mark.parametrize(
    ("text", "reply"), [("Yes.", "yes"), ("Yes, please!", "yes"), ("No, thank you.", "no")]
)
def test_a_bare_yes_or_no_counts_once_it_was_asked_for(text: str, reply: str) -> None:
    assert reply_of(text, asked=True) == reply
    assert reply_of(text, asked=False) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        " . ",
        "Hello?",
        "Okay.",
        "Yes, I told him so yesterday.",
        "Press 1 or say yes to take the call, 2 or no to decline, 3 to hear it again.",
        "No idea who that is.",
        "Connect the printer again.",
        "yes " * 2_000,
    ],
)
def test_nothing_else_does(text: str) -> None:
    assert reply_of(text, asked=True) is None


def test_the_keys() -> None:
    assert KEYS == {"1": "yes", "2": "no", "3": "again"}
