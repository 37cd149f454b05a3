"""One call's signalling, whoever called whom (RFC 3261, chapters 13 to 15).  [core]

What whoever has a call can see and do. How the call goes on by itself is in `course`.
"""

from collections.abc import Callable, Mapping
from functools import partial

from gateway.sip import info
from gateway.sip.acceptance import Acceptances
from gateway.sip.call_events import CallEvent, Ended
from gateway.sip.client_requests import Headers, unheard
from gateway.sip.context import context
from gateway.sip.course import Course
from gateway.sip.dialog import Dialog
from gateway.sip.hop import Hop
from gateway.sip.incoming import IncomingInvite
from gateway.sip.message import Request
from gateway.sip.outgoing import NewCall, OutgoingInvite
from gateway.sip.session_timer import SessionTimer
from gateway.sip.station import CallTerms, Station
from gateway.sip.transaction_events import Requested
from gateway.sip.transfer import NO_HEADERS, Replaces
from gateway.sip.uri import URI
from gateway.sip.usage import Usage, reason_header


class Invitation:
    """One call, from the INVITE to the end. Made by a `UserAgent`, which also brings its events.

    Every method may be called at any time and is without effect when it makes no sense any more (the other
    side may have hung up in the very moment). What a method brings about at once, such as `Ended`, comes
    from the user agent's next `handle_timers`, which is due immediately.
    """

    def __init__(
        self,
        usage: Usage,
        timer: SessionTimer,
        acceptances: Acceptances,
        invite: IncomingInvite | OutgoingInvite,
        touched: Callable[["Invitation"], None],
    ) -> None:
        self.replaces: Invitation | None = None
        "The call that this one takes the place of; it is hung up when this one is answered (RFC 3891)."
        self.course = Course(
            usage,
            timer,
            acceptances,
            invite,
            accepted=self._hang_up_replaced,
            touched=partial(touched, self),
        )
        "For the user agent."
        self._usage = usage
        self._invite = invite
        self._incoming = invite if isinstance(invite, IncomingInvite) else None
        self._outgoing = invite if isinstance(invite, OutgoingInvite) else None
        touched(self)

    @classmethod
    def incoming(
        cls,
        station: Station,
        terms: CallTerms,
        requested: Requested,
        touched: Callable[["Invitation"], None],
        now_ms: int,
    ) -> "Invitation":
        """A call to us. Raises `ProtocolError` when the INVITE can only be refused: 400, 415, 422."""
        usage = Usage(station, terms, requested.hop)
        usage.heard(requested.request, requested.hop)
        timer = SessionTimer(terms.session_expires_s, terms.min_session_expires_s)
        timer.check(requested.request)
        acceptances = Acceptances()
        invite = IncomingInvite(usage, timer, acceptances, requested, now_ms)
        return cls(usage, timer, acceptances, invite, touched)

    @classmethod
    def outgoing(
        cls,
        station: Station,
        terms: CallTerms,
        call: NewCall,
        hop: Hop,
        touched: Callable[["Invitation"], None],
        now_ms: int,
    ) -> "Invitation":
        """A call of ours; the INVITE is sent."""
        usage = Usage(station, terms, hop)
        usage.calling = True
        timer = SessionTimer(terms.session_expires_s, terms.min_session_expires_s)
        return cls(usage, timer, Acceptances(), OutgoingInvite(usage, timer, call, now_ms), touched)

    # --- what there is to know ---

    @property
    def calling(self) -> bool:
        """Whether it was we who called."""
        return self._usage.calling

    @property
    def terms(self) -> CallTerms:
        """Those of the trunk."""
        return self._usage.terms

    @property
    def request(self) -> Request:
        """The INVITE; of a call of ours the latest attempt."""
        return self._invite.request

    @property
    def hop(self) -> Hop:
        """Where the other side's last message came from; of a new call of ours, where the INVITE goes."""
        return self._usage.requests.hop

    @property
    def dialog(self) -> Dialog | None:
        """The dialog, early or confirmed; None before the first response with a tag."""
        return self._usage.dialog

    @property
    def local_tag(self) -> str:
        """Our tag, which with the Call-ID finds the call; both are secrets of the two ends."""
        dialog = self._usage.dialog
        return dialog.local_tag if dialog else self._invite.request.from_address.tag

    @property
    def answered(self) -> bool:
        """Whether a 2xx was given or taken."""
        return self._invite.answered

    @property
    def ended(self) -> Ended | None:
        """How it ended, or None while it lives."""
        return self._usage.ended

    @property
    def context(self) -> dict[str, str]:
        """User-to-User and the terms' `context_headers` of their INVITE or 200, by name in lower case.

        Untrusted.
        """
        said = self._outgoing.accepted_by if self._outgoing else self._invite.request
        return context(said, self._usage.terms.context_headers) if said else {}

    @property
    def unsettled(self) -> bool:
        """Whether a request of ours (a BYE, an INVITE that was cancelled) waits for its final response."""
        return self.course.unsettled

    # --- a call to us ---

    def ring(self, now_ms: int, sdp: bytes | None = None) -> None:
        """180, or with a description 183 (early media), reliably where both sides can."""
        if self._usage.ended is None and self._incoming:
            self._incoming.ring(now_ms, sdp)
            self.course.settle(now_ms)

    def answer(self, now_ms: int, sdp: bytes | None = None, headers: Headers = ()) -> None:
        """200. `sdp`: our answer, or our offer when the INVITE had none; None: the one given to `ring`.

        `Established` follows with the ACK. A call that this one replaces (RFC 3891) is hung up.
        """
        if self._usage.ended is None and self._incoming:
            self._incoming.answer(sdp, headers)
            self.course.settle(now_ms)

    def reject(self, code: int, now_ms: int, headers: Headers = ()) -> None:
        """A final refusal, 300 to 699 (302 with a Contact in `headers`); `Ended` by `local` follows."""
        if not 300 <= code <= 699:
            raise ValueError("a refusal has a code from 300 to 699")
        if self._usage.ended is None and self._incoming:
            if self._incoming.refuse(code, now_ms, headers):
                self._usage.end(Ended("local", code, ""))
            self.course.settle(now_ms)

    # --- either ---

    def hang_up(self, now_ms: int, reason: str = "", headers: Headers = ()) -> None:
        """CANCEL, BYE or 480, whatever it takes now; `Ended` by `local` follows. `reason` goes along."""
        if self._usage.ended is None:
            code = 200 if self._invite.answered else 480 if self._incoming else 487
            said = [reason_header(reason)] if reason else []
            self._usage.end(Ended("local", code, reason), bye=[*said, *headers])
            self.course.settle(now_ms)

    def update_media(self, sdp: bytes, now_ms: int) -> None:
        """Offer a change (hold, resume, another codec or address): re-INVITE, before the answer UPDATE.

        `Answered` or `OfferRefused` follows. While another exchange is under way the latest offer waits;
        when both sides offered at once (491) ours is repeated after the delay that RFC 3261 14.1 wants.
        """
        self.course.offering.update(sdp)
        self.course.settle(now_ms)

    def answer_offer(self, key: str, sdp: bytes, now_ms: int) -> None:
        """Our answer to `Offered`, or our offer when it asked for one."""
        if self._usage.ended is None:
            if not (self._outgoing and self._outgoing.answer(key, sdp, now_ms)):
                self.course.offering.answer(key, sdp, now_ms)
            self.course.settle(now_ms)

    def refuse_offer(self, key: str, code: int, now_ms: int) -> None:
        """488 or the like; what was agreed before goes on. A new call's offer: it is hung up."""
        if self._outgoing and self._outgoing.waits_for(key):
            self.hang_up(now_ms, "the media offered cannot be used")
        else:
            self.course.offering.refuse(key, code, now_ms)
            self.course.settle(now_ms)

    def send_info(self, digit: str, now_ms: int, duration_ms: int = info.USUAL_MS) -> None:
        """A keypad digit by INFO (`application/dtmf-relay`)."""
        if self._usage.ended is None and self._invite.answered:
            body = info.relay(digit, duration_ms)
            self._usage.request("INFO", unheard, now_ms, body=body, content_type=info.RELAY)
            self.course.settle(now_ms)

    # --- transfer ---

    def refer(
        self,
        target: URI,
        now_ms: int,
        replaces: "Invitation | None" = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        """Ask the other side to call `target` instead (REFER); in place of our call `replaces` if given.

        `headers` are for the call that they make then, as far as they take them.
        `TransferProgress` follows, the last one `final` whatever the other side does or fails to do.
        """
        if self._usage.ended is None and self._invite.answered:
            other = replaces.dialog if replaces is not None else None
            self.course.transfers.refer(target, Replaces.of(other) if other else None, now_ms, headers)
            self.course.settle(now_ms)

    def accept_transfer(self, key: str, now_ms: int) -> None:
        """202 and a NOTIFY that it is being tried."""
        self.course.transfers.accept(key, now_ms)
        self.course.settle(now_ms)

    def refuse_transfer(self, key: str, code: int, now_ms: int) -> None:
        """603 or the like: we will not call there."""
        self.course.transfers.refuse(key, code, now_ms)
        self.course.settle(now_ms)

    def report_transfer(self, key: str, code: int, phrase: str, now_ms: int) -> None:
        """NOTIFY how the new call goes; a final code (200 or above) is the last."""
        self.course.transfers.report(key, code, phrase, now_ms)
        self.course.settle(now_ms)

    def _hang_up_replaced(self, now_ms: int) -> None:
        if self.replaces is not None:
            self.replaces.hang_up(now_ms, "replaced by another call")

    # --- what happened ---

    def events(self) -> list[CallEvent]:
        """What happened since it was last asked; the user agent asks."""
        events, self._usage.events = self._usage.events, []
        return events

    @property
    def untold(self) -> bool:
        """Whether `events` has something."""
        return bool(self._usage.events)
