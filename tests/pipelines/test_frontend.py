"""The front end's own duties; what it hears and does in a call is tested in test_voice_call.py."""

import asyncio
from typing import Any, cast
from unittest.mock import Mock

from pipelines.audio import silence
from pipelines.ears import Ears
from pipelines.facts import Activity, Fact, SpeechStarted, TranscriptPartial, Unavailable
from pipelines.frontend import BACKGROUND, DEAF_FRAMES, NEWS, FrontEnd, News
from pipelines.phrases import Phrases
from pipelines.stopwatch import Stopwatch
from pipelines.transcript import Final, Lost, Partial
from pipelines.turn_times import TurnTimes
from pipelines.turns import Answering, TurnTaking
from pipelines.voice import VoiceChange
from tests import virtual_time


class Ear:
    """A front end whose voice detection, recogniser and end-of-turn model say what a test says."""

    def __init__(self) -> None:
        self.bot = Mock(answering=Answering.NO, asks_yes_no=False, awaited_digits=None)
        self.bot.caption = lambda text: text
        self.detection = Mock(late_ms=100, silent=False, stirring=False, near=True)
        self.endpoint = Mock()
        self.news = Mock()
        self.front_end = FrontEnd(cast(Any, self.bot), cast(Any, Mock()), cast(Any, self.news), Phrases())
        turns = TurnTaking(TurnTimes())
        self.front_end.listen_with(Ears(self.detection, turns, cast(Any, Mock()), self.endpoint))

    async def hear(self, frames: int, change: VoiceChange | None = None) -> None:
        for _ in range(frames):
            self.detection.hear.return_value, change = change, None
            self.front_end.hear(silence())
            await asyncio.sleep(0.02)


def test_the_time_of_a_final_transcript_is_that_of_the_last_pause_or_none() -> None:
    async def main() -> None:
        ear = Ear()
        await ear.hear(50, VoiceChange.STARTED)
        await ear.hear(5, VoiceChange.STOPPED)
        ear.front_end.heard(Final(1, "I would like"))
        await ear.hear(50, VoiceChange.STARTED)
        ear.front_end.heard(Partial("I would like to know", 0))
        await ear.hear(250, VoiceChange.STOPPED)
        ((text, stopwatch), _) = ear.bot.hear.call_args
        assert text == "I would like to know" and isinstance(stopwatch, Stopwatch)
        assert stopwatch.final_transcript_ms is None

    virtual_time.run(main())


def test_that_we_cannot_hear_is_said_every_half_minute_at_most() -> None:
    async def main() -> None:
        ear = Ear()
        for wait, said in ((0, 1), (DEAF_FRAMES - 1, 1), (1, 2)):
            await ear.hear(wait)
            ear.front_end.heard(Lost("the recogniser failed"))
            assert sum(call.args[0].trouble is not None for call in ear.bot.announce.mock_calls) == said

    virtual_time.run(main())


def test_nobody_asks_any_more_whether_a_turn_that_is_over_sounded_over() -> None:
    async def main() -> None:
        ear = Ear()
        for text in ("where is my order", ""):
            ear.endpoint.reset_mock()
            await ear.hear(50, VoiceChange.STARTED)
            await ear.hear(10, VoiceChange.STOPPED)
            pause = ear.endpoint.judge.call_args.args[0]
            ear.front_end.heard(Final(pause, text))
            assert not ear.endpoint.resume.called
            await ear.hear(100)
            assert ear.endpoint.resume.called

    virtual_time.run(main())


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


def test_words_in_the_background_are_not_shown_and_counted() -> None:
    async def main() -> None:
        ear = Ear()
        ear.detection.near = False
        before = BACKGROUND._value.get()
        await ear.hear(50, VoiceChange.STARTED)
        ear.front_end.heard(Partial("and then she said", 0))
        await ear.hear(10, VoiceChange.STOPPED)
        ear.front_end.heard(Final(1, "And then she said no."))
        await ear.hear(100)
        assert not ear.bot.hear.called and not ear.bot.overhear.called
        assert not any(isinstance(call.args[0], TranscriptPartial) for call in ear.news.tell.mock_calls)
        assert BACKGROUND._value.get() == before + 1

    virtual_time.run(main())
