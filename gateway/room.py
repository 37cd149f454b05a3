"""A room joins the live connections of one conversation.

The media path lies below the bot: the customer's leg belongs to the room, the bot only borrows a port to
it. So the bot can crash or be replaced, and the customer's connection does not notice. With one speaker
nothing is mixed: frames pass through untouched, and no queue is added to the leg's own.
"""

from collections.abc import AsyncIterator
from enum import StrEnum

from gateway.leg import Leg
from pipelines.audio import AudioPort, Frame


class Role(StrEnum):
    """As what somebody takes part."""

    CUSTOMER = "customer"
    BOT = "bot"
    HUMAN = "human"
    SUPERVISOR = "supervisor"


class Room:
    """One conversation: the customer's leg, and who has the floor, that is, talks with the customer."""

    def __init__(self, customer: Leg) -> None:
        self._customer = customer
        self._port: RoomPort | None = None

    @property
    def customer(self) -> Leg:
        """The customer's connection: for messages, and to hang up."""
        return self._customer

    @property
    def floor(self) -> Role | None:
        """Who may speak to the customer. One at a time, and only the room gives it."""
        return self._port.role if self._port else None

    def port(self, role: Role) -> AudioPort:
        """Give `role` the floor: what it hears of the customer and says to them.

        The port that was given before ends: it hears nothing more, cannot speak, and what it had still to
        say is dropped.
        """
        if self._port is not None:
            self._port.close()
            self._customer.clear()
        self._port = RoomPort(self._customer, role)
        return self._port


class RoomPort:
    """An `AudioPort` to the customer, for as long as the room lets its role have it."""

    def __init__(self, customer: Leg, role: Role) -> None:
        self.role = role
        self._customer = customer
        self._closed = False
        self._before_ms = customer.played_ms()

    @property
    def sample_rate(self) -> int:
        """Hz, that of the customer's leg."""
        return self._customer.sample_rate

    async def frames(self) -> AsyncIterator[Frame]:
        """What the customer says, until they are gone or another has the floor."""
        async for frame in self._customer.frames():
            if self._closed:
                return
            yield frame

    async def play(self, frame: Frame) -> None:
        """Say it to the customer, waiting while their playout is full; dropped once another has the floor."""
        if not self._closed:
            await self._customer.play(frame)

    def clear(self) -> int:
        """Drop what the customer has not heard yet; return how many ms that was."""
        return 0 if self._closed else self._customer.clear()

    def played_ms(self) -> int:
        """Milliseconds that left for the customer since this port was given."""
        return self._customer.played_ms() - self._before_ms

    def close(self) -> None:
        """Another has the floor now."""
        self._closed = True
