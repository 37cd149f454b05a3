"""Whose turn it is to talk with the customer of a call, and who writes down what is said."""

import asyncio

from gateway.handoff.states import Agent
from gateway.handoff.talk import LAST_WORDS_S, WRITTEN_S, Talk
from gateway.room import Role, Room
from tests.fakes.office import ALEX, Office
from tests.fakes.office_calls import at_work, calling
from tests.fakes.scripted_leg import ScriptedLeg


class Scribe:
    """A copilot that ends after a while, or breaks."""

    def __init__(self, seconds: float = 1.0, *, breaks: bool = False) -> None:
        self.seconds = seconds
        self.breaks = breaks
        self.ended = False

    async def run(self) -> None:
        if self.breaks:
            raise RuntimeError("the copilot broke")
        await asyncio.sleep(self.seconds)
        self.ended = True


class Babbler:
    """A bot that is never silent."""

    def announce(self, text: str) -> None:
        """It talks anyway."""

    async def silent(self) -> None:
        await asyncio.Event().wait()


def scribe(talk: Talk, agent: Agent) -> Scribe:
    return Scribe()


def test_a_bot_that_does_not_stop_talking_is_not_waited_for_without_end() -> None:
    office = Office()

    async def main() -> None:
        live = await office.chat("hello")
        async with asyncio.TaskGroup() as tasks:
            talk = Talk(Room(ScriptedLeg()), live, scribe, tasks)
            await talk.said()
            talk.speaks(Babbler())
            before = asyncio.get_running_loop().time()
            await talk.said()
            assert asyncio.get_running_loop().time() - before == LAST_WORDS_S

    office.run(main)


def test_the_last_words_are_written_down_after_the_call_but_not_for_ever() -> None:
    office = Office()

    async def main() -> None:
        scribes = [Scribe(3.0), Scribe(10_000.0)]
        for each in scribes:
            office.handoffs.make_copilot = lambda talk, agent, each=each: each
            async with at_work(office, ALEX), calling(office) as line:
                await line.wishes()
                await office.takes(ALEX)
                await asyncio.sleep(1)
                before = asyncio.get_running_loop().time()
            assert asyncio.get_running_loop().time() - before <= WRITTEN_S + 0.1
            await asyncio.sleep(200)
        assert [each.ended for each in scribes] == [True, False]

    office.run(main)


def test_a_copilot_that_breaks_does_not_part_the_two() -> None:
    office = Office()

    async def main() -> None:
        office.handoffs.make_copilot = lambda talk, agent: Scribe(breaks=True)
        async with at_work(office, ALEX), calling(office) as line:
            await line.wishes()
            await office.takes(ALEX)
            await asyncio.sleep(5)
            talk = office.handoffs.talk_of(line.session_id)
            assert talk is not None and talk.room.floor is Role.HUMAN and talk.with_person

    office.run(main)


def test_what_was_to_be_said_before_there_was_a_bot_is_said_once() -> None:
    office = Office()

    async def main() -> None:
        live = await office.chat("hello")
        async with asyncio.TaskGroup() as tasks:
            talk = Talk(Room(ScriptedLeg()), live, scribe, tasks)
            talk.tell("Somebody comes.")
            assert talk.opening() == "Somebody comes."
            assert talk.opening() is None
            talk.part()
            assert not talk.with_person

    office.run(main)
