import pytest

from pipelines.other_machine import Heed, OtherMachine


@pytest.mark.parametrize(
    "text",
    [
        "For sales, press one.",
        "Your call is important to us.",
        "Your call may be recorded for quality purposes.",
        "All of our agents are currently busy.",
        "Please stay on the line.",
        "This is an automated message from your bank.",
        "Please listen carefully, as our menu options have changed.",
    ],
)
def test_what_only_machines_say_is_not_answered(text: str) -> None:
    assert OtherMachine().hear(text) is Heed.IGNORE


@pytest.mark.parametrize(
    "text",
    [
        "Where is my order?",
        "I was told that someone would call me back.",
        "Please hold my order until Monday.",
        "The express delivery never came.",
        "Can I leave a message?",
        "I have pressed every button and nothing works.",
    ],
)
def test_people_are_answered(text: str) -> None:
    assert OtherMachine().hear(text) is Heed.ANSWER


def test_after_several_turns_of_a_machine_we_give_up() -> None:
    machine = OtherMachine()
    heeded = [machine.hear(f"Press {digit} to go on.") for digit in range(OtherMachine.MOST)]
    assert heeded == [Heed.IGNORE] * (OtherMachine.MOST - 1) + [Heed.GIVE_UP]


def test_a_word_of_a_person_starts_the_count_anew() -> None:
    machine = OtherMachine()
    for _ in range(5):
        assert machine.hear("Press 1 for sales.") is Heed.IGNORE
        assert machine.hear("Hello, this is Mike now.") is Heed.ANSWER


def test_the_same_sentence_three_times_is_a_machines() -> None:
    sentence = "Sorry, I did not understand what you said."
    machine = OtherMachine()
    assert [machine.hear(sentence) for _ in range(3)] == [Heed.ANSWER, Heed.ANSWER, Heed.IGNORE]
    digits = OtherMachine()
    assert {digits.hear("one zero four") for _ in range(6)} == {Heed.ANSWER}, "people repeat what is short"
