"""An agent's leg is a leg like any other, and may be listened to by one room after the other."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import aclosing, asynccontextmanager
from typing import Any

from gateway.desk.leg import AgentLeg
from gateway.events import Message
from gateway.leg import DROPPED
from pipelines.audio import Frame
from tests import virtual_time
from tests.contracts.leg import Ends, LegContract, listen, loud, tone
from tests.fakes.scripted_leg import ScriptedLeg


@asynccontextmanager
async def agent() -> AsyncIterator[tuple[AgentLeg, ScriptedLeg]]:
    person = ScriptedLeg()
    leg = AgentLeg(person)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(person.serve(), name="scripted leg")
        tasks.create_task(leg.carry(), name="agent leg")
        await asyncio.sleep(0)
        yield leg, person
        person.leave()


class TestAgentLeg(LegContract):
    TOLERANCE = 2
    "What was said before somebody listened is not theirs."

    def run(self, main: Coroutine[Any, Any, None]) -> None:
        virtual_time.run(main)

    @asynccontextmanager
    async def ends(self) -> AsyncIterator[Ends]:
        async with agent() as (leg, person):

            async def hush(frames: int) -> None:
                person.say([None] * frames)

            async def leave() -> None:
                person.leave()

            async def got(count: int) -> list[Message]:
                return person.sent[:count]

            yield Ends(leg, person.say, hush, lambda: person.heard, got, person.write, leave)


def test_what_is_said_between_two_calls_is_heard_in_neither() -> None:
    async def test() -> None:
        async with agent() as (leg, person):
            assert len(await listen(leg, 1.0)) >= 45
            person.say(tone(50))
            await asyncio.sleep(2.0)
            before = DROPPED.labels("desk_in")._value.get()
            second = await listen(leg, 1.0)
            assert not any(loud(frame) for frame in second)
            assert 45 <= len(second) <= 52
            assert DROPPED.labels("desk_in")._value.get() == before

    virtual_time.run(test())


def test_a_new_listener_takes_the_place_of_the_old_one() -> None:
    async def test() -> None:
        async with agent() as (leg, _), asyncio.TaskGroup() as tasks:
            first = tasks.create_task(listen(leg, 10.0))
            await asyncio.sleep(1.0)
            second = await listen(leg, 1.0)
            assert 45 <= len(await first) <= 52 and len(second) >= 45

    virtual_time.run(test())


def test_a_listener_who_is_slow_to_go_does_not_take_the_next_one_along() -> None:
    async def test() -> None:
        async with agent() as (leg, _):
            heard: list[Frame] = []
            async with aclosing(leg.frames()) as first:  # type: ignore[type-var]
                await anext(first)
                async with asyncio.TaskGroup() as tasks:
                    second = tasks.create_task(listen(leg, 1.0))
                    await asyncio.sleep(0.5)
                    heard += [frame async for frame in first]
                assert len(second.result()) >= 45
            assert len(heard) <= 1

    virtual_time.run(test())


def test_nothing_is_known_of_an_agent_by_their_wire() -> None:
    leg = AgentLeg(ScriptedLeg("w_1"))
    assert (leg.leg_id, leg.kind, dict(leg.about), leg.ended) == ("w_1", "webrtc", {}, None)
