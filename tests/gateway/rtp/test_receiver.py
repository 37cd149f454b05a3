import audioop
import random
import struct

import pytest

from gateway.protocol_error import ProtocolError
from gateway.rtp.codec import codec
from gateway.rtp.dtmf import Digit
from gateway.rtp.packet import RtpPacket
from gateway.rtp.receiver import RtpReceiver
from pipelines.audio import Frame
from tests.fakes.rtp_call import agreed, tone

DELAY_MS = 20


def receiver(name: str = "PCMU", sample_rate: int | None = None) -> RtpReceiver:
    chosen = codec(name)
    made = RtpReceiver(agreed(name), chosen, sample_rate or chosen.sample_rate)
    made.begin(1, 0)
    return made


def packets(name: str, frames: list[bytes]) -> list[RtpPacket]:
    """A packet for every frame."""
    chosen, terms = codec(name), agreed(name)
    ticks = terms.clock_rate // 50
    return [
        RtpPacket(terms.payload_type, n == 0, n, n * ticks, 1, chosen.encode(pcm))
        for n, pcm in enumerate(frames)
    ]


def listen(to: RtpReceiver, coming: list[tuple[int, RtpPacket]], ticks: int) -> list[Frame]:
    """What is heard when packets come at these times, in ms."""
    coming = sorted(coming, key=lambda timed: timed[0])
    heard = []
    for now in range(0, ticks * 20, 20):
        while coming and coming[0][0] <= now:
            came, packet = coming.pop(0)
            to.receive(packet, came)
        heard.append(to.hear(now))
    return heard


def level(frames: list[Frame]) -> int:
    return audioop.rms(b"".join(frame.pcm for frame in frames), 2)


