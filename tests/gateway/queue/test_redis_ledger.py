"""The queue of several nodes, on a real Redis that is also killed."""

import asyncio
import contextlib
import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisGone

from gateway.queue.board_queue import BoardQueue
from gateway.queue.contacts import ContactQueue, News, Offered, OfferEnded
from gateway.queue.redis_ledger import Pace, RedisLedger
from gateway.queue.settings import Queues
from gateway.queue.shared_log import SharedLog
from pipelines.facts import Unavailable
from tests.contracts.queue import (
    QueueContract,
    agent,
    ended,
    next_news,
    offered,
    until,
    wanted,
)
from tests.gateway.queue.restarting_redis import restarting_redis

pytestmark = [pytest.mark.redis, pytest.mark.timeout(120)]

QUICK = Pace(beat_s=0.1, lives_ms=300, retry_s=0.05, patience_s=3.0)
IMPATIENT = Pace(beat_s=0.1, lives_ms=300, retry_s=0.05, patience_s=0.2)
LONG = Queues.model_validate({"named": [{"name": "general", "offer_s": 60}]})


class Line:
    """A `SharedLog` whose cable can be cut."""

    def __init__(self, shared: SharedLog) -> None:
        self._shared = shared
        self.cut = False

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._shared, name)

        async def call(*arguments: Any) -> Any:
            if self.cut:
                raise RedisGone("cut")
            found = await method(*arguments)
            if self.cut:
                raise RedisGone("cut")
            return found

        return call


class Node:
    """One gateway's queue."""

    def __init__(self, url: str, queues: Queues, pace: Pace) -> None:
        self.shared = SharedLog(url)
        self.line = Line(self.shared)
        self.ledger = RedisLedger(self.line, queues, pace)  # type: ignore[arg-type]
        self.queue = BoardQueue(self.ledger)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[ContactQueue]:
        try:
            async with asyncio.TaskGroup() as tasks:
                run = tasks.create_task(self.queue.run())
                await until(self.queue, self.works)
                yield self.queue
                run.cancel()
        finally:
            await self.shared.close()

    async def works(self) -> bool:
        try:
            await self.queue.check()
        except Unavailable:
            return False
        return True


@asynccontextmanager
async def nodes(
    url: str, count: int = 2, queues: Queues = LONG, pace: Pace = QUICK
) -> AsyncIterator[Sequence[Node]]:
    async with AsyncExitStack() as stack:
        made = [Node(url, queues, pace) for _ in range(count)]
        for node in made:
            await stack.enter_async_context(node.running())
        yield made


class TestRedis(QueueContract):
    @pytest.fixture(autouse=True)
    def _redis(self, redis_url: str) -> None:
        self.url = redis_url

    @asynccontextmanager
    async def opened(self, queues: Queues) -> AsyncIterator[tuple[ContactQueue, ContactQueue]]:
        async with nodes(self.url, queues=queues, pace=Pace()) as (one, other):
            yield one.queue, other.queue


# --- nodes that come and go ---


def test_a_node_that_comes_later_knows_everything(redis_url: str) -> None:
    async def main() -> None:
        async with nodes(redis_url, 1) as (one,):
            news = one.queue.news()
            await one.queue.announce(agent())
            contact = wanted(queue="general")
            await one.queue.enqueue(contact)
            offer = await offered(news)
            async with nodes(redis_url, 1) as (other,):
                assert await other.queue.offers() == [offer]
                assert await other.queue.accept(offer.lease_id, "a_ann") == offer
                assert (await ended(news)).why == "accepted"

    asyncio.run(main())


def test_a_node_that_stops_takes_its_agents_and_contacts_with_it(redis_url: str) -> None:
    async def main() -> None:
        async with nodes(redis_url, 1) as (one,):
            news = one.queue.news()
            async with nodes(redis_url, 1) as (other,):
                await other.queue.announce(agent("bob"))
                await one.queue.announce(agent("ann", queues=frozenset({"short"})))
                await one.queue.enqueue(wanted("ours", queue="general"))
                await other.queue.enqueue(wanted("theirs", queue="short"))
                rings = {(await offered(news)).wanted.handoff_id for _ in range(2)}
                assert rings == {"h_ours", "h_theirs"}
            ends = {(await ended(news)) for _ in range(2)}
            assert {(end.handoff_id, end.why, end.reason) for end in ends} == {
                ("h_ours", "offline", "node_lost"),
                ("h_theirs", "withdrawn", "node_lost"),
            }
            assert [line.wanted.handoff_id for line in await one.queue.waiting()] == ["h_ours"]

    asyncio.run(main())


