"""What one tab still has to get: bounded, and nobody but the readers of events ever waits for it.

Three ways in. A message that must arrive is `push`ed; one that makes the former of its kind needless
`replace`s it; events of a watched session are `put`, and their reader waits while enough of them are here. A
tab for which more was pushed than the bound is behind: it is let go and comes back.
"""

import asyncio
from dataclasses import dataclass
from itertools import count

from prometheus_client import Counter
from pydantic import BaseModel

from gateway.desk.messages import Error

EVENTS = 64
"So many messages may be here before readers of events have to wait."
MOST = 512
"Beyond that a tab is behind."
RESTART, LATER, SIGNED_OUT = 1012, 1013, 4401
"Websocket close codes (RFC 6455, section 7.4.1, its registry, and one of ours)."

FELL_BEHIND = Counter("warmline_desk_fell_behind_total", "Tabs let go because they read too slowly")


@dataclass(frozen=True, slots=True)
class Goodbye:
    """Why a tab is let go."""

    code: int
    "Websocket close code."
    error: Error | None = None
    "Said before."


BEHIND = Goodbye(
    LATER,
    Error(
        code="fell_behind",
        fault="client",
        message="You read too slowly, so some news was not sent. Connect again.",
        retry=True,
    ),
)


class Outbox:
    """Messages on their way to one tab. One reader."""

    def __init__(self) -> None:
        self._messages: dict[object, BaseModel] = {}
        "In the order in which they go out; those that may be replaced by what they are about."
        self._numbers = count()
        self._ready = asyncio.Event()
        self._room = asyncio.Event()
        self.goodbye: Goodbye | None = None
        "Set once no more messages are taken."

    @property
    def waiting(self) -> int:
        """How many messages are here."""
        return len(self._messages)

    def push(self, message: BaseModel) -> None:
        """Send it; after the end it is ignored."""
        if self.goodbye is not None:
            return
        if len(self._messages) >= MOST:
            FELL_BEHIND.inc()
            self._messages.clear()
            self.close(BEHIND)
            return
        self._messages[next(self._numbers)] = message
        self._ready.set()

    def replace(self, message: BaseModel, about: str = "") -> None:
        """Send it, instead of an older one of its kind about the same that has not gone out yet."""
        if self.goodbye is None:
            self._messages[type(message), about] = message
            self._ready.set()

    async def put(self, message: BaseModel) -> None:
        """Send it, waiting while the tab has enough to read."""
        while len(self._messages) >= EVENTS and self.goodbye is None:
            self._room.clear()
            await self._room.wait()
        self.push(message)

    def close(self, goodbye: Goodbye) -> None:
        """No more messages; what is here already still goes out. The first reason counts."""
        if self.goodbye is None:
            self.goodbye = goodbye
        self._ready.set()
        self._room.set()

    async def take(self) -> BaseModel | None:
        """The next message; None when there will be none."""
        while not self._messages:
            if self.goodbye is not None:
                return None
            self._ready.clear()
            await self._ready.wait()
        self._room.set()
        return self._messages.pop(next(iter(self._messages)))
