"""The chatting crowd of `bench capacity`: idle connections by the thousand, or a few that never stop asking.

python -m bench.capacity_crowd URL. Websockets are spoken by hand on plain streams (RFC 6455, text frames
only), because the crowd shares the machine with the gateway that is measured. Obeys `{"idle": 10000}` and
`{"ask": 50, "seconds": 10}`.
"""

import asyncio
import base64
import json
import os
import resource
import sys
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

import uvloop

from bench.capacity_load import commands, tell

ADDRESSES = 64
"Loopback addresses that connections come from: each has its own 28 000 ports."
AT_ONCE = 50
"Connections being opened."
PATIENCE_S = 60.0


class Connection:
    """One chat websocket. Made by `connect`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, message: object) -> None:
        """A text frame, masked as clients must."""
        payload, mask = json.dumps(message).encode(), os.urandom(4)
        masked = bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + size.to_bytes(2, "big")
        self._writer.write(b"\x81" + length + mask + masked)
        await self._writer.drain()

    async def receive(self) -> bytes:
        """The text of the next frame; raises `asyncio.IncompleteReadError` at the end."""
        first = await self._reader.readexactly(2)
        size = first[1] & 0x7F
        if size >= 126:
            size = int.from_bytes(await self._reader.readexactly(2 if size == 126 else 8), "big")
        return await self._reader.readexactly(size)

    async def until(self, mark: bytes) -> None:
        """Read on until a text with this in it has come; raises `RuntimeError` for an error message."""
        while mark not in (text := await self.receive()):
            if b'"type":"error"' in text:
                raise RuntimeError(text.decode())


async def connect(url: str, number: int) -> Connection:
    """A chat that was welcomed."""
    parts = urlsplit(url)
    source = f"127.0.0.{2 + number % ADDRESSES}"
    async with asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection(
            parts.hostname, parts.port, local_addr=(source, 0), limit=4_096
        )
        key = base64.b64encode(os.urandom(16)).decode()
        writer.write(
            f"GET /chat HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head:
            raise RuntimeError(head.decode())
        connection = Connection(reader, writer)
        await connection.send({"type": "hello", "protocol": 1})
        await connection.until(b'"welcome"')
    return connection


async def crowd(url: str, connections: list[Connection], wanted: int) -> None:
    """Connect until there are so many."""
    numbers = iter(range(len(connections), wanted))

    async def some() -> None:
        for number in numbers:
            connections.append(await connect(url, number))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(some())


async def ask(connections: Sequence[Connection], seconds: float) -> dict[str, float]:
    """Everybody asks again as soon as they are answered; how many turns that gave, and how long one took."""
    took_ms: list[float] = []
    began = time.monotonic()
    end = began + seconds

    async def keep_asking(connection: Connection) -> None:
        number = 0
        while time.monotonic() < end:
            number, asked = number + 1, time.monotonic()
            await connection.send({"type": "message", "id": f"m{number}", "text": "Where is my order?"})
            await connection.until(b'"reply.done"')
            took_ms.append((time.monotonic() - asked) * 1_000)

    async with asyncio.TaskGroup() as tasks:
        for connection in connections:
            tasks.create_task(keep_asking(connection))
    took_ms.sort()
    elapsed = time.monotonic() - began
    return {"turns": len(took_ms), "per_second": len(took_ms) / elapsed, "p50_ms": took_ms[len(took_ms) // 2]}


async def main(url: str) -> None:
    """Obey standard input."""
    idle: list[Connection] = []
    busy: list[Connection] = []
    tell({"ready": True})
    async with commands() as orders:
        async for order in orders:
            if "idle" in order:
                await crowd(url, idle, int(order["idle"]))
                tell({"idle": len(idle)})
            else:
                await crowd(url, busy, int(order["ask"]))
                tell(await ask(busy, order["seconds"]))
        os._exit(0)  # the connections end with the process


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    uvloop.run(main(sys.argv[1]))
