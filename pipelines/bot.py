"""The agent's place in a call's pipeline: takes what the customer said, answers it, one turn at a time.

Turns wait in a small inbox. `converse` greets and then answers them in order; an interruption ends the
reply under way and nothing else. Sound leaves as pipecat frames, so a recorder or an observer may stand
between here and the output.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

import structlog
from pipecat.frames.frames import OutputAudioRawFrame
from prometheus_client import Counter

from pipelines.answer import Answerer, Basis, Piece, Say
from pipelines.audio import Frame
from pipelines.conversation import Conversation
from pipelines.facts import Activity, CustomerTurn, Emit, Fact, Trouble, Unavailable, Words
from pipelines.phrases import Phrases
from pipelines.processor import DirectProcessor
from pipelines.reply import Assignment, Reply, Stopwatch
from pipelines.synthesizer import Synthesizer
from pipelines.transport import LegOutput
from pipelines.turns import Answering

INBOX = 8
"Turns waiting for an answer at most; further ones are refused with a reason."
LONGEST_TEXT = 4_000
"Characters of a typed message."

REFUSED = Counter("warmline_turns_refused_total", "Customer turns refused because too many were waiting")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Turn:
    """A complete turn of the customer's, waiting for its answer."""

    turn_id: str
    said: CustomerTurn | None = None
    "To be emitted before the answer; None: that was done."
    stopwatch: Stopwatch | None = None


@dataclass(frozen=True, slots=True)
class Announcement:
    """Something we say unasked."""

    text: str
    trouble: Trouble | None = None
    last: bool = False
    "The call ends after it."


@dataclass(frozen=True, slots=True)
class Agent:
    """Who answers, and how it is reported."""

    conversation: Conversation
    answerer: Answerer
    emit: Emit
    ids: Callable[[str], str]
    phrases: Phrases
    opening: str | None = None
    "Said first instead of the greeting."


