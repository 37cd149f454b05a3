"""The real queue of one node, which a test can take away for a while."""

import asyncio
from collections.abc import Callable
from typing import Any

from gateway.queue.board_queue import BoardQueue
from gateway.queue.memory import MemoryLedger
from gateway.queue.settings import Queues
from pipelines.facts import Unavailable


class QueueWithOutages(BoardQueue):
    def __init__(self, queues: Queues, now: Callable[[], float]) -> None:
        ledger = MemoryLedger(queues, now)
        super().__init__(ledger)
        self.fails_after_s = 0.0
        "While it is down a command waits so long in vain, as one to a Redis that is away."
        self._down = False
        self._noted: list[Any] = []
        self._carry_out = ledger.carry_out
        ledger.carry_out = self._try  # type: ignore[method-assign]

    @property
    def down(self) -> bool:
        """Commands fail as if the shared memory had gone; those that must be, are done once it is back."""
        return self._down

    @down.setter
    def down(self, down: bool) -> None:
        self._down = down
        if not down:
            noted, self._noted = self._noted, []
            for command in noted:
                self._ledger._do(command)  # type: ignore[attr-defined]

    async def _try(self, command: Any, *, surely: bool = False) -> Any:
        if self._down:
            if surely:
                self._noted.append(command)
            await asyncio.sleep(self.fails_after_s)
            raise Unavailable("the queue cannot be reached")
        return await self._carry_out(command, surely=surely)
