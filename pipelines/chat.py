"""One chat reply: the agent's words as deltas, without pipeline or audio.

The reply ends in exactly one `ReplyDone`, whatever the answerer does: raises, hangs, says nothing, never
stops. It may be cancelled at any time, except between the call of a tool that changes something and its
result: then it stops speaking at once and ends when the result is there. Relies on `emit` to finish what
it began even when its caller is cancelled.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

import structlog

from pipelines.answer import Answerer, Basis, Piece, Say
from pipelines.conversation import Conversation
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

log = structlog.get_logger()

BROKEN = "I'm sorry, something went wrong on our side and I can't answer that. Please try again."
LATE = "I'm sorry, that takes me too long right now. Please try again in a moment."
SPEECHLESS = "I'm sorry, I don't have an answer to that. I can bring in a person if you like."


@dataclass(frozen=True, slots=True)
class ReplyLimits:
    """Bounds of one reply."""

    whole_s: float = 45.0
    "Then the reply is ended with an honest sentence."
    write_s: float = 30.0
    "How much longer a change under way may take to report."
    sign_of_life_s: float = 2.5
    "After this long without a word the customer is shown that we are still typing."
    characters: int = 8000


class ChatReply:
    """One reply under way. `run` once; `cancel` at any time."""

    def __init__(
        self,
        conversation: Conversation,
        answerer: Answerer,
        emit: Emit,
        limits: ReplyLimits | None = None,
    ) -> None:
        self._conversation = conversation
        self._answerer = answerer
        self._emit = emit
        self._limits = limits or ReplyLimits()
        self._pump: asyncio.Task[None] | None = None
        self._stopped: str | None = None
        self._changing: set[str] = set()
        "Ids of tool calls with an effect that have not reported yet."
        self._lively = 0.0
        self._unstored: Unavailable | None = None
        "The store's failure, which is not the answerer's."
        self._text = ""
        self._basis = Basis("fixed")

    def cancel(self) -> None:
        """Stop speaking now; what was sent stays."""
        self._stop("cancelled")

    async def run(self, turn_id: str, answers: str) -> None:
        """Answer the customer's turn `answers` as our turn `turn_id`.

        Raises `Unavailable` when the store fails; then the turn is still owed.
        """
        self._turn_id = turn_id
        await self._tell(ReplyStarted(turn_id=turn_id, answers=answers))
        await self._tell(Activity(state="thinking"))
        await self._answer(answers)
        if not self._text and self._stopped is None:
            await self._say(SPEECHLESS)
        await self._tell(
            ReplyDone(
                turn_id=turn_id,
                answers=answers,
                interrupted=self._stopped == "cancelled",
                source=self._basis.source,
                citations=list(self._basis.citations),
                pii=Words(text=self._text),
            )
        )
        await self._tell(Activity(state="idle"))

    async def _answer(self, answers: str) -> None:
        failure: Exception | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                pieces = self._answerer.respond(self._conversation, answers, "chat")
                self._pump = tasks.create_task(self._follow(pieces), name=f"answer {answers}")
                if self._stopped is not None:
                    self._pump.cancel()
                await self._watch(self._pump)
        except* Exception as group:
            failure = _first(group)
        if self._unstored is not None:
            raise self._unstored
        if failure is not None:
            # The outermost loop of a reply: whatever the answerer does wrong ends here.
            log.error("answerer failed", turn_id=answers, exc_info=failure)
            await self._apologise("internal", BROKEN)
        elif self._stopped == "late":
            await self._apologise("reply_late", LATE)

    async def _follow(self, pieces: AsyncIterator[Piece]) -> None:
        try:
            async for piece in pieces:
                self._lively = asyncio.get_running_loop().time()
                await self._take(piece)
                if self._stopped is not None and not self._changing:
                    return
        finally:
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()

    async def _take(self, piece: Piece) -> None:
        match piece:
            case Say(text=text) if self._stopped is None:
                room = self._limits.characters - len(self._text)
                await self._say(text[:room])
                if len(text) >= room:
                    self._stop("long")
            case Say():
                pass
            case Basis():
                self._basis = piece
            case ToolCalled(effect="write", call_id=call_id):
                self._changing.add(call_id)
                await self._tell(piece)
            case ToolFinished(call_id=call_id):
                await self._tell(piece)
                self._changing.discard(call_id)
            case Fact():
                await self._tell(piece)

    async def _say(self, text: str) -> None:
        if text:
            offset, self._text = len(self._text), self._text + text
            await self._tell(ReplyDelta(turn_id=self._turn_id, offset=offset, text=text))

    async def _tell(self, fact: Fact) -> None:
        try:
            await self._emit(fact)
        except Unavailable as error:
            self._unstored = error
            raise

    async def _watch(self, pump: asyncio.Task[None]) -> None:
        """Show signs of life, and end what takes too long."""
        clock = asyncio.get_running_loop().time
        self._lively = shown = clock()
        late = clock() + self._limits.whole_s
        while not pump.done():
            now = clock()
            if now >= late + self._limits.write_s:
                pump.cancel()
            elif now >= late:
                self._stop("late")
            elif now - max(self._lively, shown) >= self._limits.sign_of_life_s:
                shown = now
                await self._tell(Activity(state="typing"))
            # While a late change is waited for there is nothing to time but the very end.
            due = min(self._limits.sign_of_life_s, late - now) if now < late else self._limits.write_s
            await asyncio.wait({pump}, timeout=max(due, 0.001))

    def _stop(self, why: str) -> None:
        self._stopped = self._stopped or why
        if self._pump is not None and not self._changing and self._pump is not asyncio.current_task():
            self._pump.cancel()

    async def _apologise(self, code: str, sentence: str) -> None:
        self._basis = Basis("fixed")
        await self._tell(Trouble(code=code, message=sentence, retry=True))
        await self._say(f"\n\n{sentence}" if self._text else sentence)


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    """The exception that began it; a group of one is what a task group makes of a single failure."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, Exception)
    return error
