"""Many calls that go from a bot to a person and back, in one process and in real time, for `bench bridge`.

python -m bench.bridge_switch CALLS CUSTOMERS-HZ HUMANS-HZ tells in one line of JSON what the customers heard
at each switch: a bot that talks without a pause, then the person, then a bot again. There are no codecs and
no network: it is the room alone.
"""

import asyncio
import itertools
import sys
import time
from collections.abc import Sequence

import uvloop

from bench.bridge_leg import LEVELS, RealTimeLeg, level
from bench.capacity_load import metronome, tell
from gateway.room import Role, Room
from pipelines.audio import FRAME_MS, AudioPort
from pipelines.transport import AHEAD_MS

WARM_S = 2.0
BRIDGED_S = 5.0
AFTER_S = 1.0
APART_S = 0.037
"The calls are bridged one after the other, at any moment of a frame."

Heard = Sequence[tuple[float, str]]


def gaps_ms(heard: Heard, before: str, after: str) -> list[float]:
    """At each switch from one voice to the other: what passed between them beyond the frame's own 20 ms."""
    voices = [(at, whose) for at, whose in heard if whose]
    return [
        max(0.0, (then - at) * 1_000 - FRAME_MS)
        for (at, one), (then, other) in itertools.pairwise(voices)
        if (one, other) == (before, after)
    ]


async def talk(room: Room, port: AudioPort) -> None:
    """As a bot in the middle of a long answer, as far ahead as bots are."""
    words, said_ms = level(LEVELS["bot"], port.sample_rate), 0
    async for _ in port.frames():
        while said_ms - port.played_ms() < AHEAD_MS:
            said_ms += FRAME_MS
            await port.play(words)


async def call(customer: RealTimeLeg, human: RealTimeLeg, wait_s: float) -> None:
    """One call from the bot to the person and back."""
    async with Room(customer) as room, asyncio.TaskGroup() as tasks:
        bots = [tasks.create_task(talk(room, room.port(Role.BOT)))]
        person = await room.join(Role.HUMAN, human)
        await asyncio.sleep(WARM_S + wait_s)
        assert await room.bridge(person)
        await asyncio.sleep(BRIDGED_S)
        bots.append(tasks.create_task(talk(room, room.port(Role.BOT))))
        await asyncio.sleep(AFTER_S)
        for bot in bots:
            bot.cancel()


async def main(calls: int, customers_rate: int, humans_rate: int) -> None:
    """Carry them all, and tell."""
    customers = [RealTimeLeg(f"c{n}", "customer", customers_rate) for n in range(calls)]
    humans = [RealTimeLeg(f"h{n}", "human", humans_rate) for n in range(calls)]
    cpu = 0.0
    async with asyncio.TaskGroup() as tasks:
        clock = tasks.create_task(metronome([*customers, *humans]))
        pairs = zip(customers, humans, strict=True)
        under_way = [tasks.create_task(call(*pair, n * APART_S)) for n, pair in enumerate(pairs)]
        await asyncio.sleep(WARM_S + calls * APART_S + 0.5)
        began, used = time.monotonic(), time.process_time()
        await asyncio.sleep(BRIDGED_S - calls * APART_S - 1.0)
        cpu = (time.process_time() - used) / (time.monotonic() - began)
        await asyncio.wait(under_way)
        clock.cancel()
    bridged = [gap for leg in customers for gap in gaps_ms(leg.heard, "bot", "human")]
    back = [gap for leg in customers for gap in gaps_ms(leg.heard, "human", "bot")]
    private = sum(whose not in ("", "customer") for leg in humans for _, whose in leg.heard)
    tell({"bridged_ms": bridged, "back_ms": back, "cpu": cpu, "private": private})


if __name__ == "__main__":
    uvloop.run(main(*map(int, sys.argv[1:4])))
