"""What a handoff wants of the queue is done in order, and nobody has to wait for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.handoff.line import Line, Unanswered, Wish
from gateway.handoff.states import Enqueue, Screened
from tests.fakes.office import ALEX, KIM, Office

WISH = Wish("customer_asked", "refunds", "general")
QUEUES = {"named": [{"name": "general", "skills": "refunds, lamps"}, {"name": "other"}]}


@asynccontextmanager
async def line(office: Office) -> AsyncIterator[Line]:
    opened = Line("h1", "s1", WISH, office.handoffs.house)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(opened.run())
        yield opened
        running.cancel()


def test_it_stands_where_it_stood_first_and_where_it_is_sent() -> None:
    office = Office(QUEUES)

    async def main() -> None:
        async with line(office) as the:
            the.enqueue(Enqueue(5, frozenset({KIM.agent_id})), "chat")
            await the.done()
            (waits,) = await office.queue.waiting()
            wanted = waits.wanted
            without = frozenset({KIM.agent_id})
            assert (wanted.priority, wanted.not_agents, wanted.since) == (5, without, the.since)
            assert wanted.skills == {"refunds"}, "the queue's people differ in it"
            await asyncio.sleep(60)
            the.redirect("other", KIM.agent_id)
            the.enqueue(None, "voice")
            await the.done()
            (waits,) = await office.queue.waiting()
            wanted = waits.wanted
            assert (wanted.queue, wanted.channel, wanted.since) == ("other", "voice", the.since)
            assert (wanted.only_agent, wanted.not_agents) == (KIM.agent_id, frozenset())
            the.leave()
            await the.done()
            assert list(await office.queue.waiting()) == []

    office.run(main)


def test_a_queue_that_is_away_makes_nobody_wait_and_gets_the_contact_when_it_is_back() -> None:
    office = Office()

    async def main() -> None:
        async with line(office) as the:
            office.queue.down = True
            the.enqueue(Enqueue(0, frozenset()), "chat")
            assert await the.screen("chat") == Screened(open=True, online=0)
            await asyncio.sleep(10)
            office.queue.down = False
            await the.done()
            assert len(await office.queue.waiting()) == 1

    office.run(main)


def test_who_left_while_the_queue_was_away_is_not_put_in_line_after_all() -> None:
    office = Office()

    async def main() -> None:
        async with line(office) as the:
            office.queue.down = True
            the.enqueue(Enqueue(0, frozenset()), "chat")
            await asyncio.sleep(3)
            the.leave()
            office.queue.down = False
            await the.done()
            assert list(await office.queue.waiting()) == []

    office.run(main)


def test_an_agent_who_is_released_has_a_place_free_again() -> None:
    office = Office()

    async def main() -> None:
        await office.comes(ALEX, chats=1)
        async with line(office) as the:
            the.enqueue(Enqueue(0, frozenset()), "chat")
            offer = await office.offer(ALEX)
            assert await office.queue.accept(offer.lease_id, ALEX.agent_id)
            the.release(ALEX.agent_id, Unanswered(offer.lease_id, declined=False, reason="machine"))
            await the.done()
            (agent,) = await office.queue.agents()
            assert not agent.contacts and agent.presence.state == "available", "it was answered"

    office.run(main)
