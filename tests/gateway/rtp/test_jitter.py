import random
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rtp.jitter import CEILING_MS, FLOOR_MS, MOST_PACKETS, JitterBuffer, Missing
from gateway.rtp.packet import RtpPacket

TICK_MS = 20
Arrival = tuple[int, RtpPacket]


def audio(number: int, *, sequence: int = 0, timestamp: int = 0, marker: bool = False) -> RtpPacket:
    """The packet with 20 ms of PCMU, whose payload says which one it is."""
    name = number.to_bytes(4, "big") * 40
    return RtpPacket(0, marker, (sequence + number) % 65536, (timestamp + number * 160) % 2**32, 1, name)


def number_of(payload: bytes) -> int:
    return int.from_bytes(payload[:4], "big")


def on_time(
    count: int, late_ms: Callable[[int], int] = lambda _: 0, sequence: int = 0, timestamp: int = 0
) -> list[Arrival]:
    """`count` packets sent every 20 ms from 1000 ms on; `late_ms` is what the network adds to each."""
    return [
        (1000 + i * TICK_MS + late_ms(i), audio(i, sequence=sequence, timestamp=timestamp))
        for i in range(count)
    ]


def play(buffer: JitterBuffer, arrivals: Iterable[Arrival], *, quiet: bool = False) -> list[int | Missing]:
    """Tick every 20 ms from 1000 ms until everything has come and is played; what each tick gave."""
    coming = sorted(arrivals, key=lambda arrival: arrival[0])
    heard: list[int | Missing] = []
    end = coming[-1][0] + 600
    for now in range(1000, end, TICK_MS):
        while coming and coming[0][0] <= now:
            came, packet = coming.pop(0)
            buffer.add(packet, came)
        taken = buffer.take(now, quiet=quiet)
        heard.append(taken if isinstance(taken, Missing) else number_of(taken))
    while heard and heard[-1] is Missing.LOST:
        heard.pop()
    return heard


def pcmu() -> JitterBuffer:
    return JitterBuffer(8000, len)


def test_steady_packets_are_played_one_a_tick_after_the_floor() -> None:
    buffer = pcmu()
    heard = play(buffer, on_time(100))
    assert heard == [Missing.WAITING, *range(100)]
    assert buffer.target_ms == FLOOR_MS
    assert FLOOR_MS <= buffer.delay_ms < FLOOR_MS + TICK_MS


@pytest.mark.parametrize(("sequence", "timestamp"), [(65_500, 0), (0, 2**32 - 800)])
def test_numbers_and_timestamps_wrap_unnoticed(sequence: int, timestamp: int) -> None:
    arrivals = on_time(100, sequence=sequence, timestamp=timestamp)
    assert play(pcmu(), arrivals) == [Missing.WAITING, *range(100)]


def test_more_than_a_whole_round_of_numbers_is_played() -> None:
    heard = play(pcmu(), on_time(70_000))
    assert heard == [Missing.WAITING, *range(70_000)]


def test_swapped_packets_are_put_in_order() -> None:
    arrivals = on_time(40)
    for i in range(5, 35, 5):
        (first, a), (second, b) = arrivals[i], arrivals[i + 1]
        arrivals[i], arrivals[i + 1] = (first, b), (second, a)
    heard = play(pcmu(), arrivals)
    assert [item for item in heard if isinstance(item, int)] == list(range(40))
    assert heard.count(Missing.LOST) <= 1, "the delay grew once, by one frame"


def test_duplicates_are_played_once() -> None:
    buffer = pcmu()
    arrivals = [arrival for arrival in on_time(50) for _ in range(3)]
    assert play(buffer, arrivals) == [Missing.WAITING, *range(50)]
    assert buffer.duplicates + buffer.late == 100


@pytest.mark.parametrize("percent", [1, 3, 10])
def test_each_lost_packet_is_one_missing_frame(percent: int) -> None:
    dice = random.Random(percent)
    lost = {i for i in range(1, 999) if dice.random() < percent / 100}
    buffer = pcmu()
    heard = play(buffer, [a for i, a in enumerate(on_time(1000)) if i not in lost])
    assert [item for item in heard if isinstance(item, int)] == [i for i in range(1000) if i not in lost]
    assert heard.count(Missing.LOST) == len(lost), "time is kept: loss adds no delay"
    assert buffer.delay_ms < FLOOR_MS + TICK_MS


def test_jitter_of_60_ms_raises_the_delay_until_hardly_a_packet_is_missed() -> None:
    dice = random.Random(60)
    buffer = pcmu()
    heard = play(buffer, on_time(1500, lambda _: dice.randrange(61)))
    assert 55 <= buffer.target_ms <= 65
    assert buffer.delay_ms < 65 + TICK_MS
    played = [item for item in heard if isinstance(item, int)]
    assert played == sorted(played)
    assert len(played) >= 1490
    assert heard[500:].count(Missing.LOST) <= 20, "after 10 s, at most 2 in 100"


