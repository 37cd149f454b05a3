"""What the transaction layer tells its user (RFC 3261, chapter 17).  [core]

A `key` names one transaction, client or server, for `Transactions.respond` and `Transactions.cancel`; it
means nothing outside the layer that gave it.
"""

from dataclasses import dataclass

from gateway.sip.hop import Hop
from gateway.sip.message import Request, Response


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Bytes to be sent."""

    data: bytes
    hop: Hop


@dataclass(frozen=True, slots=True)
class Requested:
    """A new request, to be answered with `respond`: never a retransmission, an ACK or a CANCEL."""

    key: str
    request: Request
    hop: Hop


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An ACK that belongs to no transaction: of a 2xx, or of nothing that we know."""

    request: Request
    hop: Hop


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A CANCEL came before INVITE `key` was answered, and got its 200: answer the INVITE with 487."""

    key: str
    "Of the INVITE."
    request: Request
    "The CANCEL; it may say why in Reason (RFC 3326)."


@dataclass(frozen=True, slots=True)
class Responded:
    """A response to request `key`: each provisional one, one final one, for INVITE every 2xx (forks too)."""

    key: str
    response: Response
    hop: Hop


@dataclass(frozen=True, slots=True)
class TimedOut:
    """Nothing more will come of transaction `key`: the other side, or its own user, is silent.

    For a request that we sent this counts as 408 (RFC 3261, section 8.1.3.1).
    """

    key: str


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Request `key` could not be sent, or its connection was lost: counts as 503 (section 8.1.3.1)."""

    key: str


@dataclass(frozen=True, slots=True)
class Unacknowledged:
    """No ACK came for our 300-699 to INVITE `key`. (A 2xx is retransmitted and watched by the invitation.)"""

    key: str


TransactionEvent = Requested | Acknowledged | Cancelled | Responded | TimedOut | Unreachable | Unacknowledged
