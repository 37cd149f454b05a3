import pytest

from pipelines.agent import rules


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "Yes please",
        "yeah, go ahead",
        "sure",
        "Okay do it",
        "um, yes",
        "that's right",
        "yep!",
        "sounds good",
        "No problem, go ahead",
        "absolutely",
        "please do",
        "OK",
        "correct",
        "oh yes",
        "why not",
    ],
)
def test_yes_in_many_words(text: str) -> None:
    assert rules.yes_or_no(text) == "yes"


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "Nope",
        "no thanks",
        "please don't",
        "not now",
        "uh, no",
        "I'd rather not",
        "wait",
        "absolutely not",
        "stop",
        "don't do that",
    ],
)
def test_no_in_many_words(text: str) -> None:
    assert rules.yes_or_no(text) == "no"


@pytest.mark.parametrize(
    "text",
    [
        "yes but not that one",
        "yes, wait",
        "sure, but only if it is free",
        "okay so what is your policy then, no",
        "I'm not sure",
        "maybe",
        "my order is late",
        "",
        "yes cancel it all instead",
    ],
)
def test_a_doubtful_yes_is_none(text: str) -> None:
    assert rules.yes_or_no(text) != "yes"


def test_a_workflow_may_have_words_of_its_own_for_yes() -> None:
    assert rules.yes_or_no("alright, cancel it then", ("cancel it",)) == "yes"
    assert rules.yes_or_no("no, don't cancel it", ("cancel it",)) == "no"
    assert rules.yes_or_no("please do not cancel it", ("cancel it",)) != "yes"


@pytest.mark.parametrize(
    "text",
    [
        "I want to talk to a person",
        "can I just talk to a real human being",
        "get me your supervisor",
        "agent",
        "Representative please",
        "let me speak with someone",
        "transfer me to a live agent",
        "connect me with support",
        "I need to speak to a manager",
        "put me through to customer service",
        "I want a human, not a bot",
        "escalate this",
        "is there somebody I can speak to? I want a real person",
    ],
)
def test_a_wish_for_a_person(text: str) -> None:
    assert rules.wants_person(text)


@pytest.mark.parametrize(
    "text",
    [
        "are you a real person",
        "is this a human",
        "I don't want to talk to a person",
        "where is my order",
        "am I talking to a robot",
        "I want a refund",
        "what is your return policy",
        "the jacket is for a small person",
    ],
)
def test_no_wish_for_a_person(text: str) -> None:
    assert not rules.wants_person(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Hello!", "greet"),
        ("good morning", "greet"),
        ("thank you so much", "thanks"),
        ("Great, thanks", "thanks"),
        ("no that's all, bye", "bye"),
        ("Goodbye", "bye"),
        ("that's all thanks, have a nice day", "bye"),
        ("hello where is my order", None),
        ("thanks but where is it", None),
        ("no", None),
    ],
)
def test_courtesies_are_nothing_but_courtesies(text: str, kind: str | None) -> None:
    assert rules.courtesy(text) == kind


@pytest.mark.parametrize(
    "text", ["never mind", "actually forget it", "cancel", "cancel that please", "I changed my mind"]
)
def test_leaving(text: str) -> None:
    assert rules.leaves(text)


@pytest.mark.parametrize("text", ["cancel my order 10951", "where is it", "I want to cancel order 10437"])
def test_cancelling_an_order_is_not_leaving(text: str) -> None:
    assert not rules.leaves(text)


def test_clauses_part_different_wishes() -> None:
    assert rules.clauses("where is my order 10437 and can I return it") == [
        "where is my order 10437",
        "can I return it",
    ]
    assert rules.clauses("boots and socks") == ["boots and socks"]
    assert rules.clauses("hi") == ["hi"]


def test_words_beside_a_value_are_counted_without_fillers() -> None:
    assert not rules.says_more("oh sorry it's my order", 1)
    assert rules.says_more("my order and how long do refunds take", 3)
