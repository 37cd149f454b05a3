"""The queue as everybody else sees it: commands to a ledger, questions to its board."""

import secrets
from collections.abc import AsyncIterator, Sequence

from gateway.queue import counts, standing
from gateway.queue.contacts import (
    Availability,
    InLine,
    News,
    Offer,
    OnDuty,
    Presence,
    QueueFull,
    Standing,
    Wanted,
)
from gateway.queue.ledger import Ledger
from pipelines.facts import Channel, Unavailable


class BoardQueue:
    """A `ContactQueue` over any ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._queues = ledger.board.queues
        counts.show(lambda: ledger.board, self._queues)

    async def enqueue(self, wanted: Wanted) -> None:
        """See `ContactQueue`."""
        node = self._ledger.node
        try:
            await self._ledger.carry_out(lambda board, now: board.enqueue(wanted, node, now))
        except QueueFull:
            counts.REFUSED.labels(counts.named(wanted.queue, self._queues)).inc()
            raise
        except Unavailable:
            # It may have been done after all, and then nobody would know of the contact.
            await self._leave_later(wanted.handoff_id)
            raise

    async def leave(self, handoff_id: str) -> None:
        """See `ContactQueue`."""
        await self._ledger.carry_out(lambda board, now: board.leave(handoff_id, now), surely=True)

    async def announce(self, presence: Presence) -> None:
        """See `ContactQueue`."""
        node = self._ledger.node
        await self._ledger.carry_out(lambda board, now: board.announce(presence, node, now))

    async def absent(self, agent_id: str) -> None:
        """See `ContactQueue`."""
        node = self._ledger.node
        await self._ledger.carry_out(lambda board, now: board.absent(agent_id, node, now), surely=True)

    async def alive(self, agent_id: str) -> bool:
        """See `ContactQueue`."""
        return agent_id in self._ledger.board.seats

    async def accept(self, lease_id: str, agent_id: str) -> Offer | None:
        """See `ContactQueue`."""
        token = secrets.token_urlsafe(9)
        return await self._ledger.carry_out(lambda board, now: board.accept(lease_id, agent_id, token, now))

    async def decline(self, lease_id: str, agent_id: str, reason: str) -> bool:
        """See `ContactQueue`."""
        return await self._ledger.carry_out(lambda board, now: board.decline(lease_id, agent_id, reason, now))

    async def miss(self, lease_id: str, reason: str = "timeout") -> bool:
        """See `ContactQueue`."""
        return await self._ledger.carry_out(lambda board, now: board.miss(lease_id, reason, now))

    async def finish(self, handoff_id: str, agent_id: str) -> None:
        """See `ContactQueue`."""
        await self._ledger.carry_out(lambda board, now: board.finish(handoff_id, agent_id, now), surely=True)

    async def rebook(self, handoff_id: str, agent_id: str, channel: Channel) -> None:
        """See `ContactQueue`."""
        await self._ledger.carry_out(lambda board, now: board.rebook(handoff_id, agent_id, channel))

    async def occupy(self, wanted: Wanted, agent_id: str) -> None:
        """See `ContactQueue`."""
        token, node = secrets.token_urlsafe(9), self._ledger.node
        await self._ledger.carry_out(lambda board, now: board.occupy(wanted, agent_id, token, node, now))

    async def vacate(self, handoff_id: str, agent_id: str) -> None:
        """See `ContactQueue`."""
        await self._ledger.carry_out(lambda board, now: board.vacate(handoff_id, agent_id, now), surely=True)

    async def position(self, handoff_id: str) -> Standing:
        """See `ContactQueue`."""
        return standing.position(self._ledger.board, handoff_id, self._ledger.now())

    async def availability(
        self, queue: str, skills: frozenset[str], language: str, channel: Channel
    ) -> Availability:
        """See `ContactQueue`."""
        now, node = self._ledger.now(), self._ledger.node
        return standing.availability(self._ledger.board, queue, skills, language, channel, now, node)

    async def agents(self) -> Sequence[OnDuty]:
        """See `ContactQueue`."""
        return standing.on_duty(self._ledger.board)

    async def waiting(self) -> Sequence[InLine]:
        """See `ContactQueue`."""
        return standing.in_line(self._ledger.board)

    async def offers(self) -> Sequence[Offer]:
        """See `ContactQueue`."""
        return [lease.offer for lease in self._ledger.board.leases.values()]

    async def changed(self) -> None:
        """See `ContactQueue`."""
        await self._ledger.feed.changed()

    def news(self) -> AsyncIterator[News]:
        """See `ContactQueue`."""
        return self._ledger.feed.read()

    async def check(self) -> None:
        """See `ContactQueue`."""
        await self._ledger.check()

    async def run(self) -> None:
        """See `ContactQueue`."""
        await self._ledger.run()

    async def _leave_later(self, handoff_id: str) -> None:
        try:
            await self._ledger.carry_out(lambda board, now: board.leave(handoff_id, now), surely=True)
        except Unavailable:
            return  # it is noted
