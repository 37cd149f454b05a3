"""What runs of `bench bridge` are told as, and how a gap is read from what was heard."""

import pytest

from bench.bridge import Outcome, Step, told
from bench.bridge_leg import LEVELS, RealTimeLeg, level, who
from bench.bridge_switch import gaps_ms
from bench.sip_timing import Heard
from gateway.mixing import mixed
from pipelines.audio import silence


def heard(delay_ms: float) -> Heard:
    return Heard(
        late_p50_ms=0.5,
        late_p99_ms=4.0,
        late_max_ms=9.0,
        very_late=0.0,
        missing=0.0,
        delay_p50_ms=delay_ms,
        delay_p99_ms=delay_ms + 8,
        marks=500,
        caller_late_p99_ms=0.3,
    )


def outcome(delay_ms: float, gap_ms: float = 20.0, private: int = 0) -> Outcome:
    switch = {"bridged_ms": [10.0, gap_ms], "back_ms": [0.0, 1.0], "cpu": 0.2, "private": private}
    return Outcome(
        floor=Step(100, 0.1, heard(2.0)),
        echo=Step(100, 0.2, heard(25.0)),
        bridged=Step(100, 0.25, heard(delay_ms)),
        switches={"8 kHz": switch, "8 and 16 kHz": switch},
    )


def test_delay_is_that_of_a_bare_echo_less_and_held_against_40_ms() -> None:
    figures = {figure.name: figure for figure in told([outcome(30), outcome(32), outcome(90)], 50)}
    added = figures["one-way delay added at 50 bridged calls, p50"]
    assert (added.value, added.limit, added.holds) == (30.0, "<= 40", True)
    assert added.runs == (28.0, 30.0, 88.0)
    assert figures["of which the room, beside a bot that echoes, p50"].value == 7.0
    assert figures["CPU of 50 bridged calls, PCMU"].value == 25.0


def test_of_gaps_and_of_what_is_private_the_worst_run_counts() -> None:
    figures = {f.name: f for f in told([outcome(30), outcome(30, gap_ms=130.0, private=1)], 50)}
    worst = figures["gap bot to person, 8 kHz, worst"]
    assert (worst.value, worst.holds) == (130.0, False)
    assert figures["gap person to bot, 8 kHz, worst"].holds
    assert figures["frames of the bot's or anybody else's that a person heard"].holds is False


def test_a_run_without_marks_is_no_figure() -> None:
    with pytest.raises(ValueError, match="mark"):
        silent = Step(1, 0.0, Heard(0, 0, 0, 0, 0, None, None, 0, 0))
        told([Outcome(silent, silent, silent, {})], 1)


def test_a_gap_is_what_passes_between_two_voices_beyond_a_frame() -> None:
    heard = [(0.00, "bot"), (0.02, "bot"), (0.04, ""), (0.06, "human"), (0.08, "human"), (0.10, "bot")]
    assert gaps_ms(heard, "bot", "human") == [pytest.approx(20.0)]
    assert gaps_ms(heard, "human", "bot") == [pytest.approx(0.0)]
    assert gaps_ms(heard, "human", "customer") == []


@pytest.mark.parametrize("rate", [8_000, 16_000])
def test_whatever_leaves_tells_whose_it_is(rate: int) -> None:
    frames = {name: level(value, rate) for name, value in LEVELS.items()}
    assert {who(frame) for frame in frames.values()} == set(LEVELS)
    assert who(mixed(*frames.values())) == "several"
    assert who(None) == who(silence(rate)) == ""


def test_a_scripted_person_says_their_level_and_keeps_what_left_for_them() -> None:
    leg = RealTimeLeg("h", "human", 8_000)
    leg.relay(level(LEVELS["customer"], 8_000))
    leg.tick(0)
    leg.tick(1)
    assert [whose for _, whose in leg.heard] == ["customer", ""]
