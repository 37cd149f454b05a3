"""All calls of one endpoint: finds whose a message is, answers what is nobody's.  [core]"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from sipmessage import URI, Address

from gateway.sip.call_events import CallEvent
from gateway.sip.callers import Admitted, Verdict
from gateway.sip.hop import Hop
from gateway.sip.invitation import Invitation
from gateway.sip.message import Request
from gateway.sip.station import CallTerms, Station
from gateway.sip.transaction_events import Outgoing, Responded, TimedOut, Unreachable


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody calls us. 100 is sent; `ring`, `answer` or `reject` it."""

    invitation: Invitation
    request: Request
    admitted: Admitted
    replaces: Invitation | None = None
    "The call of ours that this one is to take the place of (RFC 3891); answering hangs that one up."


@dataclass(frozen=True, slots=True)
class Told:
    """A call's signalling has something to tell."""

    invitation: Invitation
    event: CallEvent


UserAgentEvent = Invited | Told | Responded | TimedOut | Unreachable
"The transactions' events are of requests sent by `UserAgent.request`."


@dataclass(frozen=True, slots=True)
class NewCall:
    """Whom we call, and as whom."""

    target: URI
    from_: Address
    sdp: bytes | None
    "Our offer; None: the other side is to offer (`Offered` follows)."
    headers: Sequence[tuple[str, str]] = ()
    "User-to-User, X- headers, Replaces, Referred-By, P-Asserted-Identity ..."
    route: Sequence[Address] = field(default=())
    "Route set to begin with (an outbound proxy)."


class UserAgent:
    """Everything over one `Transactions`: bytes in, events and bytes out."""

    def __init__(
        self,
        station: Station,
        authorise: Callable[[Request, Hop, int], Verdict],
        terms: Callable[[Admitted], CallTerms],
        most_calls: int = 2000,
    ) -> None:
        raise NotImplementedError

    draining: bool
    "No new calls: INVITE and OPTIONS get 503 with Retry-After."

    @property
    def calls(self) -> Collection[Invitation]:
        """Calls that are not over, and those that are over but still owe the network something."""
        raise NotImplementedError

    def invite(self, call: NewCall, hop: Hop, terms: CallTerms, now_ms: int) -> Invitation:
        """Call somebody. `hop`: where the INVITE goes."""
        raise NotImplementedError

    def request(self, request: Request, hop: Hop, now_ms: int) -> str:
        """Send a request outside of any call (REGISTER, OPTIONS); its events bear the returned key."""
        raise NotImplementedError

    def receive(self, data: bytes, hop: Hop, now_ms: int) -> list[UserAgentEvent]:
        """One datagram, or one message off a stream. Never raises: what is bad is answered or dropped."""
        raise NotImplementedError

    def failed(self, hop: Hop, now_ms: int) -> list[UserAgentEvent]:
        """Nothing can be sent to `hop`, or its connection closed."""
        raise NotImplementedError

    def handle_timers(self, now_ms: int) -> list[UserAgentEvent]:
        """To be called when `next_timer_ms` has come (early calls do no harm)."""
        raise NotImplementedError

    def next_timer_ms(self) -> int | None:
        """When `handle_timers` is due; to be asked after every call of anything here."""
        raise NotImplementedError

    def outgoing(self) -> list[Outgoing]:
        """What is to be sent, in order; to be asked after every call of anything here."""
        raise NotImplementedError
