"""Client transactions: a request of ours until its final response (RFC 3261, section 17.1; RFC 6026).  [core]

`send` queues bytes for a hop. The timers bear the RFC's letters; `over` says that the transaction is done.
"""

from collections.abc import Callable
from typing import Literal

from sipmessage import CSeq

from gateway.sip.hop import Hop
from gateway.sip.message import Request, Response, encode
from gateway.sip.timers import SILENCE_MS, T1_MS, T2_MS, T4_MS, TRANSACTION_MS, Timers, doubled
from gateway.sip.transaction_events import Responded, TimedOut, TransactionEvent, Unreachable

Send = Callable[[bytes, Hop], None]


class InviteClientTransaction:
    """Our INVITE (RFC 3261, section 17.1.1; figure 5 as RFC 6026 corrects it)."""

    def __init__(self, key: str, request: Request, hop: Hop, send: Send, now_ms: int) -> None:
        self.key = key
        self.hop = hop
        self.timers = Timers()
        self._state: Literal["calling", "proceeding", "completed", "accepted", "terminated"] = "calling"
        self._request = request
        self._data = encode(request)
        self._send = send
        self._interval_ms = T1_MS
        self._ack = b""
        self._cancel: Literal["unasked", "asked", "sent"] = "unasked"
        send(self._data, hop)
        if not hop.reliable:
            self.timers.start("A", now_ms + T1_MS)
        self.timers.start("B", now_ms + TRANSACTION_MS)

    @property
    def waiting(self) -> bool:
        """Whether the final response is still to come."""
        return self._state in {"calling", "proceeding"}

    @property
    def over(self) -> bool:
        """Whether nothing more can happen."""
        return self._state == "terminated"

    def receive(self, response: Response, hop: Hop, now_ms: int) -> list[TransactionEvent]:
        """A response came that belongs here."""
        if response.code >= 300:
            return self._refused(response, hop, now_ms)
        if self.waiting and response.code < 200:
            self._proceed(now_ms)
        elif self.waiting:
            self._end("accepted")
            self.timers.start("M", now_ms + TRANSACTION_MS)
        elif self._state != "accepted" or response.code < 200:
            return []
        return [Responded(self.key, response, hop)]

    def fail(self) -> list[TransactionEvent]:
        """Nothing can be sent any more."""
        if not self.waiting:
            return []
        self._end("terminated")
        return [Unreachable(self.key)]

    def cancel(self) -> None:
        """Ask for a CANCEL."""
        if self.waiting and self._cancel == "unasked":
            self._cancel = "asked"

    def cancellation_due(self, now_ms: int) -> Request | None:
        """The CANCEL, given out once and not before a provisional response came (section 9.1)."""
        if self._cancel != "asked" or self._state != "proceeding":
            return None
        self._cancel = "sent"
        self.timers.stop()
        self.timers.start("cancelled", now_ms + TRANSACTION_MS)
        return cancellation(self._request)

    def handle_timer(self, now_ms: int) -> list[TransactionEvent]:
        """Do the first thing that is due."""
        match self.timers.take(now_ms):
            case "A":
                self._interval_ms *= 2
                self.timers.start("A", now_ms + self._interval_ms)
                self._send(self._data, self.hop)
            case "B" | "cancelled":
                self._end("terminated")
                return [TimedOut(self.key)]
            case "silence":
                self.cancel()
            case "D" | "M":
                self._end("terminated")
        return []

    def _proceed(self, now_ms: int) -> None:
        self._state = "proceeding"
        if self._cancel != "sent":
            self.timers.stop()
            self.timers.start("silence", now_ms + SILENCE_MS)

    def _refused(self, response: Response, hop: Hop, now_ms: int) -> list[TransactionEvent]:
        if self.waiting:
            self._ack = encode(acknowledgement(self._request, response))
            self._send(self._ack, self.hop)
            self._end("terminated" if self.hop.reliable else "completed")
            self.timers.start("D", now_ms + TRANSACTION_MS)
            return [Responded(self.key, response, hop)]
        if self._state == "completed":
            self._send(self._ack, self.hop)
        return []

    def _end(self, state: Literal["completed", "accepted", "terminated"]) -> None:
        self._state = state
        self.timers.stop()


class NonInviteClientTransaction:
    """Any other request of ours (RFC 3261, section 17.1.2). Of a `quiet` one (CANCEL) nobody is told."""

    def __init__(
        self, key: str, request: Request, hop: Hop, send: Send, now_ms: int, *, quiet: bool = False
    ) -> None:
        self.key = key
        self.hop = hop
        self.timers = Timers()
        self._quiet = quiet
        self._state: Literal["trying", "proceeding", "completed", "terminated"] = "trying"
        self._data = encode(request)
        self._send = send
        self._interval_ms = T1_MS
        send(self._data, hop)
        if not hop.reliable:
            self.timers.start("E", now_ms + T1_MS)
        self.timers.start("F", now_ms + TRANSACTION_MS)

    @property
    def waiting(self) -> bool:
        """Whether the final response is still to come."""
        return self._state in {"trying", "proceeding"}

    @property
    def over(self) -> bool:
        """Whether nothing more can happen."""
        return self._state == "terminated"

    def receive(self, response: Response, hop: Hop, now_ms: int) -> list[TransactionEvent]:
        """A response came that belongs here."""
        if not self.waiting:
            return []
        if response.code < 200:
            self._state = "proceeding"
        else:
            self._state = "terminated" if self.hop.reliable else "completed"
            self.timers.stop()
            self.timers.start("K", now_ms + T4_MS)
        return self._told(Responded(self.key, response, hop))

    def fail(self) -> list[TransactionEvent]:
        """Nothing can be sent any more."""
        if not self.waiting:
            return []
        self._state = "terminated"
        return self._told(Unreachable(self.key))

    def handle_timer(self, now_ms: int) -> list[TransactionEvent]:
        """Do the first thing that is due."""
        match self.timers.take(now_ms):
            case "E":
                self._interval_ms = T2_MS if self._state == "proceeding" else doubled(self._interval_ms)
                self.timers.start("E", now_ms + self._interval_ms)
                self._send(self._data, self.hop)
            case "F":
                self._state = "terminated"
                return self._told(TimedOut(self.key))
            case "K":
                self._state = "terminated"
        return []

    def _told(self, event: TransactionEvent) -> list[TransactionEvent]:
        return [] if self._quiet else [event]


ClientTransaction = InviteClientTransaction | NonInviteClientTransaction


def acknowledgement(invite: Request, response: Response) -> Request:
    """The ACK of a final response that is no 2xx: part of the INVITE's transaction (section 17.1.1.3)."""
    ack = _sibling(invite, "ACK")
    if (to := response.headers.get("To")) is not None:
        ack.headers.set("To", to)
    return ack


def cancellation(invite: Request) -> Request:
    """The CANCEL of an INVITE (section 9.1)."""
    return _sibling(invite, "CANCEL")


def _sibling(invite: Request, method: str) -> Request:
    """A request that the other side takes for this INVITE's by its Via, and that goes the same way."""
    request = Request(method, invite.uri)
    request.headers.set("Via", invite.headers["Via"])
    for name in ("Route", "From", "To", "Call-ID"):
        if values := invite.headers.getlist(name):
            request.headers.setlist(name, list(values))
    request.cseq = CSeq(invite.cseq.sequence, method)
    request.max_forwards = 70
    return request
