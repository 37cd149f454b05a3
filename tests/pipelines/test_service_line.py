"""A service that hears outside a bot's call: it gets the sound, and nothing of it is left afterwards."""

import asyncio

from pipelines.service_line import ServiceLine
from pipelines.services import ServiceRecognizer
from pipelines.transcript import Final, Lost, Partial
from tests import virtual_time
from tests.fakes.fake_speech import hush, speech
from tests.pipelines.test_services import SpellingSTT


async def said(text: str) -> list[Partial | Final | Lost]:
    told: list[Partial | Final | Lost] = []
    recognizer = ServiceRecognizer(SpellingSTT(), told.append)
    line = ServiceLine(recognizer.processors, 16_000)
    await line.hear(hush(1)[0])  # it has not started: lost, and no harm
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(line.run())
        await asyncio.sleep(1)
        recognizer.start()
        for number, frame in enumerate([*speech(text), *hush(100)]):
            if number == len(speech(text)):
                recognizer.pause(1)
            recognizer.hear(frame)
            await line.hear(frame)
            await asyncio.sleep(0.02)
        running.cancel()
    return told


def test_the_service_hears_and_its_words_come_back() -> None:
    async def main() -> None:
        before = asyncio.all_tasks()
        assert await said("hello there") == [Final(1, "hello there")]
        assert asyncio.all_tasks() == before

    virtual_time.run(main())


def test_a_service_that_fails_is_a_lost_utterance() -> None:
    async def main() -> None:
        assert Lost("the recognition service failed") in await said("explode")

    virtual_time.run(main())
