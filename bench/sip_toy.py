"""The least that a call can cost, for `bench sip`: an asyncio socket for each call that returns what comes.

python -m bench.sip_toy. It answers every INVITE, keeps no jitter buffer, looks into no packet and counts
nothing; what the callers measure against it is the floor of this machine, of its loopback and of themselves.
"""

import asyncio
import os
from typing import cast

import uvloop

from bench.capacity_load import Meter, obey, tell
from bench.sip_client import Text, description

HOST = "127.0.0.1"


class Echo(asyncio.DatagramProtocol):
    """One call's sound."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.transport.sendto(data, addr)


class Answering(asyncio.DatagramProtocol):
    """SIP, as far as friendly callers on loopback need it."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks
        self._calls: dict[str, asyncio.Task[bytes]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        request = Text.parse(data)
        method = request.first.partition(" ")[0]
        if method == "INVITE":
            self._tasks.create_task(self._invited(request, addr))
        elif method != "ACK":
            self.transport.sendto(request.answered("200 OK", {}), addr)

    async def _invited(self, request: Text, addr: tuple[str, int]) -> None:
        """Open a socket for a new call; a repeated INVITE gets the same answer."""
        call = request.header("call-id")
        if call not in self._calls:
            self._calls[call] = self._tasks.create_task(self._answer(request))
        self.transport.sendto(await self._calls[call], addr)

    async def _answer(self, request: Text) -> bytes:
        loop = asyncio.get_running_loop()
        media, _ = await loop.create_datagram_endpoint(Echo, local_addr=(HOST, 0))
        port = media.get_extra_info("sockname")[1]
        host, own = self.transport.get_extra_info("sockname")
        contact = {"contact": f"<sip:echo@{host}:{own}>"}
        return request.answered("200 OK", contact, description(HOST, port), tag="toy")


async def main() -> None:
    """Answer until standard input ends."""
    meter = Meter()
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as tasks:
        sip, _ = await loop.create_datagram_endpoint(lambda: Answering(tasks), local_addr=(HOST, 0))
        host, port = sip.get_extra_info("sockname")
        tasks.create_task(meter.watch_lag())
        tell({"address": f"{host}:{port}"})
        await obey(meter)
        os._exit(0)  # nothing of the end is measured


if __name__ == "__main__":
    uvloop.run(main())
