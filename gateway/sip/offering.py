"""Offers in the middle of a call, both ways: re-INVITE and UPDATE (RFC 3261, chapter 14; RFC 3311).  [core]

Also the refresh of the session, which is the same requests without a change (RFC 4028).
"""

from dataclasses import dataclass
from functools import partial

from gateway.protocol_error import ProtocolError
from gateway.sip.acceptance import Acceptances
from gateway.sip.body import SDP, description, session_description
from gateway.sip.call_events import Answered, Offered, OfferRefused, OfferWithdrawn, refused, retry_after_s
from gateway.sip.client_requests import MOST_ATTEMPTS
from gateway.sip.dialog import Dialog
from gateway.sip.message import Request, Response
from gateway.sip.session_timer import SessionTimer
from gateway.sip.transaction_events import Requested
from gateway.sip.usage import Usage

GLARE_OWNER_MS = (2100, 4000)
GLARE_OTHER_MS = (0, 2000)
"Who made the Call-ID waits longer after a 491, so that both do not try again at once (section 14.1)."
RETRY_AFTER_S = (0, 10)
"What a 500 to an offer that came too early says (section 14.2)."


@dataclass(frozen=True, slots=True)
class _Theirs:
    """A request of theirs that waits for our user's word."""

    request: Request
    offer: bytes | None
    dialog: Dialog | None


@dataclass(slots=True)
class _Own:
    """A request of ours, under way or done."""

    method: str
    dialog: Dialog
    offer: bytes | None
    refresh: bool
    ack: Request | None = None


