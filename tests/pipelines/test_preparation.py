"""Getting ready while the customer speaks: one thing at a time, the newest words first."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pipelines.preparation import Preparation
from tests import virtual_time


class Answering:
    """Takes a second to prepare for anything."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.done: list[str] = []

    async def listen(self, words: str) -> None:
        self.begun.append(words)
        await asyncio.sleep(1)
        self.done.append(words)


@asynccontextmanager
async def preparing(answering: Answering) -> AsyncIterator[Preparation]:
    preparation = Preparation(answering.listen)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(preparation.run())
        yield preparation
        running.cancel()


def test_the_newest_words_replace_those_that_wait() -> None:
    async def main() -> None:
        it = Answering()
        async with preparing(it) as preparation:
            for words in ("where", "where is", "where is my", "where is my order"):
                preparation.prepare(words)
                await asyncio.sleep(0.3)
            await asyncio.sleep(3)
        assert it.done == ["where", "where is my order"]

    virtual_time.run(main())


def test_stopped_it_breaks_off_and_forgets_what_waits_and_can_go_on() -> None:
    async def main() -> None:
        it = Answering()
        async with preparing(it) as preparation:
            preparation.prepare("where")
            await asyncio.sleep(0.5)
            preparation.prepare("where is")
            preparation.stop()
            await asyncio.sleep(3)
            assert it.begun == ["where"] and it.done == []
            preparation.stop()
            preparation.prepare("and when")
            await asyncio.sleep(3)
        assert it.done == ["and when"]

    virtual_time.run(main())


def test_it_may_be_stopped_again_while_it_still_breaks_off() -> None:
    async def main() -> None:
        class Reluctant(Answering):
            """Lets go of what it holds before it ends."""

            async def listen(self, words: str) -> None:
                try:
                    await super().listen(words)
                finally:
                    await asyncio.sleep(1)

        it = Reluctant()
        async with preparing(it) as preparation:
            preparation.prepare("where")
            await asyncio.sleep(0.5)
            preparation.stop()
            await asyncio.sleep(0.2)
            preparation.stop()
            preparation.prepare("and when")
            await asyncio.sleep(4)
        assert it.begun == ["where", "and when"] and it.done == ["and when"]

    virtual_time.run(main())


def test_the_end_of_the_call_breaks_it_off() -> None:
    async def main() -> None:
        it = Answering()
        async with preparing(it) as preparation:
            preparation.prepare("where")
            await asyncio.sleep(0.5)
        assert it.begun == ["where"] and it.done == []

    virtual_time.run(main())
