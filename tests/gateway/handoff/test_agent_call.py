"""One connection to an agent's telephone: what is put to the handoff, in which order, and how it ends."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateway.handoff.agent_call import LAST_WORDS_S, AgentCall
from gateway.handoff.phrases import HandoffPhrases
from gateway.handoff.states import AgentLost, Connect, Input, PickedUp, Refused
from pipelines.facts import Unavailable
from tests import virtual_time
from tests.fakes.fake_speech import hush, speech, words_in
from tests.fakes.scripted_leg import ScriptedLeg
from tests.fakes.voice_parts import FakeVoiceParts

SAYS = HandoffPhrases()
WHISPER = "A customer wants a refund."
PERSON = PickedUp(person=True)


class World:
    """An agent who has picked up, and what the handoff was told."""

    def __init__(self) -> None:
        self.leg, self.parts = ScriptedLeg(), FakeVoiceParts()
        self.put: list[Input] = []
        self.free = True
        self.call = AgentCall("l_1", self.leg, self.parts, SAYS, self.accept, self.put.append)
        self.ended_at: float | None = None

    async def accept(self) -> bool:
        return self.free

    async def run(self, whisper: str | None) -> None:
        await self.call.run(whisper)
        self.ended_at = asyncio.get_running_loop().time()

    @property
    def heard(self) -> str:
        return words_in(self.leg.heard)


def run(test: Callable[[World], Awaitable[None]], whisper: str | None = WHISPER) -> World:
    async def main() -> World:
        world = World()
        world.leg.say([*hush(5), *speech("Hello")])
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(world.leg.serve())
            tasks.create_task(world.run(whisper))
            await test(world)
            world.leg.leave()
        return world

    return virtual_time.run(main())


@pytest.mark.parametrize(("key", "put"), [("1", Connect()), ("2", Refused("declined"))])
def test_the_key_decides(key: str, put: Input) -> None:
    async def test(world: World) -> None:
        await asyncio.sleep(12)
        assert world.heard == f"{WHISPER} {SAYS.reply}"
        world.leg.press(f"09{key}")
        await asyncio.sleep(0.1)

    assert run(test).put == [PERSON, put]


def test_keys_pressed_before_the_whisper_count() -> None:
    async def test(world: World) -> None:
        world.leg.press("1")
        await asyncio.sleep(3)
        assert WHISPER not in world.heard

    assert run(test).put == [PERSON, Connect()]


def test_without_a_whisper_nobody_is_asked() -> None:
    async def test(world: World) -> None:
        await asyncio.sleep(0.1)
        assert world.put == [PERSON, Connect()] and not world.heard

    run(test, whisper=None)


def test_who_hangs_up_is_told_from_who_declines() -> None:
    async def at_once(world: World) -> None:
        world.leg.leave()
        await asyncio.sleep(0.1)

    async def later(world: World) -> None:
        await asyncio.sleep(5)
        world.leg.leave()
        await asyncio.sleep(0.1)

    assert run(at_once).put == [AgentLost()]
    assert run(later).put == [PERSON, Refused("hung_up")]


def test_a_yes_that_is_too_late_is_told_and_then_refused() -> None:
    async def test(world: World) -> None:
        world.free = False
        await asyncio.sleep(5)
        world.leg.press("1")
        await asyncio.sleep(0.1)
        assert world.put == [PERSON], "not before they were told"
        await asyncio.sleep(LAST_WORDS_S)
        assert world.heard.endswith(SAYS.taken) and world.ended_at is not None

    assert run(test).put == [PERSON, Refused("too_late")]


@pytest.mark.parametrize("after_s", [0.2, 4, 12])
def test_last_words_end_whatever_is_under_way(after_s: float) -> None:
    async def test(world: World) -> None:
        await asyncio.sleep(after_s)
        world.call.dismiss(SAYS.customer_left)
        world.leg.press("1")
        await asyncio.sleep(LAST_WORDS_S)
        assert world.heard.endswith(SAYS.customer_left)
        assert world.ended_at is not None and world.ended_at <= after_s + LAST_WORDS_S
        assert Connect() not in world.put

    run(test)


def test_last_words_that_never_end_are_cut_off() -> None:
    async def test(world: World) -> None:
        await asyncio.sleep(4)
        world.call.dismiss("and so on " * 100)
        await asyncio.sleep(LAST_WORDS_S + 0.1)
        assert world.ended_at is not None

    run(test)


def test_without_a_voice_the_call_fails_as_a_dependency_does() -> None:
    async def main() -> None:
        world = World()
        world.parts.voice.dead = True
        world.leg.say([*hush(5), *speech("Hello")])
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(world.leg.serve())
            with pytest.raises(ExceptionGroup) as failure:
                await world.call.run(WHISPER)
            assert failure.value.subgroup(Unavailable) is not None
            serving.cancel()

    virtual_time.run(main())