class Offering:
    """The offers of one dialog, once there is one."""

    def __init__(self, usage: Usage, timer: SessionTimer, acceptances: Acceptances) -> None:
        self._usage = usage
        self._timer = timer
        self._acceptances = acceptances
        self._theirs: dict[str, _Theirs] = {}
        self._own: _Own | None = None
        self._wanted: bytes | None = None
        self._refresh_wanted = False
        self._not_before_ms = 0
        self._attempts = 0

    # --- ours ---

    def update(self, sdp: bytes) -> None:
        """Offer this as soon as it may be; it takes the place of an offer that still waits."""
        self._wanted = sdp

    def refresh(self) -> None:
        """Refresh the session as soon as it may be."""
        self._refresh_wanted = True

    def proceed(self, confirmed: bool, now_ms: int) -> None:
        """Send what waits, if it may be sent now."""
        if now_ms < self._not_before_ms or self._busy():
            return
        self._not_before_ms = 0
        updates = "UPDATE" in self._usage.allowed
        if self._wanted is not None:
            if confirmed or (updates and self._usage.negotiation.complete):
                sdp, self._wanted = self._wanted, None
                self._usage.negotiation.offer(sdp)
                self._send("INVITE" if confirmed else "UPDATE", sdp, now_ms, refresh=False)
        elif self._refresh_wanted and confirmed:
            sdp = b"" if updates else self._usage.negotiation.local or b""
            if sdp:
                self._usage.negotiation.offer(sdp)
            self._send("UPDATE" if updates else "INVITE", sdp, now_ms, refresh=True)

    def next_timer_ms(self) -> int | None:
        """When something that waits may be sent, or None."""
        waits = self._wanted is not None or self._refresh_wanted
        return self._not_before_ms if waits and self._not_before_ms and not self._busy() else None

    def stop(self, now_ms: int) -> None:
        """The call is over: whoever waits for our word gets it."""
        for key, theirs in self._theirs.items():
            self._usage.respond(key, theirs.request, 487, now_ms)
        self._theirs.clear()
        self._wanted, self._refresh_wanted = None, False

    # --- theirs ---

    def requested(self, requested: Requested, confirmed: bool, now_ms: int) -> None:
        """A re-INVITE, UPDATE, or PRACK with an offer came inside the dialog.

        Raises `ProtocolError` with the status to answer: 491 or 500 when an offer is under way, 415, 422.
        """
        request = requested.request
        offer = session_description(request)
        if request.method == "INVITE" or offer is not None:
            self._check_turn(request, confirmed)
        if request.method != "PRACK":
            self._timer.check(request)
        if request.method == "UPDATE" and offer is None:
            self._agree(requested.key, request, b"", now_ms)
        elif offer is not None and offer == self._usage.negotiation.remote:
            self._agree(requested.key, request, self._usage.negotiation.local or b"", now_ms)
        else:
            if offer is not None:
                self._usage.negotiation.receive_offer(offer)
            if request.method == "INVITE":
                self._usage.respond(requested.key, request, 100, now_ms)
            self._theirs[requested.key] = _Theirs(request, offer, self._usage.dialog)
            self._usage.emit(Offered(offer, requested.key))

    def answer(self, key: str, sdp: bytes, now_ms: int) -> None:
        """The user's answer, or the offer that was asked for."""
        theirs = self._theirs.pop(key, None)
        if theirs is None:
            return
        if theirs.dialog is not self._usage.dialog:  # another fork has the call now
            self._usage.respond(key, theirs.request, 481, now_ms)
            return
        if theirs.offer is None:
            self._usage.negotiation.offer(sdp)
        else:
            self._usage.negotiation.answer(sdp)
        self._agree(key, theirs.request, sdp, now_ms)

    def refuse(self, key: str, code: int, now_ms: int) -> None:
        """The user does not want it."""
        theirs = self._theirs.pop(key, None)
        if theirs is None:
            return
        if theirs.offer is not None and theirs.dialog is self._usage.dialog:
            self._usage.negotiation.abandon()
        self._usage.respond(key, theirs.request, code, now_ms)

    def cancelled(self, key: str, now_ms: int) -> None:
        """Their CANCEL was faster than our word."""
        if key in self._theirs:
            self.refuse(key, 487, now_ms)
            self._usage.emit(OfferWithdrawn(key))

    def acknowledged(self, ack: Request) -> None:
        """The ACK of our 2xx to a re-INVITE: it brings the answer if the 2xx had our offer.

        Without one the offer is forgotten: the other side breaks the rules, but the call goes on as it was.
        """
        if self._usage.negotiation.state != "offered" or self._own is not None:
            return
        sdp = description(ack)
        if sdp is None:
            self._usage.negotiation.abandon()
            self._usage.emit(OfferRefused(488))
        else:
            self._usage.negotiation.receive_answer(sdp)
            self._usage.emit(Answered(sdp))

    # --- how ---

    def _busy(self) -> bool:
        """Whether an exchange or an INVITE transaction is under way in either direction (section 14.1)."""
        return bool(
            self._own is not None
            or self._theirs
            or len(self._acceptances)
            or self._usage.negotiation.state != "stable"
            or self._usage.ended
        )

    def _send(self, method: str, sdp: bytes, now_ms: int, *, refresh: bool) -> None:
        dialog = self._usage.dialog
        if dialog is None:
            return
        self._refresh_wanted = False
        request = dialog.request(method, sdp, SDP)
        self._timer.ask(request)
        self._own = own = _Own(method, dialog, sdp or None, refresh)
        self._usage.requests.send(request, partial(self._answered, own), now_ms, dialog)

    def _agree(self, key: str, request: Request, sdp: bytes, now_ms: int) -> None:
        """200 to theirs."""
        if self._usage.dialog is not None and request.method != "PRACK":
            self._usage.dialog.refresh_target(request)
        made = self._usage.response(request, 200, body=sdp)
        if request.method != "PRACK":
            self._timer.answer(request, made, now_ms)
        self._usage.station.transactions.respond(key, made, now_ms)
        if request.method == "INVITE":
            self._acceptances.add(key, made, now_ms)

    def _check_turn(self, request: Request, confirmed: bool) -> None:
        state = self._usage.negotiation.state
        if state == "offered" or (self._own is not None and self._own.method == "INVITE"):
            raise ProtocolError("glare", "an offer of ours is under way", 491)
        unanswered = any(theirs.request.method == "INVITE" for theirs in self._theirs.values())
        if state == "asked" or unanswered or (request.method == "INVITE" and not confirmed):
            raise ProtocolError("too_early", "an offer of theirs is still unanswered", 500)

    def _answered(self, own: _Own, request: Request, response: Response, now_ms: int) -> None:
        if response.code < 200:
            return
        if own.ack is not None:
            self._usage.requests.acknowledge_again(own.ack, own.dialog)
            return
        self._own = None
        if own.dialog is not self._usage.dialog:  # another fork has the call now
            return
        if response.code < 300:
            self._agreed(own, request, response, now_ms)
        else:
            self._refused(own, response, now_ms)

    def _agreed(self, own: _Own, request: Request, response: Response, now_ms: int) -> None:
        negotiation = self._usage.negotiation
        own.dialog.refresh_target(response)
        if own.method == "INVITE":
            own.ack = self._usage.requests.acknowledge(request, own.dialog)
        self._attempts = 0
        self._timer.agreed(response, now_ms)
        if own.offer is None:
            return
        sdp = description(response)
        if sdp is None:
            negotiation.abandon()
            self._usage.emit(OfferRefused(488))
            return
        same = own.refresh and sdp == negotiation.remote
        negotiation.receive_answer(sdp)
        if not same:
            self._usage.emit(Answered(sdp))

    def _refused(self, own: _Own, response: Response, now_ms: int) -> None:
        if own.offer is not None:
            self._usage.negotiation.abandon()
        if response.code == 408:  # nobody is there any more (section 12.2.1.2)
            self._usage.end(refused(response), bye=())
            return
        if own.method == "UPDATE" and response.code in {405, 501}:  # whatever its Allow said
            self._usage.allowed -= {"UPDATE"}
        delay_ms = self._delay_ms(response)
        if delay_ms is None or self._attempts >= MOST_ATTEMPTS:
            self._attempts = 0
            if not own.refresh:
                self._usage.emit(OfferRefused(response.code))
            return
        self._attempts += 1
        self._not_before_ms = now_ms + delay_ms
        if own.refresh:
            self._refresh_wanted = True
        else:
            self._wanted = self._wanted or own.offer

    def _delay_ms(self, response: Response) -> int | None:
        """After how long a refused offer is to be made again; None: never."""
        if response.code == 491:
            return self._usage.station.draw(*(GLARE_OWNER_MS if self._usage.calling else GLARE_OTHER_MS))
        if response.code in {405, 501} or (response.code == 422 and self._timer.too_brief(response)):
            return 0
        if response.code in {500, 503}:
            seconds = retry_after_s(response)
            return None if seconds is None or seconds > RETRY_AFTER_S[1] else seconds * 1000
        return None
