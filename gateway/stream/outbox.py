"""Messages on their way to a provider: bounded, in order, sent by one task."""

import asyncio

from gateway.stream.connection import Connection, Gone
from gateway.stream.wire import Message

MOST_MESSAGES = 256
"That wait for a slow connection, some four seconds of sound and its marks; with one more the call is over."


class Outbox:
    """Whoever puts never waits; a full box says so."""

    def __init__(self) -> None:
        self._messages: asyncio.Queue[Message] = asyncio.Queue(MOST_MESSAGES)
        self._lost = False

    def put(self, message: Message) -> bool:
        """Queue a message; False when it is one too many."""
        try:
            self._messages.put_nowait(message)
        except asyncio.QueueFull:
            return False
        return True

    def lose(self) -> None:
        """Nothing can be sent any more: pass over what waits, so that nobody waits for it."""
        self._lost = True

    async def empty(self) -> None:
        """Wait until everything was sent, or passed over."""
        await self._messages.join()

    async def send(self, connection: Connection) -> None:
        """Send what comes, for ever. Raises `Gone` when it cannot; then what waits is passed over."""
        while True:
            message = await self._messages.get()
            try:
                if not self._lost:
                    await connection.send(message)
            except Gone:
                self.lose()
                raise
            finally:
                self._messages.task_done()
