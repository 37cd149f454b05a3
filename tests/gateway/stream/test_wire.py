"""What is read out of messages, and its bounds."""

from typing import Any

import pytest

from gateway.protocol_error import ProtocolError
from gateway.stream import wire
from gateway.stream.encoding import LINEAR, MULAW
from gateway.stream.wire import Heard, Pressed


@pytest.mark.parametrize(("value", "number"), [("17", 17), (17, 17), (None, None), ("0", 0)])
def test_numbers_may_be_written_as_texts(value: Any, number: int | None) -> None:
    assert wire.whole_number({"n": value}, "n") == number


@pytest.mark.parametrize("value", ["", "x", "-1", -1, 1.5, True, [], "9" * 30, "²"])
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(ProtocolError):
        wire.whole_number({"n": value}, "n")


def test_parameters_are_texts_and_not_too_many() -> None:
    assert wire.parameters({"a": "1", "b": 2, "c": None}) == {"a": "1"}
    assert wire.parameters("no object") == {}
    for too_much in ({str(n): "" for n in range(33)}, {"a": "x" * 1_025}, {"x" * 1_025: ""}):
        with pytest.raises(ProtocolError):
            wire.parameters(too_much)


def test_a_text_is_not_too_long() -> None:
    assert wire.text({"a": 7}, "a") == ""
    with pytest.raises(ProtocolError):
        wire.text({"a": "x" * 1_025}, "a")


def test_a_second_of_sound_at_most() -> None:
    assert wire.heard(MULAW, b"\xff" * 8_000) == [Heard(bytes(16_000))]
    assert wire.heard(LINEAR, b"\1") == []
    with pytest.raises(ProtocolError):
        wire.heard(MULAW, b"\xff" * 8_001)


@pytest.mark.parametrize("key", ["", "12", "E", 5, None, "a"])
def test_what_is_no_key_is_passed_over(key: Any) -> None:
    assert wire.pressed(key) == []
    assert wire.pressed("D") == [Pressed("D")]