@pytest.mark.parametrize("name", ["PCMU", "PCMA", "G722", "opus"])
@pytest.mark.parametrize("sample_rate", [8000, 16000])
def test_every_codec_gives_whole_frames_at_the_calls_rate(name: str, sample_rate: int) -> None:
    sent = packets(name, tone(codec(name).sample_rate, 50))
    heard = listen(receiver(name, sample_rate), [(n * 20, packet) for n, packet in enumerate(sent)], 51)
    assert {len(frame.pcm) for frame in heard} == {sample_rate // 50 * 2}
    assert {frame.sample_rate for frame in heard} == {sample_rate}
    assert [frame.filled for frame in heard] == [True, *[False] * 50]
    assert level(heard[10:]) == pytest.approx(5657, rel=0.1)


def test_what_comes_is_heard_sample_for_sample() -> None:
    frames = tone(8000, 20)
    heard = listen(receiver(), [(n * 20, p) for n, p in enumerate(packets("PCMU", frames))], 21)
    exact = [audioop.ulaw2lin(audioop.lin2ulaw(pcm, 2), 2) for pcm in frames]
    assert [frame.pcm for frame in heard[1:]] == exact


@pytest.mark.parametrize("milliseconds", [10, 30, 40, 60])
def test_packets_of_any_length_become_frames_of_20_ms(milliseconds: int) -> None:
    pcm = b"".join(tone(8000, 60))
    size = milliseconds * 16
    coming = []
    for n in range(len(pcm) // size):
        payload = audioop.lin2ulaw(pcm[n * size : (n + 1) * size], 2)
        coming.append((n * milliseconds, RtpPacket(0, n == 0, n, n * milliseconds * 8, 1, payload)))
    heard = listen(receiver(), coming, 60)
    assert {len(frame.pcm) for frame in heard} == {320}
    assert sum(frame.filled for frame in heard) <= 4
    assert level(heard[5:55]) == pytest.approx(5657, rel=0.05)


def test_a_lost_packet_is_concealed_and_a_long_loss_becomes_silence() -> None:
    sent = packets("PCMU", tone(8000, 60))
    coming = [(n * 20, packet) for n, packet in enumerate(sent) if n != 20 and not 30 <= n < 50]
    heard = listen(receiver(), coming, 61)[1:]
    assert not heard[20].filled
    assert audioop.rms(heard[20].pcm, 2) > 4000
    assert [frame.filled for frame in heard[30:50]] == [False] * 3 + [True] * 17
    assert level(heard[33:50]) == 0
    assert not any(frame.filled for frame in heard[50:60])


@pytest.mark.parametrize("percent", [1, 3, 10])
def test_loss_leaves_no_frame_of_speech_silent(percent: int) -> None:
    dice = random.Random(percent)
    sent = packets("PCMU", tone(8000, 500))
    heard = listen(
        receiver(), [(n * 20, p) for n, p in enumerate(sent) if dice.random() > percent / 100], 500
    )
    assert sum(frame.filled for frame in heard) <= 3
    assert level(heard[10:]) == pytest.approx(5657, rel=0.05)


@pytest.mark.parametrize(("loud", "cut"), [(True, 0), (False, 1)])
def test_a_delay_is_lowered_where_nothing_is_said(loud: bool, cut: int) -> None:
    listening = receiver()
    frames = tone(8000, 700) if loud else [bytes(320)] * 700
    coming = [
        (n * 20 + max(0, 60 - (n - 10) * 20 if n >= 10 else 0), p)
        for n, p in enumerate(packets("PCMU", frames))
    ]
    listen(listening, coming, 690)
    assert min(listening.take_dropped()["surplus"], 1) == cut


def test_comfort_noise_fills_a_pause() -> None:
    listening = receiver()
    speech = [(n * 20, packet) for n, packet in enumerate(packets("PCMU", tone(8000, 10)))]
    noise = RtpPacket(13, False, 10, 1600, 1, bytes([50]))
    again = [
        (2000 + n * 20, packet._replace(sequence=11 + n, timestamp=16_000 + n * 160, marker=n == 0))
        for n, packet in enumerate(packets("PCMU", tone(8000, 10)))
    ]
    heard = listen(listening, [*speech, (200, noise), *again], 111)
    assert all(frame.filled for frame in heard[12:100])
    assert level(heard[12:100]) == pytest.approx(104, rel=0.1)
    assert not any(frame.filled for frame in heard[101:111])
    assert listening.reception is not None and listening.reception.lost == 0


def test_a_key_pressed_is_a_pause_in_the_audio_and_no_loss() -> None:
    listening = receiver()
    for n, packet in enumerate(packets("PCMU", tone(8000, 5))):
        listening.receive(packet, n * 20)
        listening.hear(n * 20 + DELAY_MS)
    digits = []
    frames = []
    for n in range(5, 13):
        end = 0x80 if n >= 10 else 0
        payload = struct.pack("!BBH", 11, end | 10, (min(n, 10) - 4) * 160)
        digits += listening.receive(RtpPacket(101, n == 5, n, 800, 1, payload), n * 20) or []
        frames.append(listening.hear(n * 20 + DELAY_MS))
    assert digits == [Digit("#", 120)]
    assert all(frame.filled for frame in frames)
    assert level(frames) == 0


def test_a_broken_event_is_refused_and_broken_audio_is_concealed() -> None:
    listening = receiver("G722")
    with pytest.raises(ProtocolError):
        listening.receive(RtpPacket(101, False, 0, 0, 1, b"\1"), 0)
    listening.receive(RtpPacket(9, False, 1, 160, 1, b""), 0)
    assert len(listening.hear(20).pcm) == 640


def test_a_new_source_starts_from_nothing() -> None:
    listening = receiver()
    listen(listening, [(n * 20, packet) for n, packet in enumerate(packets("PCMU", tone(8000, 10)))], 10)
    listening.begin(2, 500)
    assert listening.ssrc == 2
    sent = [
        packet._replace(ssrc=2, sequence=500 + n) for n, packet in enumerate(packets("PCMU", tone(8000, 10)))
    ]
    heard = []
    for n, packet in enumerate(sent):
        listening.receive(packet, 200 + n * 20)
        heard.append(listening.hear(200 + n * 20 + DELAY_MS))
    assert not any(frame.filled for frame in heard)


def test_what_was_not_played_is_told_once() -> None:
    listening = receiver()
    (packet,) = packets("PCMU", tone(8000, 1))
    for _ in range(3):
        listening.receive(packet, 0)
    assert listening.take_dropped() == {"late": 0, "duplicate": 2, "surplus": 0}
    assert listening.take_dropped() == {"late": 0, "duplicate": 0, "surplus": 0}
