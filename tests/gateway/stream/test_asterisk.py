"""`chan_websocket`'s messages, plain and JSON."""

import json

import pytest

from gateway.protocol_error import ProtocolError
from gateway.stream.asterisk import AsteriskWire
from gateway.stream.encoding import ALAW, MULAW, Encoding
from gateway.stream.wire import Heard, Held, Pressed, Started
from tests.contracts.leg import tone
from tests.gateway.stream.serializers import events

PLAIN = "MEDIA_START connection_id:c-1 channel:WebSocket/warmline/0x1 format:alaw optimal_frame_size:160"
OLDER = "MEDIA_START connection_id:c-1 channel:WebSocket/warmline/0x1 optimal_frame_size:160"
JSON = json.dumps(
    {"event": "MEDIA_START", "connection_id": "c", "channel_id": "17.1", "format": "slin16", "ptime": 20}
)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (PLAIN, Started("WebSocket/warmline/0x1", ALAW, "15550001", "", {"shop": "7"})),
        (OLDER, Started("WebSocket/warmline/0x1", MULAW, "15550001", "", {"shop": "7"})),
        (JSON, Started("17.1", Encoding("linear", 16_000), "15550001", "", {"shop": "7"})),
    ],
)
def test_the_start_names_channel_and_format_and_the_address_says_who_calls(
    start: str, expected: Started
) -> None:
    assert AsteriskWire({"caller": "15550001", "shop": "7"}).receive(start) == [expected]


def test_sound_is_binary_both_ways() -> None:
    wire, pcm = AsteriskWire(), tone(1, rate=8_000)[0].pcm
    wire.receive(PLAIN)
    assert wire.media(pcm) == ALAW.encode(pcm)
    assert wire.receive(ALAW.encode(pcm)) == [Heard(ALAW.decode(ALAW.encode(pcm)))]


@pytest.mark.parametrize(
    ("start", "event", "clear", "goodbye"),
    [
        (PLAIN, "DTMF_END digit:5", "FLUSH_MEDIA", "HANGUP"),
        (JSON, '{"event":"DTMF_END","digit":"5"}', '{"command": "FLUSH_MEDIA"}', '{"command": "HANGUP"}'),
    ],
)
def test_commands_take_the_form_that_asterisk_uses(start: str, event: str, clear: str, goodbye: str) -> None:
    wire = AsteriskWire()
    wire.receive(start)
    assert wire.receive(event) == [Pressed("5")]
    assert (wire.clear(), wire.goodbye()) == (clear, goodbye)


def test_a_full_queue_holds_our_sound() -> None:
    assert events(AsteriskWire(), PLAIN, "MEDIA_XOFF", "MEDIA_XON")[1:] == [Held(True), Held(False)]


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([b"\xff" * 160], "media_before_start"),
        ([PLAIN, PLAIN], "second_start"),
        (["MEDIA_START format:opus"], "unknown_encoding"),
        (["x" * 40_000], "message_too_long"),
        ([bytes(40_000)], "message_too_long"),
    ],
)
def test_what_breaks_the_protocol(messages: list[str | bytes], code: str) -> None:
    with pytest.raises(ProtocolError) as error:
        events(AsteriskWire(), *messages)
    assert error.value.code == code


def test_what_we_do_not_know_is_passed_over() -> None:
    assert (
        events(AsteriskWire(), "", "STATUS queue_length:43 xon_level:800", "QUEUE_DRAINED", "x:y : :") == []
    )
