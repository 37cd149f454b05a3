"""What is read out of messages, and its bounds."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocol_error import ProtocolError
from gateway.stream import wire
from gateway.stream.asterisk import AsteriskWire
from gateway.stream.audiosocket import AudioSocketWire, Kind, packet
from gateway.stream.encoding import LINEAR, MULAW
from gateway.stream.exotel import ExotelWire
from gateway.stream.genesys import GenesysWire
from gateway.stream.plivo import PlivoWire
from gateway.stream.telnyx import TelnyxWire
from gateway.stream.twilio import TwilioWire
from gateway.stream.vonage import VonageWire
from gateway.stream.wire import Heard, Message, Pressed, Wire
from tests.contracts.leg import tone
from tests.fakes.stream_provider import AsteriskWebSocket, Dialect, Telnyx, Twilio
from tests.gateway.stream import test_exotel, test_genesys, test_plivo, test_vonage


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


def _spoken(dialect: Dialect) -> list[Message]:
    return [*dialect.opening(), dialect.speech(tone(1, rate=8_000)[0].pcm), *dialect.leaving()]


def _genesys() -> list[Message]:
    client = test_genesys.Client()
    return [client.open(), client.message("dtmf", 1, digit="5"), b"\xff" * 160, client.message("close", 1)]


CONVERSATIONS: list[tuple[type[Wire], list[Message]]] = [
    (TwilioWire, [*_spoken(Twilio(caller="1")), Twilio().played("w0-100")]),
    (TelnyxWire, _spoken(Telnyx())),
    (PlivoWire, [test_plivo.start(), '{"event":"playedStream","streamId":"s-1","name":"w0-100"}']),
    (ExotelWire, [test_exotel.start(), '{"event":"dtmf","dtmf":{"digit":"5","duration":"100"}}']),
    (VonageWire, [test_vonage.start(), bytes(640), '{"event":"websocket:notify","payload":{"mark":"x"}}']),
    (GenesysWire, _genesys()),
    (AsteriskWire, _spoken(AsteriskWebSocket())),
    (
        AudioSocketWire,
        [packet(Kind.IDENTITY, bytes(16)), packet(Kind.SOUND, bytes(320)), packet(Kind.KEY, b"5")],
    ),
]


@pytest.mark.parametrize(("kind", "messages"), CONVERSATIONS, ids=lambda each: getattr(each, "__name__", ""))
@given(data=st.data())
def test_a_conversation_with_anything_changed_in_it_raises_nothing_but_our_own_error(
    kind: type[Wire], messages: list[Message], data: st.DataObject
) -> None:
    """Characters changed, cut off or put in; messages doubled, left out and in another order."""
    wire, shown = kind(), data.draw(st.lists(st.sampled_from(messages), max_size=6))
    for message in [*messages[: data.draw(st.integers(0, 2))], *shown]:
        try:
            wire.receive(_changed(message, data))
        except ProtocolError:
            continue


def _changed(message: Message, data: st.DataObject) -> Message:
    at = data.draw(st.integers(0, len(message) - 1))
    if isinstance(message, bytes):
        first = max(at, 3)  # an AudioSocket packet always has its header
        return message[:first] + data.draw(st.binary(max_size=4)) + message[first + 1 :]
    return message[:at] + data.draw(st.text(max_size=4)) + message[at + data.draw(st.integers(0, 3)) :]