def test_the_delay_sinks_again_where_it_is_quiet() -> None:
    dice = random.Random(1)
    buffer = pcmu()
    play(buffer, on_time(2500, lambda i: dice.randrange(81) if i < 500 else 0), quiet=True)
    assert buffer.target_ms == FLOOR_MS
    assert buffer.delay_ms < FLOOR_MS + 2 * TICK_MS


def test_speech_is_not_cut_to_lower_a_delay_that_can_be_borne() -> None:
    buffer = pcmu()
    heard = play(buffer, on_time(1500, lambda i: max(0, 60 - (i - 100) * TICK_MS) if i >= 100 else 0))
    assert [item for item in heard if isinstance(item, int)] == list(range(1500))
    assert buffer.dropped == 0


def test_a_higher_target_is_reached_where_it_is_quiet_though_nothing_starves() -> None:
    """Some packets come a second time 60 ms later: so late may packets be."""
    arrivals = on_time(200)
    arrivals += [(came + 60, packet) for came, packet in arrivals[100:120]]
    loud, quiet = pcmu(), pcmu()
    assert play(loud, arrivals) == [Missing.WAITING, *range(200)]
    play(quiet, arrivals, quiet=True)
    assert loud.target_ms == quiet.target_ms == 65
    assert loud.delay_ms < 65 - TICK_MS <= quiet.delay_ms


def test_a_higher_target_is_reached_in_a_pause_of_the_sender() -> None:
    arrivals = on_time(110, lambda i: 60 if i in (100, 102, 104) else 0)
    for n in range(110, 150):
        packet = audio(n)
        arrivals.append((1000 + n * 20 + 400, packet._replace(timestamp=(packet.timestamp + 3200))))
    buffer = pcmu()
    play(buffer, arrivals)
    assert buffer.delay_ms >= 65 - TICK_MS


def test_a_packet_that_was_concealed_is_late_though_the_next_waits() -> None:
    buffer = pcmu()
    for now, packet in on_time(5):
        buffer.add(packet, now)
        buffer.take(now + FLOOR_MS, quiet=False)
    buffer.add(audio(6), 1105)
    assert buffer.take(1100 + FLOOR_MS, quiet=False) is Missing.LOST
    buffer.add(audio(5), 1116)
    taken = buffer.take(1120 + FLOOR_MS, quiet=False)
    assert isinstance(taken, bytes) and number_of(taken) == 6
    assert buffer.late == 1


def test_where_it_is_quiet_the_delay_sinks_by_one_packet_at_a_time() -> None:
    buffer = pcmu()
    for i in range(6):  # 100 ms come at once, which is less than is cut whatever is being said
        buffer.add(audio(i), 1000 + 20 * i if i == 0 else 1100)
    for tick in range(4):
        buffer.take(1000 + FLOOR_MS if tick == 0 else 1100 + FLOOR_MS + tick * TICK_MS, quiet=tick > 0)
        assert buffer.dropped <= tick
    assert buffer.dropped > 0


def test_a_burst_after_an_outage_is_cut_down_at_once() -> None:
    buffer = pcmu()
    heard = play(buffer, on_time(400, lambda i: max(0, (250 - i) * TICK_MS) if i >= 200 else 0))
    played = [item for item in heard if isinstance(item, int)]
    assert played == sorted(played)
    assert played[-100:] == list(range(300, 400))
    assert buffer.dropped > 20
    assert buffer.delay_ms <= CEILING_MS + 2 * TICK_MS


def test_it_holds_no_more_than_its_bound() -> None:
    buffer = pcmu()
    for i in range(500):
        buffer.add(audio(i), 1000)
    assert buffer.dropped == 500 - MOST_PACKETS
    heard = [buffer.take(2000 + i * TICK_MS, quiet=False) for i in range(500)]
    assert sum(isinstance(item, bytes) for item in heard) <= MOST_PACKETS


@pytest.mark.parametrize("drift", [1.0003, 0.9997])
def test_clocks_that_drift_apart_lose_a_frame_at_a_time(drift: float) -> None:
    buffer = pcmu()
    arrivals = [(int(1000 + i * TICK_MS * drift), audio(i)) for i in range(15_000)]
    heard = play(buffer, arrivals, quiet=True)
    assert buffer.delay_ms < FLOOR_MS + 3 * TICK_MS
    made_up = [item for item in heard if isinstance(item, Missing)]
    assert len(made_up) + buffer.dropped <= 8, "5 minutes at 300 ppm are 4.5 frames"


def test_silence_suppression_is_a_pause_and_no_loss() -> None:
    arrivals = [a for i, a in enumerate(on_time(200)) if not 50 <= i < 150]
    # the numbers go on, the timestamps count the pause
    said = [(came, p._replace(sequence=n)) for n, (came, p) in enumerate(arrivals)]
    said[50] = (said[50][0], said[50][1]._replace(marker=True))
    buffer = pcmu()
    heard = play(buffer, said)
    assert heard[1:51] == list(range(50))
    assert heard[-50:] == list(range(150, 200))
    assert len(heard) == 201, "the pause is as long as it was"