def test_a_node_that_is_not_heard_of_is_gone_and_puts_back_what_is_its_own(redis_url: str) -> None:
    async def main() -> None:
        async with nodes(redis_url) as (one, other):
            news = one.queue.news()
            await other.queue.announce(agent("bob"))
            await other.queue.enqueue(wanted("theirs", queue="general", since=5.0))
            await other.queue.accept((await offered(news)).lease_id, "a_bob")
            await other.queue.enqueue(wanted("waits", queue="elsewhere", since=7.0))
            await one.queue.enqueue(wanted("ours", queue="general"))
            assert (await offered(news)).wanted.handoff_id == "h_ours"
            other.line.cut = True
            end = await ended(news)
            assert (end.handoff_id, end.why, end.reason) == ("h_ours", "offline", "node_lost")
            await until(one.queue, lambda: _waiting(one.queue, ["h_ours"]))
            assert await one.queue.agents() == []
            other.line.cut = False
            assert (await offered(news)).wanted.handoff_id == "h_ours"
            await until(one.queue, lambda: _waiting(one.queue, ["h_waits", "h_ours"]))
            (bob,) = await one.queue.agents()
            assert set(bob.contacts) == {"h_theirs"}
            assert [line.wanted.since for line in await one.queue.waiting()][0] == 7.0

    asyncio.run(main())


# --- Redis comes and goes ---


def test_offers_ring_on_through_a_restart(redis_url: str) -> None:
    async def main() -> None:
        with restarting_redis(keeps=True) as server:
            async with nodes(server.url) as (one, other):
                news = other.queue.news()
                await one.queue.announce(agent("ann"))
                for _ in range(3):
                    await one.queue.enqueue(wanted(queue="general"))
                offer = await offered(news)
                server.kill()
                accepting = asyncio.ensure_future(  # noqa: TID251
                    one.queue.accept(offer.lease_id, "a_ann")
                )
                await until_down(one)
                with pytest.raises(Unavailable):
                    await one.queue.check()
                server.start()
                assert await accepting == offer
                assert (await next_news(news)) == OfferEnded(
                    offer.lease_id, "a_ann", offer.wanted.handoff_id, "accepted", ""
                )
                assert isinstance(await next_news(news), Offered)
                assert len(await other.queue.waiting()) == 2

    asyncio.run(main())


def test_nothing_that_waits_is_lost_with_the_data_and_no_offer_is_left_ringing() -> None:
    async def main() -> None:
        with restarting_redis(keeps=False) as server:
            async with nodes(server.url) as (one, other):
                here, there = one.queue.news(), other.queue.news()
                for node, name in ((one, "ann"), (other, "bob")):
                    await node.queue.announce(agent(name, capacity={"chat": 2}))
                taken = wanted("taken", queue="general", since=1.0)
                await one.queue.enqueue(taken)
                first = await offered(here)
                assert await one.queue.accept(first.lease_id, first.agent_id)
                for number, node in enumerate((one, other, one, other)):
                    await node.queue.enqueue(wanted(f"w{number}", queue="general", since=10.0 + number))
                before = await rings(one, 2)
                server.kill()
                await until_down(one)
                await until_down(other)
                server.start()
                for node, news in ((one, here), (other, there)):
                    now = await ringing_after(news, before)
                    assert {offer.wanted.handoff_id for offer in now.values()} == {"h_w0", "h_w1"}
                    line = [each.wanted for each in await node.queue.waiting()]
                    assert [each.handoff_id for each in line] == ["h_w0", "h_w1", "h_w2", "h_w3"]
                    assert [each.since for each in line] == [10.0, 11.0, 12.0, 13.0]
                    held = [set(each.contacts) for each in await node.queue.agents()]
                    assert {"h_taken"} in held, "who talks is not free"
                for offer in before.values():
                    assert await one.queue.accept(offer.lease_id, offer.agent_id) is None, "phantom"

    asyncio.run(main())


