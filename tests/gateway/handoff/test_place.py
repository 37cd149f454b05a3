"""How it stands for who waits is shown when it changes, and said when nobody says anything else."""

import asyncio

from gateway.events import Event, QueuePosition
from gateway.subscription import Subscription
from tests.fakes.office import ALEX, Office
from tests.fakes.office_calls import at_work, calling


async def watch(subscription: Subscription, into: list[Event]) -> None:
    async for event in subscription:
        into.append(event)


def test_a_place_is_shown_once_and_again_when_it_is_another() -> None:
    office = Office()

    async def main() -> None:
        await office.comes(ALEX, chats=1)
        await office.chat("I want a person")
        await office.takes(ALEX)
        first, second = await office.chat("I want a person"), await office.chat("I want a person")
        shown: list[Event] = []
        subscription = second.log.subscribe()
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(watch(subscription, shown))
            await asyncio.sleep(30)
            await office.writes(first, "never mind")
            await asyncio.sleep(30)
            watching.cancel()
        second.log.unsubscribe(subscription)
        places = [event.fact.position for event in shown if isinstance(event.fact, QueuePosition)]
        assert places == [2, 1]

    office.run(main)


def test_who_talks_with_the_bot_meanwhile_is_not_interrupted() -> None:
    office = Office()

    async def main() -> None:
        async with at_work(office, ALEX), calling(office) as first:
            await first.wishes()
            await office.takes(ALEX)
            async with calling(office) as second:
                await second.wishes()
                before = len(second.said)
                contact = office.handoffs.of(second.session_id)
                assert contact is not None
                for _ in range(10):
                    await asyncio.sleep(12)
                    contact._place.words()
                assert len(second.said) == before
                await asyncio.sleep(60)
                assert len(second.said) > before

    office.run(main)
