import random
import struct
from dataclasses import replace

import pytest

from gateway.rtp import packet, rtcp
from gateway.rtp.agreed import AgreedMedia, Direction, SrtpKey
from gateway.rtp.codec import codec
from gateway.rtp.dtmf import Digit
from gateway.rtp.packet import RtpPacket
from gateway.rtp.session import MediaEvent, MediaLost, MediaTimeouts, RtpIdentity, RtpSession, SourceChanged
from gateway.rtp.statistics import DROPPED
from pipelines.audio import Frame, silence
from tests.fakes.mutants import mutants
from tests.fakes.rtp_call import REMOTE, agreed, tone

STRANGER = ("203.0.113.66", 5000)
OUR_KEY = SrtpKey("AES_CM_128_HMAC_SHA1_80", bytes(range(30)))
THEIR_KEY = SrtpKey("AES_CM_128_HMAC_SHA1_80", bytes(range(30, 60)))


def session(
    terms: AgreedMedia | None = None, ssrc: int = 1, timeouts: MediaTimeouts | None = None
) -> RtpSession:
    terms = terms or agreed()
    identity = RtpIdentity(ssrc, 100, 1000, "a name")
    return RtpSession(identity, terms, codec(terms.codec).sample_rate, timeouts or MediaTimeouts(), 0)


def audio(number: int, ssrc: int = 2, payload: bytes = b"\x80" * 160) -> bytes:
    return packet.build(RtpPacket(0, number == 0, number, number * 160, ssrc, payload))


def dropped(reason: str) -> float:
    return float(DROPPED.labels(reason)._value.get())


def taken(of: RtpSession) -> list[MediaEvent]:
    events = list(of.events)
    of.events.clear()
    return events


def call(of: RtpSession, ticks: range, source: tuple[str, int] = REMOTE, ssrc: int = 2) -> list[Frame]:
    """The other side sends a packet for every 20 ms; what is heard."""
    heard = []
    for n in ticks:
        of.receive(audio(n, ssrc), source, n * 20)
        heard.append(of.hear(n * 20 + 15))
    return heard


def test_what_comes_is_heard_and_its_source_is_told() -> None:
    ours = session()
    heard = call(ours, range(10))
    assert not any(frame.filled for frame in heard)
    assert taken(ours) == [SourceChanged()]
    report = ours.media_report()
    assert (report.received, report.loss_ratio, report.delay_ms) == (10, 0, 15)
    assert report.mos > 4.3


def test_two_sessions_talk_with_srtp_and_srtcp() -> None:
    a = session(agreed(keys=(OUR_KEY, THEIR_KEY)))
    b = session(agreed(keys=(THEIR_KEY, OUR_KEY)), ssrc=2)
    for n, pcm in enumerate(tone(8000, 600)):
        said = a.send(Frame(pcm, 8000))
        assert said is not None and len(said) == 12 + 160 + 10
        b.receive(said, REMOTE, n * 20)
        assert not b.hear(n * 20 + 15).filled
        assert (answer := b.send(None)) is not None
        a.receive(answer, REMOTE, n * 20)
        a.hear(n * 20 + 15)
        for here, there in ((a, b), (b, a)):
            if (compound := here.report(n * 20)) is not None:
                there.receive_rtcp(compound, (REMOTE[0], REMOTE[1] + 1), n * 20)
    assert a.media_report().round_trip_ms == 0
    assert a.media_report().remote_loss_ratio == 0
    assert b.media_report().received == 600


def test_without_the_key_nothing_gets_in_and_replays_are_counted() -> None:
    a = session(agreed(keys=(OUR_KEY, THEIR_KEY)))
    b = session(agreed(keys=(THEIR_KEY, OUR_KEY)), ssrc=2)
    said = a.send(None)
    assert said is not None
    replayed, forged = dropped("srtp_replayed"), dropped("srtp_not_authentic")
    for _ in range(3):
        b.receive(said, REMOTE, 0)
    b.receive(audio(7), REMOTE, 0)
    assert (tampered := a.send(None)) is not None
    b.receive(tampered[:20] + b"!" + tampered[21:], STRANGER, 0)
    assert dropped("srtp_replayed") == replayed + 2
    assert dropped("srtp_not_authentic") == forged + 2
    assert b.media_report().received == 1


