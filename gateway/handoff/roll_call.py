"""Agents who are gone without anybody having said so: the node of their desk died.

A desk tells when somebody leaves it. A node that is killed tells nothing, but the queue takes its agents away
once it is not heard of any more. Who comes back to another node within the grace has lost nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Set

import structlog
from prometheus_client import Counter

from gateway.queue.contacts import ContactQueue
from pipelines.facts import Unavailable

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 1.0
GRACE_S = 3.0
"A node that was only slow, or a Redis that came back empty, has its agents in the queue again by then."

MISSED = Counter("warmline_agents_missed_total", "Agents with customers whose node was lost")


class RollCall:
    """Looks whether those are still there whom this node's customers need."""

    def __init__(
        self,
        queue: ContactQueue,
        engaged: Callable[[], Set[str]],
        gone: Callable[[str], Awaitable[None]],
    ) -> None:
        self._queue = queue
        self._engaged = engaged
        self._gone = gone
        self._missing: dict[str, float] = {}
        "Since when (loop time, s), by agent."

    async def run(self) -> None:
        """Look, until cancelled."""
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            for agent_id in await self._missed(clock()):
                log.warning("an agent is gone with their node", agent_id=agent_id)
                MISSED.inc()
                await self._gone(agent_id)

    async def _missed(self, now: float) -> list[str]:
        engaged = self._engaged()
        try:
            away = {agent_id for agent_id in engaged if not await self._queue.alive(agent_id)}
        except Unavailable:
            away = set()
        self._missing = {agent_id: self._missing.get(agent_id, now) for agent_id in away}
        over = [agent_id for agent_id, since in self._missing.items() if now - since >= GRACE_S]
        for agent_id in over:
            del self._missing[agent_id]
        return over
