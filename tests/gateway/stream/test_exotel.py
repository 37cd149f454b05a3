"""Exotel's messages, as its documentation has them and as pipecat reads and writes them."""

import json
from base64 import b64encode

import pytest
from pipecat.serializers.exotel import ExotelFrameSerializer

from gateway.protocol_error import ProtocolError
from gateway.stream.encoding import Encoding
from gateway.stream.exotel import ExotelWire
from gateway.stream.wire import Played, Started
from tests.contracts.leg import tone
from tests.gateway.stream.serializers import Reference, assert_same_reading, assert_same_writing, events, said


def start(rate: str = "8000") -> str:
    said_ = {
        "stream_sid": "MZ1",
        "call_sid": "CA1",
        "account_sid": "AC1",
        "from": "+919876543210",
        "to": "+918047491899",
        "custom_parameters": {"shop": "7"},
        "media_format": {"encoding": "audio/x-raw", "sample_rate": rate, "bit_rate": "16"},
    }
    return json.dumps({"event": "start", "sequence_number": "1", "stream_sid": "MZ1", "start": said_})


def begun() -> ExotelWire:
    wire = ExotelWire()
    events(wire, '{"event":"connected"}', start())
    return wire


def reference() -> Reference:
    return Reference(ExotelFrameSerializer("MZ1"), 8_000)


def test_the_start_says_who_calls() -> None:
    expected = Started("CA1", Encoding("linear"), "+919876543210", "+918047491899", {"shop": "7"})
    assert events(ExotelWire(), start()) == [expected]


def test_pipecat_writes_the_same() -> None:
    assert_same_writing(begun(), reference(), 8_000)


def test_pipecat_reads_the_same() -> None:
    payload = b64encode(b"".join(frame.pcm for frame in tone(5, rate=8_000))).decode()
    media = {"chunk": "2", "timestamp": "200", "payload": payload}
    speech = json.dumps({"event": "media", "sequence_number": "3", "stream_sid": "MZ1", "media": media})
    key = json.dumps({"event": "dtmf", "stream_sid": "MZ1", "dtmf": {"digit": "5", "duration": "100"}})
    assert_same_reading(begun(), reference(), speech, key)


def test_a_mark_comes_back() -> None:
    wire = begun()
    assert said(wire.mark("w0-100")) == {"event": "mark", "stream_sid": "MZ1", "mark": {"name": "w0-100"}}
    assert wire.receive('{"event":"mark","stream_sid":"MZ1","mark":{"name":"w0-100"}}') == [Played("w0-100")]


def test_five_frames_make_the_piece_that_exotel_wants() -> None:
    pieces = b"".join(frame.pcm for frame in tone(begun().group, rate=8_000))
    assert len(pieces) >= 1_600 and len(pieces) % 320 == 0


@pytest.mark.parametrize("rate", ["24000", "0", "", "many"])
def test_other_rates_are_refused(rate: str) -> None:
    with pytest.raises(ProtocolError):
        ExotelWire().receive(start(rate))
