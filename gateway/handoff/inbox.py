"""What happens to a handoff, waiting for its turn: one thing after the other, each with an answer."""

import asyncio
from dataclasses import dataclass

import structlog

from gateway.handoff.states import Input
from pipelines.facts import Unavailable

log = structlog.get_logger(__name__)

BOUND = 64
"Happenings that wait; more are refused: nobody clicks that fast."


@dataclass(slots=True)
class Happening:
    """One thing that happened."""

    happened: Input
    taken: "asyncio.Future[bool]"
    "Whether it fitted where things stood."

    def answer(self, taken: bool) -> None:
        """Say so, if anybody still waits for it."""
        if not self.taken.done():
            self.taken.set_result(taken)


class Inbox:
    """Of one handoff; after `close` everything is refused."""

    def __init__(self, handoff_id: str) -> None:
        self._handoff_id = handoff_id
        self._waiting: asyncio.Queue[Happening] = asyncio.Queue(BOUND)
        self._closed = False

    async def put(self, happened: Input) -> bool:
        """Let it happen; whether it fitted where things stand. Raises `Unavailable` when too much waits."""
        if self._closed:
            return False
        item = Happening(happened, asyncio.get_running_loop().create_future())
        try:
            self._waiting.put_nowait(item)
        except asyncio.QueueFull as error:
            raise Unavailable("too much happens in this handoff at once") from error
        return await item.taken

    def put_soon(self, happened: Input) -> None:
        """Like `put`, for those who do not wait for the answer."""
        if self._closed:
            return
        try:
            self._waiting.put_nowait(Happening(happened, asyncio.get_running_loop().create_future()))
        except asyncio.QueueFull:
            log.error("handoff inbox full", handoff=self._handoff_id)

    async def next(self, due_s: float | None) -> Happening | None:
        """The next one; None when it is this time (the loop's, seconds) and nothing has happened."""
        try:
            async with asyncio.timeout_at(due_s):
                return await self._waiting.get()
        except TimeoutError:
            return None

    def close(self) -> None:
        """Refuse what waits and what comes. Safe to call twice."""
        self._closed = True
        while not self._waiting.empty():
            self._waiting.get_nowait().answer(False)
