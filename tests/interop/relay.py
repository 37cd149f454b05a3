"""A bad network in user space: a relay for UDP that loses, delays, swaps and doubles packets, and a wiretap.

It stands where a NAT stands and changes nothing inside a packet. The server says that it is to be reached at
the relay's address (`telephone.advertised: 127.0.0.2`) and listens at its own (127.0.0.1); the relay takes
the same ports there. Each client gets a port of its own towards the server, whose answers go back through it,
RTP included once the server answers to where packets come from. SIP and RTP ports may be treated differently.

The pattern of a direction depends on its seed alone, not on the clock.
"""

import asyncio
import audioop
import contextlib
import random
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from tests.interop.sounds import Sound, silence

HERE, SERVER = "127.0.0.2", "127.0.0.1"
SWAPPED_S = 0.05
"How much later a packet comes that is overtaken: two or three others pass it."
G711: Mapping[int, Callable[[bytes, int], bytes]] = {0: audioop.ulaw2lin, 8: audioop.alaw2lin}

Address = tuple[str, int]
Direction = Literal["there", "back"]
"To the server, and from it."
DIRECTIONS: tuple[Direction, ...] = ("there", "back")


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a network treats packets, in each direction."""

    loss: float = 0.0
    "Share of the packets that never arrive."
    jitter_ms: float = 0.0
    "Each is late by something between nothing and this; they do not overtake each other for it."
    swapped: float = 0.0
    "Share that others overtake."
    doubled: float = 0.0
    "Share that comes twice."
    seed: int = 1


class Fate:
    """What happens to the packets of one direction, one after the other."""

    def __init__(self, conditions: Conditions, direction: Direction, counts: Counter[str]) -> None:
        self._conditions = conditions
        self._random = random.Random(f"{conditions.seed} {direction}")
        self._last_s = 0.0
        self._counts = counts

    def of_next(self, now_s: float) -> list[float]:
        """When a packet that comes now goes on, s: never, once or twice."""
        lost, late, swapped, doubled = (self._random.random() for _ in range(4))
        if lost < self._conditions.loss:
            self._counts["lost"] += 1
            return []
        at = now_s + late * self._conditions.jitter_ms / 1_000
        if swapped < self._conditions.swapped:
            self._counts["swapped"] += 1
            at += SWAPPED_S
        else:
            at = self._last_s = max(at, self._last_s)
        if doubled < self._conditions.doubled:
            self._counts["doubled"] += 1
            return [at, at]
        return [at]


class Relay:
    """A relay under way; made by `relay`."""

    def __init__(self) -> None:
        self.packets: dict[tuple[int, Direction], list[bytes]] = {}
        "Everything that came, by port and direction, before anything happened to it."
        self.counts: Counter[str] = Counter()
        "Over all ports: `there`, `back`, `lost`, `swapped`, `doubled`."

    def heard(self, direction: Direction, port: int) -> Sound:
        """The G.711 that one side sent on a port, each packet where its timestamp puts it."""
        voice = [packet for packet in self.packets.get((port, direction), []) if _is_voice(packet)]
        if not voice:
            return silence(0)
        began = _timestamp(voice[0])
        places = [(_timestamp(packet) - began) % 2**32 for packet in voice]
        line = np.zeros(max(place for place in places if place < 2**31) + 1_600, np.int16)
        for place, packet in zip(places, voice, strict=True):
            samples = np.frombuffer(G711[packet[1] & 0x7F](packet[12:], 2), np.int16)
            if place < 2**31:
                line[place : place + len(samples)] = samples
        return Sound(line, 8_000)

    def voice_ports(self) -> list[int]:
        """Ports on which the server sent G.711."""
        return sorted(
            port
            for (port, direction), packets in self.packets.items()
            if direction == "back" and any(map(_is_voice, packets))
        )


@asynccontextmanager
async def relay(
    rough: Iterable[int], conditions: Conditions, clean: Iterable[int] = ()
) -> AsyncIterator[Relay]:
    """Stand before a server's ports: the `rough` ones get the conditions, the `clean` ones none."""
    the = Relay()
    doors: list[_Door] = []
    try:
        for ports, weather in ((rough, conditions), (clean, Conditions())):
            doors.extend(_Door(the, port, weather) for port in ports)
        yield the
    finally:
        for door in doors:
            door.close()


class _Door:
    """One port: clients come in here, and each gets a way on to the server."""

    def __init__(self, the: Relay, port: int, conditions: Conditions) -> None:
        self._relay, self._port = the, port
        self._fates = {direction: Fate(conditions, direction, the.counts) for direction in DIRECTIONS}
        self._ways: dict[Address, socket.socket] = {}
        self._loop = asyncio.get_running_loop()
        self._socket = self._open((HERE, port), self._come_in)

    def close(self) -> None:
        for opened in (self._socket, *self._ways.values()):
            self._loop.remove_reader(opened)
            opened.close()

    def _open(self, at: Address, received: Callable[[bytes, Address], None]) -> socket.socket:
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.setblocking(False)
        opened.bind(at)
        self._loop.add_reader(opened, self._drain, opened, received)
        return opened

    def _drain(self, opened: socket.socket, received: Callable[[bytes, Address], None]) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                try:
                    received(*opened.recvfrom(65_535))
                except ConnectionRefusedError:  # nobody listens there any more, says ICMP
                    continue

    def _come_in(self, data: bytes, client: Address) -> None:
        if client not in self._ways:
            self._ways[client] = self._open((SERVER, 0), partial(self._go_back, client))
        self._pass(data, "there", self._ways[client], (SERVER, self._port))

    def _go_back(self, client: Address, data: bytes, _: Address) -> None:
        self._pass(data, "back", self._socket, client)

    def _pass(self, data: bytes, direction: Direction, through: socket.socket, to: Address) -> None:
        self._relay.packets.setdefault((self._port, direction), []).append(data)
        self._relay.counts[direction] += 1
        for at in self._fates[direction].of_next(self._loop.time()):
            self._loop.call_at(at, _send, through, data, to)


def _send(through: socket.socket, data: bytes, to: Address) -> None:
    if through.fileno() != -1:  # the relay may be gone by then
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
            through.sendto(data, to)


def _is_voice(packet: bytes) -> bool:
    """RTP with G.711: a header without extension, and samples."""
    return len(packet) > 12 and packet[0] == 0x80 and packet[1] & 0x7F in G711


def _timestamp(packet: bytes) -> int:
    return int.from_bytes(packet[4:8], "big")
