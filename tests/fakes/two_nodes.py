"""Two nodes of one contact center: the customers are at one, the agent's desk is at the other."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway.nodes.conducting import NodesConducting
from gateway.nodes.watching import RemoteWatchings
from tests import virtual_time
from tests.fakes.memory_mesh import MemoryMesh, Net
from tests.fakes.office import ALEX, Office


@dataclass
class Nodes:
    """The customers are at `home`; the agents' desk is `away`, at a node without sessions."""

    home: Office
    away: NodesConducting
    net: Net
    watchings: RemoteWatchings


@asynccontextmanager
async def nodes() -> AsyncIterator[Nodes]:
    net, home, other = Net(), Office(), Office()
    async with home.open(), other.open(), asyncio.TaskGroup() as tasks:
        there, here = MemoryMesh(net), MemoryMesh(net)
        serving = RemoteWatchings(there, home.store, home.desk.watch)
        NodesConducting(home.desk, lambda s: home.sessions.find(s) is not None, there, serving)
        asking = RemoteWatchings(here, home.store, other.desk.watch)
        away = NodesConducting(other.desk, lambda s: other.sessions.find(s) is not None, here, asking)
        work = [tasks.create_task(each.run()) for each in (there, here, serving, asking)]
        yield Nodes(home, away, net, serving)
        for task in work:
            task.cancel()


def run(test: Callable[[Nodes], Awaitable[None]]) -> None:
    async def main() -> None:
        async with nodes() as the:
            await test(the)

    virtual_time.run(main())


async def taken(the: Nodes) -> str:
    """A chat at home that Alex has, who is away."""
    await the.home.comes(ALEX)
    live = await the.home.chat("I want a person")
    offer = await the.home.offer(ALEX)
    assert (await the.away.briefing(live.session_id)).why.reason == "customer_asked"
    await the.home.desk.accept(offer.lease_id, ALEX)
    await asyncio.sleep(0.1)
    await the.away.connect(live.session_id, ALEX)
    await asyncio.sleep(0.1)
    return live.session_id
