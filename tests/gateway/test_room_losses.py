"""The room when somebody leaves, vanishes, floods it or breaks, and in any order of what may happen."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.participant import Participant
from gateway.room import Mode, Role, Room
from pipelines.audio import Frame
from tests import virtual_time
from tests.fakes.scripted_leg import ScriptedLeg
from tests.gateway.joined import LEVELS, LONG, Meeting, level, meeting, ticks, value, who


def test_when_the_humans_leg_ends_everybody_knows_and_the_bot_can_take_the_customer_back() -> None:
    async def main() -> None:
        async with meeting() as met:
            met.bot()
            human = await met.bridged()
            met.legs["human"].leave()
            async with asyncio.timeout(0.05):
                await human.gone.wait()
            assert met.room.floor is None
            met.bot_heard.clear()
            met.bot()
            assert await met.heard("customer") == {"bot"}
            assert met.bot_heard

    virtual_time.run(main())


@pytest.mark.parametrize("mode", list(Mode))
def test_a_supervisor_who_vanishes_disturbs_nobody(mode: Mode) -> None:
    async def main() -> None:
        async with meeting() as met:
            await met.bridged()
            supervisor = await met.join(Role.SUPERVISOR)
            met.room.supervise(supervisor, mode)
            await ticks(5)
            met.legs["supervisor"].leave()
            await ticks(1)
            assert supervisor.gone.is_set()
            assert await met.heard("customer") == {"human"}
            assert await met.heard("human") == {"customer"}

    virtual_time.run(main())


@pytest.mark.parametrize("state", ["nobody", "bot", "bridged", "held"])
def test_when_the_customer_hangs_up_the_room_knows_whoever_reads(state: str) -> None:
    async def main() -> None:
        async with meeting() as met:
            if state == "bot":
                met.bot()
            elif state != "nobody":
                await met.bridged()
                met.room.hold(state == "held")
            with met.room.ears(Role.CUSTOMER) as ears:
                await ticks(5)
                met.customer.leave()
                async with asyncio.timeout(0.05):
                    await met.room.customer_gone.wait()
                    assert len([frame async for frame in ears]) >= 4
            assert [frame async for frame in met.room.ears(Role.CUSTOMER)] == []

    virtual_time.run(main())


def test_who_leaves_the_room_is_on_the_phone_still_and_may_be_heard_by_others_at_once() -> None:
    async def main() -> None:
        async with meeting() as met:
            human = await met.bridged()
            met.room.leave(human)
            assert met.room.floor is None
            leg = met.legs["human"]
            assert value(await anext(leg.frames())) == LEVELS["human"]
            assert leg.ended is None and not human.gone.is_set()
            assert await met.heard("human") == set()
            met.room.leave(human)

    virtual_time.run(main())


def test_a_call_that_is_cancelled_leaves_no_task_and_no_leg_hung_up() -> None:
    async def main() -> None:
        customer, human, supervisor = (ScriptedLeg(name) for name in ("customer", "human", "supervisor"))
        ears: list[AsyncIterator[Frame]] = []

        async def call() -> None:
            async with Room(customer) as room:
                await room.join(Role.SUPERVISOR, supervisor)
                assert await room.bridge(await room.join(Role.HUMAN, human))
                ears.extend([room.ears(Role.CUSTOMER), room.ears(Role.HUMAN)])
                await asyncio.sleep(1_000)

        async with asyncio.TaskGroup() as tasks:
            for leg in (customer, human, supervisor):
                tasks.create_task(leg.serve())
            before = len(asyncio.all_tasks())
            calling = tasks.create_task(call())
            await asyncio.sleep(1)
            calling.cancel()
            await asyncio.wait([calling])
            assert calling.cancelled()
            assert len(asyncio.all_tasks()) == before
            for each in ears:
                assert len([frame async for frame in each]) <= 25
            for leg in (customer, human, supervisor):
                assert leg.ended is None
                assert (await anext(leg.frames())).pcm, "others may read it"
                leg.leave()

    virtual_time.run(main())


class BrokenLeg(ScriptedLeg):
    """Its code has a bug."""

    def relay(self, frame: Frame) -> None:
        raise RuntimeError("a bug")


class FloodingLeg(ScriptedLeg):
    """Gives three frames for one, and takes none."""

    async def serve(self) -> None:
        while self.ended is None:
            for _ in range(3):
                self._frames.put(level(LEVELS["other"]))
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("kind", [BrokenLeg, FloodingLeg])
@pytest.mark.parametrize("mode", list(Mode))
def test_a_supervisors_bad_leg_disturbs_nobody_else(kind: type[ScriptedLeg], mode: Mode) -> None:
    async def main() -> None:
        async with meeting() as met:
            await met.bridged()
            bad = met.legs["other"] = kind("bad")
            met.tasks.create_task(bad.serve())
            if kind is BrokenLeg:
                bad.say([level(LEVELS["other"])] * LONG)
            met.room.supervise(await met.room.join(Role.SUPERVISOR, bad), mode)
            other = {"other"}
            assert await met.heard("customer") == {"human"} | (other if mode is Mode.BARGE else set())
            assert await met.heard("human") == {"customer"} | (other if mode is not Mode.MONITOR else set())

    virtual_time.run(main())


def test_a_human_who_floods_is_heard_with_80_ms_delay_at_most() -> None:
    async def main() -> None:
        async with meeting() as met:
            flood = met.legs["other"] = FloodingLeg("flood")
            met.tasks.create_task(flood.serve())
            human = await met.room.join(Role.HUMAN, flood)
            assert await met.room.bridge(human)
            assert await met.heard("customer") == {"other"}
            flood.leave()
            at = len(met.customer.heard)
            await ticks(10)
            assert sum(who(frame) == {"other"} for frame in met.customer.heard[at:]) <= 5

    virtual_time.run(main())


class Sequence:
    """Steps of a conversation in any order, and who may be heard by the customer after each."""

    def __init__(self, met: Meeting, human: Participant, other: Participant, supervisor: Participant) -> None:
        self.met = met
        self.supervisor = supervisor
        room = met.room
        self.steps: dict[str, Callable[[], object]] = {
            "bot": met.bot,
            "quiet": room.quiet,
            "bridge": lambda: room.bridge(human),
            "bridge other": lambda: room.bridge(other),
            "unbridge": lambda: room.unbridge(human),
            "hold": lambda: room.hold(True),
            "unhold": lambda: room.hold(False),
            "mute": lambda: room.mute(human, True),
            "unmute": lambda: room.mute(human, False),
            "music": lambda: room.music(Role.CUSTOMER, True),
            "leave": lambda: room.leave(human),
            "vanish": met.legs["supervisor"].leave,
            "take over": lambda: room.take_over(supervisor),
            "monitor": lambda: room.supervise(supervisor, Mode.MONITOR),
            "whisper": lambda: room.supervise(supervisor, Mode.WHISPER),
            "barge": lambda: room.supervise(supervisor, Mode.BARGE),
            "consult": lambda: room.supervise(supervisor, Mode.CONSULT),
        }

    async def take(self, step: str) -> None:
        with suppress(ValueError):  # there is no supervisor any more: they took over
            result = self.steps[step]()
            if isinstance(result, Coroutine):
                await result

    @property
    def allowed(self) -> set[str]:
        voices = {Role.BOT: {"bot"}, Role.HUMAN: {"human", "other", "music"}, None: {"music"}}
        allowed = voices[self.met.room.floor]
        over = self.supervisor.role is Role.HUMAN
        barging = self.supervisor.mode is Mode.BARGE and self.met.room.floor is not Role.BOT
        return allowed | {"supervisor"} if over or barging else allowed


STEPS = ["bot", "quiet", "bridge", "bridge other", "unbridge", "hold", "unhold", "mute", "unmute", "music"]
STEPS += ["leave", "vanish", "take over", "monitor", "whisper", "barge", "consult"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(STEPS), max_size=12))
def test_whatever_happens_the_customer_hears_one_voice_and_who_barges_in(steps: list[str]) -> None:
    async def main() -> None:
        async with meeting() as met:
            human, other = await met.join(Role.HUMAN), await met.join(Role.HUMAN, "other")
            sequence = Sequence(met, human, other, await met.join(Role.SUPERVISOR))
            for step in steps:
                await sequence.take(step)
                heard = await met.heard("customer", 2)
                assert heard <= sequence.allowed
                assert len(heard & {"human", "other", "bot", "music"}) <= 1

    virtual_time.run(main())
