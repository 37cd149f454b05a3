"""What all calls of a process share: the loaded models, their worker threads, the Piper process.

`open_voice_models` loads everything once, in threads, and lets go of it at the end; a `VoiceCall` takes
its ears and its voice from the `VoiceModels` it gives.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from pipelines.audio import Frame
from pipelines.endpoint import Endpoint, Judgement, SmartTurn, SmartTurnEndpoint
from pipelines.facts import Unavailable
from pipelines.phrases import Phrases
from pipelines.recognizer import Recognizer, StreamingRecognizer, StreamingTimes
from pipelines.sentences import SentenceCutter
from pipelines.services import PipecatService, ServiceRecognizer, ServiceSynthesizer
from pipelines.silero import Silero, VoiceDetector
from pipelines.speech import Load, ModelWorkers
from pipelines.spoken import spoken
from pipelines.synthesizer import Phrasebook, PiperSettings, PiperSynthesizer, PiperVoice, Synthesizer, learn
from pipelines.transcript import Listener
from pipelines.voice import VoiceDetection, VoiceThresholds
from pipelines.whisper import Whisper, WhisperSettings

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class VoiceSettings:
    """Which models hear and speak, and how."""

    silero: Path
    "silero_vad.onnx"
    smart_turn: Path
    "smart-turn-v3.2-cpu.onnx"
    recognizer: WhisperSettings | PipecatService
    voice: PiperSettings | PipecatService
    thresholds: VoiceThresholds = field(default_factory=VoiceThresholds)
    streaming: StreamingTimes = field(default_factory=StreamingTimes)
    phrases: Phrases = field(default_factory=Phrases)
    learnt: tuple[str, ...] = ()
    "Further fixed sentences to know by heart, e.g. the greeting."
    rates: tuple[int, ...] = (16_000, 8_000)
    "Sample rates of ports at which they are learnt, Hz."


Known = Mapping[str, tuple[Frame, ...]]


class VoiceModels:
    """The shared parts; see `voice_call.VoiceParts` for what a call asks of them."""

    def __init__(self, settings: VoiceSettings, silero: Silero, smart_turn: SmartTurn) -> None:
        self._settings = settings
        self._silero = silero
        self._smart_turn = smart_turn
        self.turn_workers = ModelWorkers("smart-turn")
        self.whisper: Whisper | None = None
        self.whisper_workers: ModelWorkers | None = None
        self.piper: PiperVoice | None = None
        self.known: dict[int, Known] = {}

    @property
    def ready(self) -> bool:
        """Whether a call would be heard and spoken to."""
        return self.piper is None or self.piper.ready

    def detection(self, sample_rate: int) -> VoiceDetection:
        """Voice activity detection; raises `ValueError` at other rates than 8 and 16 kHz."""
        return VoiceDetector(self._silero, sample_rate, self._settings.thresholds)

    def endpoint(self, call_id: str, tell: Judgement) -> Endpoint:
        """End-of-turn detection."""
        return SmartTurnEndpoint(call_id, self._smart_turn, self.turn_workers, tell)

    def recognizer(self, call_id: str, sample_rate: int, listener: Listener) -> Recognizer:
        """The configured recogniser."""
        if isinstance(self._settings.recognizer, PipecatService):
            return ServiceRecognizer(self._settings.recognizer.build(), listener)
        assert self.whisper is not None and self.whisper_workers is not None
        times = self._settings.streaming
        return StreamingRecognizer(call_id, self.whisper, self.whisper_workers, listener, times)

    def synthesizer(self, sample_rate: int) -> Synthesizer:
        """The configured voice."""
        if isinstance(self._settings.voice, PipecatService):
            return ServiceSynthesizer(self._settings.voice.build(), sample_rate)
        assert self.piper is not None
        return Phrasebook(PiperSynthesizer(self.piper, sample_rate), self.known.get(sample_rate, {}))

    def by_heart(self, text: str, sample_rate: int) -> list[Frame]:
        """The sound of a text that was learnt; nothing if any of it was not (a service as the voice, say)."""
        known = self.known.get(sample_rate, {})
        pieces = pieces_to_learn((text,))
        return [frame for piece in pieces for frame in known[piece]] if known.keys() >= set(pieces) else []

    @property
    def load(self) -> Load:
        """How the embedded recogniser keeps up; a service's load is not ours to know."""
        return self.whisper_workers.load if self.whisper_workers is not None else Load()


def pieces_to_learn(texts: tuple[str, ...]) -> list[str]:
    """The pieces that these texts will be spoken in, as the voice gets them."""
    pieces: list[str] = []
    for text in texts:
        cutter = SentenceCutter()
        pieces += [spoken(piece.text) for piece in [*cutter.feed(text), *cutter.flush()]]
    return list(dict.fromkeys(filter(None, pieces)))


@asynccontextmanager
async def open_voice_models(settings: VoiceSettings) -> AsyncIterator[VoiceModels]:
    """Load the models and keep them. Raises whatever the model files are wrong with (`OSError`, …)."""
    silero = await asyncio.to_thread(Silero, settings.silero)
    models = VoiceModels(settings, silero, await asyncio.to_thread(SmartTurn, settings.smart_turn))
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        await stack.enter_async_context(models.turn_workers)
        if isinstance(settings.recognizer, WhisperSettings):
            models.whisper = await asyncio.to_thread(Whisper, settings.recognizer)
            models.whisper_workers = ModelWorkers("whisper", settings.recognizer.workers)
            await stack.enter_async_context(models.whisper_workers)
        piper = None
        if isinstance(settings.voice, PiperSettings):
            models.piper = PiperVoice(settings.voice)
            piper = tasks.create_task(models.piper.run(), name="piper")
            await _learn(models, settings)
        yield models
        if piper is not None:
            piper.cancel()


async def _learn(models: VoiceModels, settings: VoiceSettings) -> None:
    """Learn the fixed phrases; a voice that does not start is reported, and calls go on without it."""
    assert models.piper is not None and isinstance(settings.voice, PiperSettings)
    pieces = pieces_to_learn((*settings.phrases.all(), *settings.learnt))
    try:
        await models.piper.wait_ready(settings.voice.start_s)
        for rate in settings.rates:
            models.known[rate] = await learn(PiperSynthesizer(models.piper, rate), pieces)
    except Unavailable:
        log.warning("the voice did not start")
