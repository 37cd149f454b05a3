"""Mixing: sums without wrap-around, one frame out for one of the leader's, delay that never grows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mixing import (
    LEADERLESS,
    LOOK_FRAMES,
    MOST_MS,
    PATIENT_LOOKS,
    Converter,
    LiveQueue,
    Mix,
    Slack,
    Source,
    mixed,
)
from pipelines.audio import FRAME_MS, Frame, silence
from tests.contracts.leg import loud, tone


def level(value: int, rate: int = 16_000) -> Frame:
    return Frame(np.full(rate // 50, value, "<i2").tobytes(), rate)


def value(frame: Frame) -> int:
    return int(np.frombuffer(frame.pcm, "<i2")[-1])


def wave(frames: list[Frame]) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.frombuffer(b"".join(f.pcm for f in frames), "<i2").astype(float)


class Ear:
    """A listener who keeps what reaches them."""

    def __init__(self, rate: int = 16_000) -> None:
        self.heard: list[Frame] = []
        self.mix = Mix(rate, self.heard.append)

    def follow(self, *sources: Source) -> None:
        self.mix.follow(sources)
        for source in sources:
            source.listeners = (*source.listeners, self.mix)

    @property
    def values(self) -> list[int]:
        return [value(frame) for frame in self.heard]


# --- sums ---


@given(st.lists(st.integers(-32_768, 32_767), min_size=2, max_size=5))
def test_a_sum_is_cut_off_at_full_scale_and_never_wraps_round(values: list[int]) -> None:
    total = mixed(*[level(each) for each in values])
    assert value(total) == max(-32_768, min(32_767, sum(values)))
    assert total.sample_rate == 16_000 and not total.filled


def test_silence_of_ours_adds_nothing_and_costs_nothing() -> None:
    speech = level(100)
    assert mixed(silence(), speech, silence()) is speech
    assert mixed(silence(), silence()).filled


# --- one speaker ---


def test_one_speaker_passes_through_untouched_and_at_once() -> None:
    ear, source = Ear(), Source()
    ear.follow(source)
    spoken = tone(5)
    for number, frame in enumerate(spoken):
        source.say(frame)
        assert ear.heard[number] is frame


def test_who_is_not_followed_is_not_heard() -> None:
    ear, source, other = Ear(), Source(), Source()
    ear.follow(source, other)
    ear.mix.follow([source])
    other.say(level(7))
    source.say(level(1))
    assert ear.values == [1]


# --- several ---


def test_the_others_are_summed_into_the_leaders_next_frame() -> None:
    ear, leader, whisper, barge = Ear(), Source(), Source(), Source()
    ear.follow(leader, whisper, barge)
    whisper.say(level(20))
    barge.say(level(300))
    assert ear.heard == [], "they wait for who leads"
    leader.say(level(1))
    leader.say(level(2))
    assert ear.values == [321, 2]


def test_a_frame_comes_out_for_each_of_the_leaders_however_the_others_come() -> None:
    ear, leader, other = Ear(), Source(), Source()
    ear.follow(leader, other)
    for number in range(200):
        for _ in range(5 if number % 5 == 0 else 0):  # the same number, but in bursts
            other.say(level(10))
        leader.say(level(1))
    assert len(ear.heard) == 200


def test_who_sends_faster_than_the_leader_loses_frames_and_is_never_later_than_60_ms() -> None:
    ear, leader, flood = Ear(), Source(), Source()
    ear.follow(leader, flood)
    for number in range(1, 300):
        for part in range(3):
            flood.say(level(3 * number + part))
        leader.say(silence())
    for number, heard in enumerate(ear.values, 1):
        assert heard >= 3 * number - 1, "what is heard is of the newest four"
    assert len(ear.heard) == 299


def test_when_nothing_comes_of_the_leader_another_leads_without_a_queue_of_old_frames() -> None:
    ear, silent, other = Ear(), Source(), Source()
    ear.follow(silent, other)
    for number in range(20):
        other.say(level(number))
    assert ear.values == list(range(LEADERLESS, 20))
    silent.say(level(500))
    other.say(level(20))
    assert ear.values[-1] == 520, "who comes back is summed in"


def test_a_voice_said_ahead_is_heard_at_the_leaders_pace_and_can_be_taken_back() -> None:
    ear, leader, bot = Ear(), Source(), Source(ahead=True)
    ear.follow(leader, bot)
    for number in range(12):  # as a bot does: a quarter of a second at once
        bot.say(level(100 + number))
    assert ear.heard == [], "it never leads"
    for _ in range(3):
        leader.say(silence())
    ear.mix.forget(bot)
    leader.say(level(1))
    assert ear.values == [100, 101, 102, 1]


def test_a_voice_said_far_ahead_is_bounded() -> None:
    ear, leader, bot = Ear(), Source(), Source(ahead=True)
    ear.follow(leader, bot)
    for number in range(1_000):
        bot.say(level(number))
    leader.say(silence())
    assert ear.values == [980]


@given(st.lists(st.sampled_from([0, 1, 2]), max_size=300))
def test_whatever_comes_in_whatever_order_no_more_goes_out_than_came_of_one(order: list[int]) -> None:
    ear, sources = Ear(), [Source(), Source(), Source()]
    ear.follow(*sources)
    for who in order:
        sources[who].say(level(1))
    assert len(ear.heard) <= max((order.count(who) for who in range(3)), default=0) + LEADERLESS
    assert all(1 <= heard <= 3 for heard in ear.values)


# --- rates ---


@pytest.mark.parametrize(("rate", "wanted"), [(8_000, 16_000), (16_000, 8_000)])
def test_each_listener_gets_their_own_rate_a_frame_for_a_frame(rate: int, wanted: int) -> None:
    same, other, source = Ear(rate), Ear(wanted), Source()
    same.follow(source)
    other.follow(source)
    spoken = tone(50, rate=rate)
    for frame in spoken:
        source.say(frame)
    assert same.heard == spoken
    assert len(other.heard) == 50
    assert all(f.sample_rate == wanted and len(f.pcm) == wanted // 50 * 2 for f in other.heard)


@pytest.mark.parametrize(("rate", "wanted"), [(8_000, 16_000), (16_000, 8_000)])
def test_a_conversion_keeps_the_sound_and_is_3_ms_late(rate: int, wanted: int) -> None:
    converter = Converter(rate, wanted)
    made = wave([converter.convert(frame) for frame in tone(50, rate=rate)])
    ideal = wave(tone(50, rate=wanted))
    late = max(range(wanted // 100), key=lambda n: made[1_000:2_000] @ ideal[1_000 - n : 2_000 - n])
    assert late <= wanted * 6 // 1_000, "samples; a tone does not tell periods apart, so a bound"
    assert abs(np.abs(made[2_000:]).max() - 8_000) < 200


def test_silence_of_ours_stays_silence_without_being_computed() -> None:
    converter = Converter(16_000, 8_000)
    loudly = [converter.convert(frame) for frame in tone(2)]
    fading = converter.convert(silence())
    still = [converter.convert(silence()) for _ in range(3)]
    assert all(loud(f) for f in loudly)
    assert not fading.filled, "the filter rings out"
    assert still == [silence(8_000)] * 3
    assert loud(converter.convert(tone(2)[1]))


def test_other_rates_keep_pace_as_well() -> None:
    converter = Converter(16_000, 48_000)
    assert {len(converter.convert(frame).pcm) for frame in tone(100)} == {1_920}


# --- what waits for the far side ---


def drain(queue: LiveQueue) -> list[int]:
    values = []
    while queue:
        values.append(value(queue.take()))
    return values


def test_a_queue_of_live_frames_keeps_the_newest_80_ms() -> None:
    queue = LiveQueue()
    for number in range(10):
        queue.put(level(1_000 + number))
    assert drain(queue) == [1_006, 1_007, 1_008, 1_009]
    assert not queue


def test_what_an_outage_left_waiting_is_brought_down_in_the_next_pause_of_speech() -> None:
    queue = LiveQueue()
    for _ in range(4):  # the burst after an outage
        queue.put(level(5_000))
    waiting = []
    for number in range(4 * LOOK_FRAMES):
        queue.take()
        waiting.append(len(queue))
        queue.put(level(5_000) if number % 40 < 35 else level(0))
    assert waiting[0] == 3
    assert waiting[-1] <= 1, "one frame may always wait"


def test_somebody_who_never_pauses_loses_a_frame_after_three_seconds_of_patience() -> None:
    slack = Slack()
    left_out = [slack.leaves_out(level(5_000), 60) for _ in range(PATIENT_LOOKS * LOOK_FRAMES)]
    assert left_out.index(True) == PATIENT_LOOKS * LOOK_FRAMES - 1


def test_what_is_needed_now_and_then_is_never_left_out() -> None:
    slack = Slack()
    waits = [MOST_MS - FRAME_MS] * 20 + [0]
    assert not any(slack.leaves_out(silence(), waits[n % len(waits)]) for n in range(5_000))
