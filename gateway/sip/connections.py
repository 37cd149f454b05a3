"""All TCP and TLS connections of one endpoint: those that others opened and those that we open.

A connection is used for whatever goes to the address at its other end (in the spirit of RFC 5923): the
responses and requests of a phone behind a NAT have no other way. What is to go where there is none yet waits,
bounded, for one to be opened.
"""

import asyncio
import os
import socket
import ssl
from collections import Counter as Tally
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog
from prometheus_client import Counter, Gauge

from gateway.addresses import Listen
from gateway.sip.connection import Connection
from gateway.sip.flood import source
from gateway.sip.handshake import Spawn, TlsListener
from gateway.sip.hop import Hop, Transport
from gateway.sip.message import BadRequest
from gateway.trunks import Flood
from pipelines.facts import Unavailable

log = structlog.get_logger(__name__)

CONNECT_S = 8.0
"Below the 32 s in which a request must be answered, so that another address can be tried."
MOST_WAITING = 65_536
"Bytes that wait for one connection to be opened."
MOST_OPENING = 256
"Connections that are being opened at the same time."
BACKLOG = 128
OPEN = Gauge("warmline_sip_connections", "SIP connections that are open", ["transport"])
REFUSED = Counter("warmline_sip_connections_refused_total", "SIP connections cut at once or in time", ["why"])

Address = tuple[Transport, str, int]


