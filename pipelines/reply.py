"""One answer of ours, from its first word to its last sample heard.

Three things happen at once: the text is read from the answerer (and its facts emitted, in order), the
pieces of it are turned into sound at most two seconds ahead, and the sound is played. An interruption ends
the sound at once and the reading as soon as it may: never between a tool call that changes something and
its result. What is kept as said is what was heard. Relies on asyncio task groups.
"""

import asyncio
import sys
from array import array
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Protocol

import structlog

from pipelines.answer import Basis, Filler, Piece, Say
from pipelines.audio import FRAME_MS, Frame
from pipelines.facts import (
    Activity,
    Emit,
    Fact,
    ReplyDelta,
    ReplyDone,
    ReplyStarted,
    ToolCalled,
    ToolFinished,
    Trouble,
    Unavailable,
    Words,
)
from pipelines.filler import Gap
from pipelines.heard import HeardText
from pipelines.phrases import Phrases
from pipelines.sentences import Piece as Sentence
from pipelines.sentences import SentenceCutter
from pipelines.spoken import spoken
from pipelines.stopwatch import Stopwatch
from pipelines.turns import Answering

AHEAD_FRAMES = 100
"Sound made ahead of what is being played; the voice waits beyond that."
AHEAD_SENTENCES = 64
"Text read ahead of the voice; the answerer waits beyond that."
ENDING_MS = 1_500
LOUD = 300
"Peak of a frame, of 32 768, from which there is sound in it."

log = structlog.get_logger(__name__)


class Mouth(Protocol):
    """Where sound is played; `bot.Bot` in a call."""

    @property
    def remaining_ms(self) -> int:
        """Sound handed over and not yet played."""

    def mark(self) -> int:
        """Where the next frame will stand, for `heard_ms`."""

    def heard_ms(self, mark: int) -> int:
        """How much was played since the mark."""

    async def play(self, frame: Frame) -> None:
        """Play a frame, waiting while enough lies ahead."""

    async def finish(self) -> None:
        """Wait until everything was played."""


Speak = Callable[[str], AsyncGenerator[Frame, None]]
"""`Synthesizer.speak` of the call's voice."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What to answer, and with what words."""

    turn_id: str
    answers: str | None
    pieces: Callable[[], AsyncIterator[Piece]]
    "Called once, when the reply begins."
    stopwatch: Stopwatch | None = None
    confirmed: asyncio.Event | None = None
    "Of a draft: nothing is played before it is set."


