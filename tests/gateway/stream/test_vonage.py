"""Vonage's messages, as its documentation has them and as pipecat reads and writes them."""

import json

import pytest
from pipecat.serializers.vonage import VonageFrameSerializer

from gateway.protocol_error import ProtocolError
from gateway.stream.encoding import Encoding
from gateway.stream.vonage import VonageWire
from gateway.stream.wire import Played, Started
from tests.contracts.leg import tone
from tests.gateway.stream.serializers import Reference, assert_same_reading, assert_same_writing, events, said


def start(rate: int = 16_000, **headers: str) -> str:
    named = {"call": "u-1", "caller": "15550001", "called": "15550002", **headers}
    return json.dumps({"event": "websocket:connected", "content-type": f"audio/l16;rate={rate}", **named})


def begun() -> VonageWire:
    wire = VonageWire()
    wire.receive(start())
    return wire


def reference() -> Reference:
    return Reference(VonageFrameSerializer(), 16_000)


def test_the_first_message_brings_the_endpoints_headers() -> None:
    assert events(VonageWire(), start(shop="7")) == [
        Started("u-1", Encoding("linear", 16_000), "15550001", "15550002", {"shop": "7"})
    ]


def test_pipecat_writes_the_same() -> None:
    assert_same_writing(begun(), reference(), 16_000)


def test_pipecat_reads_the_same() -> None:
    key = '{"event":"websocket:dtmf","digit":"5","duration":260}'
    cleared = '{"event":"websocket:cleared"}'
    assert_same_reading(begun(), reference(), tone(1)[0].pcm, key, cleared)


def test_a_notification_is_a_mark() -> None:
    wire = begun()
    assert said(wire.mark("w0-100")) == {"action": "notify", "payload": {"mark": "w0-100"}}
    assert wire.receive('{"event":"websocket:notify","payload":{"mark":"w0-100"}}') == [Played("w0-100")]
    assert wire.receive('{"event":"websocket:notify","payload":"other"}') == []


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([b"\0\0"], "media_before_start"),
        ([start(24_000)], "unknown_encoding"),
        ([start(), start()], "second_start"),
        ([start(call="")], "missing_field"),
        ([start(), bytes(40_000)], "message_too_long"),
    ],
)
def test_what_breaks_the_protocol(messages: list[str | bytes], code: str) -> None:
    with pytest.raises(ProtocolError) as error:
        events(VonageWire(), *messages)
    assert error.value.code == code
