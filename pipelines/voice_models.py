"""What all calls of a process share: the loaded models, their worker threads, the Piper process.

`open_voice_models` loads everything once, in threads, and lets go of it at the end; a `VoiceCall` takes
its ears and its voice from the `VoiceModels` it gives.
"""

import asyncio
import weakref
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from pipelines.audio import SAMPLE_RATE, Frame
from pipelines.endpoint import Endpoint, Judgement, SmartTurn, SmartTurnEndpoint
from pipelines.facts import Unavailable
from pipelines.learning import learn_when_quiet
from pipelines.moonshine import Moonshine, MoonshineSettings
from pipelines.phrase_store import PhraseStore, RememberingVoice
from pipelines.phrases import Phrases
from pipelines.recognizer import Decoder, Recognizer, StreamingRecognizer, StreamingTimes
from pipelines.sentences import SentenceCutter
from pipelines.services import PipecatService, ServiceRecognizer, ServiceSynthesizer
from pipelines.silero import Silero, VoiceDetector
from pipelines.speech import Load, ModelWorkers
from pipelines.spoken import spoken
from pipelines.synthesizer import (
    AtRate,
    KnownPhrases,
    Phrasebook,
    PiperSettings,
    PiperSynthesizer,
    PiperVoice,
    Synthesizer,
    learn,
)
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
    recognizer: WhisperSettings | MoonshineSettings | PipecatService
    voice: PiperSettings | PipecatService
    thresholds: VoiceThresholds = field(default_factory=VoiceThresholds)
    streaming: StreamingTimes = field(default_factory=StreamingTimes)
    phrases: Phrases = field(default_factory=Phrases)
    learnt: tuple[str, ...] = ()
    "Further fixed sentences to know by heart, e.g. the greeting."
    often: tuple[str, ...] = ()
    "What answers often begin with: learnt too, but only after all is up, and while nobody calls."
    phrases_folder: Path | None = None
    "Where the sound of what was learnt is kept for the next start; None: nowhere."


class VoiceModels:
    """The shared parts; see `voice_call.VoiceParts` for what a call asks of them."""

    def __init__(self, settings: VoiceSettings, silero: Silero, smart_turn: SmartTurn) -> None:
        self._settings = settings
        self._silero = silero
        self._smart_turn = smart_turn
        self.turn_workers = ModelWorkers("smart-turn")
        self.decoder: Decoder | None = None
        self.decoder_workers: ModelWorkers | None = None
        self.piper: PiperVoice | None = None
        self._known: dict[int, KnownPhrases] = {}
        self._voices: weakref.WeakSet[Phrasebook] = weakref.WeakSet()

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
        assert self.decoder is not None and self.decoder_workers is not None
        times = self._settings.streaming
        return StreamingRecognizer(call_id, self.decoder, self.decoder_workers, listener, times)

    def synthesizer(self, sample_rate: int) -> Synthesizer:
        """The configured voice."""
        if isinstance(self._settings.voice, PipecatService):
            return ServiceSynthesizer(self._settings.voice.build(), sample_rate)
        assert self.piper is not None
        voice = Phrasebook(PiperSynthesizer(self.piper, sample_rate), self.known(sample_rate))
        self._voices.add(voice)
        return voice

    @property
    def quiet(self) -> bool:
        """Whether there are no calls: none of the voices that we gave is held any more."""
        return not self._voices

    def learn(self, known: KnownPhrases) -> None:
        """Know these phrases, spoken at 16 kHz, by heart."""
        self._known = {SAMPLE_RATE: known}

    def known(self, sample_rate: int) -> KnownPhrases:
        """What is known by heart, for calls of that rate; converted for the first that needs it."""
        if sample_rate not in self._known:
            self._known[sample_rate] = AtRate(self._known.get(SAMPLE_RATE, {}), sample_rate)
        return self._known[sample_rate]

    def by_heart(self, text: str, sample_rate: int) -> list[Frame]:
        """The sound of a text that was learnt; nothing if any of it was not (a service as the voice, say)."""
        known = self.known(sample_rate)
        pieces = pieces_to_learn((text,))
        return [frame for piece in pieces for frame in known[piece]] if known.keys() >= set(pieces) else []

    @property
    def load(self) -> Load:
        """How the embedded recogniser keeps up; a service's load is not ours to know."""
        return self.decoder_workers.load if self.decoder_workers is not None else Load()


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
        if not isinstance(settings.recognizer, PipecatService):
            models.decoder = await asyncio.to_thread(_decoder, settings.recognizer)
            models.decoder_workers = ModelWorkers("recogniser", settings.recognizer.workers)
            await stack.enter_async_context(models.decoder_workers)
        speaking = []
        if isinstance(settings.voice, PiperSettings):
            models.piper = PiperVoice(settings.voice)
            speaking.append(tasks.create_task(models.piper.run(), name="piper"))
            known = await _learn(models, settings)
            learner = _learner(models.piper, settings, patient=True)
            learning = learn_when_quiet(learner, known, settings.often, lambda: models.quiet)
            speaking.append(tasks.create_task(learning, name="learning phrases"))
        yield models
        for task in speaking:
            task.cancel()


def _decoder(settings: WhisperSettings | MoonshineSettings) -> Decoder:
    return Whisper(settings) if isinstance(settings, WhisperSettings) else Moonshine(settings)


def _learner(piper: PiperVoice, settings: VoiceSettings, *, patient: bool = False) -> Synthesizer:
    """Who speaks what is learnt, unless an earlier start has spoken it already."""
    voice = PiperSynthesizer(piper, SAMPLE_RATE, patient=patient)
    if settings.phrases_folder is None or not isinstance(settings.voice, PiperSettings):
        return voice
    return RememberingVoice(voice, PhraseStore(settings.phrases_folder, settings.voice.voice, SAMPLE_RATE))


async def _learn(models: VoiceModels, settings: VoiceSettings) -> dict[str, tuple[Frame, ...]]:
    """Learn the fixed phrases; a voice that does not start is reported, and calls go on without it."""
    assert models.piper is not None and isinstance(settings.voice, PiperSettings)
    pieces = pieces_to_learn((*settings.phrases.all(), *settings.learnt))
    known: dict[str, tuple[Frame, ...]] = {}
    models.learn(known)
    try:
        await models.piper.wait_ready(settings.voice.start_s)
        known.update(await learn(_learner(models.piper, settings), pieces))
    except Unavailable:
        log.warning("the voice did not start")
    return known
