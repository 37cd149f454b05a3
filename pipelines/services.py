"""Pipecat's speech services as recogniser or voice of a call.

Any of pipecat's services can be named by its class; OpenAI's (and everything that speaks their HTTP API)
are wired by name. A service stands in the call's pipeline between two small processors of ours: one that
feeds it, one that takes its results, so that the rest of the call knows only `Recognizer` and
`Synthesizer`. Relies on pipecat 1.14.
"""

import asyncio
import importlib
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipecat.frames.frames import (
    ErrorFrame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStoppedFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)

from pipelines.audio import FRAME_MS, Frame, Framer
from pipelines.facts import Unavailable
from pipelines.processor import DirectProcessor, FrameDirection, FrameProcessor, PipecatFrame
from pipelines.resampler import Resampler
from pipelines.transcript import Final, Listener, Lost, Partial, join_digits

STOP_MS = 200
"A pause so long is reported to the service as the end of a segment."
SETTLE_MS = 800
"Silence after which words that came during speech are taken as all there are."
GIVE_UP_MS = 3_000
LATEST_MS = 5_000
"What has not come back so long after it was sent never will: many services keep silent where no words were."
FIRST_SOUND_S = 6.0
NEXT_SOUND_S = 4.0


@dataclass(frozen=True, slots=True)
class PipecatService:
    """A service of pipecat's, or of one's own, by the name of its class."""

    name: str
    "E.g. `pipecat.services.deepgram.stt.DeepgramSTTService`."
    arguments: Mapping[str, Any] = field(default_factory=dict)
    "For its constructor."
    settings: Mapping[str, Any] = field(default_factory=dict)
    "For its `Settings`: model, voice, language, …"

    def build(self) -> FrameProcessor:
        """A new instance. Raises `ValueError` when there is no such service or it refuses its settings."""
        module, _, name = self.name.rpartition(".")
        try:
            service = getattr(importlib.import_module(module), name)
            settings = service.Settings(**self.settings)
            return service(**self.arguments, settings=settings)
        except (ImportError, AttributeError, TypeError, ValueError) as error:
            raise ValueError(f"cannot build the speech service {self.name}: {error}") from error


def openai_recognizer(base_url: str, api_key: str, model: str, language: str = "en") -> PipecatService:
    """Whatever answers `POST {base_url}/audio/transcriptions` as OpenAI does."""
    arguments = {"base_url": base_url, "api_key": api_key, "push_empty_transcripts": True}
    return PipecatService(
        "pipecat.services.openai.stt.OpenAISTTService", arguments, {"model": model, "language": language}
    )


def openai_voice(base_url: str, api_key: str, model: str, voice: str = "alloy") -> PipecatService:
    """Whatever answers `POST {base_url}/audio/speech` as OpenAI does."""
    # The API always sends 24 kHz; pipecat would label it with the call's rate, and it would sound slow.
    arguments = {"base_url": base_url, "api_key": api_key, "sample_rate": 24_000}
    return PipecatService(
        "pipecat.services.openai.tts.OpenAITTSService", arguments, {"model": model, "voice": voice}
    )


class _Feed(DirectProcessor):
    """Stands before a service: passes frames on, and tells when the service reports an error."""

    def __init__(self, owner: "ServiceRecognizer | ServiceSynthesizer") -> None:
        super().__init__()
        self._owner = owner

    async def process_frame(self, frame: PipecatFrame, direction: FrameDirection) -> None:
        """Watch what comes back."""
        if isinstance(frame, ErrorFrame) and direction is FrameDirection.UPSTREAM:
            self._owner.failed()
        await super().process_frame(frame, direction)

    async def take(self, frame: PipecatFrame) -> bool:
        """Send the signals that are due before the next audio."""
        if isinstance(frame, InputAudioRawFrame):
            for signal in self._owner.signals():
                await self.push_frame(signal)
        return False


class _Tap(DirectProcessor):
    """Stands behind a service and takes its results."""

    def __init__(self, owner: "ServiceRecognizer | ServiceSynthesizer") -> None:
        super().__init__()
        self._owner = owner

    async def take(self, frame: PipecatFrame) -> bool:
        """True for what concerns only the service and us."""
        return await self._owner.take(frame)


