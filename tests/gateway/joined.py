"""A room with people in it, under virtual time: each says a level of their own, so sums tell who is heard."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import islice

import numpy as np

from gateway.hold_music import hold_music
from gateway.matrix import Role
from gateway.participant import Participant
from gateway.room import Room
from pipelines.audio import FRAME_MS, SAMPLE_RATE, AudioPort, Frame
from pipelines.transport import AHEAD_MS
from tests.fakes.scripted_leg import ScriptedLeg

LEVELS = {"customer": 1_000, "human": 2_000, "supervisor": 4_000, "bot": 8_000, "other": 16_000}
LONG = 3_000
"Frames: everybody speaks for a minute."
MUSIC = {rate: {frame.pcm for frame in islice(hold_music(rate), 480)} for rate in (8_000, 16_000)}


def level(value: int, rate: int = SAMPLE_RATE) -> Frame:
    return Frame(np.full(rate // 50, value, "<i2").tobytes(), rate)


def value(frame: Frame) -> int:
    return int(np.frombuffer(frame.pcm, "<i2")[-1])


def who(frame: Frame) -> set[str]:
    """Whose levels are in the sum; resampling blurs them a little."""
    if frame.pcm in MUSIC[frame.sample_rate]:
        return {"music"}
    total = round(value(frame) / 1_000)
    return {name for name, each in LEVELS.items() if total & (each // 1_000)}


async def ticks(count: int) -> None:
    """So many frames go by."""
    await asyncio.sleep(count * FRAME_MS / 1_000)


class Meeting:
    """The room, its people, and the task group that they live in."""

    def __init__(self, room: Room, customer: ScriptedLeg, tasks: asyncio.TaskGroup) -> None:
        self.room = room
        self.customer = customer
        self.tasks = tasks
        self.legs = {"customer": customer}
        self.bot_heard: list[Frame] = []

    def call(self, name: str, rate: int = SAMPLE_RATE, *, speaks: bool = True) -> ScriptedLeg:
        """One more is on the phone."""
        leg = self.legs[name] = ScriptedLeg(name, rate)
        self.tasks.create_task(leg.serve())
        if speaks:
            leg.say([level(LEVELS[name], rate)] * LONG)
        return leg

    async def join(self, role: Role, name: str | None = None, rate: int = SAMPLE_RATE) -> Participant:
        """One more is on the phone, and in the room."""
        return await self.room.join(role, self.call(name or role.value, rate))

    async def bridged(self, rate: int = SAMPLE_RATE) -> Participant:
        """A human has the floor, and a moment has passed."""
        human = await self.join(Role.HUMAN, rate=rate)
        assert await self.room.bridge(human)
        await ticks(3)
        return human

    def bot(self) -> AudioPort:
        """A bot that talks without a pause has the floor."""
        port = self.room.port(Role.BOT)
        self.tasks.create_task(self._listen(port))
        self.tasks.create_task(self._talk(port))
        return port

    async def heard(self, name: str, count: int = 5) -> set[str]:
        """Whom somebody hears within the next frames; where clocks meet, one frame may lack somebody."""
        leg = self.legs[name]
        await ticks(3)  # what is on its way may still come
        before = len(leg.heard)
        await ticks(count)
        heard = [who(frame) for frame in leg.heard[before:]]
        everybody = set[str]().union(*heard)
        assert sum(each != everybody for each in heard) <= 1, heard
        return everybody

    async def _listen(self, port: AudioPort) -> None:
        async for frame in port.frames():
            self.bot_heard.append(frame)

    async def _talk(self, port: AudioPort) -> None:
        words, said_ms = level(LEVELS["bot"], port.sample_rate), 0
        while self.room.floor is Role.BOT and self.customer.ended is None:
            while port.played_ms() + AHEAD_MS > said_ms:
                said_ms += FRAME_MS
                await port.play(words)
            await ticks(1)


@asynccontextmanager
async def meeting(rate: int = SAMPLE_RATE, *, speaks: bool = True) -> AsyncIterator[Meeting]:
    """A customer on the phone in an open room; everybody has hung up at the end."""
    async with asyncio.TaskGroup() as tasks:
        customer = ScriptedLeg("customer", rate)
        tasks.create_task(customer.serve())
        if speaks:
            customer.say([level(LEVELS["customer"], rate)] * LONG)
        async with Room(customer) as room:
            met = Meeting(room, customer, tasks)
            try:
                yield met
            finally:
                for leg in met.legs.values():
                    leg.leave()
