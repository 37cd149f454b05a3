"""Our calls over audio ports inside the process, paced in real time; driven by `bench capacity`.

python -m bench.capacity_calls FOLDER-OF-SOUNDS FOLDER-OF-MODELS
"""

import asyncio
import itertools
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import uvloop

from bench.capacity_load import Meter, Script, ScriptedCaller, metronome, obey
from bench.capacity_parts import StubAgent, StubbedParts
from gateway.cli.serve import favour_event_loop
from gateway.leg import Channel, Playout
from pipelines.audio import SAMPLE_RATE, Frame
from pipelines.conversation import Conversation
from pipelines.facts import Fact
from pipelines.voice_call import VoiceCall


class ScriptedPort:
    """An `AudioPort` to a scripted caller, made of what our legs are made of."""

    sample_rate = SAMPLE_RATE

    def __init__(self, caller: ScriptedCaller) -> None:
        self._caller = caller
        self._frames: Channel[Frame] = Channel("bench", 25)
        self._playout = Playout()

    def tick(self, tick: int) -> None:
        """20 ms have passed."""
        self._frames.put(Frame(self._caller.say(tick)))
        if (frame := self._playout.take()) is not None:
            self._caller.hear(frame.pcm)

    def frames(self) -> AsyncIterator[Frame]:
        """What the caller says."""
        return self._frames

    async def play(self, frame: Frame) -> None:
        """Say it to the caller."""
        await self._playout.put(frame)

    def clear(self) -> int:
        """Drop what was not played."""
        return self._playout.clear()

    def played_ms(self) -> int:
        """What was played."""
        return self._playout.played_ms


def new_call(port: ScriptedPort, number: int, parts: StubbedParts) -> VoiceCall:
    """A call whose facts go nowhere but into its conversation."""
    conversation, numbers = Conversation(f"s{number}"), itertools.count(1)

    async def emit(fact: Fact) -> None:
        conversation.apply(fact)

    return VoiceCall(
        port, conversation, StubAgent(), emit, parts, ids=lambda prefix: f"{prefix}{next(numbers)}"
    )


async def main(sounds: Path, models: Path) -> None:
    """Carry as many calls as standard input says."""
    script, meter, ports = Script.read(sounds), Meter(), list[ScriptedPort]()
    parts = StubbedParts(models, script)
    async with parts.turn_workers, asyncio.TaskGroup() as tasks:

        async def carry(calls: int) -> None:
            while len(ports) < calls:
                port = ScriptedPort(ScriptedCaller(script, len(ports), meter.answers_ms))
                tasks.create_task(new_call(port, len(ports), parts).run(), name=f"call {len(ports)}")
                ports.append(port)
                await asyncio.sleep(0.02)

        tasks.create_task(metronome(ports), name="metronome")
        tasks.create_task(meter.watch_lag(), name="lag")
        await obey(meter, carry)
        os._exit(0)  # nothing of the end is measured


if __name__ == "__main__":
    favour_event_loop()
    uvloop.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
