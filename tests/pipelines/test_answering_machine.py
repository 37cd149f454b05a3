"""Person or machine, in frames; sound is made up, who speaks is told."""

import numpy as np
import pytest

from pipelines.answering_machine import (
    Answerer,
    AnsweringMachineDetection,
    AnswerTimes,
    Beeped,
    Tones,
    Verdict,
)
from pipelines.audio import FRAME_MS, Frame, silence

TIMES = AnswerTimes()
RNG = np.random.default_rng(4)


def frames(sound: "np.ndarray[tuple[int], np.dtype[np.float64]]", rate: int = 8_000) -> list[Frame]:
    pcm = (np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes()
    step = rate // 50 * 2
    return [Frame(pcm[at : at + step], rate) for at in range(0, len(pcm), step)]


def tone(*hz: int, ms: int, rate: int = 8_000, noise: float = 0.0) -> list[Frame]:
    time = np.arange(rate * ms // 1_000) / rate
    return frames(0.2 * sum(np.sin(2 * np.pi * f * time) for f in hz) + RNG.normal(0, noise, len(time)), rate)


class Call:
    """What was heard of a call that we placed, and what was made of it."""

    def __init__(self) -> None:
        self.detection = AnsweringMachineDetection()
        self.news: list[Verdict | Beeped] = []

    def hear(self, heard: list[Frame], *, voiced: bool = False) -> "Call":
        for frame in heard:
            if news := self.detection.hear(frame, voiced=voiced):
                self.news.append(news)
        return self

    def speech(self, ms: int) -> "Call":
        return self.hear(frames(RNG.normal(0, 0.1, 8 * ms)), voiced=True)

    def quiet(self, ms: int) -> "Call":
        return self.hear([silence(8_000)] * (ms // FRAME_MS))

    def words(self, text: str) -> "Call":
        if verdict := self.detection.heard(text):
            self.news.append(verdict)
        return self

    @property
    def verdicts(self) -> list[tuple[Answerer, str]]:
        return [(news.answerer, news.by) for news in self.news if isinstance(news, Verdict)]


def test_a_short_word_and_silence_is_a_person() -> None:
    call = Call().quiet(400).speech(600).quiet(TIMES.silence_ms)
    assert call.news == [Verdict(Answerer.PERSON, "length", 400 + 600 + TIMES.silence_ms)]


def test_who_goes_on_speaking_is_a_machine() -> None:
    call = Call().quiet(400).speech(900).quiet(TIMES.silence_ms - FRAME_MS).speech(3_000)
    assert call.verdicts == [(Answerer.MACHINE, "length")]
    assert call.news[0].after_ms <= 400 + TIMES.longest_ms + 2 * FRAME_MS


def test_after_a_greeting_of_middling_length_a_person_waits_longer_than_a_machine() -> None:
    assert not Call().speech(TIMES.short_ms + 100).quiet(TIMES.long_silence_ms - FRAME_MS).verdicts
    call = Call().speech(TIMES.short_ms + 100).quiet(TIMES.long_silence_ms)
    assert call.verdicts == [(Answerer.PERSON, "length")]
    beeped = Call().speech(TIMES.short_ms + 100).quiet(1_200).hear(tone(800, ms=300)).quiet(20)
    assert beeped.verdicts == [(Answerer.MACHINE, "tone")]


def test_every_verdict_by_length_comes_within_its_time() -> None:
    longest = TIMES.longest_ms + TIMES.long_silence_ms
    for speech_ms in range(100, 4_000, 180):
        call = Call().speech(speech_ms).quiet(TIMES.long_silence_ms)
        assert call.news and call.news[0].after_ms <= longest, speech_ms


def test_nobody_says_anything() -> None:
    assert Call().quiet(TIMES.nobody_ms).news == [Verdict(Answerer.UNKNOWN, "silence", TIMES.nobody_ms)]


@pytest.mark.parametrize(
    "words",
    [
        "please leave a message after the tone",
        "Hi, you’ve reached Anna",
        "I can't come to the phone right now",
        "the person you are calling is not available",
        "welcome to the mailbox of",
        "at the tone, please record your message",
        "to speak to sales press 1",
        "and we'll call you back",
    ],
)
def test_words_of_a_machine_are_enough(words: str) -> None:
    assert Call().speech(700).words(words).verdicts == [(Answerer.MACHINE, "words")]


@pytest.mark.parametrize("words", ["Hello?", "yes", "This is Mike.", "Good morning, Acme", "Who?", ""])
def test_words_that_either_may_say_decide_nothing(words: str) -> None:
    assert Call().speech(700).words(words).verdicts == []


def test_a_company_is_a_person_however_long_its_greeting() -> None:
    greeting = "Good morning, Acme Industries, Laura speaking, how can I help you"
    assert Call().speech(2_000).words(greeting).speech(2_000).verdicts == [(Answerer.PERSON, "words")]


def test_words_correct_what_the_length_seemed_to_say_and_nothing_else() -> None:
    call = Call().speech(3_700).words("how can I help you").words("leave a message")
    assert call.verdicts == [(Answerer.MACHINE, "length"), (Answerer.PERSON, "words")]
    assert len(Call().speech(3_700).words("leave a message").verdicts) == 1, "that was known"


@pytest.mark.parametrize("rate", [8_000, 16_000])
@pytest.mark.parametrize("hz", [1_100, 2_100])
def test_a_fax_is_told_by_its_tone(hz: int, rate: int) -> None:
    call = Call().quiet(500).hear(tone(hz, ms=500, rate=rate, noise=0.03), voiced=True)
    assert call.verdicts == [(Answerer.FAX, "tone")]
    assert call.news[0].after_ms == 500 + TIMES.fax_ms


def test_the_networks_three_tones_say_that_nobody_will_come() -> None:
    call = Call().hear([*tone(950, ms=330), *tone(1_400, ms=330), *tone(1_800, ms=330)])
    assert call.verdicts == [(Answerer.NETWORK, "tone")]


@pytest.mark.parametrize("greeting_ms", [1_000, 3_000, 6_000])
def test_a_beep_behind_the_greeting_says_that_the_machine_records(greeting_ms: int) -> None:
    call = Call().speech(greeting_ms).quiet(400)
    assert not call.detection.beeped
    call.hear(tone(1_000, ms=400))
    assert call.detection.beeping and not call.detection.beeped
    call.quiet(20)
    assert call.detection.beeped
    assert call.detection.verdict and call.detection.verdict.answerer is Answerer.MACHINE
    assert isinstance(call.news[-1], Beeped) == (greeting_ms == 6_000), "else the beep is the verdict"


def test_a_beep_soon_after_short_words_makes_them_a_machines() -> None:
    call = Call().speech(1_200).quiet(300).hear(tone(800, ms=300)).quiet(2_000)
    assert call.verdicts == [(Answerer.MACHINE, "tone")]
    assert call.detection.beeped


@pytest.mark.parametrize(
    "sound",
    [
        frames(RNG.normal(0, 0.1, 16_000)),
        tone(480, 620, ms=500),
        tone(697, 1_209, ms=500),
        tone(120, 240, 360, ms=500),
        tone(1_000, ms=80),
        frames(0.001 * np.sin(2 * np.pi * 1_000 * np.arange(8_000) / 8_000)),
    ],
    ids=["noise", "busy", "a key", "a vowel", "a click", "faint"],
)
def test_what_is_no_tone(sound: list[Frame]) -> None:
    tones = Tones()
    ended = [tone for frame in [*sound, silence(8_000)] if (tone := tones.hear(frame))]
    assert not [tone for tone in ended if tone.lasted_ms >= TIMES.beep_ms]
