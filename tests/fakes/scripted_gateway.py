"""A gateway over real HTTP and WebRTC whose bot is a script: greets, answers every utterance with a tone.

Runs in a thread of its own, so that commands which own the main thread's event loop can call it.
"""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from structlog.testing import capture_logs

from gateway.config import WebRtc
from gateway.events import CallRefused, CallWaiting, Event
from gateway.webrtc import rtvi
from gateway.webrtc.leg import WebRtcLeg
from gateway.webrtc.signalling import Answer, Offer, Signalling
from pipelines import facts
from pipelines.facts import Fact, Words
from tests.contracts.leg import loud, tone

QUIET_FRAMES = 15
"Silence after which the script takes an utterance as over (300 ms)."


class Bot:
    """Conducts one call by the script."""

    def __init__(self, leg: WebRtcLeg) -> None:
        self._leg = leg
        self._feed = rtvi.EventFeed()
        self._seq = 0

    async def conduct(self) -> None:
        await self._leg.connected()
        async with asyncio.TaskGroup() as tasks:
            obeying = tasks.create_task(self._obey())
            await self._reply("Hello.", None)
            await self._listen()
            obeying.cancel()

    async def refuse(self) -> None:
        """Have the caller wait for a moment, then turn them away."""
        await self._leg.connected()
        await self._tell(CallWaiting(leg_id=self._leg.leg_id, position=1))
        for frame in tone(10):
            await self._leg.play(frame)
        busy = CallRefused(leg_id=self._leg.leg_id, reason="waited_too_long", message="All lines are busy.")
        await self._tell(busy)
        await asyncio.sleep(0.5)
        await self._leg.hang_up("not taken")

    async def _listen(self) -> None:
        speaking, quiet, turn = False, 0, 0
        async for frame in self._leg.frames():
            quiet = 0 if loud(frame) else quiet + 1
            speaking = speaking or loud(frame)
            if speaking and quiet >= QUIET_FRAMES:
                speaking, turn = False, turn + 1
                said = Words(text=f"Question {turn}")
                await self._tell(facts.CustomerTurn(turn_id=f"c{turn}", channel="voice", pii=said))
                await self._reply(f"Answer {turn}.", f"c{turn}")

    async def _reply(self, text: str, answers: str | None) -> None:
        await self._tell(facts.ReplyStarted(turn_id="r", answers=answers))
        for frame in tone(10):
            await self._leg.play(frame)
        latency = facts.Latency(decision_ms=300, first_audio_ms=310) if answers else None
        words = Words(text=text)
        await self._tell(facts.ReplyDone(turn_id="r", answers=answers, latency=latency, pii=words))

    async def _tell(self, fact: Fact) -> None:
        self._seq += 1
        for message in self._feed.messages(Event(self._seq, 0.0, fact)):
            await self._leg.send(message)

    async def _obey(self) -> None:
        async for text in self._leg.messages():
            if isinstance(rtvi.read(text), rtvi.DisconnectBot):
                await self._leg.hang_up("said goodbye")


@contextmanager
def scripted_gateway(lines: int = 2, *, full: bool = False) -> Iterator[str]:
    """The gateway's URL; it refuses calls when `lines` is 0, and turns callers away when it is `full`."""
    with capture_logs(), socket.socket() as listener:  # the logs are not what the command prints
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)  # a caller who is quicker than the thread waits instead of being refused
        server = uvicorn.Server(uvicorn.Config(FastAPI(), log_level="error", lifespan="off"))
        thread = threading.Thread(target=lambda: asyncio.run(_serve(server, listener, lines, full)))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


async def _serve(server: uvicorn.Server, listener: socket.socket, lines: int, full: bool) -> None:
    async with asyncio.TaskGroup() as tasks:
        signalling = Signalling(WebRtc(calls=lines), tasks.create_task)
        app = server.config.app
        assert isinstance(app, FastAPI)

        @app.post("/api/offer")
        async def offer(request: Offer) -> Answer:
            answer = await signalling.offer(
                request, lambda leg, _: Bot(leg).refuse() if full else Bot(leg).conduct()
            )
            return answer.model_copy(update={"session": "s_1", "token": "t"})

        await server.serve([listener])
        await signalling.hang_up_all("the test is over")
