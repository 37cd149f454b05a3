"""Which transaction a message belongs to, and where a response goes.  [core]

RFC 3261, sections 17.1.3, 17.2.3 and 18.2; RFC 3581.
"""

import hashlib
from dataclasses import dataclass

from gateway.sip.hop import Hop
from gateway.sip.message import Request
from gateway.sip.via import Via

DEFAULT_PORTS = {"udp": 5060, "tcp": 5060, "tls": 5061}


def client_key(branch: str, method: str) -> str:
    """The client transaction of a request with this branch."""
    return f"client {method} {branch}"


def server_key(request: Request, method: str) -> str:
    """The server transaction of `method` that a request's top Via names.

    `method` is the request's own, and INVITE to find what an ACK or a CANCEL is about. Clients older than RFC
    3261 have no unique branch; then it is all that stays the same when they send a request again. The To tag
    is left out: their ACK has the one that we gave.
    """
    via = Via.parse(request.headers["Via"])
    if via.names_its_transaction:
        parts = [via.branch, via.sent_by]
    else:
        number = str(request.cseq.sequence)
        parts = [str(request.uri), request.from_address.tag, request.call_id, number, str(via)]
    return f"server {method} {_digest(parts)}"


def acknowledges(ack: Request, to_tag: str) -> bool:
    """Whether an ACK with the key of an INVITE is for the response that had this tag.

    A branch of RFC 3261 says so; without one the tag must.
    """
    return Via.parse(ack.headers["Via"]).names_its_transaction or ack.to_address.tag == to_tag


@dataclass(frozen=True, slots=True)
class ReplyPath:
    """Where the responses to a request go."""

    hop: Hop
    fallback: Hop
    "Once the connection that the request came over is lost."

    def lost(self) -> "ReplyPath":
        """The path from then on."""
        return ReplyPath(self.fallback, self.fallback)


def receive_via(request: Request, hop: Hop) -> ReplyPath:
    """Amend the top Via with where the request came from; gives where its responses go (section 18.2).

    `maddr` is not followed, against a SHOULD: who sends a request does not choose whom we send to.
    """
    vias = request.headers.getlist("Via")
    via = Via.parse(vias[0]).received_from(hop.host, hop.port)
    vias[0] = str(via)
    sent_by = Hop(hop.transport, hop.host, via.port or DEFAULT_PORTS[hop.transport])
    return ReplyPath(hop if hop.reliable or via.asks_for_port else sent_by, sent_by)


def stateless_tag(request: Request, secret: str) -> str:
    """A To tag that is the same whenever the same request comes (section 8.2.7)."""
    parts = [secret, *(request.headers.get(name, "") or "" for name in ("Via", "From", "Call-ID", "CSeq"))]
    return _digest(parts)[:16]


def _digest(parts: list[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