def test_a_pause_that_was_announced_is_not_concealed() -> None:
    buffer = pcmu()
    for came, packet in on_time(10):
        buffer.add(packet, came)
        buffer.take(came + FLOOR_MS, quiet=False)
    buffer.no_audio(10)
    assert buffer.take(1000 + 10 * TICK_MS + FLOOR_MS, quiet=False) is Missing.PAUSED


@pytest.mark.parametrize(("pause_ms", "marker"), [(4000, True), (4000, False), (500, True)])
def test_a_spurt_whose_timestamps_did_not_count_the_pause_is_played_at_once(
    pause_ms: int, marker: bool
) -> None:
    arrivals = on_time(50)
    for n in range(50, 100):
        arrivals.append((1000 + n * TICK_MS + pause_ms, audio(n, marker=marker and n == 50)))
    buffer = pcmu()
    heard = play(buffer, arrivals)
    assert [item for item in heard if isinstance(item, int)] == list(range(100))
    assert buffer.delay_ms < FLOOR_MS + TICK_MS
    assert buffer.dropped == 0


@pytest.mark.parametrize("jump", [160 * 500, -160 * 500, 2**31 - 7, 12_345])
def test_a_clock_that_jumps_costs_no_more_than_a_moment(jump: int) -> None:
    arrivals = on_time(100)
    for n in range(100, 700):
        packet = audio(n)
        arrivals.append((1000 + n * 20, packet._replace(timestamp=(packet.timestamp + jump) % 2**32)))
    heard = [item for item in play(pcmu(), arrivals) if isinstance(item, int)]
    assert heard == sorted(heard)
    assert len(heard) >= 670
    assert heard[-1] == 699


def test_a_sender_that_begins_anew_is_followed_from_its_second_packet_on() -> None:
    arrivals = on_time(50)
    anew = [(2000 + i * TICK_MS, audio(1000 + i, sequence=30_000)) for i in range(50)]
    heard = play(pcmu(), [*arrivals, *anew])
    assert heard[-49:] == list(range(1001, 1050))


def test_one_stray_number_changes_nothing() -> None:
    arrivals = [*on_time(100), (1900, audio(5, sequence=40_000))]
    assert play(pcmu(), arrivals) == [Missing.WAITING, *range(100)]


def test_packets_of_other_lengths_keep_time() -> None:
    """30 ms each: what is left over of one is the reader's to keep, so two in three ticks take."""
    buffer = JitterBuffer(8000, len)
    left, taken = 0, 0
    for tick in range(300):
        if tick % 3 != 2:
            n = tick // 3 * 2 + tick % 3
            payload = bytes(240)
            buffer.add(RtpPacket(0, False, n, n * 240, 1, payload), 1000 + n * 30)
        while left < 160:
            got = buffer.take(1000 + tick * TICK_MS + 40, quiet=False)
            left += 160 if isinstance(got, Missing) else len(got)
            taken += isinstance(got, bytes)
        left -= 160
    assert taken >= 195


def test_opus_counts_at_48_khz() -> None:
    buffer = JitterBuffer(48_000, lambda _: 960)
    arrivals = [(1000 + i * TICK_MS, audio(i)._replace(timestamp=i * 960)) for i in range(100)]
    assert play(buffer, arrivals) == [Missing.WAITING, *range(100)]


network = st.lists(st.tuples(st.integers(0, 400), st.booleans(), st.booleans()), min_size=1, max_size=120)


@given(network, st.integers(0, 65535), st.integers(0, 2**32 - 1), st.booleans())
def test_whatever_the_network_does_nothing_is_played_twice_or_backwards(
    fates: list[tuple[int, bool, bool]], sequence: int, timestamp: int, quiet: bool
) -> None:
    arrivals = []
    for i, (late_ms, lost, twice) in enumerate(fates):
        for _ in range(0 if lost else 2 if twice else 1):
            arrivals.append((1000 + i * TICK_MS + late_ms, audio(i, sequence=sequence, timestamp=timestamp)))
    if not arrivals:
        return
    buffer = pcmu()
    played = [item for item in play(buffer, arrivals, quiet=quiet) if isinstance(item, int)]
    assert played == sorted(set(played))
    accounted = len(played) + buffer.dropped + buffer.late + buffer.duplicates
    assert accounted == len(arrivals)


@given(st.lists(st.tuples(st.integers(0, 65535), st.integers(0, 2**32 - 1), st.integers(0, 1000))))
def test_hostile_numbers_do_no_harm(packets: list[tuple[int, int, int]]) -> None:
    buffer = pcmu()
    now = 0
    for sequence, timestamp, later in packets:
        now += later
        buffer.add(RtpPacket(0, later % 2 == 0, sequence, timestamp, 1, b"\xff" * 160), now)
        buffer.no_audio(timestamp & 0xFFFF)
        buffer.take(now, quiet=later % 3 == 0)
    heard = 0
    for i in range(300):  # it recovers: a steady sender is heard
        buffer.add(audio(i, sequence=100, timestamp=5), now + i * TICK_MS)
        heard += isinstance(buffer.take(now + i * TICK_MS, quiet=False), bytes)
    assert heard > 150
