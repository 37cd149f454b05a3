"""The bad network: what it does to packets is what it was told to do, the same each time."""

import asyncio
from collections import Counter

import pytest

from tests.interop import pcap, ports
from tests.interop.relay import HERE, SERVER, Address, Conditions, Fate, relay
from tests.interop.sounds import tone

PACKETS = 20_000


def fates(conditions: Conditions) -> tuple[list[list[float]], Counter[str]]:
    counts: Counter[str] = Counter()
    fate = Fate(conditions, "there", counts)
    return [fate.of_next(n * 0.02) for n in range(PACKETS)], counts


@pytest.mark.parametrize("share", [0.01, 0.03, 0.1])
def test_the_share_that_is_lost_swapped_and_doubled_is_the_one_asked_for(share: float) -> None:
    for conditions in (Conditions(loss=share), Conditions(swapped=share), Conditions(doubled=share)):
        _, counts = fates(conditions)
        (count,) = counts.values()
        assert count / PACKETS == pytest.approx(share, rel=0.2)


def test_a_seed_makes_one_pattern() -> None:
    rough = Conditions(loss=0.1, jitter_ms=60, swapped=0.02, doubled=0.01)
    assert fates(rough) == fates(rough)
    assert fates(rough) != fates(Conditions(0.1, 60, 0.02, 0.01, seed=2))
    there, back = (Fate(rough, direction, Counter()) for direction in ("there", "back"))
    assert [there.of_next(0.0) for _ in range(50)] != [back.of_next(0.0) for _ in range(50)]


def test_jitter_delays_and_does_not_swap() -> None:
    times, _ = fates(Conditions(jitter_ms=60))
    late = [at - n * 0.02 for n, (at,) in enumerate(times)]
    assert 0 <= min(late) and 0.055 < max(late) <= 0.06
    assert times == sorted(times)


def test_who_is_swapped_is_overtaken() -> None:
    times, counts = fates(Conditions(swapped=0.02))
    overtaken = sum(a > b for (a,), (b,) in zip(times, times[1:], strict=False))
    assert overtaken == pytest.approx(counts["swapped"], rel=0.05), "all but neighbours that are both late"


class Echo(asyncio.DatagramProtocol):
    """A server that sends everything back to where it came from."""

    def __init__(self) -> None:
        self.sources: set[Address] = set()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.sources.add(addr)
        self._transport.sendto(data, addr)


class Client(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.sources: set[Address] = set()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.got.append(data)
        self.sources.add(addr)


@pytest.mark.parametrize(
    "conditions", [Conditions(), Conditions(loss=0.1, doubled=0.05)], ids=["good", "bad"]
)
def test_two_clients_talk_to_a_server_through_it(conditions: Conditions) -> None:
    async def main() -> None:
        loop, port = asyncio.get_running_loop(), ports.free()
        server, echo = await loop.create_datagram_endpoint(Echo, local_addr=(SERVER, port))
        async with relay([port], conditions) as the:
            ends = [await loop.create_datagram_endpoint(Client, remote_addr=(HERE, port)) for _ in range(2)]
            for n in range(200):
                for index, (client, _) in enumerate(ends):
                    client.sendto(b"%d %d" % (index, n))
                await asyncio.sleep(0.0005)
            await asyncio.sleep(0.1)
            for index, (client, end) in enumerate(ends):
                assert end.sources == {(HERE, port)}, "the client sees the relay only"
                assert all(data.startswith(b"%d " % index) for data in end.got), "nobody gets another's"
                client.close()
            got = sum(len(end.got) for _, end in ends)
        server.close()
        assert len(echo.sources) == 2
        if conditions.loss:
            assert the.counts["lost"] > 20 and the.counts["doubled"] > 10
        assert got == the.counts["there"] - the.counts["lost"] + the.counts["doubled"]

    asyncio.run(main())


def test_what_goes_through_can_be_heard() -> None:
    async def main() -> None:
        loop, port = asyncio.get_running_loop(), ports.free()
        server, _ = await loop.create_datagram_endpoint(Echo, local_addr=(SERVER, port))
        async with relay([port], Conditions()) as the:
            client, _ = await loop.create_datagram_endpoint(Client, remote_addr=(HERE, port))
            for _, rtp in pcap.packets("PCMA", [tone(440, 0.5), "5", tone(440, 0.5)]):
                client.sendto(rtp)
            await asyncio.sleep(0.1)
            client.close()
        server.close()
        assert the.voice_ports() == [port]
        for direction in ("there", "back"):
            heard = the.heard(direction, port)
            assert abs(heard.loudest_hertz() - 440) < 5
            assert heard.seconds == pytest.approx(1.2, abs=0.25), "the key's time is a gap, not left out"

    asyncio.run(main())
