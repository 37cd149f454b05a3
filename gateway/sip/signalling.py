"""The signalling of one gateway: its sockets, its user agent and the one timer that drives it.

Whatever happens ends in `settle`: events are passed on, what is to be sent is sent, and the timer is wound
for what is due next.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Iterable

import structlog

from gateway.sip.callers import Admitted, Callers
from gateway.sip.destinations import Destinations
from gateway.sip.dialog import next_hop
from gateway.sip.digest import Challenges
from gateway.sip.gate import Gate, count
from gateway.sip.handshake import Spawn
from gateway.sip.hop import Hop
from gateway.sip.lines import Lines
from gateway.sip.message import BadRequest, Request
from gateway.sip.station import CallTerms, Station
from gateway.sip.transaction import Transactions
from gateway.sip.transaction_events import Responded, TimedOut, Unreachable
from gateway.sip.transport import Sockets
from gateway.sip.uri import URI
from gateway.sip.user_agent import Invited, Told, UserAgent, UserAgentEvent
from gateway.trunks import Telephone, Trunk

log = structlog.get_logger(__name__)

MOST_ROUNDS = 100
"Of events that bring about events, before others have their turn."


class Signalling:
    """Opened by `open`; `tell` gets what concerns calls, and must neither wait nor raise."""

    def __init__(self, telephone: Telephone, tell: Callable[[Invited | Told], None], spawn: Spawn) -> None:
        self._telephone = telephone
        self._tell = tell
        self._spawn = spawn
        self._loop = asyncio.get_running_loop()
        callers = Callers(telephone, Challenges(telephone.realm, secrets.token_bytes(32)))
        self._callers = callers
        self.lines = Lines(telephone.trunks, callers, new_id, self.now_ms())
        self.destinations = Destinations(telephone.dial)
        self._gate = Gate(telephone, callers, self._is_full)
        self.sockets = Sockets(telephone, self, self.lines.identity, spawn)
        self._transactions = Transactions(new_id, self.sockets.sent_by)
        station = Station(self._transactions, self.sockets.contact, new_id, next_hop)
        self.user_agent = UserAgent(station, self._gate.authorise, self._admitted_terms)
        self._events: deque[UserAgentEvent] = deque()
        self._settling = False
        self._timer: asyncio.TimerHandle | None = None

    def now_ms(self) -> int:
        """The loop's time."""
        return int(self._loop.time() * 1000)

    def terms(self, trunk: Trunk) -> CallTerms:
        """What a trunk's configuration says of its calls."""
        line = self.lines[trunk.name]

        def redirect(target: URI) -> Hop | None:
            """Only to numbers that we may call, and only through the same trunk."""
            allowed = target.user is not None and self.destinations.allows(target.user)
            return line.hop if allowed else None

        return CallTerms(
            trunk=trunk.name,
            credentials=line.credentials,
            session_expires_s=trunk.session_s or 0,
            symmetric=trunk.symmetric,
            context_headers=self._telephone.headers,
            redirect=redirect,
        )

    def look_after(self) -> None:
        """To be called once a second."""
        self.sockets.look_after(self.now_ms())
        self.lines.look_after(self.sockets.contact, self.sockets.reaches, self._send, self._spawn)
        self.settle()

    def leave(self) -> None:
        """Tell the trunks that we go."""
        self.lines.leave(self._send)
        self.settle()

    def close(self) -> None:
        """Send and receive nothing more."""
        if self._timer is not None:
            self._timer.cancel()
        self.sockets.close()

    # --- what the sockets bring (see `gateway.sip.connections.Listener`) ---

    def admits(self, hop: Hop) -> bool:
        """Whether to listen to one more message."""
        return self._gate.admits(hop, self.now_ms())

    def knows(self, host: str) -> bool:
        """Whether a host is one of a trunk."""
        return self._callers.knows(host)

    def datagram(self, data: bytes, hop: Hop) -> None:
        """A datagram came."""
        if data.strip(b"\r\n\0") and self.admits(hop):  # else a keepalive
            self.receive(data, hop)

    def receive(self, data: bytes, hop: Hop) -> None:
        """A message came that may be listened to."""
        count("in", data)
        if self._gate.passes(data, hop, self.now_ms()):
            self.settle(self.user_agent.receive(data, hop, self.now_ms()))

    def refuse(self, fault: BadRequest, hop: Hop) -> None:
        """A stream cannot be followed any more."""
        if not self._gate.is_silent_to(hop, self.now_ms()):
            self._transactions.refuse(fault, hop)
            self.settle()

    def lost(self, hop: Hop) -> None:
        """A connection is closed, or none could be opened to there."""
        self.settle(self.user_agent.failed(hop, self.now_ms()))

    # --- what follows from it ---

    def settle(self, events: Iterable[UserAgentEvent] = ()) -> None:
        """Bring everything to rest; to be called after every call of the user agent or an invitation."""
        self._events.extend(events)
        if self._settling:
            return
        self._settling = True
        try:
            for _ in range(MOST_ROUNDS):
                if not self._round():
                    break
        finally:
            self._settling = False
            self._wind()

    def _round(self) -> bool:
        """Whether there may be more to do at once."""
        while self._events:
            event = self._events.popleft()
            if isinstance(event, Responded | TimedOut | Unreachable):
                self.lines.heard(event, self._send)
            else:
                self._tell(event)
        for outgoing in self.user_agent.outgoing():
            count("out", outgoing.data)
            if not self.sockets.send(outgoing.data, outgoing.hop):
                self._events.extend(self.user_agent.failed(outgoing.hop, self.now_ms()))
        due_ms = self.user_agent.next_timer_ms()
        if due_ms is not None and due_ms <= self.now_ms():
            self._events.extend(self.user_agent.handle_timers(self.now_ms()))
            return True
        return bool(self._events)

    def _wind(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due_ms = self.user_agent.next_timer_ms()
        if due_ms is not None:
            wait_s = max((due_ms - self.now_ms()) / 1000, 0)
            self._timer = self._loop.call_later(wait_s, self.settle)

    def _send(self, request: Request, hop: Hop) -> str:
        """Send a request outside of any call; whoever calls this settles afterwards."""
        return self.user_agent.request(request, hop, self.now_ms())

    def _is_full(self, trunk: str) -> bool:
        line = self.lines[trunk]
        return line.calls >= line.trunk.calls

    def _admitted_terms(self, admitted: Admitted) -> CallTerms:
        return self.terms(admitted.trunk)


def new_id() -> str:
    """A token that nobody can guess."""
    return secrets.token_hex(12)
