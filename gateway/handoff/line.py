"""A handoff at the queue: what is wanted of it is done in order, by a task, and nobody has to wait for it.

A queue whose memory is away takes seconds to say so. The customer is not to be silent meanwhile, nor an
agent's command to hang.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from gateway.handoff.house import House
from gateway.handoff.states import Enqueue, Screened
from gateway.queue.contacts import Wanted
from gateway.queue.hours import is_open
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


@dataclass(frozen=True, slots=True)
class Wish:
    """Why a person is wanted, and what they should know."""

    reason: str
    skill: str
    queue: str
    priority: int = 0


class Line:
    """What one handoff wants of the queue; `run` must run beside it."""

    def __init__(self, handoff_id: str, session_id: str, wish: Wish, house: House) -> None:
        self._handoff_id = handoff_id
        self._session_id = session_id
        self._wish = wish
        self._house = house
        self._queue = house.queue
        self._errands: asyncio.Queue[Errand] = asyncio.Queue(ERRANDS)
        self._wanted: Wanted | None = None
        "What the handoff wants to be in line as; None: it does not."
        self._last = Enqueue(0, frozenset())
        "How it was put in line last."
        self._only_agent: str | None = None
        self.queue = wish.queue
        "The line that the customer stands in, or would."
        self.since = house.now()
        "When the wish came, Unix s: the place in line, whatever happens."

    def redirect(self, queue: str | None, only_agent: str | None) -> None:
        """Where a transfer goes to."""
        self.queue, self._only_agent = queue or self.queue, only_agent

    async def screen(self, channel: Channel) -> Screened:
        """Who could come now."""
        house, online, wait_s = self._house, 0, None
        opened = is_open(house.settings.schedule(self.queue), house.now())
        try:
            there = await self._queue.availability(self.queue, self._skills, house.language, channel)
            online, wait_s = there.online, there.wait_s
        except Unavailable as error:
            log.warning("queue unreachable", handoff=self._handoff_id, reason=str(error))
        return Screened(opened, online, wait_s)

    def enqueue(self, how: Enqueue | None, channel: Channel) -> None:
        """Put it in line, as soon as that is possible, until it is to leave or wants something else.

        None: as it was before, say by another channel.
        """
        self._last = how or self._last
        only = self._only_agent
        wanted = self._wanted = Wanted(
            handoff_id=self._handoff_id,
            session_id=self._session_id,
            queue=self.queue,
            channel=channel,
            skills=self._skills,
            language=self._house.language,
            priority=self._last.priority,
            since=self.since,
            not_agents=self._last.without - ({only} if only else set()),
            only_agent=only,
            reason=self._wish.reason,
        )

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

    @property
    def _skills(self) -> frozenset[str]:
        """What the person must know, where the queue's people differ in it."""
        known = self._house.settings.of(self.queue).skills
        return frozenset({self._wish.skill} if self._wish.skill in known and len(known) > 1 else ())

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
