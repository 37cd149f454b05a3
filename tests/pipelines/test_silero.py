"""The real voice detector (small enough for every run): gate, memory, and what it takes for voice."""

import importlib.resources
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from pipelines.audio import Frame, silence
from pipelines.silero import WINDOW, Silero, SileroMemory, VoiceDetector
from pipelines.voice import VoiceChange, VoiceThresholds

RNG = np.random.default_rng(11)


@pytest.fixture(scope="module")
def silero() -> Silero:
    model = importlib.resources.files("pipecat.audio.vad.data") / "silero_vad.onnx"
    return Silero(Path(str(model)))


def frames(samples: "np.ndarray[tuple[int], np.dtype[np.float64]]", rate: int = 16_000) -> list[Frame]:
    pcm = (np.clip(samples, -1, 1) * 32_767).astype("<i2")
    step = rate // 50
    return [Frame(pcm[at : at + step].tobytes(), rate) for at in range(0, len(pcm) - step + 1, step)]


def changes(detector: VoiceDetector, heard: list[Frame]) -> list[VoiceChange]:
    return [change for frame in heard if (change := detector.hear(frame)) is not None]


class Watched(Silero):
    """Counts how often the network runs."""

    def __init__(self, model: Silero) -> None:
        self._session = model._session
        self.runs = 0

    def probability(self, window, state, sample_rate):  # type: ignore[no-untyped-def]
        self.runs += 1
        return super().probability(window, state, sample_rate)


class Certain(Silero):
    """Everything that passes the gate is voice."""

    def __init__(self) -> None:
        pass

    def probability(self, window, state, sample_rate):  # type: ignore[no-untyped-def]
        return 0.99, state


@pytest.mark.parametrize("rate", [8_000, 16_000])
@pytest.mark.parametrize(("louder", "near"), [(1.5, False), (10.0, True)])
def test_voice_is_near_when_it_stands_out_of_the_noise(rate: int, louder: float, near: bool) -> None:
    detector = VoiceDetector(Certain(), rate, VoiceThresholds())
    detector._gate = Mock(is_speech=lambda pcm, rate: False)
    assert changes(detector, frames(RNG.normal(0, 0.02, rate * 4), rate)) == []
    assert not detector.near
    detector._gate = Mock(is_speech=lambda pcm, rate: True)
    assert changes(detector, frames(RNG.normal(0, 0.02 * louder, rate // 2), rate)) == [VoiceChange.STARTED]
    assert detector.near is near


@pytest.mark.parametrize("rate", [8_000, 16_000])
def test_silence_never_reaches_the_network(silero: Silero, rate: int) -> None:
    watched = Watched(silero)
    detector = VoiceDetector(watched, rate, VoiceThresholds())
    assert changes(detector, [silence(rate)] * 500) == []
    assert watched.runs == 0
    assert len(detector._heard) <= 2 * WINDOW[rate] * VoiceDetector.LEAD_WINDOWS, "nor is it all remembered"


@pytest.mark.parametrize("rate", [8_000, 16_000])
def test_noise_is_not_voice(silero: Silero, rate: int) -> None:
    detector = VoiceDetector(silero, rate, VoiceThresholds())
    assert changes(detector, frames(RNG.normal(0, 0.1, rate * 20), rate)) == []
    hum = 0.3 * np.sin(2 * np.pi * 100 * np.arange(rate * 5) / rate)
    assert changes(detector, frames(hum, rate)) == []


@pytest.mark.parametrize("mains_hz", [50, 60])
@pytest.mark.parametrize("rate", [8_000, 16_000])
def test_the_hum_of_a_bad_line_is_not_voice(silero: Silero, rate: int, mains_hz: int) -> None:
    time = np.arange(rate * 20) / rate
    hum = sum(np.sin(2 * np.pi * mains_hz * n * time) / n for n in (1, 2, 3, 5, 7))
    for level in (0.01, 0.05, 0.2):
        line = level * hum + RNG.normal(0, level / 5, len(time))
        assert changes(VoiceDetector(silero, rate, VoiceThresholds()), frames(line, rate)) == []


def test_clicks_are_not_voice(silero: Silero) -> None:
    clicks = np.zeros(16_000 * 10)
    clicks[::4_000] = 0.9
    assert changes(VoiceDetector(silero, 16_000, VoiceThresholds()), frames(clicks)) == []


def test_calls_do_not_disturb_each_other(silero: Silero) -> None:
    sound = [f.pcm for f in frames(RNG.normal(0, 0.1, 16_000 * 2))]
    windows = [b"".join(sound)[at : at + 1_024] for at in range(0, 32_000, 1_024)]
    alone = SileroMemory(silero, 16_000)
    expected = [alone.probability(window) for window in windows]
    mine, other = SileroMemory(silero, 16_000), SileroMemory(silero, 16_000)
    mixed = []
    for window in windows:
        mixed.append(mine.probability(window))
        other.probability(bytes(1_024))
    assert mixed == pytest.approx(expected, abs=1e-6)


def test_refuses_a_rate_the_network_does_not_know(silero: Silero) -> None:
    with pytest.raises(ValueError, match="44100"):
        VoiceDetector(silero, 44_100, VoiceThresholds())
