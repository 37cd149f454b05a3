"""End-of-turn detection: what the model gets to hear, and the real model."""

import asyncio
import importlib.resources
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from pipelines.endpoint import WAIT_FRAMES, Endpoint, Judgement, SmartTurn, SmartTurnEndpoint
from pipelines.samples import Samples
from tests import virtual_time
from tests.fakes.fake_speech import hush, noise, speech, words_in_samples
from tests.fakes.voice_parts import FakeVoiceParts, InlineWorkers, ScriptedEndpoint
from tests.pipelines.talk import talking


class Judge:
    def __init__(self, probability: float) -> None:
        self.probability_is = probability
        self.heard: list[Samples] = []
        self.narrowband: list[bool] = []

    def probability(self, samples: Samples, *, narrowband: bool = False) -> float:
        self.heard.append(samples)
        self.narrowband.append(narrowband)
        return self.probability_is


def judged(judge: Judge, *steps: Any) -> list[tuple[int, float]]:
    verdicts: list[tuple[int, float]] = []

    async def main() -> None:
        workers = InlineWorkers(0.0)
        endpoint = SmartTurnEndpoint("call", cast(SmartTurn, judge), workers, lambda *v: verdicts.append(v))
        for step in steps:
            step(endpoint)
            await asyncio.sleep(0.01)

    virtual_time.run(main())
    return verdicts


def hear(frames: Any) -> Any:
    return lambda endpoint: [endpoint.hear(frame) for frame in frames]


def test_says_how_probably_the_turn_is_over() -> None:
    ask = [hear(noise(50)), lambda e: e.judge(3)]
    assert judged(Judge(0.9), *ask) == [(3, 0.9)]
    assert judged(Judge(0.1), *ask) == [(3, 0.1)]


def test_the_model_is_not_asked_about_a_pause_that_is_over() -> None:
    judge = Judge(0.9)

    def pause_and_go_on(endpoint: SmartTurnEndpoint) -> None:
        endpoint.judge(1)
        endpoint.resume()

    def pause_twice(endpoint: SmartTurnEndpoint) -> None:
        endpoint.judge(2)
        endpoint.judge(3)
        hear(hush(WAIT_FRAMES))(endpoint)

    assert judged(judge, hear(noise(50)), pause_and_go_on) == []
    assert judged(judge, hear(noise(50)), pause_and_go_on, pause_twice) == [(3, 0.9)]
    assert len(judge.heard) == 1


def test_while_the_model_is_busy_only_a_pause_that_lasts_is_judged() -> None:
    judge, verdicts = Judge(0.9), list[tuple[int, float]]()

    async def main() -> None:
        workers = InlineWorkers(0.0)
        workers.running = 1
        endpoint = SmartTurnEndpoint("call", cast(SmartTurn, judge), workers, lambda *v: verdicts.append(v))
        for pause, frames in ((1, WAIT_FRAMES - 1), (2, WAIT_FRAMES)):
            hear(noise(50))(endpoint)
            endpoint.judge(pause)
            hear(hush(frames))(endpoint)
            await asyncio.sleep(0.01)
            assert verdicts == ([] if pause == 1 else [(2, 0.9)])
            endpoint.resume()
        endpoint.judge(3)
        endpoint.close()
        hear(hush(WAIT_FRAMES))(endpoint)
        await asyncio.sleep(0.01)

    virtual_time.run(main())
    assert verdicts == [(2, 0.9)]
    assert len(judge.heard) == 1


class Watched(FakeVoiceParts):
    """Keeps what an endpoint is told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def endpoint(self, call_id: str, tell: Judgement) -> Endpoint:
        told = self.told

        class Telling(ScriptedEndpoint):
            def judge(self, pause: int) -> None:
                told.append(f"judge {pause}")
                super().judge(pause)

            def resume(self) -> None:
                told.append("resume")

        return Telling(tell, [0.0, 0.9])


def test_a_call_tells_it_when_the_customer_goes_on() -> None:
    parts = Watched()

    async def main() -> None:
        async with talking(parts=parts) as talk:
            await asyncio.sleep(1)
            await talk.say([*speech("I have"), *hush(20), *speech("a question")], then=3)

    virtual_time.run(main())
    assert parts.told == ["judge 1", "resume", "judge 2", "resume"], "the turn is over: judge no more"


def test_hears_the_utterance_and_not_the_one_before() -> None:
    judge = Judge(0.9)
    judged(
        judge,
        hear([*speech("what was before"), *hush(30)]),
        lambda e: e.start(),
        hear(speech("what counts")),
        lambda e: e.judge(1),
    )
    assert words_in_samples(judge.heard[0]) == "what counts"


def test_hears_eight_seconds_at_most() -> None:
    judge = Judge(0.9)
    judged(judge, hear(noise(1_000)), lambda e: e.judge(1))
    assert len(judge.heard[0]) == 8 * 16_000


def test_says_of_telephone_sound_that_it_is_narrow() -> None:
    wide, narrow = Judge(0.9), Judge(0.9)
    judged(wide, hear(noise(50)), lambda e: e.judge(1))
    judged(narrow, hear(noise(50, 8_000)), lambda e: e.judge(1))
    assert (wide.narrowband, narrow.narrowband) == ([False], [True])
    assert len(narrow.heard[0]) == len(wide.heard[0])


def test_what_a_telephone_line_cuts_off_is_filled_with_quiet_noise_and_the_rest_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = importlib.resources.files("pipecat.audio.turn.smart_turn.data") / "smart-turn-v3.2-cpu.onnx"
    judge = SmartTurn(Path(str(model)))
    seen: list[Samples] = []
    spectrogram = judge._spectrogram

    def watched(samples: Samples, seconds: int) -> Samples:
        seen.append(samples)
        return spectrogram(samples, seconds)

    monkeypatch.setattr(judge, "_spectrogram", watched)
    voice = np.sin(2 * np.pi * 440 * np.arange(32_000) / 16_000).astype(np.float32)
    for narrowband in (False, True):
        judge.probability(voice, narrowband=narrowband)
    plain, filled = (np.square(np.abs(np.fft.rfft(heard))) for heard in seen)
    middle = len(plain) // 2
    halves = slice(middle, None), slice(middle)
    above, below = (10 * np.log10(filled[half].sum() / plain[half].sum()) for half in halves)
    assert above > 20
    assert abs(below) < 0.1, "what came over the line stays as it was"
    assert not seen[1][: 6 * 16_000].std() > 1e-6, "where there was no sound there is no noise"


class BrokenJudge(Judge):
    def probability(self, samples: Samples, *, narrowband: bool = False) -> float:
        raise RuntimeError("no model")


def test_says_nothing_when_there_was_nothing_to_hear_or_the_model_fails() -> None:
    assert judged(Judge(0.9), lambda e: e.judge(1)) == []
    assert judged(BrokenJudge(0.9), hear(noise(50)), lambda e: e.judge(1)) == []


@pytest.mark.models
@pytest.mark.timeout(120)
def test_the_real_model_agrees_with_pipecats_own_wiring_of_it(models_folder: Path) -> None:
    from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3

    model = models_folder / "turn" / "smart-turn-v3.2-cpu.onnx"
    ours, theirs = SmartTurn(model), LocalSmartTurnAnalyzerV3(sample_rate=16_000)
    rng = np.random.default_rng(7)
    for seconds in (0.5, 3, 12):
        samples = rng.normal(0, 0.1, int(seconds * 16_000)).astype(np.float32)
        expected = theirs._predict_endpoint(samples)["probability"]
        assert ours.probability(samples) == pytest.approx(expected, abs=0.01)
