"""Plivo's messages, as its documentation has them and as pipecat reads and writes them."""

import json
from base64 import b64encode
from typing import Any

import pytest
from pipecat.serializers.plivo import PlivoFrameSerializer

from gateway.protocol_error import ProtocolError
from gateway.stream.encoding import MULAW, Encoding
from gateway.stream.plivo import PlivoWire
from gateway.stream.wire import Played, Started
from tests.contracts.leg import tone
from tests.gateway.stream.serializers import Reference, assert_same_reading, assert_same_writing, events, said

HEADERS = "caller=15550001;called=15550002;ticket=9x1x2"


def start(encoding: str = "audio/x-mulaw", rate: int = 8_000, headers: str = HEADERS) -> str:
    media: dict[str, Any] = {"encoding": encoding, "sampleRate": rate}
    names = {"callId": "c-1", "streamId": "s-1", "accountId": "MA1", "tracks": ["inbound"]}
    return json.dumps(
        {
            "event": "start",
            "sequenceNumber": 1,
            "start": {**names, "mediaFormat": media},
            "extra_headers": headers,
        }
    )


def begun() -> PlivoWire:
    wire = PlivoWire()
    wire.receive(start())
    return wire


def reference() -> Reference:
    parameters = PlivoFrameSerializer.InputParams(auto_hang_up=False)
    return Reference(PlivoFrameSerializer("s-1", params=parameters), 8_000)


@pytest.mark.parametrize(
    "headers", [HEADERS, f"{{{HEADERS}}}", "X-PH-caller=15550001;X-PH-called=15550002;X-PH-ticket=9x1x2"]
)
def test_the_start_brings_the_documents_headers_back(headers: str) -> None:
    assert events(PlivoWire(), start(headers=headers)) == [
        Started("c-1", MULAW, "15550001", "15550002", {"ticket": "9x1x2"})
    ]


def test_pipecat_writes_the_same() -> None:
    assert_same_writing(begun(), reference(), 8_000)


def test_pipecat_reads_the_same() -> None:
    payload = b64encode(MULAW.encode(tone(1, rate=8_000)[0].pcm)).decode()
    media = {"track": "inbound", "timestamp": "1705312200000", "chunk": 1, "payload": payload}
    speech = json.dumps({"event": "media", "sequenceNumber": 2, "streamId": "s-1", "media": media})
    key = json.dumps({"event": "dtmf", "streamId": "s-1", "dtmf": {"track": "inbound", "digit": "*"}})
    assert_same_reading(begun(), reference(), speech, key, '{"event":"clearedAudio","streamId":"s-1"}')


def test_a_checkpoint_is_a_mark() -> None:
    wire = begun()
    assert said(wire.mark("w0-100")) == {"event": "checkpoint", "streamId": "s-1", "name": "w0-100"}
    assert wire.receive('{"event":"playedStream","streamId":"s-1","name":"w0-100"}') == [Played("w0-100")]


def test_linear_sound_is_sent_as_what_it_is() -> None:
    wire = PlivoWire()
    (started,) = wire.receive(start("audio/x-l16", 16_000))
    assert isinstance(started, Started) and started.encoding == Encoding("linear", 16_000)
    media = said(wire.media(b"\1\0" * 320))["media"]
    assert (media["contentType"], media["sampleRate"]) == ("audio/x-l16", 16_000)


def test_another_format_is_refused() -> None:
    with pytest.raises(ProtocolError):
        PlivoWire().receive(start("audio/opus"))


def test_keys_can_be_pressed_towards_the_caller() -> None:
    assert said(begun().press("1#")) == {"event": "sendDTMF", "streamId": "s-1", "dtmf": "1#"}
