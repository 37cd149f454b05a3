"""News to several readers, some of them slow."""

import asyncio
import gc

from gateway.queue.contacts import News, OfferEnded
from gateway.queue.feed import NewsFeed
from tests import virtual_time


def news(number: int) -> News:
    return OfferEnded(f"l_{number}", "a", "h", "missed", "timeout")


def test_each_reader_gets_everything_from_when_it_began() -> None:
    async def main() -> None:
        feed = NewsFeed()
        early = feed.read()
        feed.tell([news(1)])
        late = feed.read()
        feed.tell([news(2), news(3)])
        feed.close()
        assert [each async for each in early] == [news(1), news(2), news(3)]
        assert [each async for each in late] == [news(2), news(3)]

    virtual_time.run(main())


def test_a_reader_that_falls_behind_comes_to_its_end_and_the_others_go_on() -> None:
    async def main() -> None:
        feed = NewsFeed(bound=3)
        slow, quick = feed.read(), feed.read()
        for number in range(5):
            feed.tell([news(number)])
            assert await anext(quick) == news(number)
        assert [each async for each in slow] == []

    virtual_time.run(main())


def test_a_reader_that_nobody_holds_is_forgotten() -> None:
    feed = NewsFeed()
    reader = feed.read()
    assert len(feed._readers) == 1
    del reader
    gc.collect()
    assert len(feed._readers) == 0


def test_changes_are_told_to_who_waits_for_one() -> None:
    async def main() -> None:
        feed = NewsFeed()
        feed.tell([])
        async with asyncio.TaskGroup() as tasks:
            waiters = [tasks.create_task(feed.changed()) for _ in range(2)]
            await asyncio.sleep(1)
            assert not any(waiter.done() for waiter in waiters), "what was before does not count"
            feed.tell([])

    virtual_time.run(main())
