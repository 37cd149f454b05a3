"""Text to sound: the `Synthesizer` of a call, and Piper's, which runs in a process of its own.

One Piper process serves all calls. It is started again when it dies; a request it was working on is
asked again and goes on where its sound broke off. Only when it will not start does `speak` raise
`Unavailable`. Relies on asyncio subprocesses and `piper_wire.py`.
"""

import asyncio
import itertools
import sys
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import structlog
from prometheus_client import Counter, Gauge

from pipelines.audio import Frame, Framer
from pipelines.facts import Unavailable
from pipelines.piper_wire import HEADER, Kind, WireError, WireMessage, speak, unpack_header
from pipelines.processor import FrameProcessor
from pipelines.samples import resampled

RESTARTS = Counter("warmline_piper_restarts_total", "Times the Piper process died and was started again")
WAITING = Gauge(
    "warmline_piper_requests", "Pieces of text the Piper process was asked for and has not finished"
)

log = structlog.get_logger(__name__)


class Synthesizer(Protocol):
    """The voice of one call."""

    @property
    def processors(self) -> Sequence[FrameProcessor]:
        """Pipecat processors that do the work and must stand in the call's pipeline; mostly none."""

    def speak(self, text: str) -> AsyncGenerator[Frame, None]:
        """Frames of the text read out, at the port's sample rate. Close the iterator to cancel.

        Raises `Unavailable` when there is no voice.
        """


@dataclass(frozen=True, slots=True)
class PiperSettings:
    """Which voice, and how patient we are with its process."""

    voice: Path
    "A Piper voice, .onnx with .onnx.json beside it."
    threads: int = 1
    start_s: float = 30.0
    "It must be ready within this time."
    retry_s: Sequence[float] = (0.0, 0.5, 2.0, 5.0)
    "Waits before each start in a row that fails; the last one holds for all further ones."
    patience_s: float = 3.0
    "So long a request waits for the process to come back."
    program: Sequence[str] = (sys.executable, "-m", "pipelines.piper_process")


@dataclass(eq=False)
class _Request:
    """A text being spoken. Its queue holds the sound of one text and is therefore bounded by it."""

    answers: asyncio.Queue[WireMessage | None] = field(default_factory=lambda: asyncio.Queue(maxsize=256))
    "None: the process died."


class PiperVoice:
    """The process, kept alive by `run`, and the requests under way."""

    def __init__(self, settings: PiperSettings) -> None:
        self._settings = settings
        self._requests: dict[int, _Request] = {}
        self._ids = itertools.count(1)
        self._process: asyncio.subprocess.Process | None = None
        self._ready = asyncio.Event()
        self._failures = 0

    @property
    def ready(self) -> bool:
        """Whether a text could be spoken now."""
        return self._ready.is_set()

    async def wait_ready(self, timeout_s: float) -> None:
        """Wait for the voice. Raises `Unavailable` when it is not there in time."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._ready.wait()
        except TimeoutError as error:
            raise Unavailable("the voice is not running") from error

    async def run(self) -> None:
        """Keep the process running until cancelled; then end it."""
        while True:
            waits = self._settings.retry_s
            await asyncio.sleep(waits[min(self._failures, len(waits) - 1)])
            self._failures += 1
            with suppress(OSError, TimeoutError, WireError, asyncio.IncompleteReadError):
                await self._run_once()
            log.warning("piper ended", failures=self._failures)
            RESTARTS.inc()

    async def _run_once(self) -> None:
        options = ["--voice", str(self._settings.voice), "--threads", str(self._settings.threads)]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *self._settings.program, *options, stdin=pipe, stdout=pipe
        )
        try:
            assert process.stdout is not None
            async with asyncio.timeout(self._settings.start_s):
                await self._read(process.stdout)
            self._process = process
            self._failures = 0
            self._ready.set()
            while True:
                self._answer(await self._read(process.stdout))
        finally:
            self._ready.clear()
            self._process = None
            for request in self._requests.values():
                _offer(request, None)
            await _end(process)

    async def _read(self, pipe: asyncio.StreamReader) -> WireMessage:
        length, kind, request = unpack_header(await pipe.readexactly(HEADER.size))
        return WireMessage(kind, request, await pipe.readexactly(length))

    def _answer(self, message: WireMessage) -> None:
        if request := self._requests.get(message.request):
            _offer(request, message)

    def _send(self, message: WireMessage) -> None:
        """Small messages only; the pipe's buffer takes them at once, or the process is stuck anyway."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(message.pack())

    async def sound(
        self, text: str, sample_rate: int, *, patient: bool = False
    ) -> AsyncGenerator[bytes, None]:
        """PCM16 of the text, in pieces of a sentence; `patient`: after all others. Raises `Unavailable`."""
        delivered = 0
        for _ in range(2):
            skip = delivered
            async with aclosing(self._ask(text, sample_rate, patient)) as answers:
                async for pcm in answers:
                    if not pcm:
                        return
                    fresh, skip = pcm[skip:], max(0, skip - len(pcm))
                    delivered += len(fresh)
                    if fresh:
                        yield fresh
        raise Unavailable("the voice broke off twice")

    async def _ask(self, text: str, sample_rate: int, patient: bool) -> AsyncGenerator[bytes, None]:
        """The sound, then one empty piece; without that piece the process died."""
        await self.wait_ready(self._settings.patience_s)
        number, request = next(self._ids), _Request()
        self._requests[number] = request
        WAITING.inc()
        finished = False
        try:
            self._send(speak(number, text, sample_rate, patient=patient))
            while (message := await request.answers.get()) is not None:
                if message.kind is Kind.AUDIO:
                    yield message.payload
                    continue
                finished = True
                if message.kind is Kind.FAILED:
                    raise Unavailable("the voice could not speak a text")
                yield b""
                return
        finally:
            del self._requests[number]
            WAITING.dec()
            if not finished:
                self._send(WireMessage(Kind.CANCEL, number))


