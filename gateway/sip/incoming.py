"""The INVITE of a call to us, until it is answered or refused (RFC 3261, section 13.3; RFC 3262).  [core]"""

from typing import Literal

from gateway.sip.acceptance import Acceptances
from gateway.sip.body import description, session_description
from gateway.sip.call_events import Ended, Established, Progressed
from gateway.sip.client_requests import Headers
from gateway.sip.dialog import Dialog
from gateway.sip.message import Request, Response
from gateway.sip.reliable import OPTION, ReliableResponses
from gateway.sip.session_timer import SessionTimer
from gateway.sip.transaction_events import Requested
from gateway.sip.usage import Usage

RING_LIMIT_MS = 180_000
"Proxies give up after three minutes (Timer C); so do we, that no call that nobody answers stays for ever."
RING_AGAIN_MS = 60_000
"A provisional response a minute keeps the proxies patient (section 13.3.1.1)."

State = Literal["open", "accepting", "accepted", "refused"]


class IncomingInvite:
    """One INVITE and our responses to it."""

    def __init__(
        self,
        usage: Usage,
        timer: SessionTimer,
        acceptances: Acceptances,
        requested: Requested,
        now_ms: int,
    ) -> None:
        """Raises `ProtocolError` for an INVITE that nothing can be said to but a refusal; 100 is sent."""
        request = requested.request
        offer = session_description(request)
        usage.dialog = Dialog.answering(request, usage.station.ids())
        if offer is not None:
            usage.negotiation.receive_offer(offer)
        self.key = requested.key
        self.request = request
        self.state: State = "open"
        "`accepting`: the 200 waits for a PRACK. `accepted`: it is sent."
        self._usage = usage
        self._timer = timer
        self._acceptances = acceptances
        self._delayed = offer is None
        self.confirmed = False
        "The ACK has come."
        self._reliable = ReliableResponses(usage.station.draw(1, 2**30))
        self._ringing: Response | None = None
        self._sdp: bytes | None = None
        self._headers: Headers = ()
        self._ring_again_ms = now_ms + RING_AGAIN_MS
        self._limit_ms = now_ms + _limit_ms(request)
        usage.respond(self.key, request, 100, now_ms)

    # --- what we say ---

    def ring(self, now_ms: int, sdp: bytes | None) -> None:
        """180, or 183 with a description."""
        if self.state != "open":
            return
        reliable = self._reliably(sdp)
        if sdp is not None and self._usage.negotiation.complete:
            sdp = None  # it is agreed already
        if sdp is not None:
            self._sdp = sdp
        if self._delayed and not reliable:
            sdp = None  # an offer goes into nothing that may be lost
        made = self._usage.response(self.request, 183 if sdp else 180, body=sdp or b"")
        if not reliable:
            self._ringing = made
            self._usage.station.transactions.respond(self.key, made, now_ms)
            return
        if sdp is not None and not self._settle(sdp):
            return
        first = self._reliable.add(made, now_ms)
        if first is not None:
            self._usage.station.transactions.respond(self.key, first, now_ms)

    def answer(self, sdp: bytes | None, headers: Headers) -> None:
        """The user answers; `accept` sends the 200 when it may be sent."""
        if self.state != "open":
            return
        self._sdp = sdp or self._sdp
        self._headers = tuple(headers)
        if self._sdp is None and not self._usage.negotiation.complete:
            raise ValueError("an answer needs a session description")
        self.state = "accepting"

    def accept(self, now_ms: int) -> bool:
        """Send the 200 if it is wanted and no PRACK must come before it; whether it was sent."""
        if self.state != "accepting" or self._reliable.describing:
            return False
        body = b""
        if not self._usage.negotiation.complete:
            body = self._sdp or b""
            self._settle(body)
        self.state = "accepted"
        self._reliable.clear()
        made = self._usage.response(self.request, 200, self._headers, body)
        self._timer.answer(self.request, made, now_ms)
        self._usage.station.transactions.respond(self.key, made, now_ms)
        self._acceptances.add(self.key, made, now_ms)
        return True

    def refuse(self, code: int, now_ms: int, headers: Headers = ()) -> bool:
        """A final refusal; whether there was anything left to refuse."""
        if self.state in {"accepted", "refused"}:
            return False
        self.state = "refused"
        self._reliable.clear()
        self._usage.respond(self.key, self.request, code, now_ms, headers)
        return True

    # --- what we hear ---

    def acknowledged(self, prack: Request, now_ms: int) -> bool:
        """A PRACK came; whether it is for one of our responses. Its body is for whoever answers it."""
        known, after = self._reliable.acknowledged(prack, now_ms)
        if after is not None:
            self._usage.station.transactions.respond(self.key, after, now_ms)
        return known

    def confirm(self, ack: Request) -> None:
        """The ACK of our 200 came; it brings the answer if the 200 had our offer (delayed offer)."""
        self.confirmed = True
        negotiation = self._usage.negotiation
        if not negotiation.complete:
            sdp = description(ack)
            if sdp is None:
                self._usage.end(Ended("remote", 488, "acknowledged without a session description"), bye=())
                return
            negotiation.receive_answer(sdp)
        self._usage.emit(Established(negotiation.remote))

    @property
    def answered(self) -> bool:
        """Whether the 200 is out."""
        return self.state == "accepted"

    def withdraw(self, code: int, now_ms: int) -> None:
        """The call is over before it was answered."""
        self.refuse(code, now_ms)

    def completed(self, prack: Request) -> None:
        """The PRACK may bring the answer to an offer that we rang with. Raises `ProtocolError` (400, 415)."""
        sdp = session_description(prack)
        if sdp is not None and self._usage.negotiation.state == "offered":
            self._usage.negotiation.receive_answer(sdp)
            self._usage.emit(Progressed(sdp))

    # --- time ---

    def next_timer_ms(self) -> int | None:
        """When `handle_timers` has something to do, or None."""
        if self.state not in {"open", "accepting"}:
            return None
        times = [self._limit_ms, self._reliable.next_timer_ms()]
        if self._ringing is not None:
            times.append(self._ring_again_ms)
        return min(time for time in times if time is not None)

    def handle_timers(self, now_ms: int) -> None:
        """Repeat what must be repeated; refuse when nobody answers or no PRACK comes."""
        if self.state not in {"open", "accepting"}:
            return
        if self._reliable.given_up(now_ms):
            self._give_up(504, "no PRACK came", now_ms)
            return
        if now_ms >= self._limit_ms:
            self._give_up(487 if self.request.expires else 480, "nobody answered in time", now_ms)
            return
        again = self._reliable.due(now_ms)
        if again is None and self._ringing is not None and now_ms >= self._ring_again_ms:
            self._ring_again_ms = now_ms + RING_AGAIN_MS
            again = self._ringing
        if again is not None:
            self._usage.station.transactions.respond(self.key, again, now_ms)

    def _give_up(self, code: int, reason: str, now_ms: int) -> None:
        self.refuse(code, now_ms)
        self._usage.end(Ended("network" if code == 504 else "limit", code, reason))

    def _reliably(self, sdp: bytes | None) -> bool:
        if OPTION in self.request.require:
            return True
        wanted = sdp is not None and self._usage.terms.reliable
        return wanted and OPTION in self.request.supported

    def _settle(self, sdp: bytes) -> bool:
        """Our description goes out in something that will arrive: it answers their offer, or is one."""
        negotiation = self._usage.negotiation
        if negotiation.state == "asked":
            negotiation.answer(sdp)
        elif negotiation.state == "stable" and not negotiation.complete:
            negotiation.offer(sdp)
        else:
            return False
        return True


def _limit_ms(request: Request) -> int:
    """How long we let it ring: the caller may set less (Expires, section 13.3.1)."""
    expires = request.expires
    return min(RING_LIMIT_MS, expires * 1000) if expires else RING_LIMIT_MS
