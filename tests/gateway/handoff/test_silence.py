"""How long nobody is heard, frame by frame."""

from gateway.handoff.silence import Silence
from pipelines.audio import silence
from tests.fakes.office_calls import tone


def test_the_longest_silence_lies_between_two_sounds_or_lasts_still() -> None:
    heard = Silence(100.0)
    assert heard.longest(100.0) == 0.0
    heard.passed(tone(2_000), 103.0)
    heard.passed(tone(2_000), 104.0)
    assert heard.longest(104.5) == 3.0
    assert heard.longest(109.0) == 5.0
    heard.passed(tone(2_000), 109.0)
    assert heard.longest(109.5) == 5.0


def test_silence_and_the_noise_of_a_line_are_no_sound() -> None:
    heard = Silence(0.0)
    for second in range(1, 5):
        heard.passed(silence(), float(second))
        heard.passed(tone(40), float(second))
    assert heard.longest(5.0) == 5.0
