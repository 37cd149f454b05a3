import pytest

from gateway.rtp.rtcp import ReportBlock, Sent
from gateway.rtp.statistics import Reception, RoundTrip, mean_opinion_score, ntp


def received(numbers: list[int]) -> Reception:
    """What was counted of packets that came in this order, 20 ms apart."""
    reception = Reception(7, numbers[0], 8000)
    for i, number in enumerate(numbers):
        reception.count(number % 65536, number * 160 % 2**32, 1000 + i * 20)
    return reception


def test_loss_is_counted_over_wraps() -> None:
    reception = received([n for n in range(65_000, 67_000) if n % 10])
    assert reception.expected == 1999
    assert reception.lost == 199
    assert reception.loss_ratio == pytest.approx(0.0995, abs=0.0001)
    assert reception.highest == 66_999


def test_late_and_repeated_packets_are_received() -> None:
    assert received([1, 3, 2, 4]).lost == 0
    assert received([1, 2, 2, 2, 3]).lost == -2
    assert received([1, 2, 2, 2, 3]).loss_ratio == 0


def test_a_sender_that_begins_anew_has_lost_nothing() -> None:
    for begins in (40_000, 100):
        reception = received([*range(2000, 2050), *range(begins, begins + 50)])
        assert (reception.expected, reception.lost, reception.highest % 65536) == (100, 0, begins + 49)
    assert received([*range(50), 30_000, *range(50, 100)]).loss_ratio < 0.02, "one stray number"


def test_jitter_follows_the_rfc() -> None:
    """Every second packet 10 ms late: J moves towards the mean difference of 10 ms."""
    reception = Reception(7, 0, 8000)
    for n in range(300):
        reception.count(n, n * 160, 1000 + n * 20 + n % 2 * 10)
    assert reception.jitter_ms == pytest.approx(10, abs=0.5)
    assert reception.jitter == pytest.approx(80, abs=4)


def test_steady_packets_have_none() -> None:
    assert received(list(range(100))).jitter_ms == 0


def test_a_report_tells_of_the_interval_and_of_all() -> None:
    reception = received([n for n in range(100) if n % 4])
    block = reception.block(5, 6)
    assert (block.ssrc, block.fraction_lost, block.cumulative_lost) == (7, 24 * 256 // 99, 24)
    assert (block.highest_sequence, block.last_sr, block.delay_since_last_sr) == (99, 5, 6)
    for n in range(100, 200):
        reception.count(n, n * 160, 3000 + n * 20)
    block = reception.block(0, 0)
    assert (block.fraction_lost, block.cumulative_lost) == (0, 24)


def test_the_round_trip_is_measured_with_the_other_sides_echo() -> None:
    ours, theirs = RoundTrip(), RoundTrip()
    assert theirs.echo(0) == (0, 0)
    theirs.heard(Sent(ntp(10_000), 0, 0, 0), 777_000)
    last_sr, delay = theirs.echo(779_000)
    ours.answered(ReportBlock(1, 0, 0, 0, 0, last_sr, delay), 12_080)
    assert ours.milliseconds == pytest.approx(80, abs=1)


def test_a_report_may_be_made_for_a_time_before_what_it_echoes_came() -> None:
    theirs = RoundTrip()
    theirs.heard(Sent(ntp(10_000), 0, 0, 0), 1000)
    last_sr, delay = theirs.echo(900)
    assert delay == 0
    assert bytes(ReportBlock(1, 0, 0, 0, 0, last_sr, delay))


def test_a_report_that_cannot_be_is_not_believed() -> None:
    ours = RoundTrip()
    ours.answered(ReportBlock(1, 0, 0, 0, 0, 0, 0), 12_080)
    ours.answered(ReportBlock(1, 0, 0, 0, 0, ntp(20_000) >> 16 & 0xFFFFFFFF, 0), 12_080)
    assert ours.milliseconds is None


@pytest.mark.parametrize(
    ("delay_ms", "loss", "least", "most"),
    [(20, 0, 4.35, 4.45), (150, 0.01, 4.1, 4.35), (150, 0.1, 2.8, 3.3), (400, 0, 3.0, 3.9), (2000, 1, 1, 1)],
)
def test_what_it_sounds_like_follows_delay_and_loss(
    delay_ms: int, loss: float, least: float, most: float
) -> None:
    assert least <= mean_opinion_score(delay_ms, loss, "PCMU") <= most


def test_more_loss_never_sounds_better() -> None:
    scores = [mean_opinion_score(50, percent / 100, "opus") for percent in range(101)]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] >= 1
