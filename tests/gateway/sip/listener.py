"""Whoever a transport brings messages to, played by a test."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from gateway.sip.hop import Hop
from gateway.sip.message import BadRequest


@dataclass
class Listener:
    """Remembers what it is told (see `gateway.sip.connections.Listener`)."""

    known: frozenset[str] = frozenset()
    deaf: bool = False
    got: list[tuple[bytes, Hop]] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    gone: list[Hop] = field(default_factory=list)
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    def admits(self, hop: Hop) -> bool:
        return not self.deaf

    def knows(self, host: str) -> bool:
        return host in self.known

    def datagram(self, data: bytes, hop: Hop) -> None:
        self.got.append((data, hop))

    def receive(self, data: bytes, hop: Hop) -> None:
        self.got.append((data, hop))
        self._came.set()

    async def has(self, count: int) -> None:
        """Wait until so many messages came over connections."""
        while len(self.got) < count:
            self._came.clear()
            await self._came.wait()

    def refuse(self, fault: BadRequest, hop: Hop) -> None:
        self.refused.append(fault.status)

    def lost(self, hop: Hop) -> None:
        self.gone.append(hop)


class Spawn:
    """Runs what is given to it in a task group."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks

    def __call__(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks.create_task(work, name=name)


@asynccontextmanager
async def stream_to(
    port: int, host: str = "127.0.0.1"
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A TCP connection from an address of its own, closed at the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(host, 0))
    try:
        yield reader, writer
    finally:
        writer.close()
        await asyncio.sleep(0.05)
