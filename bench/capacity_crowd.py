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
AT_ONCE = 16
"Connections being opened."
LATER = (b'"retry":true', b'"hello_first"')
"What says that it may go better another time; the second when the gateway was too busy to welcome us."
AGAIN_S = 0.5
"Who is told to try again later does so after this time."
PATIENCE_S = 60.0


class Later(Exception):
    """The gateway cannot just now, and says that it will."""


class Connection:
    """One chat websocket. Made by `connect`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, message: object) -> None:
        """A text frame."""
        self._write(0x81, json.dumps(message).encode())
        await self._writer.drain()

    async def receive(self) -> bytes:
        """The text of the next text frame; pings are answered. Raises `EOFError` at the end."""
        while True:
            first = await self._reader.readexactly(2)
            size = first[1] & 0x7F
            if size >= 126:
                size = int.from_bytes(await self._reader.readexactly(2 if size == 126 else 8), "big")
            payload = await self._reader.readexactly(size)
            match first[0] & 0x0F:
                case 1:
                    return payload
                case 8:
                    raise EOFError(payload[2:].decode())
                case 9:
                    self._write(0x8A, payload)

    def _write(self, first: int, payload: bytes) -> None:
        """A frame, masked as clients must."""
        mask, size = os.urandom(4), len(payload)
        masked = bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))
        length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + size.to_bytes(2, "big")
        self._writer.write(bytes([first]) + length + mask + masked)

    async def until(self, mark: bytes) -> None:
        """Read on until a text with this in it has come; raises `Later` or `RuntimeError` for an error."""
        while mark not in (text := await self.receive()):
            if b'"type":"error"' in text:
                raise (Later if any(each in text for each in LATER) else RuntimeError)(text.decode())

    def close(self) -> None:
        """Without a word."""
        self._writer.close()


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
        try:
            await connection.until(b'"welcome"')
        except Later:
            connection.close()
            raise
    return connection


class Crowd:
    """People who are there and say nothing."""

    def __init__(self, url: str, tasks: asyncio.TaskGroup) -> None:
        self._url = url
        self._tasks = tasks
        self.gone = 0
        "Connections that the gateway ended."

    async def grow(self, first: int, wanted: int) -> None:
        """Connect those with these numbers."""
        numbers = iter(range(first, wanted))

        async def some() -> None:
            for number in numbers:
                self._tasks.create_task(self._stay(await patiently(self._url, number)))

        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(some())

    async def _stay(self, connection: Connection) -> None:
        """Read, and answer pings, to the end."""
        try:
            while True:
                await connection.receive()
        except EOFError:
            self.gone += 1


async def patiently(url: str, number: int) -> Connection:
    """Connect, trying again for as long as the gateway says that this may help."""
    while True:
        try:
            return await connect(url, number)
        except Later:
            await asyncio.sleep(AGAIN_S)


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
    busy: list[Connection] = []
    there = 0
    tell({"ready": True})
    async with asyncio.TaskGroup() as tasks, commands() as orders:
        crowd = Crowd(url, tasks)
        async for order in orders:
            if "idle" in order:
                await crowd.grow(there, int(order["idle"]))
                there = max(there, int(order["idle"]))
                tell({"idle": there - crowd.gone})
            else:
                busy += [await patiently(url, number) for number in range(len(busy), int(order["ask"]))]
                tell(await ask(busy, order["seconds"]))
        os._exit(0)  # the connections end with the process


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    uvloop.run(main(sys.argv[1]))
