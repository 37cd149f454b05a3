"""Agents whose node died without a word."""

import asyncio

from gateway.handoff import roll_call
from gateway.handoff.roll_call import RollCall
from gateway.queue.board_queue import BoardQueue
from gateway.queue.memory import MemoryLedger
from gateway.queue.settings import Queues
from pipelines.facts import Unavailable
from tests import virtual_time
from tests.contracts.queue import agent

ANN, BOB = "a_ann", "a_bob"


class Away(BoardQueue):
    """A queue that can be out of reach."""

    reached = True

    async def alive(self, agent_id: str) -> bool:
        if not self.reached:
            raise Unavailable("no queue")
        return await super().alive(agent_id)


class World:
    def __init__(self) -> None:
        self.queue = Away(MemoryLedger(Queues(), lambda: 0.0))
        self.engaged = {ANN}
        self.gone: list[str] = []

    async def lose(self, agent_id: str) -> None:
        self.gone.append(agent_id)
        self.engaged.discard(agent_id)

    async def look(self, *seconds_away: float) -> None:
        """She is there, and then in turns away and there again for so long; at the end she is away."""
        async with asyncio.TaskGroup() as tasks:
            calling = tasks.create_task(RollCall(self.queue, lambda: self.engaged, self.lose).run())
            for seconds in (*seconds_away, 60.0):
                await self.queue.announce(agent("ann"))
                await asyncio.sleep(10)
                await self.queue.absent(ANN)
                await asyncio.sleep(seconds)
            calling.cancel()


def test_who_stays_away_is_missed_once() -> None:
    world = World()
    virtual_time.run(world.look())
    assert world.gone == [ANN]


def test_who_is_back_within_the_grace_is_not_missed() -> None:
    async def main() -> None:
        world.engaged = {ANN}
        async with asyncio.TaskGroup() as tasks:
            calling = tasks.create_task(RollCall(world.queue, lambda: world.engaged, world.lose).run())
            for _ in range(5):
                await world.queue.absent(ANN)
                await asyncio.sleep(roll_call.GRACE_S - 0.5)
                await world.queue.announce(agent("ann"))
                await asyncio.sleep(2)
            calling.cancel()

    world = World()
    virtual_time.run(main())
    assert world.gone == []


def test_who_is_needed_by_nobody_is_not_looked_for() -> None:
    world = World()
    world.engaged = set()
    virtual_time.run(world.look())
    assert world.gone == []


def test_while_the_queue_cannot_be_reached_nobody_is_missed() -> None:
    world = World()
    world.queue.reached = False
    virtual_time.run(world.look(30.0))
    assert world.gone == []
