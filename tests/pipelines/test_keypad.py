"""When do keys make a turn? In frames, without a clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.audio import FRAME_MS
from pipelines.keypad import (
    LONGEST,
    PERSON_WANTED,
    KeyAction,
    KeyMeaning,
    Keypad,
    KeysBegan,
    KeysErased,
    KeysTaken,
    KeyTimes,
)

NOTHING = KeyMeaning()
FIVE = KeyMeaning(digits=5)
MENU = KeyMeaning(choices={"1": "Where is my order?"})
TIMES = KeyTimes()


class Line:
    """A keypad, the keys pressed on it, and what came of them."""

    def __init__(self, meaning: KeyMeaning = NOTHING) -> None:
        self.keypad = Keypad()
        self.meaning = meaning
        self.speaking = False
        self.happened: list[KeyAction] = []

    def press(self, keys: str) -> "Line":
        for key in keys:
            self.happened += self.keypad.press(key, self.meaning, speaking=self.speaking)
        return self

    def wait(self, ms: int) -> "Line":
        for _ in range(ms // FRAME_MS):
            self.happened += self.keypad.hear(speaking=self.speaking)
        return self

    def say(self, text: str) -> "Line":
        self.speaking = False
        if self.keypad.busy:
            self.happened += self.keypad.said(text)
        return self

    @property
    def taken(self) -> list[str]:
        return [action.text for action in self.happened if isinstance(action, KeysTaken)]


def test_a_number_of_the_length_asked_for_ends_with_its_last_digit() -> None:
    line = Line(FIVE).press("1043")
    assert line.happened == [KeysBegan()]
    assert line.press("7").happened == [KeysBegan(), KeysTaken("10437", 0)]
    assert not line.keypad.busy


def test_a_number_of_unknown_length_ends_when_no_further_key_comes() -> None:
    line = Line().press("10437").wait(TIMES.between_ms - FRAME_MS)
    assert not line.taken
    assert line.wait(FRAME_MS).happened[-1] == KeysTaken("10437", TIMES.between_ms)


def test_every_key_starts_the_wait_anew() -> None:
    line = Line()
    for key in "10437":
        line.press(key).wait(TIMES.between_ms - FRAME_MS)
    assert line.wait(FRAME_MS).taken == ["10437"]


def test_pound_ends_a_number_and_is_nothing_by_itself() -> None:
    line = Line(FIVE).press("604#")
    assert line.taken == ["604"]
    line.press("#*##").wait(10_000)
    assert len(line.happened) == 2, "what follows a number that is over interrupts nobody"


def test_star_takes_back_what_was_keyed() -> None:
    assert Line(FIVE).press("999*10437").taken == ["10437"]
    erased = Line().press("12*").wait(TIMES.between_ms)
    assert erased.happened == [KeysBegan(), KeysErased()]
    assert Line().press("12*#").happened[-1] == KeysErased()


def test_nought_by_itself_asks_for_a_person() -> None:
    assert Line().press("0").wait(TIMES.choice_ms).taken == [PERSON_WANTED]
    assert Line(MENU).press("0").wait(TIMES.choice_ms).taken == [PERSON_WANTED]
    assert Line().press("0#").taken == [PERSON_WANTED]


def test_nought_may_begin_a_number_that_was_asked_for() -> None:
    line = Line(FIVE).press("0").wait(TIMES.between_ms - FRAME_MS).press("2134")
    assert line.taken == ["02134"]
    assert Line(FIVE).press("0").wait(TIMES.between_ms).taken == [PERSON_WANTED], "it began none"
    assert Line(KeyMeaning(digits=1)).press("0").taken == ["0"]


def test_a_key_of_the_menu_says_its_words_unless_a_number_follows() -> None:
    assert Line(MENU).press("1").wait(TIMES.choice_ms).taken == ["Where is my order?"]
    assert Line(MENU).press("10437").wait(TIMES.between_ms).taken == ["10437"]
    assert Line(MENU).press("7").wait(TIMES.between_ms).taken == ["7"]


def test_keys_mean_what_they_meant_when_the_first_was_pressed() -> None:
    line = Line(FIVE).press("1")
    line.meaning = MENU
    assert line.press("0437").taken == ["10437"]


def test_keys_wait_for_what_is_said_along_with_them() -> None:
    line = Line(FIVE)
    line.speaking = True
    line.press("10437").wait(TIMES.join_ms - FRAME_MS)
    assert not line.taken and line.keypad.busy
    assert line.say("my order number is").taken == ["my order number is 10437"]


def test_words_that_end_first_wait_for_the_keys() -> None:
    line = Line()
    line.speaking = True
    line.press("10").say("my order number is").wait(500).press("437")
    assert line.happened == [KeysBegan()]
    assert line.press("#").taken == ["my order number is 10437"]


def test_noise_that_never_ends_holds_no_number_back() -> None:
    line = Line(FIVE)
    line.speaking = True
    assert line.press("10437").wait(TIMES.join_ms).taken == ["10437"]


def test_voice_without_words_adds_nothing() -> None:
    line = Line(FIVE)
    line.speaking = True
    line.press("10437")
    line.speaking = False
    assert line.wait(FRAME_MS).taken == ["10437"]


def test_a_number_begun_before_the_last_was_taken_is_the_next() -> None:
    line = Line(FIVE)
    line.speaking = True
    assert line.press("1043760614").wait(TIMES.join_ms).taken == ["10437", "60614"]


@pytest.mark.parametrize("key", ["A", "D", "", "12", "٣", "x"])
def test_what_is_no_key_is_nothing(key: str) -> None:
    keypad = Keypad()
    assert keypad.press(key, NOTHING, speaking=False) == []
    assert not keypad.busy


def test_a_number_has_a_greatest_length() -> None:
    assert Line().press("1" * LONGEST).taken == ["1" * LONGEST]


def test_what_was_keyed_stands_in_no_representation() -> None:
    assert "10437" not in repr(Line(FIVE).press("10437").happened)


steps = st.lists(
    st.one_of(st.sampled_from("0123456789*#AX"), st.sampled_from([20, 200, 1_000, 3_000]), st.booleans()),
    max_size=80,
)


@given(steps, st.sampled_from([NOTHING, FIVE, MENU]))
def test_whatever_is_pressed_every_beginning_has_one_end(
    steps: list[str | int | bool], meaning: KeyMeaning
) -> None:
    line = Line(meaning)
    for step in steps:
        if isinstance(step, bool):
            line.speaking = step
        elif isinstance(step, str):
            line.press(step)
        else:
            line.wait(step)
    line.speaking = False
    line.wait(TIMES.between_ms)
    begun = sum(isinstance(action, KeysBegan) for action in line.happened)
    assert begun == sum(isinstance(action, KeysTaken | KeysErased) for action in line.happened)
    assert not line.keypad.busy