class Listener(Protocol):
    """What the connections hand things to."""

    def admits(self, hop: Hop) -> bool:
        """Whether to listen to one more message."""

    def knows(self, host: str) -> bool:
        """Whether a host is one of a trunk."""

    def datagram(self, data: bytes, hop: Hop) -> None:
        """A datagram came; nobody has asked `admits` yet."""

    def receive(self, data: bytes, hop: Hop) -> None:
        """A whole message came over a connection."""

    def refuse(self, fault: BadRequest, hop: Hop) -> None:
        """A stream cannot be followed any more."""

    def lost(self, hop: Hop) -> None:
        """A connection is closed, or none could be opened to there."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """How we open a TLS connection to one host."""

    context: ssl.SSLContext
    name: str | None
    "Whose certificate it must be; None: the address itself."


class Connections:
    """Opened and closed by `gateway.sip.transport`; `spawn` runs what opens connections."""

    def __init__(
        self,
        listener: Listener,
        limits: Flood,
        credentials: Callable[[Hop], Credentials],
        spawn: Spawn,
    ) -> None:
        self._listener = listener
        self._limits = limits
        self._credentials = credentials
        self._spawn = spawn
        self._tcp: list[tuple[socket.socket, Callable[[], asyncio.Protocol]]] = []
        self._tls: list[TlsListener] = []
        self._servers: list[asyncio.Server] = []
        self._by_number: dict[int, Connection] = {}
        self._by_address: dict[Address, Connection] = {}
        self._sources: Tally[str] = Tally()
        self._shaking: Tally[str] = Tally()
        self._waiting: dict[Address, list[bytes]] = {}
        self._numbers = 0
        self.admits = listener.admits
        self.receive = listener.receive
        self.refuse = listener.refuse

    def listen(self, at: Listen, context: ssl.SSLContext | None) -> tuple[str, int]:
        """Bind an address for connections; returns the one it became. Raises `Unavailable`."""
        listening = _listening(at)

        def made() -> asyncio.Protocol:
            return self._made(at.transport, outgoing=False)

        if context is not None:
            self._tls.append(TlsListener(listening, context, self, made, self._spawn))
        else:
            self._tcp.append((listening, made))
        host, port = listening.getsockname()[:2]
        return host, port

    async def open(self) -> None:
        """Begin to take connections."""
        loop = asyncio.get_running_loop()
        for listening, made in self._tcp:
            self._servers.append(await loop.create_server(made, sock=listening, backlog=BACKLOG))
        for listener in self._tls:
            listener.open()

    def send(self, data: bytes, hop: Hop) -> bool:
        """Send over the connection that the hop names, another one to there, or a new one.

        False when too much waits already. That a new one cannot be opened is told by `Listener.lost`.
        """
        address = (hop.transport, hop.host, hop.port)
        connection = self._by_number.get(hop.connection or 0) or self._by_address.get(address)
        if connection is not None:
            return connection.write(data)
        waiting = self._waiting.get(address)
        if waiting is None:
            if len(self._waiting) >= MOST_OPENING or len(self._by_number) >= self._limits.connections:
                return False
            waiting = self._waiting[address] = []
            self._spawn(self._open(address), "open a SIP connection")
        if sum(map(len, waiting)) + len(data) > MOST_WAITING:
            return False
        waiting.append(data)
        return True

    def look_after(self, now_ms: int) -> None:
        """To be called every few seconds: cuts what is half open or idle."""
        for connection in list(self._by_number.values()):
            connection.look_after(now_ms, known=self._listener.knows(connection.hop.host))

    def close(self) -> None:
        """Take no more connections and close those there are."""
        for server in self._servers:
            server.close()
        for listening, _ in self._tcp:
            listening.close()
        for listener in self._tls:
            listener.close()
        for connection in list(self._by_number.values()):
            connection.close()

    # --- what a connection tells ---

    def opened(self, connection: Connection) -> bool:
        """Whether a connection may stay (see `gateway.sip.connection.Owner`)."""
        hop = connection.hop
        if not connection.outgoing and not self.has_room(hop.host):
            return False
        self._by_number[connection.number] = connection
        self._by_address[hop.transport, hop.host, hop.port] = connection
        self._sources[source(hop.host)] += 1
        OPEN.labels(hop.transport).inc()
        return True

    def closed(self, connection: Connection) -> None:
        """A connection is closed."""
        if self._by_number.pop(connection.number, None) is None:
            return
        hop = connection.hop
        address = (hop.transport, hop.host, hop.port)
        if self._by_address.get(address) is connection:
            del self._by_address[address]
        self._sources[source(hop.host)] -= 1
        self._sources += Tally()  # forgets those that are at zero
        OPEN.labels(hop.transport).dec()
        self._listener.lost(hop)

    # --- TLS connections that are not open yet ---

    def has_room(self, host: str) -> bool:
        """Whether one more connection from this address may begin."""
        why = self._full(host)
        if why is not None:
            REFUSED.labels(why).inc()
        return why is None

    def shaking(self, host: str, change: int) -> None:
        """A handshake with this address begins (1) or is over (-1)."""
        self._shaking[source(host)] += change
        self._shaking += Tally()

    def _full(self, host: str) -> str | None:
        if len(self._by_number) + self._shaking.total() >= self._limits.connections:
            return "all"
        held = self._sources[source(host)] + self._shaking[source(host)]
        crowded = held >= self._limits.connections_per_address
        return "source" if crowded and not self._listener.knows(host) else None

    # --- opening one ---

    def _made(self, transport: Transport, *, outgoing: bool) -> Connection:
        self._numbers += 1
        return Connection(self._numbers, transport, self, outgoing=outgoing)

    async def _open(self, address: Address) -> None:
        transport, host, port = address
        try:
            credentials = self._credentials(Hop(transport, host, port)) if transport == "tls" else None
            async with asyncio.timeout(CONNECT_S):
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: self._made(transport, outgoing=True),
                    host,
                    port,
                    ssl=credentials.context if credentials else None,
                    server_hostname=(credentials.name or host) if credentials else None,
                )
        except (OSError, ValueError, Unavailable) as error:
            log.info("sip_connection_not_opened", transport=transport, error=type(error).__name__)
            self._waiting.pop(address, None)
            self._listener.lost(Hop(transport, host, port))
            return
        except asyncio.CancelledError:
            self._waiting.pop(address, None)
            raise
        for data in self._waiting.pop(address, []):
            connection.write(data)


def _listening(at: Listen) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in at.host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if made.family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((at.host, at.port))
        made.listen(BACKLOG)
    except OSError as error:
        made.close()
        reason = os.strerror(error.errno) if error.errno else "it is no address of this machine"
        raise Unavailable(f"cannot listen at {at.transport}:{at.host}:{at.port}: {reason}") from error
    return made
