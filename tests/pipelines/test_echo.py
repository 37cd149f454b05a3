"""Our own voice told by its waveform; both voices are made up, with pitch, syllables and hiss."""

import numpy as np
import numpy.typing as npt
import pytest

from pipelines.audio import Frame
from pipelines.echo import REACH_MS, OwnEcho

Sound = npt.NDArray[np.float64]
RATE = 8_000


def voice(seed: int, hz: float, seconds: float = 6.0, rate: int = RATE) -> Sound:
    """Harmonics of a pitch that wanders, in syllables of their own colour, with some breath."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(rate * seconds)) / rate
    wander = np.interp(time, np.arange(0, seconds + 1, 0.2), rng.uniform(0.85, 1.2, int(seconds * 5) + 5))
    phase = 2 * np.pi * np.cumsum(hz * wander) / rate
    sound = np.zeros(len(time))
    for harmonic in range(1, int(3_400 // (1.2 * hz))):
        colour = np.interp(time, np.arange(0, seconds + 1, 0.15), rng.uniform(0, 1, int(seconds / 0.15) + 7))
        sound += colour / np.sqrt(harmonic) * np.sin(harmonic * phase + rng.uniform(0, 6))
    sound += rng.normal(0, 0.2, len(time))
    syllables = np.abs(np.sin(2 * np.pi * 2.5 * time + rng.uniform(0, 6)))
    return np.asarray(0.1 * sound / sound.std() * syllables)


def frames(sound: Sound, rate: int = RATE) -> list[Frame]:
    pcm = (np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes()
    step = rate // 50 * 2
    return [Frame(pcm[at : at + step], rate) for at in range(0, len(pcm), step)]


def coded(sound: Sound) -> Sound:
    """After mu-law, and the noise of a line."""
    noisy = sound + np.random.default_rng(9).normal(0, 0.0005, len(sound))
    steps = np.round(np.log1p(255 * np.abs(noisy)) / np.log1p(255) * 127) / 127
    return np.asarray(np.sign(noisy) * (256.0**steps - 1) / 255)


def returned(ours: Sound, delay_ms: int, db: float, rate: int = RATE) -> Sound:
    """Our voice as it comes back, with a reflection."""
    late = np.concatenate((np.zeros(rate * delay_ms // 1_000), ours))[: len(ours)]
    reflected = np.concatenate((np.zeros(rate * 7 // 1_000), late))[: len(ours)]
    return (late + 0.4 * reflected) * 10 ** (db / 20)


def share_of_ours(played: Sound | None, heard: Sound, rate: int = RATE) -> float:
    """Of the frames heard, how many were taken for our own voice."""
    echo = OwnEcho()
    ours = frames(played, rate) if played is not None else [None] * (len(heard) * 50 // rate)
    found = []
    for mine, theirs in zip(ours, frames(heard, rate), strict=True):
        echo.play(mine)
        echo.hear(theirs.pcm, rate)
        found.append(echo.sounds())
    return float(np.mean(found[50:]))


OURS, CALLER = voice(1, 110), voice(2, 190)


@pytest.mark.parametrize("delay_ms", [50, 180, 300])
@pytest.mark.parametrize("db", [-12, -20, -30])
def test_our_own_voice_is_known_however_late_and_faint(delay_ms: int, db: float) -> None:
    assert share_of_ours(OURS, coded(returned(OURS, delay_ms, db))) > 0.9


def test_it_is_known_at_sixteen_kilohertz_as_well() -> None:
    ours = voice(1, 110, rate=16_000)
    assert share_of_ours(ours, coded(returned(ours, 120, -18, 16_000)), 16_000) > 0.9


@pytest.mark.parametrize("hz", [95, 112, 190, 230])
def test_a_caller_is_never_taken_for_us(hz: float) -> None:
    assert share_of_ours(OURS, coded(voice(5, hz))) < 0.02


@pytest.mark.parametrize("db", [-12, -20])
def test_a_caller_over_our_echo_is_heard(db: float) -> None:
    assert share_of_ours(OURS, coded(CALLER + returned(OURS, 150, db))) < 0.2


def test_while_we_have_not_spoken_nothing_can_come_back() -> None:
    echo = OwnEcho()
    echo.hear(frames(CALLER)[20].pcm, RATE)
    assert not echo.possible and not echo.sounds()
    echo.play(frames(OURS)[20])
    assert echo.possible
    for _ in range(REACH_MS // 20):
        echo.play(None)
    assert not echo.possible


def test_silence_of_ours_makes_no_echo_of_noise() -> None:
    hiss = np.random.default_rng(3).normal(0, 0.05, len(OURS))
    assert share_of_ours(np.zeros(len(OURS)), hiss) == 0
    assert share_of_ours(OURS, hiss) < 0.02
    assert share_of_ours(None, CALLER) == 0


def taken_for_ours(parts: list[tuple[int, float]]) -> list[bool]:
    """Whether the end of each second of a call is taken for ours.

    `parts`: how many ms ago we said what is heard in it, and how like it is (1: the same). Windows are no
    multiple of frames, as in a call.
    """
    rng = np.random.default_rng(4)
    ours, other = rng.normal(0, 0.1, (2, RATE * (len(parts) + 1)))
    echo, found = OwnEcho(), []
    waiting = b""
    for second, (delay_ms, like) in enumerate(parts, 1):
        now, back = slice(second * RATE, (second + 1) * RATE), delay_ms * RATE // 1_000
        returned = ours[now.start - back : now.stop - back]
        heard = frames(0.3 * (like * returned + (1 - like**2) ** 0.5 * other[now]))
        for mine, theirs in zip(frames(ours[now]), heard, strict=True):
            echo.play(mine)
            waiting += theirs.pcm
            while len(waiting) >= 512:
                window, waiting = waiting[:512], waiting[512:]
                echo.hear(window, RATE, behind=len(waiting) // 2)
                last = echo.sounds()
        found.append(last)
    return found


def test_what_is_like_us_for_a_moment_is_a_caller() -> None:
    """A vowel of the same pitch; at nine in ten nobody else can be so like us."""
    assert taken_for_ours([(150, 0.6), (90, 0.6), (210, 0.6)]) == [False] * 3
    assert taken_for_ours([(150, 0.9), (90, 0.9)]) == [True] * 2


def test_where_our_echo_was_clear_less_of_it_is_known() -> None:
    assert taken_for_ours([(150, 0.9), (150, 0.6), (150, 0.6)]) == [True] * 3
    assert taken_for_ours([(150, 0.9), (90, 0.6), (150, 0.6)]) == [True, False, True]
    assert taken_for_ours([(150, 0.9), (150, 0.2)]) == [True, False]


def test_an_echo_whose_delay_changed_is_known_again() -> None:
    assert taken_for_ours([(150, 0.9), (210, 0.9), (210, 0.6)]) == [True] * 3
