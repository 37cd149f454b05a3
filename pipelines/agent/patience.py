"""Keeps the promise that a customer hears something true in time, whatever the answer is waiting for.

If nothing has been said after `notice_s`, a notice is said and the answer goes on; after `give_up_s` the
answer is cancelled and last words take its place, unless a tool is just changing something: that is awaited,
and the time begins anew with its result.

The answer runs in one task of its own and makes its next piece only when asked for it, so whoever consumes
can store a fact before the answer continues. Closing the outer iterator cancels the answer.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from pipelines.answer import Piece, Say
from pipelines.facts import ToolCalled, ToolFinished


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds from the beginning of the answer."""

    notice_s: float = 2.4
    give_up_s: float = 12.0


async def with_patience(
    answer: AsyncGenerator[Piece, None],
    patience: Patience,
    notice: Callable[[], AsyncIterator[Piece]],
    last_words: Callable[[], AsyncIterator[Piece]],
) -> AsyncGenerator[Piece, None]:
    """The pieces of `answer`, and in between or in place of them those of `notice` and `last_words`."""
    begun = asyncio.get_running_loop().time()
    supply = _Supply(answer)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(supply.run(), name="answer")
        try:
            spoken = changing = False
            while True:
                by = begun + (patience.give_up_s if spoken else patience.notice_s)
                if await supply.ready(None if changing else by):
                    piece = supply.take()
                    if piece is None:
                        break
                    spoken = spoken or isinstance(piece, Say)
                    if changing and isinstance(piece, ToolFinished):
                        # However long the change took, what came of it must be said.
                        begun = asyncio.get_running_loop().time()
                    changing = _is_changing(piece, changing)
                    yield piece
                elif not spoken:
                    spoken = True
                    async for word in notice():
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


def _is_changing(piece: Piece, before: bool) -> bool:
    if isinstance(piece, ToolCalled):
        return piece.effect == "write"
    return before and not isinstance(piece, ToolFinished)


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
