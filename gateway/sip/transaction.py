"""The transaction layer of one endpoint (RFC 3261, chapter 17, with RFC 6026).  [core]"""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.sip.hop import Hop
from gateway.sip.message import BadRequest, Message, Request, Response
from gateway.sip.transaction_events import Outgoing, TransactionEvent


@dataclass(frozen=True, slots=True)
class Limits:
    """How many server transactions may be under way; a request beyond gets 503 with Retry-After."""

    transactions: int = 16_384
    per_source: int = 8_192
    "From one host: a trunk is one host, so this is no flood limit."


class Transactions:
    """All transactions of one endpoint. After every call the shell sends what `outgoing` gives.

    `ids` gives a new unguessable token for every call (branches, tags of responses made here). `sent_by` gives
    the `host:port` of ours for the Via of requests to a hop.
    """

    def __init__(
        self, ids: Callable[[], str], sent_by: Callable[[Hop], str], limits: Limits = Limits()
    ) -> None:
        self._ids = ids
        self._sent_by = sent_by
        self._limits = limits

    def receive(self, message: Message, hop: Hop, now_ms: int) -> list[TransactionEvent]:
        """A parsed message came from `hop`. Its top Via gets `received` and `rport` (RFC 3581)."""
        raise NotImplementedError

    def refuse(self, fault: BadRequest, hop: Hop) -> None:
        """Answer what could not be parsed, without a transaction; nothing where nothing can or may be answered."""
        raise NotImplementedError

    def request(self, request: Request, hop: Hop, now_ms: int) -> str:
        """Send a request (not ACK or CANCEL) in a new client transaction; gives its key.

        Sets the request's Via; a retry (after 401, 422 ...) is another `Request`.
        """
        raise NotImplementedError

    def respond(self, key: str, response: Response, now_ms: int) -> None:
        """Send a response to a `Requested` request. For a transaction that is over, or has its final response,
        nothing happens, except that a 2xx to INVITE goes out every time for the 32 s in which its ACK may come."""
        raise NotImplementedError

    def send(self, message: Message, hop: Hop) -> None:
        """Send without a transaction: the ACK of a 2xx, a stateless response.

        A request without Via gets one and keeps it: sending the same ACK again sends the same bytes.
        """
        raise NotImplementedError

    def cancel(self, key: str, now_ms: int) -> None:
        """CANCEL our INVITE: now if a provisional response has come, else when one comes; never after the final.

        The outcome is a `Responded` (487, or a 2xx that was faster) or, 64*T1 after the CANCEL, `TimedOut`.
        """
        raise NotImplementedError

    def failed(self, hop: Hop, now_ms: int) -> list[TransactionEvent]:
        """Sending to `hop` failed or its connection is closed: requests waiting on it end as `Unreachable`."""
        raise NotImplementedError

    def handle_timers(self, now_ms: int) -> list[TransactionEvent]:
        """Do what is due at `now_ms`."""
        raise NotImplementedError

    def next_timer_ms(self) -> int | None:
        """When `handle_timers` has something to do, if nothing else happens before; None for never."""
        raise NotImplementedError

    def outgoing(self) -> list[Outgoing]:
        """What is to be sent now, in order; it is handed out once."""
        raise NotImplementedError
