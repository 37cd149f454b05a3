"""All connections of an endpoint: how many, from whom, opened to where."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from gateway.addresses import Listen
from gateway.sip.connections import CONNECT_S, MOST_WAITING, Connections, Credentials
from gateway.sip.hop import Hop
from gateway.trunks import Flood
from pipelines.facts import Unavailable
from tests import virtual_time
from tests.gateway.sip.listener import Listener, Spawn, stream_to
from tests.gateway.sip.test_connection import OPTIONS, listening
from tests.interop import ports


def test_one_source_may_open_so_many_and_a_trunk_more() -> None:
    async def main() -> None:
        listener = Listener(known=frozenset({"127.0.0.1"}))
        async with listening(listener) as (_, port), AsyncExitStack() as stack:
            for host in ["127.0.0.9"] * 25 + ["127.0.0.1"] * 25:
                _, writer = await stack.enter_async_context(stream_to(port, host))
                writer.write(OPTIONS)
            await asyncio.sleep(0.2)
            hosts = [hop.host for _, hop in listener.got]
            assert (hosts.count("127.0.0.9"), hosts.count("127.0.0.1")) == (20, 25)

    virtual_time.run(main())


def test_what_is_closed_makes_room_again() -> None:
    async def main() -> None:
        listener = Listener()
        async with listening(listener) as (_, port):
            for _ in range(30):
                async with stream_to(port) as (_, writer):
                    writer.write(OPTIONS)
                    await asyncio.sleep(0.05)
            assert len(listener.got) == 30 and len(listener.gone) == 30

    virtual_time.run(main())


def test_what_is_sent_while_a_connection_is_opened_goes_over_that_one() -> None:
    async def main() -> None:
        there = Listener()
        async with listening(there) as (_, port), listening(Listener()) as (connections, _):
            hop = Hop("tcp", "127.0.0.1", port)
            assert all(connections.send(OPTIONS, hop) for _ in range(3))
            await asyncio.sleep(0.1)
            assert len(there.got) == 3 and len({hop.connection for _, hop in there.got}) == 1

    virtual_time.run(main())


def test_a_connection_that_cannot_be_opened_is_told() -> None:
    async def main() -> None:
        here = Listener()
        async with listening(here) as (connections, _):
            hop = Hop("tcp", "127.0.0.1", ports.free())
            assert connections.send(OPTIONS, hop)
            await asyncio.sleep(0.1)
            assert here.gone == [hop]
            assert connections.send(OPTIONS, hop), "and tried again"
            await asyncio.sleep(0.1)
            assert here.gone == [hop, hop]

    virtual_time.run(main())


def test_what_waits_is_bounded() -> None:
    async def main() -> None:
        async with listening(Listener()) as (connections, _):
            hop = Hop("tcp", "127.0.0.1", ports.free())
            sent = sum(connections.send(b"x" * 1000, hop) for _ in range(100))
            assert sent == MOST_WAITING // 1000
            await asyncio.sleep(CONNECT_S)

    virtual_time.run(main())


def test_there_are_only_so_many_in_all() -> None:
    async def main() -> None:
        listener = Listener(known=frozenset({"127.0.0.1"}))
        async with asyncio.TaskGroup() as tasks:
            connections = Connections(listener, Flood(connections=2), _nobody, Spawn(tasks))
            _, port = connections.listen(Listen(transport="tcp", host="127.0.0.1", port=0), None)
            await connections.open()
            async with (
                stream_to(port) as (_, one),
                stream_to(port) as (_, two),
                stream_to(port) as (_, three),
            ):
                for writer in (one, two, three):
                    writer.write(OPTIONS)
                await asyncio.sleep(0.2)
                assert len(listener.got) == 2
                assert not connections.send(OPTIONS, Hop("tcp", "127.0.0.1", 9))
            connections.close()
            await asyncio.sleep(0.05)

    virtual_time.run(main())


def test_a_port_that_is_taken_is_said() -> None:
    async def main() -> None:
        async with listening(Listener()) as (connections, port):
            with pytest.raises(Unavailable, match=f"tcp:127.0.0.1:{port}"):
                connections.listen(Listen(transport="tcp", host="127.0.0.1", port=port), None)

    virtual_time.run(main())


def _nobody(hop: Hop) -> Credentials:
    raise AssertionError("no TLS here")
