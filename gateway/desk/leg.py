"""An agent's audio, kept from the first call to the last: a `Leg` that many rooms in a row may use.

What the agent says between two calls is heard by nobody and kept nowhere, so a call begins without a backlog.
A browser sends audio all the time, a muted one silence: where nothing comes, it was killed or is cut off.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping

from gateway.events import Message
from gateway.leg import Channel, Hangup, Kind, Leg
from pipelines.audio import Frame

FRAMES_WAITING = 25
"Half a second of what we heard."
LOST_FRAMES = 100
"Two seconds in which nothing came: a customer is not to hear more of that."


class AgentLeg:
    """See `gateway.leg.Leg`, which it is for as long as the one that it wraps lives."""

    def __init__(self, leg: Leg) -> None:
        self._leg = leg
        self._listener: Channel[Frame] | None = None
        self._missing = 0
        self.lost = asyncio.Event()
        "Set while nothing comes."
        self.back = asyncio.Event()
        "Set once something comes after that."

    async def carry(self) -> None:
        """Pass on what the agent says to whoever listens, until the leg has ended. To be run exactly once."""
        try:
            async for frame in self._leg.frames():
                self._count(frame)
                if self._listener is not None:
                    self._listener.put(frame)
        finally:
            if self._listener is not None:
                self._listener.close()

    def _count(self, frame: Frame) -> None:
        self._missing = self._missing + 1 if frame.filled else 0
        if self._missing == LOST_FRAMES:
            self.back.clear()
            self.lost.set()
        elif not frame.filled and self.lost.is_set():
            self.lost.clear()
            self.back.set()

    @property
    def leg_id(self) -> str:
        """That of the wrapped leg."""
        return self._leg.leg_id

    @property
    def kind(self) -> Kind:
        """That of the wrapped leg."""
        return self._leg.kind

    @property
    def about(self) -> Mapping[str, str]:
        """Nothing: who the agent is, is known."""
        return {}

    @property
    def sample_rate(self) -> int:
        """Hz, both ways."""
        return self._leg.sample_rate

    @property
    def ended(self) -> Hangup | None:
        """How it ended, or None while it lives."""
        return self._leg.ended

    async def frames(self) -> AsyncIterator[Frame]:
        """What the agent says from now on, until the leg ends or somebody else listens."""
        if self._listener is not None:
            self._listener.close()
        channel: Channel[Frame] = Channel("desk_in", FRAMES_WAITING)
        self._listener = channel
        if self._leg.ended is not None:
            channel.close()
        try:
            async for frame in channel:
                yield frame
        finally:
            if self._listener is channel:
                self._listener = None

    async def play(self, frame: Frame) -> None:
        """Say it to the agent, waiting while 400 ms are queued."""
        await self._leg.play(frame)

    def relay(self, frame: Frame) -> None:
        """Let the agent hear a live frame as soon as possible."""
        self._leg.relay(frame)

    def clear(self) -> int:
        """Drop what was queued; return how many ms of it were dropped."""
        return self._leg.clear()

    def played_ms(self) -> int:
        """Milliseconds of queued audio that left for the agent since the leg began."""
        return self._leg.played_ms()

    def digits(self) -> AsyncIterator[str]:
        """Those of the wrapped leg; a browser has none."""
        return self._leg.digits()

    async def send(self, message: Message) -> None:
        """Deliver a message on the data channel, if there is one."""
        await self._leg.send(message)

    def messages(self) -> AsyncIterator[str]:
        """What the agent's client sends beside the audio; what agents ask for comes as commands instead."""
        return self._leg.messages()

    async def hang_up(self, reason: str) -> None:
        """End the agent's audio altogether; not to end a call."""
        await self._leg.hang_up(reason)
