"""One UDP socket, with real datagrams on loopback."""

import asyncio
import socket

import pytest

from gateway.addresses import Listen
from gateway.sip.hop import Hop
from gateway.sip.udp import AT_ONCE, UdpSocket
from pipelines.facts import Unavailable
from tests import virtual_time

ANY = Listen(transport="udp", host="127.0.0.1", port=0)


def test_datagrams_come_with_where_they_are_from_and_answers_go_back() -> None:
    got: list[tuple[bytes, Hop]] = []

    async def main() -> None:
        udp = UdpSocket(ANY, lambda data, hop: got.append((data, hop)))
        udp.open()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.bind(("127.0.0.1", 0))
            phone.sendto(b"hello", ("127.0.0.1", udp.port))
            await asyncio.sleep(0.1)
            assert got == [(b"hello", Hop("udp", "127.0.0.1", phone.getsockname()[1]))]
            assert udp.send(b"hi", got[0][1])
            assert phone.recvfrom(100) == (b"hi", ("127.0.0.1", udp.port))
        udp.close()
        udp.close()

    virtual_time.run(main())


def test_a_torrent_leaves_others_their_turn() -> None:
    turns: list[int] = []
    got: list[bytes] = []

    async def main() -> None:
        udp = UdpSocket(ANY, lambda data, hop: got.append(data))
        udp.open()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            for number in range(5 * AT_ONCE):
                phone.sendto(str(number).encode(), ("127.0.0.1", udp.port))
            while len(got) < 5 * AT_ONCE:
                await asyncio.sleep(0)
                turns.append(len(got))
        udp.close()
        assert all(later - sooner <= AT_ONCE for sooner, later in zip(turns, turns[1:], strict=False))

    virtual_time.run(main())


@pytest.mark.parametrize(
    "hop", [Hop("udp", "127.0.0.1", 0), Hop("udp", "127.0.0.1", 99_999), Hop("udp", "::1", 5060)]
)
def test_where_nothing_can_be_sent(hop: Hop) -> None:
    async def main() -> None:
        udp = UdpSocket(ANY, lambda data, hop: None)
        udp.open()
        assert not udp.send(b"x", hop)
        udp.close()

    virtual_time.run(main())


def test_an_address_that_is_not_ours_is_said() -> None:
    with pytest.raises(Unavailable, match=r"udp:192\.0\.2\.1:5060"):
        UdpSocket(Listen(transport="udp", host="192.0.2.1", port=5060), lambda data, hop: None)
