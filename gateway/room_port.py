"""The place from which a bot hears and speaks to the customer of a room, while the room lets it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from gateway.matrix import Role
from gateway.participant import Participant
from pipelines.audio import Frame


class Host(Protocol):
    """What a port tells its room."""

    def said(self, frame: Frame) -> None:
        """This was queued for the customer."""

    def unsay(self) -> None:
        """What was queued and not heard is dropped."""

    def reader_left(self, port: "RoomPort") -> None:
        """Nobody reads the customer's leg by this port any more."""

    def customer_left(self) -> None:
        """The customer's leg has ended."""


class RoomPort:
    """An `AudioPort` to the customer, for as long as the room lets its role have it.

    Its reader reads the customer's leg for the whole room: that costs a bot's call nothing, and others hear a
    frame before the bot does. `before`: a port that has ended, and whose reader may still wait for a frame.
    """

    def __init__(
        self, room: Host, customer: Participant, role: Role, before: "RoomPort | None" = None
    ) -> None:
        self.role = role
        self._room = room
        self._customer = customer
        self._leg = customer.leg
        self._before = before
        self._closed = False
        self._before_ms = self._leg.played_ms()
        self._left = asyncio.Event()
        self.reading = False
        "Whether somebody waits for the customer's next frame."

    @property
    def sample_rate(self) -> int:
        """Hz, that of the customer's leg."""
        return self._leg.sample_rate

    async def frames(self) -> AsyncIterator[Frame]:
        """What the customer says, until they are gone or another has the floor."""
        if self._before is not None:
            await self._before._left.wait()
        frames, customer = self._leg.frames(), self._customer
        try:
            while not self._closed:
                self.reading = True
                frame = await anext(frames)
                self.reading = False
                if customer.busy:
                    customer.say(frame)
                if not self._closed:
                    yield frame
        except StopAsyncIteration:
            self._room.customer_left()
        finally:
            self.reading = False
            self._left.set()
            self._room.reader_left(self)

    async def play(self, frame: Frame) -> None:
        """Say it to the customer, waiting while their playout is full; dropped once another has the floor."""
        if not self._closed:
            await self._leg.play(frame)
            self._room.said(frame)

    def clear(self) -> int:
        """Drop what the customer has not heard yet; return how many ms that was."""
        if self._closed:
            return 0
        self._room.unsay()
        return self._leg.clear()

    def played_ms(self) -> int:
        """Milliseconds that left for the customer since this port was given."""
        return self._leg.played_ms() - self._before_ms

    def close(self) -> None:
        """Another has the floor now."""
        self._closed = True
