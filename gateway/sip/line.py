"""One trunk in operation: where it is, whether it knows us and answers, how many calls it has.  [core]"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sipmessage import CSeq

from gateway.addresses import is_address
from gateway.sip.address import Address
from gateway.sip.digest import Credentials
from gateway.sip.hop import Hop
from gateway.sip.message import Request, Response
from gateway.sip.parameters import Parameters
from gateway.sip.registration import Binding, Registration
from gateway.sip.uri import URI
from gateway.trunks import Trunk

MAX_FORWARDS = 70
LOOK_UP_EVERY_MS = 300_000
LOOK_UP_AGAIN_MS = 30_000
"After a failure."

Purpose = Literal["register", "options"]


@dataclass(frozen=True, slots=True)
class LineState:
    """What an operator wants to know of a trunk."""

    name: str
    state: Literal["ready", "unknown", "down"]
    "`unknown`: nothing has shown yet whether it is there."
    detail: str
    "For people."
    calls: int


class Line:
    """A trunk's registration, its keepalives and its addresses. `ids` gives random tokens."""

    def __init__(self, trunk: Trunk, ids: Callable[[], str], now_ms: int) -> None:
        self.trunk = trunk
        self.calls = 0
        "Under way, both directions."
        self.hops: tuple[Hop, ...] = _literal(trunk)
        "Where its `address` is now; the first one is used."
        self.registration: Registration | None = None
        self._ids = ids
        self._look_up_ms: int | None = now_ms if trunk.address else None
        self._options_ms: int | None = None
        self._answers: bool | None = None
        "To OPTIONS; None: it was not asked yet."
        self._found: bool | None = None

    # --- where it is ---

    @property
    def hop(self) -> Hop | None:
        """Where requests to it go; None while that is not known."""
        return self.hops[0] if self.hops else None

    def wants_look_up(self, now_ms: int) -> bool:
        """Whether its address is to be looked up now; asked once, it is not wanted again until the result."""
        if self._look_up_ms is None or now_ms < self._look_up_ms:
            return False
        self._look_up_ms = None
        return True

    def looked_up(self, hosts: Sequence[str], contact: Callable[[Hop], URI], now_ms: int) -> None:
        """Its address stands for these hosts now; none: it could not be looked up, the old ones stay."""
        self._found = bool(hosts)
        self._look_up_ms = now_ms + (LOOK_UP_EVERY_MS if hosts else LOOK_UP_AGAIN_MS)
        if not hosts:
            return
        _, port = self.trunk.destination
        hops = tuple(Hop(self.trunk.transport, host, port) for host in hosts)
        if self.hop not in hops:
            self.hops = hops
        if self.registration is None and self.trunk.registers:
            self.registration = Registration(self._binding(contact(hops[0])), self._ids, now_ms)
        if self._options_ms is None and self.trunk.options_s is not None:
            self._options_ms = now_ms

    # --- what it is asked ---

    @property
    def domain(self) -> str:
        """The host (and port) in the SIP addresses that we use with it."""
        if self.trunk.domain:
            return self.trunk.domain
        return self.trunk.address or "invalid"

    @property
    def credentials(self) -> Credentials | None:
        """Ours, for when it asks who we are."""
        if self.trunk.username is None or self.trunk.password is None:
            return None
        return Credentials(self.trunk.username, self.trunk.password.get_secret_value())

    def address(self, number: str) -> URI:
        """The address of a number in it; `number` was checked (see `gateway.sip.destinations`)."""
        return replace(self._registrar, user=number)

    def due(self, now_ms: int) -> list[tuple[Purpose, Request]]:
        """The requests to send now."""
        found: list[tuple[Purpose, Request]] = []
        if self.registration and (request := self.registration.handle_timers(now_ms)):
            found.append(("register", request))
        if self._options_ms is not None and now_ms >= self._options_ms and self.trunk.options_s:
            self._options_ms = now_ms + self.trunk.options_s * 1000
            found.append(("options", self._options()))
        return found

    def leave(self) -> Request | None:
        """The last REGISTER, if one is needed; nothing is due after that."""
        self._options_ms = self._look_up_ms = None
        return self.registration.leave() if self.registration else None

    def responded(self, purpose: Purpose, response: Response, now_ms: int) -> Request | None:
        """A response came; the request to send next, if any."""
        if purpose == "register" and self.registration:
            return self.registration.receive(response, now_ms)
        if response.code >= 200:
            self._answers = response.code != 503
        return None

    def unanswered(self, purpose: Purpose, now_ms: int) -> None:
        """A request got no answer: try the next address."""
        if purpose == "register" and self.registration:
            self.registration.unanswered(now_ms)
        else:
            self._answers = False
        self.hops = (*self.hops[1:], *self.hops[:1])

    def state(self) -> LineState:
        """How it is."""
        name, calls = self.trunk.name, self.calls
        if self._found is False and not self.hops:
            return LineState(name, "down", "its address cannot be looked up", calls)
        if self.registration is not None and self.registration.state != "registered":
            known = self.registration.state != "unregistered"
            return LineState(name, "down" if known else "unknown", self.registration.state, calls)
        if self._answers is False:
            return LineState(name, "down", "it does not answer OPTIONS", calls)
        if self.registration is not None:
            return LineState(name, "ready", "registered", calls)
        if self._answers:
            return LineState(name, "ready", "it answers OPTIONS", calls)
        return LineState(name, "unknown", "it neither registers nor is asked", calls)

    def _binding(self, contact: URI) -> Binding:
        credentials = self.credentials
        assert credentials is not None, "the configuration was checked"
        return Binding(self._registrar, self.address(credentials.username), contact, credentials)

    @property
    def _registrar(self) -> URI:
        return URI.parse(f"sip:{self.domain}")

    def _options(self) -> Request:
        request = Request("OPTIONS", self._registrar)
        request.max_forwards = MAX_FORWARDS
        ours = self.address(self.trunk.username or "warmline")
        request.from_address = Address(ours, parameters=Parameters(tag=self._ids()))
        request.to_address = Address(self._registrar)
        request.call_id = self._ids()
        request.cseq = CSeq(1, "OPTIONS")
        request.headers.set("Accept", "application/sdp")
        return request


def _literal(trunk: Trunk) -> tuple[Hop, ...]:
    """An address literal needs no look-up."""
    if trunk.address is None or not is_address(trunk.destination[0]):
        return ()
    return (Hop(trunk.transport, *trunk.destination),)
