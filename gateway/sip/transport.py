"""The transport layer of one endpoint (RFC 3261, chapter 18): its sockets, and which of them a message takes.

UDP has one socket for each of IPv4 and IPv6, so a response leaves from where its request came in. Addresses
that we tell others (Via, Contact) are the advertised one, else ours on the way to them.
"""

import socket
import ssl
from collections.abc import Callable

from gateway.addresses import SIP_PORT, Listen
from gateway.sip import tls
from gateway.sip.connections import Connections, Credentials, Listener
from gateway.sip.handshake import Spawn
from gateway.sip.hop import Hop, Transport
from gateway.sip.udp import UdpSocket
from gateway.sip.uri import URI
from gateway.trunks import Telephone
from pipelines.facts import Unavailable

MOST_REMEMBERED = 1024
"Hosts whose way out is remembered."


class Sockets:
    """What an endpoint sends and receives with.

    `identity` gives whose certificate the other end of a TLS connection must have (None: one for its
    address), and whether that is looked at at all.
    """

    def __init__(
        self,
        telephone: Telephone,
        listener: Listener,
        identity: Callable[[Hop], tuple[str | None, bool]],
        spawn: Spawn,
    ) -> None:
        self._telephone = telephone
        self._listener = listener
        self._identity = identity
        self._connections = Connections(listener, telephone.flood, self._credentials, spawn)
        self._contexts: dict[bool, ssl.SSLContext] = {}
        self._udp: list[UdpSocket] = []
        self._ports: dict[Transport, int] = {}
        self._ours: dict[str, str] = {}
        self.addresses: list[str] = []
        "Where we really listen, as the configuration writes it."

    def bind(self) -> None:
        """Take every configured address. Raises `Unavailable`, with nothing left open."""
        try:
            for at in self._telephone.listen:
                host, port = self._bind(at)
                self._ports.setdefault(at.transport, port)
                self.addresses.append(f"{at.transport}:{_bracketed(host)}:{port}")
            for trunk in self._telephone.trunks:
                if trunk.transport == "tls":
                    self._context(verify=trunk.verify)
        except Unavailable:
            self.close()
            raise

    async def open(self) -> None:
        """Begin to receive; `spawn` must work from now on."""
        for udp in self._udp:
            udp.open()
        await self._connections.open()

    def _bind(self, at: Listen) -> tuple[str, int]:
        if at.transport == "udp":
            udp = UdpSocket(at, self._listener.datagram)
            self._udp.append(udp)
            return udp.host, udp.port
        context = tls.server_context(self._telephone.tls) if at.transport == "tls" else None
        return self._connections.listen(at, context)

    def close(self) -> None:
        """Close everything. Safe to call twice."""
        for udp in self._udp:
            udp.close()
        self._connections.close()

    def look_after(self, now_ms: int) -> None:
        """To be called every few seconds: cuts connections that are half open or idle."""
        self._connections.look_after(now_ms)

    def send(self, data: bytes, hop: Hop) -> bool:
        """Send one message; False when it cannot even be tried."""
        if hop.transport != "udp":
            return self._connections.send(data, hop)
        udp = self._udp_socket(hop)
        return udp is not None and udp.send(data, hop)

    def reaches(self, hop: Hop) -> bool:
        """Whether there is a socket that could send to there."""
        return hop.transport != "udp" or self._udp_socket(hop) is not None

    def sent_by(self, hop: Hop) -> str:
        """Our `host:port` for the Via of requests to a hop."""
        return f"{_bracketed(self.local_address(hop.host))}:{self._port(hop.transport)}"

    def contact(self, hop: Hop, user: str | None = None) -> URI:
        """Where we can be reached by whoever is behind a hop."""
        host = _bracketed(self.local_address(hop.host))
        named = "" if hop.transport == "udp" else f";transport={hop.transport}"
        return URI.parse(f"sip:{f'{user}@' if user else ''}{host}:{self._port(hop.transport)}{named}")

    def local_address(self, host: str) -> str:
        """The address that somebody at `host` reaches us at: the advertised one, or that on the way."""
        advertised = self._telephone.advertised
        if advertised and (":" in advertised) == (":" in host):
            return advertised
        if host not in self._ours:
            if len(self._ours) >= MOST_REMEMBERED:
                self._ours.clear()
            self._ours[host] = _way_out(host)
        return self._ours[host]

    def _udp_socket(self, hop: Hop) -> UdpSocket | None:
        return next((udp for udp in self._udp if udp.is_ipv6 == (":" in hop.host)), None)

    def _port(self, transport: Transport) -> int:
        return self._ports.get(transport) or SIP_PORT[transport]

    def _credentials(self, hop: Hop) -> Credentials:
        name, verify = self._identity(hop)
        return Credentials(self._context(verify=verify), name)

    def _context(self, *, verify: bool) -> ssl.SSLContext:
        if verify not in self._contexts:
            self._contexts[verify] = tls.client_context(self._telephone.tls, verify=verify)
        return self._contexts[verify]


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _way_out(host: str) -> str:
    """Our address on the way to a host, as the kernel's routes have it; nothing is sent."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, 9))
        except OSError:
            return "::1" if ":" in host else "127.0.0.1"
        return str(probe.getsockname()[0])
