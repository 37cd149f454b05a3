"""TLS connections that are slow to become any, with a real listener on loopback."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import uvloop

from gateway.addresses import Listen
from gateway.sip.connections import Connections, Credentials
from gateway.sip.handshake import HANDSHAKE_S
from gateway.sip.hop import Hop
from gateway.sip.tls import client_context, server_context
from gateway.trunks import Flood, Tls
from tests import virtual_time
from tests.gateway.sip.listener import Listener, Spawn, stream_to
from tests.gateway.sip.test_connection import OPTIONS, closed_within
from tests.interop import certificates


@asynccontextmanager
async def listening(
    listener: Listener, folder: Path, most: int = 1000
) -> AsyncIterator[tuple[Connections, int]]:
    file = folder / "tls.pem"
    if not file.exists():
        certificates.make(file)
    tls = Tls(certificate=file, private_key=file, authorities=file)
    ours = Credentials(client_context(tls, verify=True), "localhost")
    async with asyncio.TaskGroup() as tasks:
        connections = Connections(listener, Flood(connections=most), lambda hop: ours, Spawn(tasks))
        at = Listen(transport="tls", host="127.0.0.1", port=0)
        _, port = connections.listen(at, server_context(tls))
        await connections.open()
        try:
            yield connections, port
        finally:
            connections.close()
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_hands_are_shaken_and_messages_come(tmp_path: Path, loop: object) -> None:
    async def main() -> None:
        there, here = Listener(), Listener()
        async with listening(there, tmp_path) as (_, port), listening(here, tmp_path) as (connections, _):
            assert connections.send(OPTIONS * 20, Hop("tls", "127.0.0.1", port))
            async with asyncio.timeout(10):
                await there.has(20)
            back = there.got[0][1]
            assert (back.transport, back.host) == ("tls", "127.0.0.1")

    with asyncio.Runner(loop_factory=loop) as runner:  # type: ignore[arg-type]
        runner.run(main())


def test_who_says_nothing_is_cut_off(tmp_path: Path) -> None:
    async def main() -> None:
        listener = Listener()
        async with listening(listener, tmp_path) as (_, port), stream_to(port) as (reader, _):
            assert not await closed_within(reader, HANDSHAKE_S - 1)
            assert await closed_within(reader, 2)
            assert listener.got == []

    virtual_time.run(main())


@pytest.mark.parametrize("data", [OPTIONS, b"\x16\x03\x01" + b"\xff" * 200])
def test_who_speaks_something_else_is_cut_off(tmp_path: Path, data: bytes) -> None:
    async def main() -> None:
        listener = Listener()
        async with listening(listener, tmp_path) as (_, port), stream_to(port) as (reader, writer):
            writer.write(data)
            assert await closed_within(reader, 2)
            assert listener.got == []

    virtual_time.run(main())


def test_unfinished_handshakes_of_one_source_are_limited_and_hurt_nobody_else(tmp_path: Path) -> None:
    async def main() -> None:
        listener = Listener(known=frozenset({"127.0.0.1"}))
        async with listening(listener, tmp_path, most=40) as (connections, port), AsyncExitStack() as stack:
            slow = [await stack.enter_async_context(stream_to(port, "127.0.0.9")) for _ in range(30)]
            await asyncio.sleep(0.1)
            cut = [await closed_within(reader, 0.01) for reader, _ in slow]
            assert cut.count(True) == 10
            assert connections.send(OPTIONS, Hop("tls", "127.0.0.1", port))
            await asyncio.sleep(0.5)
            assert len(listener.got) == 1
            await asyncio.sleep(HANDSHAKE_S + 1)
            assert connections._shaking.total() == 0

    virtual_time.run(main())


def test_a_certificate_for_somebody_else_is_not_taken(tmp_path: Path) -> None:
    async def main() -> None:
        there, here = Listener(), Listener()
        async with listening(there, tmp_path) as (_, port), listening(here, tmp_path) as (connections, _):
            made = connections._credentials(Hop("tls", "127.0.0.1", port))
            connections._credentials = lambda hop: Credentials(made.context, "sip.carrier.example")
            assert isinstance(made.context, ssl.SSLContext)
            assert connections.send(OPTIONS, Hop("tls", "127.0.0.1", port))
            await asyncio.sleep(1)
            assert here.gone == [Hop("tls", "127.0.0.1", port)] and there.got == []

    virtual_time.run(main())