class Bot(DirectProcessor):
    """Our side of one call."""

    def __init__(self, agent: Agent, output: LegOutput, voice: Synthesizer) -> None:
        super().__init__()
        self._agent = agent
        self._output = output
        self._voice = voice
        self._inbox: asyncio.Queue[Turn | Announcement | None] = asyncio.Queue(2 * INBOX)
        # Twice the bound: messages being recorded while it fills up still find room.
        self._reply: Reply | None = None
        self._busy = False
        self._ended = False

    # --- from the ears and the gateway -----------------------------------------------------------

    def hear(self, text: str, stopwatch: Stopwatch) -> bool:
        """The customer said something; False if too much is waiting already."""
        turn_id = self._agent.ids("c")
        said = CustomerTurn(turn_id=turn_id, channel="voice", pii=Words(text=text))
        taken = not self._full()
        if taken:
            self._inbox.put_nowait(Turn(turn_id, said, stopwatch))
        return taken

    async def write(self, text: str, client_id: str | None) -> None:
        """The customer typed: that interrupts what we are saying. The turn is emitted when this returns.

        Raises `Unavailable` when too many turns are waiting, the call is over, or the store is down;
        `ValueError` for a text that is empty or too long.
        """
        if not text.strip() or len(text) > LONGEST_TEXT:
            raise ValueError(f"a message has 1 to {LONGEST_TEXT} characters, not {len(text.strip())}")
        if self._ended:
            raise Unavailable("the call is over")
        if self._full():
            raise Unavailable("too many messages are waiting for an answer")
        self.interrupt()
        turn_id, words = self._agent.ids("c"), Words(text=text.strip())
        await self._agent.emit(CustomerTurn(turn_id=turn_id, channel="chat", client_id=client_id, pii=words))
        if not self._ended:
            self._inbox.put_nowait(Turn(turn_id))

    def _full(self) -> bool:
        if full := self._inbox.qsize() >= INBOX:
            REFUSED.inc()
        return full

    def announce(self, announcement: Announcement) -> None:
        """Say something unasked after what is under way; not at all when too much is waiting."""
        if not self._ended and self._inbox.qsize() < INBOX:
            self._inbox.put_nowait(announcement)

    def interrupt(self) -> None:
        """End the reply under way."""
        if self._reply is not None:
            self._reply.interrupt()
        self._output.drop()

    def end(self) -> None:
        """The call is over: finish nothing but tool calls that change something."""
        self._ended = True
        self.interrupt()
        while not self._inbox.empty():
            self._inbox.get_nowait()
        self._inbox.put_nowait(None)

    @property
    def answering(self) -> Answering:
        """What our side is doing, for turn taking."""
        if self._reply is not None:
            return self._reply.answering
        return Answering.YES if self._busy or not self._inbox.empty() else Answering.NO

    # --- the conversation ------------------------------------------------------------------------

    async def converse(self) -> None:
        """Greet, then answer turn after turn until `end`, or until we said goodbye."""
        opening = self._agent.opening
        first = self._agent.answerer.greeting("voice") if opening is None else opening
        if first:
            await self._attempt(Announcement(first))
        while (item := await self._inbox.get()) is not None:
            await self._attempt(item)
            if isinstance(item, Announcement) and item.last and not self._inbox.qsize():
                return

    async def _attempt(self, item: Turn | Announcement) -> None:
        self._busy = True
        try:
            if isinstance(item, Turn):
                await self._answer(item)
            else:
                await self._say_unasked(item)
            await self._agent.emit(Activity(state="listening"))
        except Unavailable:
            # The store is down: this turn is lost to the record, so it must not count as answered.
            log.warning("turn could not be recorded")
            await self._say_unrecorded(self._agent.phrases.sorry)
        finally:
            self._busy = False

    async def _answer(self, turn: Turn) -> None:
        agent = self._agent

        def pieces() -> AsyncIterator[Piece]:
            return agent.answerer.respond(agent.conversation, turn.turn_id, "voice")

        what = Assignment(agent.ids("r"), turn.turn_id, pieces, turn.stopwatch)
        said = [turn.said] if turn.said is not None else []
        await self._run(what, agent.emit, [*said, Activity(state="thinking")])

    async def _say_unasked(self, announcement: Announcement) -> None:
        await self._run(
            self._fixed(announcement.text),
            self._agent.emit,
            [announcement.trouble] if announcement.trouble is not None else [],
        )

    async def _say_unrecorded(self, text: str) -> None:
        async def nobody(_: Fact) -> None:
            """Facts cannot be stored just now."""

        await self._run(self._fixed(text), nobody, [])

    def _fixed(self, text: str) -> Assignment:
        async def pieces() -> AsyncIterator[Piece]:
            yield Basis("fixed")
            yield Say(text)

        return Assignment(self._agent.ids("r"), None, pieces, filler_s=None)

    async def _run(self, what: Assignment, emit: Emit, before: Sequence[Fact]) -> None:
        """Emit what comes before the reply, then say it. It can be interrupted from the very first."""
        if self._ended:
            return
        self._reply = Reply(what, self, self._voice.speak, emit, self._agent.phrases)
        try:
            for fact in before:
                await emit(fact)
            await self._reply.run()
        finally:
            self._reply = None

    # --- the mouth of a reply ---------------------------------------------------------------------

    @property
    def remaining_ms(self) -> int:
        """Sound handed over and not yet played."""
        return self._output.remaining_ms

    def mark(self) -> int:
        """Where the next frame will stand in all that is played."""
        return self._output.mark()

    def heard_ms(self, mark: int) -> int:
        """How much was played since the mark."""
        return self._output.heard_ms(mark)

    async def play(self, frame: Frame) -> None:
        """Send a frame down the pipeline; returns when the port has it."""
        await self.push_frame(OutputAudioRawFrame(frame.pcm, frame.sample_rate, 1))

    async def finish(self) -> None:
        """Wait until everything was played."""
        await self._output.finish()