class ServiceRecognizer:
    """A speech-to-text service as the recogniser of one call.

    Services answer when they like. A final is reported when every segment they were sent has come back,
    or after `GIVE_UP_MS` with the words there are; what comes back for a turn that is over is ignored, for
    `LATEST_MS` after it was sent.
    """

    def __init__(self, service: FrameProcessor, listener: Listener) -> None:
        self._listener = listener
        self.processors: Sequence[FrameProcessor] = (_Feed(self), service, _Tap(self))
        self._signals: list[PipecatFrame] = []
        self._heard_ms = 0
        self._outstanding: deque[int] = deque()
        "When each segment was sent that has not come back, by `_heard_ms`; those of a turn that is over:"
        self._stale: deque[int] = deque()
        self._begin()

    def _begin(self) -> None:
        self._stale += self._outstanding
        self._outstanding.clear()
        self._text = ""
        self._pause: int | None = None
        self._paused_ms = 0
        self._told = False

    def signals(self) -> list[PipecatFrame]:
        """What the service must be told before the next audio."""
        due, self._signals = self._signals, []
        return due

    def hear(self, frame: Frame, silent: bool = False) -> None:
        """Count; the audio itself comes through the pipeline."""
        self._heard_ms += FRAME_MS
        while self._stale and self._heard_ms - self._stale[0] >= LATEST_MS:
            self._stale.popleft()
        if self._pause is None or self._told:
            return
        self._paused_ms += FRAME_MS
        if self._paused_ms == STOP_MS:
            self._signals.append(VADUserStoppedSpeakingFrame(stop_secs=STOP_MS / 1_000))
            self._outstanding.append(self._heard_ms)
        settled = self._paused_ms >= SETTLE_MS and self._text
        if settled or self._paused_ms >= GIVE_UP_MS:
            self._tell_final()

    def start(self) -> None:
        """An utterance began."""
        self._begin()
        self._signals.append(VADUserStartedSpeakingFrame(start_secs=0.1))

    def pause(self, pause: int) -> None:
        """A pause, perhaps the end."""
        self._pause, self._paused_ms, self._told = pause, 0, False

    def resume(self) -> None:
        """The customer went on; if the service was told of an end, it is told of a beginning."""
        if self._paused_ms >= STOP_MS:
            self._signals.append(VADUserStartedSpeakingFrame(start_secs=0.1))
        self._pause = None

    def reset(self) -> None:
        """The utterance is over."""
        if self._pause is None or self._paused_ms < STOP_MS:
            self._signals.append(VADUserStoppedSpeakingFrame(stop_secs=0.1))
            self._outstanding.append(self._heard_ms)
        self._begin()

    def close(self) -> None:
        """The call is over."""
        self._listener = lambda _: None

    def failed(self) -> None:
        """The service reports an error; what it says of a turn that is over concerns nobody."""
        if self._stale:
            self._stale.popleft()
            return
        if self._outstanding:
            self._outstanding.popleft()
        self._listener(Lost("the recognition service failed"))

    async def take(self, frame: PipecatFrame) -> bool:
        """Take transcripts; audio and voice signals end here too."""
        if isinstance(frame, TranscriptionFrame):
            self._transcribed(frame.text, frame.finalized)
        elif isinstance(frame, InterimTranscriptionFrame):
            if not self._stale:
                text = f"{self._text} {frame.text}".strip()
                self._listener(Partial(text, len(self._text)))
        else:
            signals = (InputAudioRawFrame, VADUserStartedSpeakingFrame, VADUserStoppedSpeakingFrame)
            return isinstance(frame, signals)
        return True

    def _transcribed(self, text: str, finalized: bool) -> None:
        if self._stale:
            if finalized:
                self._stale.popleft()
            return
        self._text = f"{self._text} {join_digits(text)}".strip()
        if finalized and self._outstanding:
            self._outstanding.popleft()
            if not self._outstanding and self._pause is not None:
                self._tell_final()

    def _tell_final(self) -> None:
        if self._pause is not None and not self._told:
            self._told = True
            self._listener(Final(self._pause, self._text))


class ServiceSynthesizer:
    """A text-to-speech service as the voice of one call; one text at a time."""

    def __init__(self, service: FrameProcessor, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._feed = _Feed(self)
        self.processors: Sequence[FrameProcessor] = (self._feed, service, _Tap(self))
        self._sounds: asyncio.Queue[TTSAudioRawFrame | None] | None = None
        self._failed = False

    def signals(self) -> list[PipecatFrame]:
        """Nothing: a voice needs no signals."""
        return []

    def failed(self) -> None:
        """The service reports an error: the text under way will get no more sound."""
        self._failed = True
        if self._sounds is not None:
            while self._sounds.full():
                self._sounds.get_nowait()
            self._sounds.put_nowait(None)

    async def take(self, frame: PipecatFrame) -> bool:
        """Take sound, making the service wait while nobody hears it; forget what nobody wants."""
        if isinstance(frame, TTSAudioRawFrame):
            if self._sounds is not None:
                await self._sounds.put(frame)
            return True
        if isinstance(frame, TTSStoppedFrame):
            if self._sounds is not None:
                await self._sounds.put(None)
            return True
        return isinstance(frame, InterruptionFrame)

    async def speak(self, text: str) -> AsyncGenerator[Frame, None]:
        """Frames of the text. Raises `Unavailable` when the service fails or stays silent."""
        assert self._sounds is None, "one text at a time"
        sounds = self._sounds = asyncio.Queue(maxsize=64)
        self._failed = False
        framer, resampler = Framer(self._sample_rate), None
        finished = False
        try:
            await self._feed.push_frame(TTSSpeakFrame(text, append_to_context=False))
            patience = FIRST_SOUND_S
            while (sound := await self._next(sounds, patience)) is not None:
                patience = NEXT_SOUND_S
                resampler = resampler or Resampler(sound.sample_rate, self._sample_rate)
                for frame in framer.feed(resampler.feed(sound.audio)):
                    yield frame
            finished = not self._failed
            rest = framer.feed(resampler.flush()) if resampler is not None else []
            for frame in [*rest, *framer.flush()]:
                yield frame
        finally:
            self._sounds = None
            while not sounds.empty():  # whoever waits for room must not wait for ever
                sounds.get_nowait()
            if not finished:
                await self._feed.push_frame(InterruptionFrame())

    async def _next(self, sounds: "asyncio.Queue[TTSAudioRawFrame | None]", patience_s: float) -> Any:
        try:
            async with asyncio.timeout(patience_s):
                sound = await sounds.get()
        except TimeoutError as error:
            raise Unavailable("the voice service is silent") from error
        if sound is None and self._failed:
            raise Unavailable("the voice service failed")
        return sound
