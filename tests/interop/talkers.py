"""People who talk in a call, alike for every kind of line: they say a sound, and what they heard is kept."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
import numpy as np

from gateway.events import Message
from gateway.webrtc import caller
from gateway.webrtc.caller import Caller
from pipelines.audio import SAMPLE_RATE, Frame
from tests.interop.baresip import Baresip, Settings, baresip
from tests.interop.sounds import Sound

FRAME = SAMPLE_RATE // 50
SOMETHING_S, ENOUGH_S = 0.7, 12.0
"Speech, without its pauses."


class Talker(Protocol):
    """Somebody in a call."""

    async def say(self, sound: Sound) -> None:
        """Begin to say it."""

    def heard(self) -> Sound:
        """Everything since the call began, silence included."""

    async def hang_up(self) -> None:
        """End the call."""


@dataclass(frozen=True, slots=True)
class Browser:
    """Talks by WebRTC, as a page does."""

    caller: Caller
    answer: Message

    async def say(self, sound: Sound) -> None:
        samples = sound.at(SAMPLE_RATE).samples
        whole = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
        self.caller.say(Frame(each.tobytes()) for each in whole)

    def heard(self) -> Sound:
        return Sound(np.frombuffer(self.caller.recording, np.int16), SAMPLE_RATE)

    async def hang_up(self) -> None:
        self.caller.send({"label": "rtvi-ai", "type": "disconnect-bot", "id": "over"})
        await self.caller.over()


@asynccontextmanager
async def in_browser(client: httpx.AsyncClient, path: str) -> AsyncIterator[Browser]:
    """A browser's call to the gateway at `path`, connected."""

    async def signal(offer: Message) -> Message:
        answer = await client.post(path, json=offer)
        assert answer.is_success, f"{answer.status_code} {answer.text}"
        made: dict[str, Any] = answer.json()
        return made

    async with caller.connect(signal) as person:
        assert await person.opened()
        yield Browser(person, person.answer)


@asynccontextmanager
async def on_telephone(uri: str) -> AsyncIterator[Baresip]:
    """A telephone's call to the gateway, answered."""
    async with baresip(Settings()) as telephone:
        await telephone.dial(uri)
        await telephone.until("CALL_ESTABLISHED")
        yield telephone


async def spoken_to(talker: Talker, since_s: float, seconds: float, quiet_s: float = 1.5) -> Sound:
    """What is said to somebody after a moment of what they heard, once there is a pause of `quiet_s`."""
    async with asyncio.timeout(seconds):
        while True:
            await asyncio.sleep(0.1)
            new = talker.heard().after(since_s)
            over = new.loud_s > SOMETHING_S and not new.after(max(new.seconds - quiet_s, 0)).is_loud()
            if over or new.loud_s > ENOUGH_S:
                return new
