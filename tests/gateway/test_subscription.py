import asyncio

from gateway.events import Event
from gateway.subscription import Subscription
from pipelines.facts import Activity
from tests import virtual_time

THINKING = Activity(state="thinking")


def test_events_come_in_order_until_the_end() -> None:
    async def main() -> None:
        subscription = Subscription(0, None)
        for seq in (1, 2, 3):
            subscription.put(Event(seq, 0.0, THINKING))
        subscription.close()
        subscription.put(Event(4, 0.0, THINKING))
        assert [event.seq async for event in subscription] == [1, 2, 3]
        assert not subscription.behind

    virtual_time.run(main())


def test_a_reader_waits_for_what_comes_later() -> None:
    async def main() -> None:
        subscription = Subscription(0, None)
        async with asyncio.TaskGroup() as tasks:
            reader = tasks.create_task(anext(subscription))
            await asyncio.sleep(5)
            subscription.put(Event(1, 0.0, THINKING))
        assert reader.result().seq == 1

    virtual_time.run(main())


def test_who_falls_behind_gets_nothing_more_at_all() -> None:
    async def main() -> None:
        subscription = Subscription(0, None, bound=3)
        for seq in range(1, 10):
            subscription.put(Event(seq, 0.0, THINKING))
        assert subscription.behind and subscription.closed
        assert [event async for event in subscription] == []

    virtual_time.run(main())


def test_closing_twice_is_fine() -> None:
    async def main() -> None:
        subscription = Subscription(0, None)
        subscription.close()
        subscription.close()
        assert subscription.closed

    virtual_time.run(main())
