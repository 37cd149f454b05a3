import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocol_error import ProtocolError
from gateway.rtp.dtmf import END_MISSING_MS, KEYS, Digit, DigitReceiver, DigitSender
from gateway.rtp.packet import RtpPacket

Timed = tuple[int, RtpPacket]


def event(code: int, duration: int, timestamp: int, *, end: bool = False, marker: bool = False) -> RtpPacket:
    payload = struct.pack("!BBH", code, 0x8A if end else 10, duration)
    return RtpPacket(101, marker, 0, timestamp % 2**32, 1, payload)


def press(key: str, *, at_ms: int = 0, lasts_ms: int = 100, timestamp: int | None = None) -> list[Timed]:
    """A press as it should be sent: marker, updates every 20 ms, the end three times."""
    code, begun = KEYS.index(key), at_ms * 8 if timestamp is None else timestamp
    packets = [(at_ms + ms, event(code, ms * 8, begun, marker=ms == 20)) for ms in range(20, lasts_ms, 20)]
    ends = [(at_ms + lasts_ms + 20 * i, event(code, lasts_ms * 8, begun, end=True)) for i in range(3)]
    return packets + ends


def keys(packets: list[Timed]) -> list[Digit]:
    """What is heard when the packets come, looked at every 20 ms."""
    receiver = DigitReceiver(8000)
    found: list[Digit] = []
    for now in range(0, packets[-1][0] + 1000, 5):
        for came, packet in packets:
            if came == now:
                found += receiver.receive(packet, now)
        found += receiver.overdue(now)
    return found


def dial(digits: str, **how: int) -> list[Timed]:
    return [packet for n, key in enumerate(digits) for packet in press(key, at_ms=200 * n, **how)]


def test_every_key_is_one_event() -> None:
    assert keys(dial(KEYS)) == [Digit(key, 100) for key in KEYS]


def test_the_same_key_twice_is_two_events() -> None:
    assert keys(dial("0077")) == [Digit(key, 100) for key in "0077"]


def test_timestamps_wrap() -> None:
    packets = press("1", timestamp=2**32 - 100) + [
        (came + 200, packet) for came, packet in press("1", timestamp=1500)
    ]
    assert keys(packets) == [Digit("1", 100), Digit("1", 100)]


@pytest.mark.parametrize("percent", [1, 3, 10, 30])
def test_loss_neither_loses_nor_doubles_a_key(percent: int) -> None:
    dice = random.Random(percent)
    packets = [packet for packet in dial("123456789*0#" * 5) if dice.random() >= percent / 100]
    assert "".join(digit.digit for digit in keys(packets)) == "123456789*0#" * 5


def test_without_marker_and_without_end_it_is_still_one_event() -> None:
    packets = [(c, p._replace(marker=False)) for c, p in press("5") if not p.payload[1] & 0x80]
    assert keys(packets) == [Digit("5", 80)]


def test_an_end_alone_is_a_key() -> None:
    assert keys(press("5")[-1:]) == [Digit("5", 100)]


def test_a_key_whose_end_is_lost_is_told_when_the_next_begins() -> None:
    packets = [*press("5")[:4], *press("6", at_ms=150)]
    assert [digit.digit for digit in keys(packets)] == ["5", "6"]


def test_a_missing_end_is_noticed_in_time() -> None:
    receiver = DigitReceiver(8000)
    assert receiver.receive(event(5, 160, 0), 1000) == []
    assert receiver.overdue(1000 + END_MISSING_MS - 1) == []
    assert receiver.overdue(1000 + END_MISSING_MS) == [Digit("5", 20)]
    assert receiver.overdue(9000) == []
    assert receiver.receive(event(5, 800, 0, end=True), 9000) == [], "it was told already"


def test_late_and_repeated_packets_are_nothing_new() -> None:
    first, second = press("1"), press("2", at_ms=200)
    late = [(came + 210, packet) for came, packet in first]
    packets = sorted([*first, *second, *late], key=lambda timed: timed[0])
    assert keys(packets) == [Digit("1", 100), Digit("2", 100)]


