import audioop
import struct
from dataclasses import replace

import pytest

from gateway.rtp import packet
from gateway.rtp.codec import codec
from gateway.rtp.packet import RtpPacket
from gateway.rtp.sender import RtpSender
from pipelines.audio import Frame
from tests.fakes.rtp_call import agreed, tone


def sender(name: str = "PCMU", sample_rate: int | None = None) -> RtpSender:
    chosen = codec(name)
    made = RtpSender(7, 65_534, 2**32 - 160)
    made.configure(agreed(name), chosen, sample_rate or chosen.sample_rate)
    return made


def say(by: RtpSender, frames: list[Frame | None]) -> list[RtpPacket]:
    return [packet.parse(by.send(frame)) for frame in frames]


def frames_of(sample_rate: int, count: int) -> list[Frame | None]:
    return [Frame(pcm, sample_rate) for pcm in tone(sample_rate, count)]


def test_numbers_and_timestamps_go_on_over_their_wraps() -> None:
    sent = say(sender(), frames_of(8000, 4))
    assert [p.sequence for p in sent] == [65_534, 65_535, 0, 1]
    assert [p.timestamp for p in sent] == [2**32 - 160, 0, 160, 320]
    assert {(p.payload_type, p.ssrc) for p in sent} == {(0, 7)}
    assert [p.marker for p in sent] == [True, False, False, False]


@pytest.mark.parametrize("name", ["PCMU", "PCMA", "G722", "opus"])
@pytest.mark.parametrize("sample_rate", [8000, 16000])
def test_what_is_said_is_heard_whatever_the_rates(name: str, sample_rate: int) -> None:
    sent = say(sender(name, sample_rate), frames_of(sample_rate, 50))
    ear = codec(name)
    heard = b"".join(ear.decode(p.payload) for p in sent[10:])
    assert len(heard) == 40 * ear.sample_rate // 50 * 2
    assert audioop.rms(heard, 2) == pytest.approx(5657, rel=0.1)
    assert sent[1].timestamp - sent[0].timestamp + 2**32 == (960 if name == "opus" else 160)


def test_silence_is_sent_where_nothing_is_said() -> None:
    sent = say(sender(), [None] * 5)
    assert [p.payload for p in sent] == [b"\xff" * 160] * 5
    assert sent[4].sequence == 2


def test_a_codec_with_a_memory_fades_out_after_speech() -> None:
    sent = say(sender("opus"), [*frames_of(16_000, 5), *[None] * 6])
    assert [p.payload == codec("opus").quiet for p in sent] == [False] * 8 + [True] * 3


def test_a_key_takes_the_place_of_audio_and_time_goes_on() -> None:
    by = sender()
    say(by, frames_of(8000, 2))
    assert by.press("5", 60)
    assert by.pressing
    sent = say(by, [None] * 9)
    assert not by.pressing
    assert [p.payload_type for p in sent] == [101] * 5 + [0] * 4
    assert {p.timestamp for p in sent[:5]} == {160}
    assert [p.marker for p in sent] == [True] + [False] * 8
    assert [struct.unpack("!BBH", p.payload)[2] for p in sent[:5]] == [160, 320, 480, 480, 480]
    assert [p.sequence for p in sent] == list(range(9))
    (after,) = say(by, [None])
    assert after.timestamp == 160 + 9 * 160


def test_without_telephone_events_nothing_is_pressed() -> None:
    by = sender()
    by.configure(replace(agreed(), dtmf_payload_type=None), codec("PCMU"), 8000)
    assert not by.press("5", 60)
    assert not by.pressing


def test_after_a_pause_the_timestamp_has_counted_it_and_the_marker_is_set() -> None:
    by = sender()
    say(by, [None])
    for _ in range(10):
        by.pause()
    (sent,) = say(by, [None])
    assert sent.marker
    assert sent.timestamp == 10 * 160
    assert sent.sequence == 65_535


def test_it_counts_what_it_sent() -> None:
    by = sender()
    say(by, [None] * 3)
    assert (by.packets, by.octets) == (3, 480)
