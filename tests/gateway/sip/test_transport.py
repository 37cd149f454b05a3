"""Which socket a message takes, and which address of ours others are told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.sip.hop import Hop
from gateway.sip.transport import MOST_REMEMBERED, Sockets
from pipelines.facts import Unavailable
from tests import virtual_time
from tests.gateway.sip.bare_phone import Phone, request
from tests.gateway.sip.listener import Listener, Spawn, stream_to
from tests.gateway.sip.telephones import telephone
from tests.interop import ports

THERE = Hop("udp", "127.0.0.1", 5070)


@asynccontextmanager
async def opened(listener: Listener, **changes: Any) -> AsyncIterator[tuple[Sockets, int]]:
    at = ports.free()
    listen = [f"udp:127.0.0.1:{at}", f"udp:[::1]:{at}", f"tcp:127.0.0.1:{at}"]
    settings = telephone(at, 5070, **{"listen": listen, **changes})
    async with asyncio.TaskGroup() as tasks:
        sockets = Sockets(settings, listener, lambda hop: (None, True), Spawn(tasks))
        sockets.bind()
        await sockets.open()
        try:
            yield sockets, at
        finally:
            sockets.close()
            await asyncio.sleep(0.05)


def test_messages_come_in_and_go_out_by_every_transport() -> None:
    async def main() -> None:
        listener = Listener()
        async with opened(listener) as (sockets, at), stream_to(at) as (reader, writer):
            with Phone(at) as phone:
                phone.send(b"by udp")
                writer.write(request("OPTIONS", transport="TCP"))
                await asyncio.sleep(0.1)
                by = {hop.transport: hop for _, hop in listener.got}
                assert sockets.send(b"to udp", by["udp"]) and sockets.send(b"to tcp", by["tcp"])
                assert phone.read() == ["to udp"]
                assert await reader.readexactly(6) == b"to tcp"

    virtual_time.run(main())


def test_we_are_told_of_by_the_address_on_the_way_and_the_port_of_the_transport() -> None:
    async def main() -> None:
        async with opened(Listener()) as (sockets, at):
            assert sockets.sent_by(THERE) == f"127.0.0.1:{at}"
            assert str(sockets.contact(THERE)) == f"sip:127.0.0.1:{at}"
            assert str(sockets.contact(Hop("tcp", "127.0.0.1", 1), "carrier")) == (
                f"sip:carrier@127.0.0.1:{at};transport=tcp"
            )
            assert str(sockets.contact(Hop("udp", "::1", 5060))) == f"sip:[::1]:{at}"
            assert sockets.sent_by(Hop("tls", "127.0.0.1", 5061)) == "127.0.0.1:5061"

    virtual_time.run(main())


def test_behind_nat_another_address_is_told() -> None:
    async def main() -> None:
        async with opened(Listener(), advertised="203.0.113.1") as (sockets, at):
            assert sockets.sent_by(THERE) == f"203.0.113.1:{at}"
            assert sockets.local_address("192.0.2.1") == "203.0.113.1"
            assert sockets.local_address("::1") == "::1", "which is of the other kind"

    virtual_time.run(main())


def test_where_no_socket_of_ours_reaches() -> None:
    async def main() -> None:
        at = ports.free()
        async with opened(Listener(), listen=[f"udp:127.0.0.1:{at}"]) as (sockets, _):
            six = Hop("udp", "2001:db8::1", 5060)
            assert not sockets.reaches(six) and not sockets.send(b"x", six)
            assert sockets.reaches(THERE) and sockets.reaches(Hop("tcp", "2001:db8::1", 5060))

    virtual_time.run(main())


def test_ways_are_remembered_within_bounds() -> None:
    async def main() -> None:
        async with opened(Listener()) as (sockets, _):
            for number in range(MOST_REMEMBERED + 10):
                sockets.local_address(f"127.1.{number >> 8}.{number & 255}")
            assert len(sockets._ours) <= MOST_REMEMBERED

    virtual_time.run(main())


def test_when_one_address_cannot_be_had_the_others_are_given_back() -> None:
    async def main() -> None:
        free = ports.free()
        async with opened(Listener()) as (_, taken):
            listen = [f"udp:127.0.0.1:{free}", f"tcp:127.0.0.1:{taken}"]
            sockets = Sockets(
                telephone(free, 5070, listen=listen), Listener(), lambda hop: (None, True), lambda *_: None
            )
            with pytest.raises(Unavailable, match=f"tcp:127.0.0.1:{taken}: Address already in use"):
                sockets.bind()
        async with opened(Listener(), listen=[f"udp:127.0.0.1:{free}"]) as (again, _):
            assert again.addresses == [f"udp:127.0.0.1:{free}"]

    virtual_time.run(main())