def test_who_left_while_redis_was_away_does_not_come_back() -> None:
    async def main() -> None:
        with restarting_redis(keeps=True) as server:
            async with nodes(server.url, pace=IMPATIENT) as (one, other):
                news = other.queue.news()
                await other.queue.announce(agent("ann"))
                gone = wanted("gone", queue="general")
                await one.queue.enqueue(gone)
                await offered(news)
                server.kill()
                await until_down(one)
                with pytest.raises(Unavailable):
                    async with asyncio.timeout(10):
                        await one.queue.enqueue(wanted("late", queue="general"))
                leaving = asyncio.ensure_future(one.queue.leave("h_gone"))  # noqa: TID251
                server.start()
                await leaving
                end = await ended(news)
                assert (end.handoff_id, end.reason) == ("h_gone", "customer_left")
                await until(other.queue, lambda: _waiting(other.queue, []))

    asyncio.run(main())


def test_an_offer_that_ran_out_while_redis_was_away_is_nobodys_fault() -> None:
    short = Queues.model_validate({"named": [{"name": "general", "offer_s": 0.5}]})

    async def main() -> None:
        with restarting_redis(keeps=True) as server:
            async with nodes(server.url, queues=short) as (one, other):
                news = other.queue.news()
                await one.queue.announce(agent("ann"))
                await one.queue.enqueue(wanted(queue="general"))
                offer = await offered(news)
                server.kill()
                await until_down(one)
                await asyncio.sleep(offer.until - one.ledger.now())  # no event tells that nothing happens
                server.start()
                end = await ended(news)
                assert (end.why, end.reason) == ("withdrawn", "queue_unreachable")
                assert (await offered(news)).agent_id == "a_ann", "and is still there"

    asyncio.run(main())


def test_an_emptied_redis_is_noticed_without_a_restart(redis: str, redis_url: str) -> None:
    from tests import servers

    async def main() -> None:
        async with nodes(redis_url) as (one, other):
            news = other.queue.news()
            await one.queue.announce(agent("ann"))
            await one.queue.enqueue(wanted("kept", queue="general"))
            offer = await offered(news)
            servers.empty_redis(redis)
            end = await ended(news)
            assert (end.lease_id, end.why, end.reason) == (offer.lease_id, "withdrawn", "queue_restarted")
            assert (await offered(news)).wanted.handoff_id == "h_kept"

    asyncio.run(main())


def test_without_redis_commands_fail_in_time_and_work_once_it_is_there() -> None:
    async def main() -> None:
        with restarting_redis(keeps=False) as server:
            server.kill()
            node = Node(server.url, LONG, IMPATIENT)
            async with asyncio.TaskGroup() as tasks:
                run = tasks.create_task(node.queue.run())
                with pytest.raises(Unavailable):
                    await node.queue.enqueue(wanted(queue="general"))
                with pytest.raises(Unavailable):
                    await node.queue.check()
                server.start()
                await until(node.queue, node.works)
                await node.queue.enqueue(wanted("now", queue="general"))
                await until(node.queue, lambda: _waiting(node.queue, ["h_now"]))
                run.cancel()
            with pytest.raises(Unavailable):
                await node.queue.leave("h_now")
            await node.shared.close()

    asyncio.run(main())


async def until_down(node: Node) -> None:
    async with asyncio.timeout(5):
        while await node.works():
            await node.queue.changed()


async def rings(node: Node, count: int) -> dict[str, Any]:
    async with asyncio.timeout(5):
        while len(offers := await node.queue.offers()) < count:
            await node.queue.changed()
    return {offer.lease_id: offer for offer in offers}


async def ringing_after(news: AsyncIterator[News], before: dict[str, Any]) -> dict[str, Any]:
    """What a desk that follows the news believes to ring, once the old offers are over."""
    ringing = dict(before)
    gone: set[str] = set()
    while not (before.keys() <= gone and len(ringing) == 2):
        told = await next_news(news)
        if isinstance(told, Offered):
            ringing[told.offer.lease_id] = told.offer
        else:
            gone.add(told.lease_id)
            ringing.pop(told.lease_id, None)
    return ringing


async def _waiting(queue: ContactQueue, names: list[str]) -> bool:
    return [line.wanted.handoff_id for line in await queue.waiting()] == names


