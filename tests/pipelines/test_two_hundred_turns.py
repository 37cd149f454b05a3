"""A long, rude call: two hundred answers, each cut short by the next question, leave nothing behind."""

import asyncio
import gc
import threading
from collections import Counter
from types import AsyncGeneratorType, CoroutineType
from typing import TypeVar

from pipelines import conversation
from pipelines.answer import Basis, Say
from pipelines.facts import ReplyDone
from pipelines.recognizer import StreamingRecognizer, StreamingTimes
from pipelines.speech import Job, ModelWorkers, Priority
from tests import virtual_time
from tests.fakes.fake_speech import speech
from tests.fakes.scripted_answerer import Pause, ScriptedAnswerer
from tests.fakes.voice_parts import FakeVoiceParts, InlineWorkers, SpellingDecoder
from tests.pipelines.talk import Talk, talking

T = TypeVar("T")

TURNS = 200
WARM = 20
"Turns after which every buffer that is bounded has been full once."
QUIET_S = 20
"The last answer has ended by then, and nobody asks yet whether the caller is still there."
OWN = ("pipelines.", "asyncio", "pipecat.", "tests.pipelines.", "tests.fakes.")
GROWS: set[type] = {conversation.Turn}
"What was said is remembered for as long as the call lasts, and nothing else is."


class CountingWorkers(InlineWorkers):
    """Knows which jobs somebody still waits for."""

    def __init__(self) -> None:
        super().__init__()
        self.submitted: list[Job[object]] = []

    def submit(self, job: Job[T]) -> None:
        self.submitted.append(job)  # type: ignore[arg-type]
        super().submit(job)

    @property
    def open(self) -> list[Job[object]]:
        return [job for job in self.submitted if not job._withdrawn and job not in self.done]


def long_winded() -> ScriptedAnswerer:
    sentence = "Your parcel left our warehouse yesterday and will reach you on Tuesday. "
    return ScriptedAnswerer(lambda _: [Pause(0.1), Basis("model"), *[Say(sentence)] * 3])


async def interrupt(talk: Talk, times: int) -> None:
    """Ask again and again, each time into the middle of the answer."""
    for _ in range(times):
        await talk.say("tell me again please", then=1.6)


async def quiet(talk: Talk) -> None:
    """Let the last answer end, and let the fakes forget what they keep for other tests."""
    await asyncio.sleep(QUIET_S)
    talk.facts.clear()
    talk.times.clear()
    talk.leg.heard.clear()
    talk.answerer.seen.clear()
    assert isinstance(talk.parts.workers, CountingWorkers)
    assert not talk.parts.workers.open
    talk.parts.workers.submitted.clear()
    talk.parts.workers.done.clear()


def census() -> "Counter[type]":
    """How many objects of ours, of asyncio and of pipecat there are, by type."""
    gc.collect()
    kinds = (type(each) for each in gc.get_objects())
    return Counter(
        kind
        for kind in kinds
        if str(kind.__module__).startswith(OWN)
        or kind in (AsyncGeneratorType, CoroutineType, asyncio.Task, asyncio.Future)
    )


def test_two_hundred_interrupted_turns_leave_nothing_behind() -> None:
    async def main() -> None:
        before = asyncio.all_tasks()
        threads = threading.active_count()
        parts = FakeVoiceParts()
        parts.workers = CountingWorkers()
        async with talking(long_winded(), parts) as talk:
            await asyncio.sleep(2)
            await interrupt(talk, WARM)
            await quiet(talk)
            tasks, objects = asyncio.all_tasks(), census()
            await interrupt(talk, TURNS)
            assert sum(fact.interrupted for fact in talk.of(ReplyDone)) >= TURNS - 1
            await quiet(talk)
            assert {task.get_name() for task in asyncio.all_tasks() - tasks} == set()
            more = census() - objects
            assert {kind: count for kind, count in more.items() if count > WARM and kind not in GROWS} == {}
        assert parts.workers.dropped_calls == ["s1"]
        assert asyncio.all_tasks() == before
        assert threading.active_count() == threads

    virtual_time.run(main())


def test_two_hundred_broken_off_utterances_leave_no_job_and_no_thread() -> None:
    async def main() -> None:
        async with ModelWorkers("test-turns") as workers:
            slow = threading.Event()
            workers.submit(Job("another", Priority.FINAL, slow.wait, lambda _: None))
            heard: list[object] = []
            for number in range(TURNS):
                recognizer = StreamingRecognizer(
                    f"call{number}", SpellingDecoder(), workers, heard.append, StreamingTimes()
                )
                recognizer.start()
                for frame in speech("where is it"):
                    recognizer.hear(frame)
                recognizer.pause(1)
                recognizer.close()
            assert workers._queue == []
            slow.set()
        assert workers._running == set()
        assert heard == []
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("test-turns")]

    asyncio.run(main())
