"""AudioSocket's packets."""

import uuid

import pytest

from gateway.protocol_error import ProtocolError
from gateway.stream.audiosocket import AudioSocketWire, Kind, packet, payload_bytes
from gateway.stream.encoding import LINEAR
from gateway.stream.wire import Heard, Pressed, Started, Stopped
from tests.contracts.leg import tone
from tests.gateway.stream.serializers import events

NAME = uuid.UUID("40325ec2-5efd-4bd3-805f-53576e581d13")
IDENTITY = packet(Kind.IDENTITY, NAME.bytes)


def test_a_call_from_its_name_to_its_end() -> None:
    pcm = tone(1, rate=8_000)[0].pcm
    found = events(
        AudioSocketWire(), IDENTITY, b"\x10\x01\x40" + pcm, b"\x03\x00\x01#", b"\x03\x00\x01\xff", b"\0\0\0"
    )
    assert found[:3] == [Started(str(NAME), LINEAR), Heard(pcm), Pressed("#")]
    assert isinstance(found[3], Stopped) and len(found) == 4


def test_what_we_send() -> None:
    wire, pcm = AudioSocketWire(), tone(1, rate=8_000)[0].pcm
    assert wire.media(pcm) == b"\x10\x01\x40" + pcm
    assert wire.goodbye() == b"\0\0\0"
    assert wire.clear() is None and wire.mark("w0-100") is None


def test_an_error_of_asterisks_is_the_end() -> None:
    assert isinstance(events(AudioSocketWire(), packet(Kind.FAILURE, b"\1"))[0], Stopped)


@pytest.mark.parametrize(
    ("packets", "code"),
    [
        ([packet(Kind.SOUND, b"\0\0")], "media_before_start"),
        ([IDENTITY, IDENTITY], "second_start"),
        ([packet(Kind.IDENTITY, b"short")], "missing_field"),
        ([IDENTITY, b"\x12\0\2\0\0"], "unknown_encoding"),
        ([IDENTITY, packet(Kind.SOUND, bytes(20_000))], "audio_too_long"),
    ],
)
def test_what_breaks_the_protocol(packets: list[bytes], code: str) -> None:
    with pytest.raises(ProtocolError) as error:
        events(AudioSocketWire(), *packets)
    assert error.value.code == code


def test_a_packet_announces_its_length_and_not_too_much() -> None:
    assert payload_bytes(b"\x10\x01\x40") == 320
    with pytest.raises(ProtocolError):
        payload_bytes(b"\x10\xff\xff")