def _offer(request: _Request, message: WireMessage | None) -> None:
    """Hand an answer over; a full queue means nobody reads it, which counts as the end of the request."""
    if request.answers.full():
        request.answers.get_nowait()
        message = None
    request.answers.put_nowait(message)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Close the process's stdin, which ends it; kill it when that does not."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(2):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


class PiperSynthesizer:
    """Piper as the voice of one call, or, `patient`, of nobody who waits."""

    processors: Sequence[FrameProcessor] = ()

    def __init__(self, voice: PiperVoice, sample_rate: int, *, patient: bool = False) -> None:
        self._voice = voice
        self._sample_rate = sample_rate
        self._patient = patient

    async def speak(self, text: str) -> AsyncGenerator[Frame, None]:
        """Frames of the text."""
        framer = Framer(self._sample_rate)
        sounds = self._voice.sound(text, self._sample_rate, patient=self._patient)
        async with aclosing(sounds) as sound:
            async for pcm in sound:
                for frame in framer.feed(pcm):
                    yield frame
        for frame in framer.flush():
            yield frame


KnownPhrases = Mapping[str, tuple[Frame, ...]]
"""The sound of phrases."""


class AtRate(KnownPhrases):
    """Known phrases at another sample rate: each is converted when a call first needs it, and kept."""

    def __init__(self, known: KnownPhrases, sample_rate: int) -> None:
        self._known = known
        self._sample_rate = sample_rate
        self._converted: dict[str, tuple[Frame, ...]] = {}

    def __getitem__(self, phrase: str) -> tuple[Frame, ...]:
        if phrase not in self._converted:
            frames = self._known[phrase]
            pcm = b"".join(frame.pcm for frame in frames)
            framer = Framer(self._sample_rate)
            pcm = resampled(pcm, frames[0].sample_rate, self._sample_rate) if frames else b""
            self._converted[phrase] = (*framer.feed(pcm), *framer.flush())
        return self._converted[phrase]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


class Phrasebook:
    """A voice that knows some phrases by heart: spoken at once, and even while the real voice is gone.

    Only fixed sentences of ours are learnt, so that nothing personal stays in memory.
    """

    def __init__(self, voice: Synthesizer, known: KnownPhrases) -> None:
        self._voice = voice
        self._known = known

    @property
    def processors(self) -> Sequence[FrameProcessor]:
        """Those of the voice behind it."""
        return self._voice.processors

    async def speak(self, text: str) -> AsyncGenerator[Frame, None]:
        """Frames of the text, from memory if it is a known phrase."""
        if known := self._known.get(text):
            for frame in known:
                yield frame
            return
        async with aclosing(self._voice.speak(text)) as frames:
            async for frame in frames:
                yield frame


async def learn(voice: Synthesizer, phrases: Sequence[str]) -> dict[str, tuple[Frame, ...]]:
    """Speak each phrase once and remember its frames. Raises `Unavailable`."""
    return {phrase: tuple([frame async for frame in voice.speak(phrase)]) for phrase in phrases}
