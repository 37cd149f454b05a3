"""Commands on their way to a shared memory that may take its time, or be away."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from prometheus_client import Gauge

from gateway.queue.board import Board
from gateway.queue.ledger import Command
from pipelines.facts import Unavailable

BOUND = 10_000
"Commands that may wait; further ones are refused."
BATCH = 50
"Commands that are carried out together; more would hold the event loop up."
COMMANDS = Gauge("warmline_queue_commands_waiting", "Commands that wait for the shared queue")


@dataclass(eq=False, slots=True)
class Job:
    """A command, and the future of whoever waits for it; cancelled when they wait no longer."""

    command: Command[Any]
    done: "asyncio.Future[Any] | None" = None
    surely: bool = True
    "Carry it out though nobody waits any more."

    @property
    def wanted(self) -> bool:
        """Whether it is still to be carried out."""
        return self.surely or (self.done is not None and not self.done.done())

    def attempt(self, board: Board, now: float) -> Any:
        """What the command returns, or raises because something is full."""
        try:
            return self.command(board, now)
        except Unavailable as error:
            return error

    def settle(self, outcome: Any) -> None:
        """Tell who waits."""
        if self.done is None or self.done.done():
            return
        if isinstance(outcome, Unavailable):
            self.done.set_exception(outcome)
        else:
            self.done.set_result(outcome)


class Jobs:
    """Commands in their order. One task carries them out."""

    def __init__(self) -> None:
        self._jobs: deque[Job] = deque()
        self._stirred = asyncio.Event()

    def add(self, command: Command[Any], *, surely: bool) -> "asyncio.Future[Any]":
        """One more; what comes of it. Raises `Unavailable` when too many wait."""
        if len(self._jobs) >= BOUND:
            raise Unavailable("too many commands wait for the shared queue; try again later")
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._jobs.append(Job(command, done, surely))
        self._added()
        return done

    def note(self, command: Command[Any], *, first: bool = False) -> None:
        """One that must be carried out, and that nobody waits for."""
        (self._jobs.appendleft if first else self._jobs.append)(Job(command))
        self._added()

    def stir(self) -> None:
        """There may be something to do."""
        self._stirred.set()

    async def wait(self, longest_s: float | None) -> None:
        """Return when there are commands, when stirred, or after a time."""
        if self._jobs:
            return
        self._stirred.clear()
        try:
            async with asyncio.timeout(longest_s if longest_s is None else max(longest_s, 0.0)):
                await self._stirred.wait()
        except TimeoutError:
            return

    def batch(self) -> list[Job]:
        """The next that somebody wants; they stay until they are settled."""
        return list(islice((job for job in self._jobs if job.wanted), BATCH))

    def settle(self, batch: Sequence[Job], outcomes: Sequence[Any]) -> None:
        """These were carried out."""
        for job, outcome in zip(batch, outcomes, strict=True):
            job.settle(outcome)
        through = set(batch)
        self._keep([job for job in self._jobs if job not in through and job.wanted])

    def give_up(self, error: Unavailable) -> None:
        """None of them will be carried out."""
        for job in self._jobs:
            job.settle(error)
        self._keep([])

    def _added(self) -> None:
        self._stirred.set()
        COMMANDS.inc()

    def _keep(self, jobs: list[Job]) -> None:
        COMMANDS.dec(len(self._jobs) - len(jobs))
        self._jobs = deque(jobs)
