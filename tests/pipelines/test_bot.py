"""The bot's inbox and its order; whole conversations are in test_voice_call.py."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from pipelines.answer import Say
from pipelines.bot import INBOX, Agent, Announcement, Bot
from pipelines.conversation import Conversation
from pipelines.facts import CustomerTurn, Fact, ReplyDone, Unavailable
from pipelines.phrases import Phrases
from pipelines.stopwatch import Stopwatch
from pipelines.transport import LegTransport
from pipelines.turns import Answering
from tests import virtual_time
from tests.fakes.scripted_answerer import Pause, ScriptedAnswerer
from tests.fakes.scripted_leg import ScriptedLeg
from tests.fakes.voice_parts import ToneSynthesizer
from tests.pipelines.piping import running


class Desk:
    def __init__(self) -> None:
        self.leg = ScriptedLeg()
        self.transport = LegTransport(self.leg)
        self.answerer = ScriptedAnswerer(lambda words: [Pause(0.1), Say(f"Yes, {words}.")])
        self.conversation = Conversation("s1")
        self.facts: list[Fact] = []
        self.count = 0
        agent = Agent(self.conversation, self.answerer, self.emit, self.ids, Phrases(), opening="")
        self.bot = Bot(agent, self.transport.leg_output, ToneSynthesizer())

    async def emit(self, fact: Fact) -> None:
        await asyncio.sleep(0)
        self.facts.append(fact)
        self.conversation.apply(fact)

    def ids(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def hear(self, text: str) -> bool:
        loop = asyncio.get_running_loop()
        return self.bot.hear(text, Stopwatch(loop.time, loop.time()))

    @property
    def texts(self) -> list[str]:
        return [fact.pii.text for fact in self.facts if isinstance(fact, CustomerTurn | ReplyDone)]


@asynccontextmanager
async def desk() -> AsyncIterator[tuple[Desk, asyncio.Task[None]]]:
    desk = Desk()
    processors = [desk.transport.input(), desk.bot, desk.transport.output()]
    async with running(processors), asyncio.TaskGroup() as tasks:
        tasks.create_task(desk.leg.serve())
        listening = tasks.create_task(desk.transport.leg_input.listen())
        conversing = tasks.create_task(desk.bot.converse())
        yield desk, conversing
        desk.bot.end()
        await asyncio.wait([conversing])
        desk.leg.leave()
        await listening


def test_answers_turns_in_order() -> None:
    async def main() -> None:
        async with desk() as (it, _):
            assert it.hear("one") and it.hear("two")
            await asyncio.sleep(5)
        assert it.texts == ["one", "Yes, one.", "two", "Yes, two."]

    virtual_time.run(main())


def test_refuses_turns_beyond_its_bound() -> None:
    async def main() -> None:
        async with desk() as (it, _):
            taken = [it.hear(f"turn {n}") for n in range(INBOX + 3)]
            assert taken == [True] * INBOX + [False] * 3
            with pytest.raises(Unavailable, match="waiting"):
                await it.bot.write("and this", None)

    virtual_time.run(main())


def test_messages_that_are_still_being_stored_count_as_well() -> None:
    async def main() -> None:
        async with desk() as (it, _):
            storing = asyncio.Event()

            async def emit(fact: Fact) -> None:
                await storing.wait()
                await Desk.emit(it, fact)

            it.bot._agent = replace(it.bot._agent, emit=emit)
            async with asyncio.TaskGroup() as tasks:
                writing = [tasks.create_task(_written(it, f"m{n}")) for n in range(3 * INBOX)]
                await asyncio.sleep(0.1)
                storing.set()
            assert sum(task.result() for task in writing) == INBOX, "the others were told, and none was lost"
            await asyncio.sleep(60)
        assert sum(text.startswith("Yes") for text in it.texts) == INBOX

    virtual_time.run(main())


async def _written(it: Desk, text: str) -> bool:
    try:
        await it.bot.write(text, None)
    except Unavailable:
        return False
    return True


def test_is_answering_from_the_turn_to_the_last_sound() -> None:
    async def main() -> None:
        async with desk() as (it, _):
            states = [it.bot.answering]
            it.hear("one")
            for seconds in (0.0, 0.3, 5.0):
                states.append(it.bot.answering)
                await asyncio.sleep(seconds)
            states.append(it.bot.answering)
        assert [state is not Answering.NO for state in states] == [False, True, True, True, False]

    virtual_time.run(main())


def test_the_last_announcement_ends_the_conversation() -> None:
    async def main() -> None:
        async with desk() as (it, conversing):
            it.bot.announce(Announcement("Goodbye.", last=True))
            await asyncio.wait([conversing])
            assert it.texts == ["Goodbye."]

    virtual_time.run(main())


def test_somebody_who_speaks_at_the_last_moment_is_answered() -> None:
    async def main() -> None:
        async with desk() as (it, conversing):
            it.bot.announce(Announcement("Goodbye.", last=True))
            await asyncio.sleep(0.2)
            it.hear("wait")
            await asyncio.sleep(5)
            assert not conversing.done()
            assert it.texts == ["Goodbye.", "wait", "Yes, wait."]

    virtual_time.run(main())


def test_takes_nothing_after_the_end() -> None:
    async def main() -> None:
        async with desk() as (it, conversing):
            it.hear("one")
            it.bot.end()
            await asyncio.wait([conversing])
            with pytest.raises(Unavailable, match="over"):
                await it.bot.write("too late", None)
            it.bot.announce(Announcement("too late"))
        assert "too late" not in it.texts

    virtual_time.run(main())
