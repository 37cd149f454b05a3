"""One TCP connection: messages in pieces, keepalives, silence, floods and readers who do not read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.addresses import Listen
from gateway.sip import connection
from gateway.sip.connection import (
    AT_ONCE,
    HALF_OPEN_MS,
    KNOWN_IDLE_MS,
    MOST_UNSENT,
    PING_MS,
    STRANGER_IDLE_MS,
)
from gateway.sip.connections import Connections, Credentials
from gateway.sip.hop import Hop
from gateway.trunks import Flood
from tests import virtual_time
from tests.gateway.sip.bare_phone import request
from tests.gateway.sip.listener import Listener, Spawn, stream_to

OPTIONS = request("OPTIONS", transport="TCP")


def nobody(hop: Hop) -> Credentials:
    raise AssertionError("no TLS here")


@asynccontextmanager
async def listening(listener: Listener) -> AsyncIterator[tuple[Connections, int]]:
    async with asyncio.TaskGroup() as tasks:
        connections = Connections(listener, Flood(), nobody, Spawn(tasks))
        _, port = connections.listen(Listen(transport="tcp", host="127.0.0.1", port=0), None)
        await connections.open()

        async def look_after() -> None:
            while True:
                await asyncio.sleep(1)
                connections.look_after(int(asyncio.get_running_loop().time() * 1000))

        looking = tasks.create_task(look_after())
        try:
            yield connections, port
        finally:
            looking.cancel()
            connections.close()
            await asyncio.sleep(0.05)


async def closed_within(reader: asyncio.StreamReader, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            while await reader.read(65_536):
                pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


def test_messages_are_put_together_from_pieces_and_taken_apart() -> None:
    async def main() -> None:
        listener = Listener()
        async with listening(listener) as (_, port), stream_to(port) as (_, writer):
            for at in range(0, len(OPTIONS), 7):
                writer.write(OPTIONS[at : at + 7])
                await asyncio.sleep(0.001)
            writer.write(OPTIONS * 3)
            await asyncio.sleep(0.1)
            assert [data for data, _ in listener.got] == [OPTIONS] * 4
            hop = listener.got[0][1]
            assert (hop.transport, hop.host) == ("tcp", "127.0.0.1") and hop.connection is not None

    virtual_time.run(main())


def test_what_is_sent_goes_back_over_the_same_connection() -> None:
    async def main() -> None:
        listener = Listener()
        async with listening(listener) as (connections, port), stream_to(port) as (reader, writer):
            writer.write(OPTIONS)
            await asyncio.sleep(0.1)
            hop = listener.got[0][1]
            assert connections.send(b"one", hop)
            assert connections.send(b"two", Hop("tcp", hop.host, hop.port))
            assert await reader.readexactly(6) == b"onetwo"

    virtual_time.run(main())


def test_a_keepalive_is_answered() -> None:
    async def main() -> None:
        async with listening(Listener()) as (_, port), stream_to(port) as (reader, writer):
            writer.write(b"\r\n\r\n")
            assert await reader.readexactly(2) == b"\r\n"

    virtual_time.run(main())


def test_many_messages_at_once_leave_others_their_turn() -> None:
    async def main() -> None:
        listener, turns = Listener(), [0]
        async with listening(listener) as (_, port), stream_to(port) as (_, writer):
            writer.write(OPTIONS * 50)
            while len(listener.got) < 50:
                await asyncio.sleep(0)
                turns.append(len(listener.got))
            assert max(b - a for a, b in zip(turns, turns[1:], strict=False)) <= 2 * AT_ONCE

    virtual_time.run(main())


@pytest.mark.parametrize("begun", [b"", b"\r\n", OPTIONS[:20], OPTIONS + OPTIONS[:20]])
def test_a_half_open_connection_is_closed(begun: bytes) -> None:
    async def main() -> None:
        async with listening(Listener()) as (_, port), stream_to(port) as (reader, writer):
            writer.write(begun)
            whole = begun.startswith(OPTIONS)
            wait_s = (STRANGER_IDLE_MS if whole else HALF_OPEN_MS) / 1000
            assert not await closed_within(reader, wait_s - 2)
            assert await closed_within(reader, 5)

    virtual_time.run(main())


def test_one_that_dribbles_does_not_gain_time() -> None:
    async def main() -> None:
        async with listening(Listener()) as (_, port), stream_to(port) as (reader, writer):
            writer.write(OPTIONS)
            await asyncio.sleep(1)
            async with asyncio.TaskGroup() as tasks:
                waiting = tasks.create_task(closed_within(reader, 30))
                for byte in OPTIONS[:12]:
                    writer.write(bytes([byte]))
                    await asyncio.sleep(1)
                assert waiting.done() and waiting.result()

    virtual_time.run(main())


@pytest.mark.parametrize(("known", "idle_ms"), [(False, STRANGER_IDLE_MS), (True, KNOWN_IDLE_MS)])
def test_an_idle_connection_is_closed_a_trunks_later(known: bool, idle_ms: int) -> None:
    async def main() -> None:
        listener = Listener(known=frozenset({"127.0.0.1"}) if known else frozenset())
        async with listening(listener) as (_, port), stream_to(port) as (reader, writer):
            writer.write(OPTIONS)
            assert not await closed_within(reader, idle_ms / 1000 - 2)
            assert await closed_within(reader, 5)

    virtual_time.run(main())


def test_a_stream_that_cannot_be_followed_is_refused_and_closed() -> None:
    async def main() -> None:
        listener = Listener()
        async with listening(listener) as (_, port), stream_to(port) as (reader, writer):
            writer.write(OPTIONS.replace(b"Content-Length: 0", b"Content-Length: x"))
            assert await closed_within(reader, 1)
            assert listener.refused == [400] and listener.got == []

    virtual_time.run(main())


def test_who_is_not_listened_to_is_cut_off() -> None:
    async def main() -> None:
        async with listening(Listener(deaf=True)) as (_, port), stream_to(port) as (reader, writer):
            writer.write(OPTIONS)
            assert await closed_within(reader, 1)

    virtual_time.run(main())


def test_who_does_not_read_is_cut_off_before_memory_fills() -> None:
    async def main() -> None:
        listener = Listener()
        async with listening(listener) as (connections, port), stream_to(port) as (_, writer):
            writer.write(OPTIONS)
            await asyncio.sleep(0.1)
            hop, sent = listener.got[0][1], 0
            while connections.send(b"x" * 60_000, hop) and not listener.gone:
                sent += 60_000
                await asyncio.sleep(0)
                assert sent < MOST_UNSENT + 32_000_000, "what the kernel takes besides"
            await asyncio.sleep(0.1)
            assert [gone.connection for gone in listener.gone] == [hop.connection]

    virtual_time.run(main())


def test_ours_are_kept_alive() -> None:
    async def main() -> None:
        there, here = Listener(), Listener()
        async with listening(there) as (_, port), listening(here) as (connections, _):
            assert connections.send(OPTIONS, Hop("tcp", "127.0.0.1", port))
            await asyncio.sleep((PING_MS + STRANGER_IDLE_MS) / 1000)
            assert len(there.got) == 1
            assert connections.send(OPTIONS, Hop("tcp", "127.0.0.1", port))
            await asyncio.sleep(0.1)
            assert len(there.got) == 2

    virtual_time.run(main())


def test_nothing_can_be_written_before_it_is_open_or_after() -> None:
    async def main() -> None:
        made = connection.Connection(
            1, "tcp", Connections(Listener(), Flood(), nobody, lambda *_: None), outgoing=True
        )
        assert not made.write(b"x")
        made.close()
        made.abort()

    virtual_time.run(main())