class Reply:
    """An answer under way."""

    def __init__(self, what: Assignment, mouth: Mouth, speak: Speak, emit: Emit, phrases: Phrases) -> None:
        self._what = what
        self._mouth = mouth
        self._speak = speak
        self._emit = emit
        self._phrases = phrases
        self._text = ""
        self._heard = HeardText()
        self._basis = Basis("model")
        self._cutter = SentenceCutter()
        self._sentences: asyncio.Queue[Sentence | None] = asyncio.Queue(AHEAD_SENTENCES)
        self._frames: asyncio.Queue[Frame | None] = asyncio.Queue(AHEAD_FRAMES)
        self._writes: set[str] = set()
        self._interrupted = self._voiceless = self._made = False
        self._may_cancel = False
        self._gap = Gap(what.stopwatch.elapsed_ms if what.stopwatch else None, what.confirmed)
        self._filler = ""
        self._filler_frames = 0
        "So many frames of a filler come before those of the answer."
        self._word = asyncio.Lock()
        "Whoever has it may say something: the answer, or what is said until it comes."
        self._mark = 0
        self._reading: asyncio.Task[None] | None = None
        self._speaking: asyncio.Task[None] | None = None
        self._filling: asyncio.Task[None] | None = None

    # --- from outside ----------------------------------------------------------------------------

    def interrupt(self) -> None:
        """The customer has the word. Sound stops being made at once; `run` ends when it may."""
        if self._interrupted:
            return
        self._interrupted = True
        if self._speaking is not None:
            self._speaking.cancel()
        while not self._sentences.empty():  # nobody takes them any more; whoever waits for room must not
            self._sentences.get_nowait()
        self._end_gap()
        if self._reading is not None and self._may_cancel and not self._writes:
            self._reading.cancel()

    @property
    def answering(self) -> Answering:
        """How far along it is, for turn taking."""
        ahead_ms = self._mouth.remaining_ms + self._frames.qsize() * 20
        return Answering.ENDING if self._made and ahead_ms < ENDING_MS else Answering.YES

    async def run(self) -> None:
        """Say it. Raises `Unavailable` when a fact could not be emitted; the session goes on.

        Cancelling `run` itself cuts everything short, tools too: `interrupt` is the way to end a reply.
        """
        if self._what.stopwatch is not None and self._what.confirmed is not None:
            self._what.stopwatch.drafted_ms = self._what.stopwatch.elapsed_ms()
        await self._emit(ReplyStarted(turn_id=self._what.turn_id, answers=self._what.answers))
        self._mark = self._mouth.mark()
        if not self._interrupted:
            await self._read_and_speak()
        await self._emit(self._done())

    async def _read_and_speak(self) -> None:
        broken: list[BaseException] = []
        try:
            async with asyncio.TaskGroup() as tasks:
                self._speaking = tasks.create_task(self._say_it(), name="reply voice")
                self._filling = tasks.create_task(self._fill(), name="reply filler")
                self._reading = tasks.create_task(self._read(), name="reply text")
        except* Unavailable as group:
            broken += group.exceptions
        if broken:
            raise Unavailable("a fact of the reply could not be stored") from broken[0]

    def _done(self) -> ReplyDone:
        heard_ms = min(self._mouth.heard_ms(self._mark), self._heard.total_ms)
        whole = not self._interrupted or (self._voiceless and not self._heard.total_ms)
        return ReplyDone(
            turn_id=self._what.turn_id,
            answers=self._what.answers,
            interrupted=self._interrupted,
            heard_ms=heard_ms,
            source=self._basis.source,
            citations=list(self._basis.citations),
            latency=self._what.stopwatch.latency() if self._what.stopwatch else None,
            pii=Words(text=self._text.strip() if whole else self._heard.text_at(heard_ms)),
        )

    # --- reading the text ------------------------------------------------------------------------

    async def _read(self) -> None:
        try:
            await self._read_pieces()
        except Unavailable:
            raise
        except Exception:  # the outermost loop of a request: a fault of ours must not end the call
            log.exception("reply failed", turn_id=self._what.turn_id)
            await self._tell(Trouble(code="internal_error", message="An answer failed."))
            await self._say(("" if not self._text else " ") + self._phrases.sorry)
        async with self._word:
            self._end_gap()
        for sentence in self._cutter.flush():
            await self._hand_to_voice(sentence)
        await self._hand_to_voice(None)

    async def _read_pieces(self) -> None:
        async with aclosing(_closable(self._what.pieces())) as pieces:
            while not (self._interrupted and not self._writes):
                piece = await self._cancellable(anext(pieces, None))
                if piece is None:
                    return
                await self._take(piece)

    async def _cancellable(self, waiting: Awaitable[Piece | None]) -> Piece | None:
        """Wait where an interruption may cancel us; emitting a fact is never cut short."""
        self._may_cancel = True
        try:
            return await waiting
        finally:
            self._may_cancel = False

    async def _take(self, piece: Piece) -> None:
        if self._what.stopwatch is not None and isinstance(piece, Fact):
            self._what.stopwatch.note(piece)
        match piece:
            case Say():
                await self._say(piece.text, piece.complete)
            case Filler():
                self._gap.offer(piece)
            case Basis():
                self._basis = piece
            case ToolCalled(effect="write"):
                self._writes.add(piece.call_id)
                await self._emit(piece)
            case ToolFinished():
                await self._emit(piece)
                self._writes.discard(piece.call_id)
            case Fact():
                await self._emit(piece)

    async def _fill(self) -> None:
        """Break the silence before the first words, if it lasts."""
        filler = await self._gap.filler()
        async with self._word:
            if not self._text and not self._interrupted:
                self._filler = f"{filler} "
                await self._put(self._filler, complete=True)

    def _end_gap(self) -> None:
        if self._filling is not None:
            self._filling.cancel()

    async def _say(self, text: str, complete: bool = False) -> None:
        """More words. Once interrupted they are no longer part of the reply: nobody heard them."""
        async with self._word:
            if self._interrupted or not text:
                return
            stopwatch = self._what.stopwatch
            if stopwatch is not None and stopwatch.first_token_ms is None:
                stopwatch.first_token_ms = stopwatch.elapsed_ms()
            await self._put(text, complete)

    async def _put(self, text: str, complete: bool) -> None:
        offset = len(self._text)
        self._text += text
        sentences = self._cutter.feed(text)
        if complete:
            sentences += self._cutter.end_clause()
        await self._tell(ReplyDelta(turn_id=self._what.turn_id, offset=offset, text=text))
        for sentence in sentences:
            await self._hand_to_voice(sentence)

    async def _hand_to_voice(self, sentence: Sentence | None) -> None:
        if self._interrupted:
            return
        if self._what.stopwatch is not None and sentence is not None:
            self._what.stopwatch.clause()
        await self._sentences.put(sentence)

    # --- speaking it -----------------------------------------------------------------------------

    async def _say_it(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._make_sound(), name="reply synthesis")
            await self._play()

    async def _make_sound(self) -> None:
        while (sentence := await self._sentences.get()) is not None:
            if text := spoken(sentence.text):
                self._heard.begin(sentence)
                await self._voice(text)
                self._heard.end()
            if sentence.end <= len(self._filler):
                self._filler_frames = self._heard.total_ms // FRAME_MS
        self._made = True
        await self._frames.put(None)

    async def _voice(self, text: str) -> None:
        if self._voiceless:
            return
        try:
            async with aclosing(self._speak(text)) as frames:
                async for frame in frames:
                    self._heard.add(_peak(frame) >= LOUD)
                    await self._frames.put(frame)
        except Unavailable:
            self._voiceless = True
            log.warning("no voice", turn_id=self._what.turn_id)
            message = "The voice is not available; the answer was written only."
            await self._tell(Trouble(code="voice_unavailable", message=message, retry=True))
            await self._apologise()

    async def _apologise(self) -> None:
        """Known by heart, if the voice was ever there; else there is nothing to be heard."""
        with suppress(Unavailable):
            async with aclosing(self._speak(self._phrases.mute)) as frames:
                async for frame in frames:
                    await self._frames.put(frame)

    async def _play(self) -> None:
        if self._what.confirmed is not None:
            await self._what.confirmed.wait()
        played = 0
        while (frame := await self._frames.get()) is not None:
            before_ms = self._mouth.remaining_ms if self._filler else 0
            await self._mouth.play(frame)
            self._note_sound(played, before_ms)
            if not played:
                await self._tell(Activity(state="speaking"))
            played += 1
        await self._mouth.finish()

    def _note_sound(self, played: int, before_ms: int) -> None:
        """Note when the first frame was heard, of a filler and of the answer, which stands behind it."""
        stopwatch = self._what.stopwatch
        if stopwatch is None:
            return
        if self._filler and not played:
            stopwatch.filler_ms = stopwatch.elapsed_ms()
        elif played == self._filler_frames:
            stopwatch.first_audio_ms = stopwatch.elapsed_ms() + before_ms

    async def _tell(self, fact: Fact) -> None:
        """Emit what nobody's memory depends on: not worth the reply when it cannot be."""
        with suppress(Unavailable):
            await self._emit(fact)


def _peak(frame: Frame) -> int:
    samples = array("h", frame.pcm)
    if sys.byteorder == "big":
        samples.byteswap()
    return max(max(samples), -min(samples))


async def _closable(pieces: AsyncIterator[Piece]) -> AsyncGenerator[Piece, None]:
    """The answerer's iterator, closed with certainty if it can be closed."""
    try:
        async for piece in pieces:
            yield piece
    finally:
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()
