"""Our recogniser on recordings in real time: the front end of a call with real ears and nobody to answer.

The parts are those of a call as `warmline serve` makes them: Silero, turn taking, smart-turn and Whisper in
their shared workers, driven by the real `FrontEnd`. Only the bot behind it is replaced by a witness.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from bench.hearing import Witness, frames
from bench.sound import read
from bench.stt_systems import Heard
from gateway.config import Config
from gateway.speech import voice_settings
from pipelines.audio import FRAME_MS
from pipelines.ears import Ears
from pipelines.frontend import FrontEnd
from pipelines.phrases import Phrases
from pipelines.services import PipecatService
from pipelines.transcript import Final, Lost, Partial
from pipelines.turn_times import TurnTimes
from pipelines.turns import TurnTaking
from pipelines.voice_models import VoiceModels, VoiceSettings, open_voice_models


class Clock:
    """Milliseconds since a clip began."""

    def __init__(self) -> None:
        self._began = time.perf_counter()

    @property
    def now_ms(self) -> int:
        """By now."""
        return round((time.perf_counter() - self._began) * 1_000)


class Listened:
    """One clip heard in real time."""

    def __init__(self, models: VoiceModels, name: str, sample_rate: int) -> None:
        self.clock = Clock()
        self.witness = Witness(cast(Any, self.clock))
        stand_in = cast(Any, self.witness)
        self._front_end = FrontEnd(stand_in, stand_in, stand_in, Phrases())
        self._finals: list[tuple[str, int]] = []
        recognizer = models.recognizer(name, sample_rate, self._heard)
        endpoint = models.endpoint(name, self._front_end.judged)
        detection = models.detection(sample_rate)
        self._front_end.listen_with(Ears(detection, TurnTaking(TurnTimes()), recognizer, endpoint))

    def _heard(self, what: Partial | Final | Lost) -> None:
        if isinstance(what, Final) and what.text:
            self._finals.append((what.text, self.clock.now_ms))
        self._front_end.heard(what)

    async def play(self, clip: Path, sample_rate: int) -> Heard:
        """Hear the clip, frame by frame as it would have been spoken."""
        sound = read(clip, sample_rate)
        for number, frame in enumerate(frames(sound, sample_rate), start=1):
            await asyncio.sleep(max(0, number * FRAME_MS - self.clock.now_ms) / 1_000)
            self._front_end.hear(frame)
        self._front_end.close()
        turns = self.witness.only("turn")
        return Heard(
            clip.stem,
            " ".join(turn.text for turn in turns),
            self._finals[-1][1] / 1_000 if self._finals else 0.0,
            turns[-1].at_ms / 1_000 if turns else 0.0,
        )


def settings(models: Path, threads: int) -> VoiceSettings:
    """As the default configuration has them; no voice is loaded, because nothing is said."""
    config = Config.model_validate({"models": {"folder": models}, "recogniser": {"threads": threads}})
    return replace(voice_settings(config), voice=PipecatService("", {}, {}))


async def hear(clips: Sequence[Path], models: Path, threads: int, sample_rate: int = 16_000) -> list[Heard]:
    """What was made of the clips, one call each; the first is heard twice, to warm up."""
    async with open_voice_models(settings(models, threads)) as loaded:
        await Listened(loaded, "warm-up", sample_rate).play(clips[0], sample_rate)
        return [await Listened(loaded, clip.stem, sample_rate).play(clip, sample_rate) for clip in clips]
