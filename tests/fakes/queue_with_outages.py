"""The real queue of one node, which a test can take away for a while."""

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
        self.down = False
        "Set it, and commands fail as if the shared memory had gone."
        carry_out = ledger.carry_out

        async def failing(command: Any, *, surely: bool = False) -> Any:
            if self.down:
                raise Unavailable("the queue cannot be reached")
            return await carry_out(command, surely=surely)

        ledger.carry_out = failing  # type: ignore[method-assign]
