"""The agent's place in a call's pipeline: takes what the customer said, answers it, one turn at a time.

Turns wait in a small inbox. `converse` greets and then answers them in order; an interruption ends the
reply under way and nothing else. While the end of a turn is still in doubt its answer may be drafted
(`draft.py`): then the turn's answer is the draft, if the words stayed the same. Sound leaves as pipecat
frames, so a recorder or an observer may stand between here and the output.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import structlog
from pipecat.frames.frames import OutputAudioRawFrame
from prometheus_client import Counter

from pipelines.agent.position import YES_NO
from pipelines.answer import Answerer, Basis, Piece, Say
from pipelines.audio import Frame
from pipelines.conversation import Conversation
from pipelines.draft import DRAFTS, Draft
from pipelines.facts import Activity, CustomerTurn, Emit, Fact, Trouble, Unavailable, Words
from pipelines.keypad import KeyChoices, KeyMeaning
from pipelines.phrases import Phrases
from pipelines.preparation import Preparation
from pipelines.processor import DirectProcessor
from pipelines.reply import Assignment, Reply
from pipelines.stopwatch import Stopwatch
from pipelines.synthesizer import Synthesizer
from pipelines.transport import LegOutput
from pipelines.turns import Answering

"What a workflow awaits when it asked yes or no."
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
    drafted: "DraftedReply | None" = None
    "Its answer, begun before the turn was over; states the turn too."


@dataclass(frozen=True, slots=True)
class DraftedReply:
    """The answer to words that may be a whole turn, under way in a task of its own."""

    text: str
    stopwatch: Stopwatch
    draft: Draft
    reply: Reply
    task: "asyncio.Task[Unavailable | None]"
    "Ends with what the store refused, if it did."


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
    keys: KeyChoices = KeyChoices()


class Bot(DirectProcessor):
    """Our side of one call."""

    def __init__(self, agent: Agent, output: LegOutput, voice: Synthesizer) -> None:
        super().__init__()
        self._agent = agent
        self._output = output
        self._voice = voice
        self.preparation = Preparation(lambda words: agent.answerer.listen(agent.conversation, words))
        self._inbox: asyncio.Queue[Turn | Announcement | None] = asyncio.Queue(2 * INBOX)
        # Twice the bound: the end, and a draft that is taken at last, find room in a full one.
        self._recording = 0
        "Typed turns that are being stored, and then go into the inbox."
        self._reply: Reply | None = None
        self._drafted: DraftedReply | None = None
        "Neither confirmed nor dropped yet."
        self._drafting: asyncio.TaskGroup | None = None
        "Open while `converse` runs."
        self._busy = False
        self._silence = asyncio.Event()
        self._ended = False

    # --- from the ears and the gateway -----------------------------------------------------------

    def hear(self, text: str, stopwatch: Stopwatch, *, keyed: bool = False) -> bool:
        """The customer said something, or keyed it; False if too much is waiting already."""
        self.preparation.stop()
        drafted, self._drafted = self._drafted, None
        if drafted is not None and drafted.text == text:
            drafted.stopwatch.decided_as(stopwatch)
            self._inbox.put_nowait(Turn("", drafted=drafted))  # only begun while nothing else waits
            return True
        if drafted is not None:
            _drop(drafted)
        taken = not self._full()
        if taken:
            turn = self._spoken_turn(text, "keypad" if keyed else None)
            self._inbox.put_nowait(Turn(turn.turn_id, turn, stopwatch))
        return taken

    def draft(self, text: str, stopwatch: Stopwatch) -> None:
        """Begin to answer what may be a whole turn; nothing of it is heard or recorded before `hear`."""
        self.drop_draft()
        self.preparation.stop()
        if self._drafting is None or self._ended or self.answering is not Answering.NO:
            return
        turn = self._spoken_turn(text)
        draft = Draft(self._agent.conversation, self._agent.emit)
        what = self._assignment(turn.turn_id, draft.conversation, stopwatch, draft.confirmed)
        reply = Reply(what, self, self._voice.speak, draft.emit, self._agent.phrases)
        task = self._drafting.create_task(_make(draft, turn, reply), name="draft")
        self._drafted = DraftedReply(text, stopwatch, draft, reply, task)

    def overhear(self, words: str) -> None:
        """The customer is in the middle of a turn and has said this much: get ready for it."""
        if self.answering is Answering.NO:
            self.preparation.prepare(words)

    def drop_draft(self) -> None:
        """The customer went on, or had said nothing: forget what was drafted."""
        if self._drafted is not None:
            _drop(self._drafted)
            self._drafted = None

    def _spoken_turn(self, text: str, source: Literal["keypad"] | None = None) -> CustomerTurn:
        words = Words(text=self._agent.conversation.withhold(text))
        return CustomerTurn(turn_id=self._agent.ids("c"), channel="voice", source=source, pii=words)

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
        turn_id = self._agent.ids("c")
        words = Words(text=self._agent.conversation.withhold(text.strip()))
        turn = CustomerTurn(turn_id=turn_id, channel="chat", client_id=client_id, pii=words)
        self._recording += 1
        try:
            await self._agent.emit(turn)
        finally:
            self._recording -= 1
        self.drop_draft()  # begun while the turn was being stored, and not knowing of it
        if not self._ended:
            self._inbox.put_nowait(Turn(turn_id))

    def _full(self) -> bool:
        if full := self._inbox.qsize() + self._recording >= INBOX:
            REFUSED.inc()
        return full

    def announce(self, announcement: Announcement) -> None:
        """Say something unasked after what is under way; not at all when too much is waiting."""
        if not self._ended and self._inbox.qsize() < INBOX:
            self._silence.clear()
            self._inbox.put_nowait(announcement)

    async def silent(self) -> None:
        """Return when we are saying nothing, and nothing waits to be answered or said."""
        await self._silence.wait()

    def interrupt(self) -> None:
        """End the reply under way."""
        self.drop_draft()
        if self._reply is not None:
            self._reply.interrupt()
        self._output.drop()

    def end(self) -> None:
        """The call is over: finish nothing but tool calls that change something."""
        self._ended = True
        self.interrupt()
        while not self._inbox.empty():
            item = self._inbox.get_nowait()
            if isinstance(item, Turn) and item.drafted is not None:
                _drop(item.drafted)
        self._inbox.put_nowait(None)

    @property
    def answering(self) -> Answering:
        """What our side is doing, for turn taking."""
        if self._reply is not None:
            return self._reply.answering
        return Answering.YES if self._busy or not self._inbox.empty() else Answering.NO

    @property
    def awaited_digits(self) -> int | None:
        """How many digits the number has that was asked for, if one was."""
        workflow = self._agent.conversation.workflow
        return workflow.digits if workflow is not None and workflow.state == "active" else None

    @property
    def key_meaning(self) -> KeyMeaning:
        """What telephone keys mean to the question that is open."""
        workflow = self._agent.conversation.workflow
        if workflow is None or workflow.state != "active" or workflow.awaiting is None:
            return KeyMeaning(choices=self._agent.keys.menu)
        if workflow.awaiting in YES_NO:
            return KeyMeaning(choices=self._agent.keys.answers)
        return KeyMeaning(self.awaited_digits)

    def caption(self, text: str) -> str:
        """Words of a turn that is not over, as they may be shown."""
        return self._agent.conversation.caption(text)

    @property
    def asks_yes_no(self) -> bool:
        """Whether the question that is open asks yes or no, for turn taking."""
        conversation = self._agent.conversation
        workflow = conversation.workflow
        if workflow is not None and workflow.state == "active" and workflow.awaiting is not None:
            return workflow.awaiting in YES_NO
        last = conversation.turns[-1] if conversation.turns else None
        return last is not None and last.party == "bot" and last.text.rstrip().endswith("?")

    # --- the conversation ------------------------------------------------------------------------

    async def converse(self) -> None:
        """Greet, then answer turn after turn until `end`, or until we said goodbye."""
        async with asyncio.TaskGroup() as self._drafting:
            try:
                await self._converse()
            finally:
                self._drafting = None
                self.drop_draft()

    async def _converse(self) -> None:
        self.preparation.prepare("")
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
        self._silence.clear()
        try:
            if isinstance(item, Turn):
                await self._answer(item)
            else:
                await self._say_unasked(item)
            await self._agent.emit(Activity(state="listening"))
            self.preparation.prepare("")
        except Unavailable:
            # The store is down: this turn is lost to the record, so it must not count as answered.
            log.warning("turn could not be recorded")
            await self._say_unrecorded(self._agent.phrases.sorry)
        finally:
            self._busy = False
            if self._inbox.empty():
                self._silence.set()

    async def _answer(self, turn: Turn) -> None:
        if turn.drafted is not None:
            await self._finish_draft(turn.drafted)
            return
        what = self._assignment(turn.turn_id, self._agent.conversation, turn.stopwatch)
        said = [turn.said] if turn.said is not None else []
        await self._run(what, self._agent.emit, [*said, Activity(state="thinking")])

    def _assignment(
        self,
        turn_id: str,
        conversation: Conversation,
        stopwatch: Stopwatch | None,
        confirmed: asyncio.Event | None = None,
    ) -> Assignment:
        answerer = self._agent.answerer

        def pieces() -> AsyncIterator[Piece]:
            return answerer.respond(conversation, turn_id, "voice")

        return Assignment(self._agent.ids("r"), turn_id, pieces, stopwatch, confirmed)

    async def _finish_draft(self, drafted: DraftedReply) -> None:
        """The turn is over and its words are those that were answered: let the answer out."""
        self._reply = drafted.reply
        try:
            await drafted.draft.confirm()
            refused = await drafted.task
        except BaseException:
            drafted.task.cancel()
            raise
        finally:
            self._reply = None
        if refused is not None:
            raise refused

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

        return Assignment(self._agent.ids("r"), None, pieces)

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
        await self.push_sound(OutputAudioRawFrame(frame.pcm, frame.sample_rate, 1))

    async def finish(self) -> None:
        """Wait until everything was played."""
        await self._output.finish()


async def _make(draft: Draft, turn: CustomerTurn, reply: Reply) -> Unavailable | None:
    """Make a drafted reply. What the store refuses is a value: it must not end the group of all drafts."""
    try:
        await draft.emit(turn)
        await draft.emit(Activity(state="thinking"))
        await reply.run()
    except Unavailable as error:
        return error
    return None


def _drop(drafted: DraftedReply) -> None:
    DRAFTS.labels("dropped").inc()
    drafted.task.cancel()