def test_strangers_and_other_payload_types_are_counted_and_not_heard() -> None:
    ours = session()
    call(ours, range(5))
    before = dropped("stranger"), dropped("payload_type"), dropped("rtp_version")
    for n in range(20):
        ours.receive(audio(n, ssrc=66), STRANGER, 100)
    ours.receive(packet.build(RtpPacket(96, False, 5, 800, 2, b"?")), REMOTE, 100)
    ours.receive(b"SIP/2.0 200 OK", REMOTE, 100)
    assert (dropped("stranger"), dropped("payload_type")) == (before[0] + 20, before[1] + 1)
    assert dropped("rtp_version") == before[2] + 1
    assert ours.destination == REMOTE
    assert ours.media_report().received == 5


def test_we_send_to_where_the_media_comes_from() -> None:
    ours = session()
    assert ours.destination == REMOTE
    behind_nat = ("198.51.100.1", 61_000)
    call(ours, range(3), behind_nat)
    assert ours.destination == behind_nat
    assert ours.rtcp_destination == ("198.51.100.1", REMOTE[1] + 1)
    ours.receive_rtcp(rtcp.build([rtcp.Report(2)]), ("198.51.100.1", 61_001), 100)
    assert ours.rtcp_destination == ("198.51.100.1", 61_001)
    assert session(agreed(mux=True)).rtcp_destination == REMOTE


def test_rtcp_of_a_stranger_is_not_read() -> None:
    ours = session()
    before = dropped("rtcp_stranger")
    ours.receive_rtcp(rtcp.build([rtcp.Report(2)]), STRANGER, 0)
    assert dropped("rtcp_stranger") == before + 1


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "example.test", "224.0.0.1"])
def test_there_may_be_nowhere_to_send(host: str) -> None:
    ours = session(agreed(remote=(host, 4000)))
    assert ours.destination is None
    assert not ours.wants_frame


def test_a_new_source_is_heard_after_the_old_one_stopped() -> None:
    ours = session()
    call(ours, range(50))
    heard = call(ours, range(100, 150), ssrc=9)
    assert taken(ours) == [SourceChanged(), SourceChanged()]
    assert not any(frame.filled for frame in heard)