class Traffic:
    """Customers and agents of two nodes who do whatever comes to their minds."""

    def __init__(self, made: Sequence[Node], seed: int) -> None:
        self.nodes = made
        self.dice = random.Random(seed)
        self.here: set[str] = set()
        "Contacts that came and neither left nor were taken."
        self.taken: list[str] = []
        self.unsure: set[str] = set()
        "What became of the command is not known to its caller."
        self._numbers = itertools.count(1)

    async def go_on(self, for_s: float) -> None:
        clock = asyncio.get_running_loop().time
        until_s = clock() + for_s
        for node, names in ((self.nodes[0], "abc"), (self.nodes[1], "def")):
            for name in names:
                await node.queue.announce(agent(name, capacity={"chat": 3}))
        async with asyncio.TaskGroup() as tasks:
            while clock() < until_s:
                node = self.dice.choice(self.nodes)
                action = self.dice.choice([self._come, self._come, self._leave, self._click, self._click])
                tasks.create_task(self._unless_away(action(node)))
                await asyncio.sleep(0.004)  # how people come, not what is waited for

    async def _unless_away(self, action: Awaitable[None]) -> None:
        with contextlib.suppress(Unavailable):
            await action

    async def _come(self, node: Node) -> None:
        contact = wanted(f"{next(self._numbers)}", queue="general")
        await node.queue.enqueue(contact)
        self.here.add(contact.handoff_id)

    async def _leave(self, node: Node) -> None:
        if self.here:
            handoff_id = self.dice.choice(sorted(self.here))
            self.here.discard(handoff_id)
            self.unsure.add(handoff_id)  # somebody may take it at the same moment
            await node.queue.leave(handoff_id)

    async def _click(self, node: Node) -> None:
        offers = list(await node.queue.offers())
        if not offers:
            return
        offer = self.dice.choice(offers)
        handoff_id = offer.wanted.handoff_id
        if self.dice.random() < 0.2:
            await node.queue.decline(offer.lease_id, offer.agent_id, "busy")
            return
        try:
            taken = await node.queue.accept(offer.lease_id, offer.agent_id)
        except Unavailable:
            self.unsure.add(handoff_id)
            raise
        if taken is not None:
            self.here.discard(handoff_id)
            self.taken.append(handoff_id)
            if self.dice.random() < 0.7:
                await node.queue.finish(handoff_id, offer.agent_id)


@pytest.mark.parametrize(("keeps", "seed"), [(True, 1), (True, 2), (False, 3), (False, 4)])
def test_whatever_happens_the_nodes_agree_and_nobody_is_lost(keeps: bool, seed: int) -> None:
    async def main() -> None:
        with restarting_redis(keeps=keeps) as server:
            async with nodes(server.url) as made:
                traffic = Traffic(made, seed)
                heard = [Hearing(node.queue) for node in made]
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(traffic.go_on(2.0))
                    for _ in range(3):
                        await asyncio.sleep(0.5)  # in the middle of it
                        server.kill()
                        server.start()
                for node in made:
                    await until(node.queue, node.works)
                await made[0].queue.announce(agent("last", queues=frozenset()))
                await until(made[1].queue, lambda: made[1].queue.alive("a_last"))
                boards = [node.ledger.board for node in made]
                for kind in ("entries", "seats", "leases", "places", "figures"):
                    assert getattr(boards[0], kind) == getattr(boards[1], kind)
                assert len(traffic.taken) == len(set(traffic.taken)), "taken once"
                certain = traffic.here - traffic.unsure
                assert certain <= boards[0].entries.keys(), "nobody who waits is lost"
                assert not boards[0].entries.keys() & set(traffic.taken), "nobody who talks is offered"
                assert boards[0].entries.keys() <= traffic.here | traffic.unsure
                for each in heard:
                    assert each.ringing() == boards[0].leases.keys(), "no phantom at any desk"

    asyncio.run(main())


class Hearing:
    """What a desk that follows the news believes to ring."""

    def __init__(self, queue: ContactQueue) -> None:
        self._news = queue.news()

    def ringing(self) -> set[str]:
        rings: set[str] = set()
        for told in self._news._news:  # type: ignore[attr-defined]
            if isinstance(told, Offered):
                rings.add(told.offer.lease_id)
            else:
                rings.discard(told.lease_id)
        return rings