@given(st.lists(st.integers(0, 6), min_size=1, max_size=30))
def test_any_order_of_one_press_is_one_event(order: list[int]) -> None:
    packets = press("9")
    receiver = DigitReceiver(8000)
    found = [digit for n, i in enumerate(order) for digit in receiver.receive(packets[i][1], n)]
    found += receiver.overdue(10_000)
    assert [digit.digit for digit in found] == ["9"]


def test_a_long_press_is_one_event() -> None:
    """Above 8.19 s it goes on in segments, each with its own timestamp (RFC 4733, section 2.5.1.3)."""
    packets: list[Timed] = []
    for ms in range(50, 20_000, 50):
        segment, ticks = divmod(ms * 8, 0xFFFF)
        packets.append((ms, event(1, ticks, segment * 0xFFFF, marker=ms == 50)))
    packets += [(20_000 + i, event(1, 160_000 % 0xFFFF, 2 * 0xFFFF, end=True)) for i in (0, 20, 40)]
    assert keys(packets) == [Digit("1", 20_000)]


def test_a_sender_that_moves_the_timestamp_with_every_packet_presses_once() -> None:
    packets = [(ms, event(3, ms * 8, ms * 8, marker=ms == 20)) for ms in range(20, 200, 20)]
    assert keys(packets) == [Digit("3", 180)]


def test_another_clock_is_counted_right() -> None:
    receiver = DigitReceiver(48_000)
    assert receiver.receive(event(0, 4800, 0, end=True), 0) == [Digit("0", 100)]


def test_what_is_no_key_is_nothing() -> None:
    assert DigitReceiver(8000).receive(event(16, 160, 0, end=True), 0) == []


def test_a_short_payload_is_refused() -> None:
    with pytest.raises(ProtocolError):
        DigitReceiver(8000).receive(event(1, 1, 1)._replace(payload=b"abc"), 0)


def test_hostile_events_raise_nothing_else() -> None:
    dice = random.Random(7)
    receiver = DigitReceiver(8000)
    for now in range(20_000):
        payload = dice.randbytes(dice.randrange(4, 9))
        packet = RtpPacket(101, dice.random() < 0.5, now % 65536, dice.randrange(2**32), 1, payload)
        assert all(0 <= digit.duration_ms < 10**6 for digit in receiver.receive(packet, now))


def sent(sender: DigitSender, most: int = 1000) -> list[Timed]:
    """What a sender sends, one take every 20 ms."""
    packets: list[Timed] = []
    for n in range(most):
        if not sender.active:
            return packets
        if taken := sender.take(5000 + n * 160):
            payload, timestamp, marker = taken
            packets.append((n * 20, RtpPacket(101, marker, n, timestamp, 1, payload)))
    raise AssertionError("it never ends")


def test_what_we_press_is_heard_as_it_was_pressed() -> None:
    sender = DigitSender(8000)
    sender.press("0*#D7799", 100)
    assert keys(sent(sender)) == [Digit(key, 100) for key in "0*#D7799"]


def test_a_press_is_sent_as_the_rfc_says() -> None:
    sender = DigitSender(8000)
    sender.press("4", 60)
    packets = [packet for _, packet in sent(sender)]
    fields = [struct.unpack("!BBH", packet.payload) for packet in packets]
    assert fields == [(4, 10, 160), (4, 10, 320), (4, 0x8A, 480), (4, 0x8A, 480), (4, 0x8A, 480)]
    assert [packet.marker for packet in packets] == [True, False, False, False, False]
    assert {packet.timestamp for packet in packets} == {5000}


def test_between_two_keys_there_is_a_gap() -> None:
    sender = DigitSender(8000)
    sender.press("44", 40)
    begun = sorted({packet.timestamp for _, packet in sent(sender)})
    assert begun[1] - begun[0] == (40 + 40 + 80) * 8


@pytest.mark.parametrize("digits", ["x", "1 2", "١", "1" * 65])
def test_what_cannot_be_pressed_is_our_mistake(digits: str) -> None:
    sender = DigitSender(8000)
    with pytest.raises(ValueError):
        sender.press(digits, 100)
    assert not sender.active