def test_comfort_noise_is_taken_though_it_was_not_agreed() -> None:
    terms = replace(agreed(), comfort_noise_payload_type=None)
    ours = session(terms, timeouts=MediaTimeouts(1000, 1000))
    for n in range(0, 200, 10):
        ours.receive(packet.build(RtpPacket(13, False, n // 10, n * 160, 2, b"\x32")), REMOTE, n * 20)
        for tick in range(10):
            frame = ours.hear((n + tick) * 20 + 15)
    assert frame.filled and any(frame.pcm)
    assert taken(ours) == [SourceChanged()], "the line is alive"


def test_keys_are_told_once_each() -> None:
    ours = session()
    call(ours, range(3))
    taken(ours)
    for n in range(3, 9):
        payload = struct.pack("!BBH", 4, (0x80 if n > 5 else 0) | 10, min(n - 2, 4) * 160)
        ours.receive(packet.build(RtpPacket(101, n == 3, n, 480, 2, payload)), REMOTE, n * 20)
        ours.hear(n * 20 + 15)
    assert taken(ours) == [Digit("4", 80)]


def test_a_key_whose_release_is_lost_is_told_all_the_same() -> None:
    ours = session()
    ours.receive(audio(0), REMOTE, 0)
    ours.receive(packet.build(RtpPacket(101, True, 1, 160, 2, b"\1\x0a\x03\x20")), REMOTE, 20)
    taken(ours)
    for now in range(20, 600, 20):
        ours.hear(now)
    assert taken(ours) == [Digit("1", 100)]


def test_a_call_where_no_media_comes_is_lost() -> None:
    ours = session(timeouts=MediaTimeouts(first_ms=3000, later_ms=2000))
    for now in range(0, 2980, 20):
        ours.hear(now)
    assert taken(ours) == []
    for now in range(2980, 9000, 20):
        ours.hear(now)
    assert taken(ours) == [MediaLost("no media came")]


def test_a_call_whose_media_stops_is_lost_and_may_be_so_again() -> None:
    ours = session(timeouts=MediaTimeouts(first_ms=3000, later_ms=2000))
    call(ours, range(10))
    taken(ours)
    for now in range(200, 2500, 20):
        ours.hear(now)
    assert taken(ours) == [MediaLost("media stopped")]
    call(ours, range(125, 130))
    for now in range(2600, 6000, 20):
        ours.hear(now)
    assert taken(ours) == [MediaLost("media stopped")]


def test_rtcp_keeps_a_call_alive_that_suppresses_silence() -> None:
    ours = session(timeouts=MediaTimeouts(first_ms=3000, later_ms=2000))
    call(ours, range(10))
    taken(ours)
    for now in range(200, 20_000, 20):
        if now % 1500 == 0:
            ours.receive_rtcp(rtcp.build([rtcp.Report(2)]), REMOTE, now)
        ours.hear(now)
    assert taken(ours) == []


@pytest.mark.parametrize("direction", [Direction.SENDONLY, Direction.INACTIVE])
def test_on_hold_nothing_is_heard_and_nothing_is_timed(direction: Direction) -> None:
    ours = session(timeouts=MediaTimeouts(1000, 1000))
    call(ours, range(10))
    taken(ours)
    ours.configure(agreed(direction=direction), 200)
    heard = call(ours, range(10, 500))
    assert all(frame == silence(8000) for frame in heard)
    assert taken(ours) == []
    ours.configure(agreed(), 10_000)
    assert not any(frame.filled for frame in call(ours, range(501, 520))[1:])


@pytest.mark.parametrize(
    ("direction", "sends"),
    [
        (Direction.SENDRECV, True),
        (Direction.SENDONLY, True),
        (Direction.RECVONLY, False),
        (Direction.INACTIVE, False),
    ],
)
def test_held_directions_are_honoured(direction: Direction, sends: bool) -> None:
    ours = session(agreed(direction=direction))
    assert ours.wants_frame is sends
    assert (ours.send(None) is not None) is sends


def test_another_codec_changes_neither_the_rate_of_frames_nor_our_numbers() -> None:
    ours = session()
    assert (before := ours.send(None)) is not None
    ours.configure(agreed("G722"), 0)
    wide = codec("G722")
    for n, pcm in enumerate(tone(16_000, 20)):
        ours.receive(packet.build(RtpPacket(9, False, n, n * 160, 2, wide.encode(pcm))), REMOTE, n * 20)
        frame = ours.hear(n * 20 + 15)
        assert (frame.sample_rate, len(frame.pcm)) == (8000, 320)
    after = ours.send(Frame(bytes(320), 8000))
    assert after is not None
    assert packet.parse(after).sequence == packet.parse(before).sequence + 1
    assert packet.parse(after).payload_type == 9


def test_a_re_invite_that_changes_nothing_disturbs_nothing() -> None:
    ours = session()
    call(ours, range(10))
    ours.configure(agreed(), 200)
    assert not any(frame.filled for frame in call(ours, range(10, 20)))
    assert ours.media_report().received == 20


def test_keys_are_pressed_in_place_of_frames() -> None:
    ours = session()
    assert ours.send_digits("1", 40)
    assert not ours.wants_frame
    sent = [ours.send(None) for _ in range(8)]
    assert [packet.parse(each).payload_type for each in sent if each] == [101] * 4 + [0] * 4
    assert ours.wants_frame


def test_whatever_comes_nothing_is_raised() -> None:
    plain, secured = session(agreed(mux=True)), session(agreed(keys=(OUR_KEY, THEIR_KEY)))
    dice = random.Random(11)
    event = packet.build(RtpPacket(101, True, 3, 0, 2, b"\1\x8a\0\xa0"))
    noise = packet.build(RtpPacket(13, False, 4, 0, 2, b"\x28"))
    block = rtcp.ReportBlock(1, 9, 9, 9, 9, 9, 9)
    report = rtcp.build([rtcp.Report(2, (block,), rtcp.Sent(9 << 32, 9, 9, 9))])
    for n, mutant in enumerate(mutants([audio(1), audio(2), event, noise, report], 10_000)):
        now = n * 5 - dice.randrange(10)
        for ours in (plain, secured):
            ours.receive(mutant, dice.choice([REMOTE, STRANGER]), now)
            ours.receive_rtcp(mutant, REMOTE, now)
            if n % 4 == 0:
                assert len(ours.hear(n * 5).pcm) == 320
                assert (ours.send(None), ours.report(n * 5)) != (None, None)
                assert 1 <= ours.media_report().mos <= 4.5
    assert len(plain.events) <= 64
