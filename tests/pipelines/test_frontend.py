"""The front end's own duties; what it hears and does in a call is tested in test_voice_call.py."""

import asyncio

from pipelines.facts import Activity, Fact, SpeechStarted, Unavailable
from pipelines.frontend import NEWS, News
from tests import virtual_time


def test_news_are_sent_in_order_and_beside_the_conversation() -> None:
    async def main() -> None:
        sent: list[Fact] = []

        async def emit(fact: Fact) -> None:
            await asyncio.sleep(0.1)
            sent.append(fact)

        news = News(emit)
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(news.send())
            news.tell(SpeechStarted())
            news.tell(Activity(state="listening"))
            await asyncio.sleep(1)
            sending.cancel()
        assert sent == [SpeechStarted(), Activity(state="listening")]

    virtual_time.run(main())


def test_news_nobody_takes_drop_the_oldest() -> None:
    async def main() -> None:
        sent: list[Fact] = []

        async def emit(fact: Fact) -> None:
            sent.append(fact)

        news = News(emit)
        news.tell(SpeechStarted())
        for _ in range(NEWS):
            news.tell(Activity(state="listening"))
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(news.send())
            await asyncio.sleep(0.1)
            sending.cancel()
        assert len(sent) == NEWS
        assert SpeechStarted() not in sent

    virtual_time.run(main())


def test_news_that_cannot_be_sent_stop_nothing() -> None:
    async def main() -> None:
        sent: list[Fact] = []

        async def emit(fact: Fact) -> None:
            if isinstance(fact, SpeechStarted):
                raise Unavailable("down")
            sent.append(fact)

        news = News(emit)
        news.tell(SpeechStarted())
        news.tell(Activity(state="idle"))
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(news.send())
            await asyncio.sleep(0.1)
            sending.cancel()
        assert sent == [Activity(state="idle")]

    virtual_time.run(main())
