"""A handoff at the queue: what is wanted of it is done in order, by a task, and nobody has to wait for it.

A queue whose memory is away takes seconds to say so. The customer is not to be silent meanwhile, nor an
agent's command to hang.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from gateway.queue.contacts import ContactQueue, Wanted
from pipelines.facts import Channel, Unavailable

log = structlog.get_logger(__name__)

ERRANDS = 64
"That wait; more is a loop of ours, and those beyond are dropped with a word in the log."
TRY_AGAIN_S = 1.0
"When a contact could not be put in line."


@dataclass(frozen=True, slots=True)
class Unanswered:
    """An offer to a telephone that was not accepted there."""

    lease_id: str
    declined: bool
    "Else it was missed."
    reason: str


Errand = Callable[[], Awaitable[object]]


class Line:
    """What one handoff wants of the queue; `run` must run beside it."""

    def __init__(self, handoff_id: str, queue: ContactQueue) -> None:
        self._handoff_id = handoff_id
        self._queue = queue
        self._errands: asyncio.Queue[Errand] = asyncio.Queue(ERRANDS)
        self._wanted: Wanted | None = None
        "What the handoff wants to be in line as; None: it does not."

    def enqueue(self, wanted: Wanted) -> None:
        """Put it in line, as soon as that is possible, until it is to leave or wants something else."""
        self._wanted = wanted

        async def enqueue() -> None:
            while self._wanted is wanted:
                try:
                    await self._queue.enqueue(wanted)
                    return
                except Unavailable as error:
                    log.warning("not in line yet", handoff=self._handoff_id, reason=str(error))
                await asyncio.sleep(TRY_AGAIN_S)

        self._do(enqueue)

    def leave(self) -> None:
        """Take it out of the line; an offer that rings ends."""
        self._wanted = None
        self._do(lambda: self._queue.leave(self._handoff_id))

    def release(self, agent_id: str, unanswered: Unanswered | None = None) -> None:
        """The agent has a place free again."""
        self._do(lambda: self._queue.finish(self._handoff_id, agent_id))
        if unanswered is None:
            return
        lease_id, reason = unanswered.lease_id, unanswered.reason
        if unanswered.declined:
            self._do(lambda: self._queue.decline(lease_id, agent_id, reason))
        else:
            self._do(lambda: self._queue.miss(lease_id, reason))

    def rebook(self, agent_id: str, channel: Channel) -> None:
        """The customer goes on with the same agent by another channel."""
        self._do(lambda: self._queue.rebook(self._handoff_id, agent_id, channel))

    async def run(self) -> None:
        """Do what is wanted, until cancelled."""
        while True:
            errand = await self._errands.get()
            try:
                await errand()
            except Unavailable as error:
                # What has to be done is carried out by the queue itself as soon as it can.
                log.warning("queue unreachable", handoff=self._handoff_id, reason=str(error))
            finally:
                self._errands.task_done()

    async def done(self) -> None:
        """Wait until everything was done; what cannot be done was tried."""
        await self._errands.join()

    def _do(self, errand: Errand) -> None:
        try:
            self._errands.put_nowait(errand)
        except asyncio.QueueFull:
            log.error("too many errands at the queue", handoff=self._handoff_id)
