"""Stock pipecat carrying calls over its FastAPIWebsocketTransport with a socket inside the process.

Run as `python capacity_pipecat_calls.py FOLDER-OF-SOUNDS`.
"""

import asyncio
import os
import sys
from pathlib import Path

import uvloop
from capacity_pipecat_bot import bot
from pipecat.frames.frames import InputAudioRawFrame, OutputAudioRawFrame
from pipecat.serializers.base_serializer import FrameSerializer
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.workers.runner import WorkerRunner
from starlette.websockets import WebSocketState

from bench.capacity_load import Meter, Script, ScriptedCaller, metronome, obey


class PlainAudio(FrameSerializer):
    """Bytes are sound: cheaper than any serializer of a carrier."""

    async def serialize(self, frame):
        return frame.audio if isinstance(frame, OutputAudioRawFrame) else None

    async def deserialize(self, data):
        return InputAudioRawFrame(data, 16_000, 1)


class FakeSocket:
    """What the transport uses of a Starlette websocket."""

    client_state = application_state = WebSocketState.CONNECTED
    headers = {}

    def __init__(self, caller: ScriptedCaller):
        self._caller = caller
        self._messages = asyncio.Queue()

    def tick(self, tick: int) -> None:
        self._messages.put_nowait({"type": "websocket.receive", "bytes": self._caller.say(tick)})

    async def receive(self):
        return await self._messages.get()

    async def send_bytes(self, data: bytes) -> None:
        self._caller.hear(data)

    async def send_text(self, data: str) -> None:
        pass

    async def close(self, *_) -> None:
        pass


async def main() -> None:
    script, meter = Script.read(Path(sys.argv[1])), Meter()
    sockets = []
    runner = WorkerRunner(handle_sigint=False)

    async def carry(calls: int) -> None:
        while len(sockets) < calls:
            socket = FakeSocket(ScriptedCaller(script, len(sockets), meter.answers_ms))
            params = FastAPIWebsocketParams(
                audio_in_enabled=True, audio_out_enabled=True, serializer=PlainAudio()
            )
            await runner.add_workers(bot(FastAPIWebsocketTransport(socket, params), script))
            sockets.append(socket)
            await asyncio.sleep(0.1)

    works = (runner.run(auto_end=False), metronome(sockets), meter.watch_lag())
    async with asyncio.TaskGroup() as tasks:
        for work in works:
            tasks.create_task(work)
        await obey(meter, carry)
        os._exit(0)  # ending hundreds of pipelines is not what is measured


if __name__ == "__main__":
    uvloop.run(main())
