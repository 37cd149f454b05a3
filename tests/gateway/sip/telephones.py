"""Telephones of two gateways on loopback that call each other; in virtual time unless a test wants TLS."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from gateway.sip.endpoint import Endpoint, open_endpoint
from gateway.sip.leg import SipLeg
from gateway.trunks import Telephone
from tests.interop import ports

Changes = dict[str, Any]


@dataclass
class Answering:
    """What a gateway does with the calls that come in: keeps them until the test lets go."""

    legs: list[SipLeg] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, leg: SipLeg) -> None:
        self.legs.append(leg)
        self.came.set()
        await leg.over.wait()


def telephone(at: int, other: int, transport: str = "udp", **changes: Any) -> Telephone:
    """One that listens at a port and knows a trunk `peer` at another."""
    first = ports.free(32)
    trunk: Changes = {
        "name": "peer",
        "address": f"127.0.0.1:{other}",
        "transport": transport,
        "networks": ["127.0.0.1"],
        "codecs": ["PCMU"],
        "calls": 8,
        **changes.pop("trunk", {}),
    }
    values: Changes = {
        "listen": [f"{transport}:127.0.0.1:{at}"],
        "trunks": [trunk],
        "numbers": [{"pattern": "*"}],
        "dial": {"allowed": ["*"]},
        "rtp_ports": {"first": first, "last": first + 31},
        **changes,
    }
    return Telephone.model_validate(values)


@dataclass
class Pair:
    """Two gateways: `near` answers, `far` calls."""

    near: Endpoint
    far: Endpoint
    answering: Answering
    "What `near` does."


@asynccontextmanager
async def pair(
    transport: str = "udp",
    near: Changes | None = None,
    far: Changes | None = None,
    answer: Callable[[SipLeg], Awaitable[None]] | None = None,
) -> AsyncIterator[Pair]:
    """Both open, each knowing where the other is."""
    at = ports.free(), ports.free()
    answering = Answering()
    async with (
        open_endpoint(telephone(*at, transport, **(near or {})), answer or answering) as one,
        open_endpoint(telephone(*at[::-1], transport, **(far or {})), Answering()) as other,
    ):
        await asyncio.sleep(0.1)
        yield Pair(one, other, answering)


@asynccontextmanager
async def connected(
    transport: str = "udp", near: Changes | None = None, far: Changes | None = None, **calling: Any
) -> AsyncIterator[tuple[SipLeg, SipLeg]]:
    """A call: the leg of the gateway that answered, and that of the one that called."""
    async with pair(transport, near, far) as both, both.far.call("+4930123456", **calling) as theirs:
        await both.answering.came.wait()
        yield both.answering.legs[0], theirs
