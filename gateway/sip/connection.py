"""One TCP or TLS connection that carries SIP messages, whoever opened it."""

import asyncio
from collections import deque
from typing import Protocol, cast

import structlog

from gateway.sip.framer import StreamFramer
from gateway.sip.hop import Hop, Transport
from gateway.sip.message import BadRequest

log = structlog.get_logger(__name__)

AT_ONCE = 8
"Messages passed on before others have their turn: about 3 ms of parsing."
MOST_UNSENT = 262_144
"Bytes that wait for a peer which does not read; then the connection is cut."
HALF_OPEN_MS = 10_000
"A new connection must bring a whole message within this time, and so must a message that has begun."
STRANGER_IDLE_MS = 60_000
KNOWN_IDLE_MS = 3_600_000
"Without a message. Trunks keep theirs: behind a NAT there may be no other way back."
PING_MS = 100_000
"How often we send a keepalive on a connection that we opened (RFC 5626, section 4.4.1)."
PING = b"\r\n\r\n"
PONG = b"\r\n"


class Owner(Protocol):
    """Whoever keeps the connections."""

    def opened(self, connection: "Connection") -> bool:
        """Whether the connection may stay."""

    def closed(self, connection: "Connection") -> None:
        """It is closed."""

    def admits(self, hop: Hop) -> bool:
        """Whether to listen to one more message."""

    def receive(self, data: bytes, hop: Hop) -> None:
        """A whole message came."""

    def refuse(self, fault: BadRequest, hop: Hop) -> None:
        """The stream cannot be followed any more."""


class Connection(asyncio.Protocol):
    """Cuts what comes into messages, and writes what is to be sent.

    `number` names it in a `Hop`. A message of a peer who sends too much is dropped like a datagram, and the
    connection with it.
    """

    def __init__(self, number: int, transport: Transport, owner: Owner, *, outgoing: bool) -> None:
        self.number = number
        self.outgoing = outgoing
        self.hop = Hop(transport, "", 0, number)
        "Of the other side; known once it is open."
        self.deadline_ms: int | None = None
        "When it is to be cut if no whole message comes before."
        self._owner = owner
        self._framer = StreamFramer()
        self._messages: deque[bytes] = deque()
        self._wire: asyncio.Transport | None = None
        self._pinged_ms = 0
        self._begun = False
        "A message has begun and is not complete."
        self._paused = False

    # --- what asyncio calls ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open (with TLS: and its certificate was right)."""
        self._wire = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername") or ("", 0)
        self.hop = Hop(self.hop.transport, peer[0], peer[1], self.number)
        self._pinged_ms = _now_ms()
        self.deadline_ms = None if self.outgoing else self._pinged_ms + HALF_OPEN_MS
        if not self._owner.opened(self):
            self.abort()

    def data_received(self, data: bytes) -> None:
        """Some bytes came."""
        if not self._owner.admits(self.hop):
            self.abort()
            return
        try:
            messages = self._framer.feed(data)
        except BadRequest as fault:
            self._owner.refuse(fault, self.hop)
            self.close()
            return
        if messages or self._framer.pongs_due:
            self.deadline_ms, self._begun = None, False
        elif not self._begun:
            self.deadline_ms, self._begun = _now_ms() + HALF_OPEN_MS, True
        self.write(PONG * min(self._framer.pongs_due, AT_ONCE))
        self._framer.pongs_due = 0
        self._messages.extend(messages)
        self._pass_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed, by whomever."""
        self._wire = None
        self._messages.clear()
        self._owner.closed(self)

    # --- what we do ---

    def write(self, data: bytes) -> bool:
        """Send; False when it is closed. Cuts the connection when too much waits to be sent."""
        if self._wire is None or self._wire.is_closing():
            return False
        if not data:
            return True
        if self._wire.get_write_buffer_size() + len(data) > MOST_UNSENT:
            log.info("sip_connection_cut", reason="the other side does not read")
            self.abort()
            return False
        self._wire.write(data)
        return True

    def close(self) -> None:
        """Close once what waits has been sent."""
        if self._wire is not None:
            self._wire.close()

    def abort(self) -> None:
        """Close at once."""
        if self._wire is not None:
            self._wire.abort()

    def look_after(self, now_ms: int, *, known: bool) -> None:
        """To be called every few seconds: cuts a connection that is half open or idle, keeps ours alive."""
        if self.deadline_ms is None:
            self.deadline_ms = now_ms + (KNOWN_IDLE_MS if known or self.outgoing else STRANGER_IDLE_MS)
        elif now_ms >= self.deadline_ms:
            self.abort()
        elif self.outgoing and now_ms >= self._pinged_ms + PING_MS:
            self._pinged_ms = now_ms
            self.write(PING)

    def _pass_on(self) -> None:
        """Hand over some messages; let others have their turn before the rest, and read no more meanwhile."""
        for _ in range(min(AT_ONCE, len(self._messages))):
            message = self._messages.popleft()
            if self._owner.admits(self.hop):
                self._owner.receive(message, self.hop)
        if self._wire is None or self._wire.is_closing():
            return
        if self._messages:
            asyncio.get_running_loop().call_soon(self._pass_on)
        if bool(self._messages) != self._paused:
            self._paused = not self._paused
            (self._wire.pause_reading if self._paused else self._wire.resume_reading)()


def _now_ms() -> int:
    return int(asyncio.get_running_loop().time() * 1000)
