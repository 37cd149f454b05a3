import asyncio

import pytest

from gateway.handoff.inbox import BOUND, Inbox
from gateway.handoff.states import Bridged, Connect
from pipelines.facts import Unavailable
from tests import virtual_time


def test_what_happened_is_answered_once_it_was_looked_at() -> None:
    async def main() -> None:
        inbox = Inbox("h1")
        async with asyncio.TaskGroup() as tasks:
            asked = tasks.create_task(inbox.put(Connect()))
            inbox.put_soon(Bridged())
            for _ in range(2):
                item = await inbox.next(None)
                assert item is not None
                item.answer(isinstance(item.happened, Connect))
            assert await asked is True

    virtual_time.run(main())


def test_when_nothing_happens_the_time_is_up() -> None:
    async def main() -> None:
        assert await Inbox("h1").next(5.0) is None
        assert asyncio.get_running_loop().time() == 5.0

    virtual_time.run(main())


def test_too_much_is_refused_and_nobody_waits_for_ever() -> None:
    async def main() -> None:
        inbox = Inbox("h1")
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(inbox.put(Connect())) for _ in range(BOUND)]
            await asyncio.sleep(0)
            with pytest.raises(Unavailable):
                await inbox.put(Connect())
            inbox.put_soon(Connect())
            inbox.close()
            assert [await each for each in asked] == [False] * BOUND
        assert await inbox.put(Connect()) is False
        inbox.put_soon(Connect())
        assert await inbox.next(1.0) is None

    virtual_time.run(main())


def test_who_no_longer_waits_for_the_answer_is_no_trouble() -> None:
    async def main() -> None:
        inbox = Inbox("h1")
        async with asyncio.TaskGroup() as tasks:
            asked = tasks.create_task(inbox.put(Connect()))
            await asyncio.sleep(0)
            asked.cancel()
        item = await inbox.next(None)
        assert item is not None
        item.answer(True)

    virtual_time.run(main())
