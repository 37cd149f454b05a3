"""Who the two ends of a call are to each other (RFC 3261, chapter 12).  [core]

A dialog makes the requests inside of it and checks those that come: tags, sequence numbers, route set and
remote target are kept here and nowhere else.
"""

import ipaddress
from dataclasses import dataclass

from sipmessage import CSeq

from gateway.protocol_error import ProtocolError
from gateway.sip.address import Address
from gateway.sip.hop import Hop, Transport
from gateway.sip.message import Request, Response
from gateway.sip.parameters import Parameters
from gateway.sip.uri import URI

MAX_FORWARDS = 70


def tagged(address: Address, value: str) -> Address:
    """The address with that tag, and no other parameter (none of them belongs to a dialog)."""
    return Address(uri=address.uri, name=address.name, parameters=Parameters(tag=value))


@dataclass(slots=True)
class Dialog:
    """One dialog, early or confirmed, seen from our end."""

    call_id: str
    local: Address
    "With our tag."
    remote: Address
    "With theirs, unless theirs is older than tags (RFC 2543)."
    remote_target: URI
    "Where their requests are to go: the URI of their latest Contact."
    route_set: tuple[Address, ...] = ()
    "Proxies that want to stay in the path, ours first."
    local_sequence: int = 0
    "CSeq of our latest request; 0 before the first."
    remote_sequence: int | None = None
    "CSeq of their latest request; None before the first."

    @classmethod
    def answering(cls, request: Request, local_tag: str) -> "Dialog":
        """As the end that was sent the INVITE (section 12.1.1). Raises `ProtocolError` without a Contact."""
        return cls(
            call_id=request.call_id,
            local=tagged(request.to_address, local_tag),
            remote=tagged(request.from_address, request.from_address.tag),
            remote_target=contact_uri(request),
            route_set=tuple(request.record_route),
            remote_sequence=request.cseq.sequence,
        )

    @classmethod
    def answered(cls, request: Request, response: Response) -> "Dialog":
        """As the end that sent the INVITE (section 12.1.2).

        A provisional response may lack a Contact; then the request's URI stands in until a 2xx brings one.
        """
        contacts = response.contact
        return cls(
            call_id=request.call_id,
            local=request.from_address,
            remote=response.to_address,
            remote_target=contacts[0].uri if contacts else URI.parse(str(request.uri)),
            route_set=tuple(reversed(response.record_route)),
            local_sequence=request.cseq.sequence,
        )

    @property
    def local_tag(self) -> str:
        """Our tag."""
        return self.local.tag

    @property
    def remote_tag(self) -> str:
        """Their tag."""
        return self.remote.tag

    @property
    def next_uri(self) -> URI:
        """What has to be resolved to send a request: the first proxy, or else the remote target."""
        return self.route_set[0].uri if self.route_set else self.remote_target

    def request(self, method: str, body: bytes = b"", content_type: str = "") -> Request:
        """A new request inside the dialog, to be `count`ed when it is sent; it lacks Via and Contact."""
        return self._request(method, self.local_sequence + 1, body, content_type)

    def count(self, request: Request) -> None:
        """A request is sent now: it gets the next CSeq."""
        self.local_sequence += 1
        request.cseq = CSeq(self.local_sequence, request.method)

    def acknowledgement(self, sequence: int, body: bytes = b"", content_type: str = "") -> Request:
        """The ACK of a 2xx to our INVITE with that CSeq (section 13.2.2.4)."""
        return self._request("ACK", sequence, body, content_type)

    def accept(self, request: Request) -> None:
        """Take note of a request that came inside the dialog.

        Raises `ProtocolError`: 481 when it has another's tags, 500 when it is older than one that came before
        (section 12.2.2), whatever either asks for.
        """
        if (request.to_address.tag, request.from_address.tag) != (self.local_tag, self.remote_tag):
            raise ProtocolError("no_dialog", "the tags are of another dialog", 481)
        sequence = request.cseq.sequence
        if self.remote_sequence is not None and sequence <= self.remote_sequence:
            raise ProtocolError("out_of_order", "the request is older than one before it", 500)
        self.remote_sequence = sequence

    def confirm(self, response: Response) -> None:
        """The 2xx came: route set and target are what it says, not what an early response said (13.2.2.4)."""
        self.route_set = tuple(reversed(response.record_route))
        self.refresh_target(response)

    def refresh_target(self, message: Request | Response) -> None:
        """A re-INVITE or UPDATE, or a 2xx to one, may move the other end (section 12.2.1.2)."""
        contacts = message.contact
        if contacts:
            self.remote_target = contacts[0].uri

    def _request(self, method: str, sequence: int, body: bytes, content_type: str) -> Request:
        uri, routes = self._routed()
        request = Request(method, uri, body)
        request.max_forwards = MAX_FORWARDS
        if routes:
            request.route = routes
        request.from_address = self.local
        request.to_address = self.remote
        request.call_id = self.call_id
        request.cseq = CSeq(sequence, method)
        if body:
            request.headers.set("Content-Type", content_type)
        return request

    def _routed(self) -> tuple[URI, list[Address]]:
        """Request-URI and Route.

        A loose first router leaves the target in the URI; a strict one (RFC 2543) takes its place there.
        """
        if not self.route_set or "lr" in self.route_set[0].uri.parameters:
            return self.remote_target, list(self.route_set)
        first, *rest = self.route_set
        return first.uri, [*rest, Address(uri=self.remote_target)]


def contact_uri(message: Request | Response) -> URI:
    """The Contact's URI. Raises `ProtocolError` (400) when there is none (section 8.1.1.8)."""
    contacts = message.contact
    if not contacts:
        raise ProtocolError("no_contact", "a Contact is missing", 400)
    return contacts[0].uri


def next_hop(uri: URI, came_from: Hop) -> Hop:
    """Where a request for a URI goes, without looking anything up (compare RFC 3263).

    A host that is a name stands for the hop that the dialog's messages came from. So does the transport when
    the URI names none. A connection to the same host is used again (RFC 5923): a phone behind a NAT has no
    other.
    """
    host = uri.host.strip("[]")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return came_from
    transport = _transport(uri, came_from)
    same = came_from.connection is not None and (transport, host) == (came_from.transport, came_from.host)
    port = uri.port or (5061 if transport == "tls" else 5060)
    return Hop(transport, host, port, came_from.connection if same else None)


def _transport(uri: URI, came_from: Hop) -> Transport:
    if uri.scheme == "sips":
        return "tls"
    named = (uri.parameters.get("transport") or "").lower()
    transports: dict[str, Transport] = {"udp": "udp", "tcp": "tcp", "tls": "tls"}
    return transports.get(named, came_from.transport)
