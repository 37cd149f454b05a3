"""Keeps the promise that a customer hears something true in time, whatever the answer is waiting for.

A tool that takes its time is announced by what it does; if nothing has been said for longer than that,
whatever the reason, a notice is said. One of them, once in an answer, and not into words that are still being
spoken; the answer goes on meanwhile. After `give_up_s` it is cancelled and last words take its place, unless
a tool is just changing something: that is awaited, and the time begins anew with its result.

The answer runs in one task of its own and makes its next piece only when asked for it, so whoever consumes
can store a fact before the answer continues. Closing the outer iterator cancels the answer.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from pipelines.answer import Filler, Piece, Say
from pipelines.facts import ToolCalled, ToolFinished

SPOKEN_S = 0.065
"A character, spoken."
FILLED_S = 2.0
"So much later a notice comes behind a filler: it says nearly the same."


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: of a tool call, and from the beginning of the answer."""

    tool_s: float = 0.7
    notice_s: float = 2.4
    give_up_s: float = 12.0


Announce = Callable[[ToolCalled | None], AsyncIterator[Piece]]
"""What is said of a tool that is under way, or, without one, of an answer that takes its time."""


async def with_patience(
    answer: AsyncGenerator[Piece, None],
    patience: Patience,
    announce: Announce,
    last_words: Callable[[], AsyncIterator[Piece]],
) -> AsyncGenerator[Piece, None]:
    """The pieces of `answer`, and in between or in place of them those of `announce` and `last_words`."""
    clock = asyncio.get_running_loop().time
    waiting = _Waiting(patience, clock())
    supply = _Supply(answer)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(supply.run(), name="answer")
        try:
            while True:
                if await supply.ready(waiting.until()):
                    piece = supply.take()
                    if piece is None:
                        break
                    yield piece
                    waiting.passed(piece, clock())
                elif waiting.announces(clock()):
                    waiting.announced = True
                    async for word in announce(waiting.tool):
                        yield word
                else:
                    # What the answer holds (a model's slot, a connection) is let go before we speak again.
                    task.cancel()
                    await asyncio.wait({task})
                    async for word in last_words():
                        yield word
                    break
        except GeneratorExit:
            # The task group would make an error of it; leaving in order closes the generator just as well.
            pass
        finally:
            task.cancel()
    if supply.fault is not None:
        raise supply.fault


class _Waiting:
    """How long an answer may be waited for. Times are those of one clock, in seconds."""

    def __init__(self, patience: Patience, begun: float) -> None:
        self.announced = False
        self.tool: ToolCalled | None = None
        "The tool under way."
        self._patience = patience
        self._begun = begun
        self._called = begun
        self._spoken = False
        self._filled_s = 0.0
        self._speaking_until = begun

    def passed(self, piece: Piece, now: float) -> None:
        """The consumer has taken a piece, and stored it if it is a fact: a tool begins only then."""
        match piece:
            case Say():
                self._spoken = True
                self._speaking_until = max(self._speaking_until, now) + len(piece.text) * SPOKEN_S
            case Filler():
                self._filled_s = FILLED_S
            case ToolCalled():
                self.tool, self._called = piece, now
            case ToolFinished():
                if self._changing:
                    # However long the change took, what came of it must be said.
                    self._begun = now
                self.tool = None

    def until(self) -> float | None:
        """When waiting has an end; None: whatever it takes."""
        ends = [self._announcement(), None if self._changing else self._begun + self._patience.give_up_s]
        return min((end for end in ends if end is not None), default=None)

    def announces(self, now: float) -> bool:
        """Whether it is time to say that it takes its time."""
        at = self._announcement()
        return at is not None and at <= now

    @property
    def _changing(self) -> bool:
        return self.tool is not None and self.tool.effect == "write"

    def _announcement(self) -> float | None:
        if self.announced:
            return None
        if self.tool is not None:
            return max(self._called + self._patience.tool_s, self._speaking_until)
        return None if self._spoken else self._begun + self._patience.notice_s + self._filled_s


class _Supply:
    """Draws one piece at a time from an answer, in a task of its own, and only when asked."""

    def __init__(self, source: AsyncGenerator[Piece, None]) -> None:
        self.fault: Exception | None = None
        "What the answer raised; for whoever consumes, not for the task group."
        self._source = source
        self._wanted = asyncio.Event()
        self._here = asyncio.Event()
        self._piece: Piece | None = None
        self._asked = False

    async def run(self) -> None:
        """Serve until the answer ends."""
        async with aclosing(self._source) as source:
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                try:
                    self._piece = await anext(source, None)
                except Exception as fault:  # raised by `with_patience`, outside the task group
                    self.fault, self._piece = fault, None
                self._here.set()
                if self._piece is None:
                    return

    async def ready(self, by: float | None) -> bool:
        """Ask for the next piece and wait for it; false if it is late, and then it still comes."""
        if not self._asked:
            self._asked = True
            self._wanted.set()
        try:
            async with asyncio.timeout_at(by):
                await self._here.wait()
        except TimeoutError:
            return False
        return True

    def take(self) -> Piece | None:
        """The piece that is here; None at the end."""
        self._here.clear()
        self._asked = False
        piece, self._piece = self._piece, None
        return piece
