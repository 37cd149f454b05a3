"""The board of a single node, in its memory."""

import asyncio
import secrets
import time
from collections.abc import Callable

from gateway.queue import counts, recovery
from gateway.queue.board import Board
from gateway.queue.feed import NewsFeed
from gateway.queue.ledger import Command, T
from gateway.queue.settings import Queues


class MemoryLedger:
    """A `Ledger` without other nodes."""

    node = "here"

    def __init__(self, queues: Queues, now: Callable[[], float] = time.time) -> None:
        self.feed = NewsFeed()
        self.now = now
        self._board = Board(queues, lambda: secrets.token_urlsafe(9))
        self._stirred = asyncio.Event()
        counts.SHARED_UP.set(1)
        self._do(lambda board, at: recovery.install_phones(board, at))

    @property
    def board(self) -> Board:
        """See `Ledger`."""
        return self._board

    async def carry_out(self, command: Command[T], *, surely: bool = False) -> T:
        """See `Ledger`."""
        return self._do(command)

    async def check(self) -> None:
        """See `Ledger`."""

    async def run(self) -> None:
        """See `Ledger`."""
        try:
            while True:
                await self._until_due()
                self._do(lambda board, now: None)
        finally:
            self.feed.close()

    async def _until_due(self) -> None:
        while True:
            self._stirred.clear()
            due = self._board.due(self.now())
            left_s = None if due is None else max(due - self.now(), 0.0)
            try:
                async with asyncio.timeout(left_s):
                    await self._stirred.wait()
            except TimeoutError:
                return

    def _do(self, command: Command[T]) -> T:
        now = self.now()
        self._board.expire(now)
        try:
            return command(self._board, now)
        finally:
            self._board.assign(now)
            if change := self._board.take_change():
                counts.observe(change, self._board.queues)
                self.feed.tell(change.news)
                self._stirred.set()
