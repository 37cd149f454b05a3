"""Twilio's messages, as its documentation has them and as pipecat reads and writes them."""

import json

import pytest
from pipecat.serializers.twilio import TwilioFrameSerializer

from gateway.protocol_error import ProtocolError
from gateway.stream.encoding import MULAW
from gateway.stream.twilio import TwilioWire
from gateway.stream.wire import Played, Started, Stopped
from tests.contracts.leg import tone
from tests.fakes.stream_provider import Twilio
from tests.gateway.stream.serializers import Reference, assert_same_reading, assert_same_writing, events, said


def begun(dialect: Twilio | None = None) -> TwilioWire:
    wire = TwilioWire()
    events(wire, *(dialect or Twilio()).opening())
    return wire


def reference() -> Reference:
    parameters = TwilioFrameSerializer.InputParams(auto_hang_up=False)
    return Reference(TwilioFrameSerializer("MZ1", params=parameters), 8_000)


def test_the_start_names_the_call_and_what_the_document_gave_along() -> None:
    parameters = {"caller": "+15550001", "called": "+15550002", "shop": "7"}
    assert events(TwilioWire(), *Twilio(**parameters).opening()) == [
        Started("CA1", MULAW, "+15550001", "+15550002", {"shop": "7"})
    ]


def test_pipecat_writes_the_same() -> None:
    assert_same_writing(begun(), reference(), 8_000)


def test_pipecat_reads_the_same() -> None:
    dialect = Twilio()
    key = (
        '{"event":"dtmf","streamSid":"MZ1","sequenceNumber":"5","dtmf":{"track":"inbound_track","digit":"1"}}'
    )
    speech = [dialect.speech(frame.pcm) for frame in tone(5, rate=8_000)]
    assert_same_reading(begun(), reference(), *speech, key, dialect.played("x"), *dialect.leaving())


def test_marks_go_out_and_come_back() -> None:
    wire = begun()
    assert said(wire.mark("w0-100")) == {"event": "mark", "streamSid": "MZ1", "mark": {"name": "w0-100"}}
    assert wire.receive(Twilio().played("w0-100")) == [Played("w0-100")]


def test_a_stop_ends_the_stream() -> None:
    assert isinstance(events(begun(), *Twilio().leaving())[0], Stopped)


def test_another_format_is_refused() -> None:
    start = json.loads(Twilio().opening()[1])
    start["start"]["mediaFormat"]["encoding"] = "audio/x-l16"
    with pytest.raises(ProtocolError) as error:
        TwilioWire().receive(json.dumps(start))
    assert error.value.code == "unknown_encoding"


def test_keys_cannot_be_pressed_towards_the_caller() -> None:
    assert begun().press("1") is None
    assert begun().goodbye() is None
