"""The INVITE of a call of ours, until it is answered or refused (RFC 3261, section 13.2).  [core]

It may be sent several times (401, 3xx, 422) and may be answered several times (a proxy forks it): the first
2xx has the call, every other one gets its ACK and a BYE.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from sipmessage import CSeq

from gateway.sip.address import Address
from gateway.sip.body import SDP, description
from gateway.sip.call_events import Ended, Established, Offered, Progressed, Ringing, refused
from gateway.sip.client_requests import MOST_ATTEMPTS, repeated, unheard
from gateway.sip.dialog import MAX_FORWARDS, Dialog, tagged
from gateway.sip.hop import Hop
from gateway.sip.message import Request, Response
from gateway.sip.negotiation import Negotiation
from gateway.sip.reliable import ReliableReceived, is_reliable
from gateway.sip.session_timer import SessionTimer
from gateway.sip.uri import URI
from gateway.sip.usage import Usage

MOST_FORKS = 16
MOST_REDIRECTIONS = 5

State = Literal["calling", "answering", "confirmed", "giving up", "over"]


@dataclass(frozen=True, slots=True)
class NewCall:
    """Whom we call, and as whom."""

    target: URI
    from_: Address
    sdp: bytes | None
    "Our offer; None: the other side is to offer (`Offered` follows)."
    headers: Sequence[tuple[str, str]] = ()
    "User-to-User, X- headers, Replaces, Referred-By, P-Asserted-Identity ..."
    route: Sequence[Address] = ()
    "Route set to begin with (an outbound proxy)."


@dataclass(slots=True)
class _Fork:
    """One of those that a proxy has sent our INVITE on to."""

    dialog: Dialog
    received: ReliableReceived = field(default_factory=ReliableReceived)
    early: bytes | None = None
    ack: Request | None = None


class OutgoingInvite:
    """One call's INVITE and what comes back."""

    def __init__(self, usage: Usage, timer: SessionTimer, call: NewCall, now_ms: int) -> None:
        self.state: State = "calling"
        """`answering`: a 2xx has offered, its ACK waits for our answer. `giving up`: we have hung up and wait
        for what the network says to that."""
        self._usage = usage
        self._timer = timer
        self._forks: dict[str, _Fork] = {}
        self.accepted_by: Response | None = None
        "The 2xx that has the call."
        self._attempts = 1
        self._tried = {str(call.target)}
        self._offer: tuple[str, _Fork, Response] | None = None
        self._begin(call.sdp or b"")
        self.request = _invite(call, usage.station.ids(), usage.station.ids())
        timer.ask(self.request)
        usage.requests.send(self.request, self._answered, now_ms)

    # --- what we want ---

    @property
    def answered(self) -> bool:
        """Whether a 2xx came and was acknowledged."""
        return self.state == "confirmed"

    @property
    def confirmed(self) -> bool:
        """The same: for this end there is nothing in between."""
        return self.answered

    def withdraw(self, code: int, now_ms: int) -> None:
        """The call is over before it was answered: a 2xx gets its ACK and a BYE, now or when it comes."""
        if self.state == "answering" and self._offer is not None:
            _, fork, _ = self._offer
            self._dismiss(fork, now_ms)
            self.state = "over"
        elif self.state == "calling":
            self.state = "giving up"

    def waits_for(self, key: str) -> bool:
        """Whether the key is of an offer in a response to the INVITE, still unanswered."""
        return self._offer is not None and self._offer[0] == key

    def answer(self, key: str, sdp: bytes, now_ms: int) -> bool:
        """Our answer to an offer in a response goes into its PRACK or ACK; whether the key is of one."""
        if self._offer is None or self._offer[0] != key:
            return False
        _, fork, response = self._offer
        self._offer = None
        self._usage.negotiation.answer(sdp)
        if response.code < 200:
            self._prack(fork, key, sdp, now_ms)
        else:
            self._confirm(fork, response, sdp, now_ms)
        return True

    # --- what we hear ---

    def _answered(self, request: Request, response: Response, now_ms: int) -> None:
        if response.code >= 300:
            self._failed(response, now_ms)
            return
        fork = self._fork(response)
        if fork is None:
            return
        if response.code >= 200:
            self._accepted(fork, response, now_ms)
        elif self.state == "calling":
            self._progressed(fork, response, now_ms)

    def _progressed(self, fork: _Fork, response: Response, now_ms: int) -> None:
        rack = fork.received.rack(response) if is_reliable(response) else None
        if is_reliable(response) and rack is None:
            return
        self._turn_to(fork)
        sdp = description(response)
        negotiation = self._usage.negotiation
        if rack is not None and sdp is not None and negotiation.unopened:
            negotiation.receive_offer(sdp)
            self._offer = (rack, fork, response)
            self._usage.emit(Offered(sdp, rack))
            return
        if rack is not None:
            self._take(sdp)
            self._prack(fork, rack, b"", now_ms)
        if sdp is None:
            self._usage.emit(Ringing())
        elif sdp != fork.early:
            fork.early = sdp
            self._usage.emit(Progressed(sdp))

    def _accepted(self, fork: _Fork, response: Response, now_ms: int) -> None:
        if fork.ack is not None:
            self._usage.requests.acknowledge_again(fork.ack, fork.dialog)
            return
        if self.state == "answering":
            if self._offer is None or fork is not self._offer[1]:
                self._dismiss(fork, now_ms)
            return
        if self.state != "calling":
            self._dismiss(fork, now_ms)
            return
        self._turn_to(fork)
        fork.dialog.confirm(response)
        sdp = description(response)
        negotiation = self._usage.negotiation
        if sdp is not None and negotiation.unopened:
            negotiation.receive_offer(sdp)
            self.state = "answering"
            key = self._usage.station.ids()
            self._offer = (key, fork, response)
            self._usage.emit(Offered(sdp, key))
            return
        self._take(sdp or fork.early)
        if not negotiation.complete:
            self._dismiss(fork, now_ms)
            self.state = "over"
            self._usage.end(Ended("remote", 488, "answered without a session description"))
            return
        self._confirm(fork, response, b"", now_ms)

    def _failed(self, response: Response, now_ms: int) -> None:
        if self.state != "calling":
            self.state = "over" if self.state == "giving up" else self.state
            return
        again, hop = self._again(response)
        if again is None:
            self.state = "over"
            self._usage.end(refused(response))
            return
        self._attempts += 1
        self._forks.clear()
        self._usage.dialog = None
        self._begin(again.body)
        self._usage.requests.hop = hop
        self.request = again
        self._usage.requests.send(again, self._answered, now_ms)

    # --- what we make of it ---

    def _again(self, response: Response) -> tuple[Request | None, Hop]:
        """The INVITE to be sent after a refusal that allows for another try, and where to; else None."""
        hop = self._usage.requests.hop
        if self._attempts >= MOST_ATTEMPTS + MOST_REDIRECTIONS:
            return None, hop
        if response.code in {401, 407}:
            return self._usage.requests.authenticated(self.request, response), hop
        if response.code == 422 and self._timer.too_brief(response):
            again = repeated(self.request)
            self._timer.ask(again)
            return again, hop
        if response.code in {301, 302, 305}:
            return self._redirected(response)
        return None, hop

    def _redirected(self, response: Response) -> tuple[Request | None, Hop]:
        """To the first of the Contacts that the terms allow (section 8.1.3.4), most wanted first."""
        for contact in sorted(response.contact, key=_preference, reverse=True):
            hop = self._usage.terms.redirect(contact.uri)
            if hop is not None and str(contact.uri) not in self._tried:
                self._tried.add(str(contact.uri))
                again = repeated(self.request)
                again.uri = contact.uri
                return again, hop
        return None, self._usage.requests.hop

    def _fork(self, response: Response) -> _Fork | None:
        """Whose response it is; None when it names nobody, or too many have spoken already."""
        remote_tag = response.to_address.tag
        fork = self._forks.get(remote_tag)
        if fork is None:
            if (response.code < 200 and not remote_tag) or len(self._forks) >= MOST_FORKS:
                return None
            fork = self._forks[remote_tag] = _Fork(Dialog.answered(self.request, response))
        return fork

    def _begin(self, offer: bytes) -> None:
        """Nothing is agreed with whoever speaks next: our INVITE offers, or leaves it to them."""
        self._offer = None
        self._usage.negotiation = Negotiation()
        if offer:
            self._usage.negotiation.offer(offer)

    def _turn_to(self, fork: _Fork) -> None:
        """This one speaks now. What another fork has agreed to does not count for it."""
        if self._usage.dialog is not None and self._usage.dialog is not fork.dialog:
            self._begin(self.request.body)
        self._usage.dialog = fork.dialog

    def _take(self, sdp: bytes | None) -> None:
        """A description that is certain: the answer, or a correction of the one that early media had."""
        negotiation = self._usage.negotiation
        if sdp is None:
            return
        if negotiation.state == "offered" and not negotiation.complete:
            negotiation.receive_answer(sdp)
        elif negotiation.state == "stable" and sdp != negotiation.remote:
            negotiation.correct(sdp)

    def _confirm(self, fork: _Fork, response: Response, body: bytes, now_ms: int) -> None:
        fork.ack = self._usage.requests.acknowledge(self.request, fork.dialog, body)
        self.state = "confirmed"
        self.accepted_by = response
        self._timer.agreed(response, now_ms)
        self._usage.emit(Established(self._usage.negotiation.remote))

    def _dismiss(self, fork: _Fork, now_ms: int) -> None:
        """ACK and BYE for a 2xx that we have no use for (section 13.2.2.4)."""
        fork.ack = self._usage.requests.acknowledge(self.request, fork.dialog)
        self._usage.requests.request(fork.dialog, "BYE", unheard, now_ms)

    def _prack(self, fork: _Fork, rack: str, body: bytes, now_ms: int) -> None:
        headers = [("RAck", rack)]
        self._usage.requests.request(fork.dialog, "PRACK", unheard, now_ms, body=body, headers=headers)


def _invite(call: NewCall, call_id: str, local_tag: str) -> Request:
    request = Request("INVITE", call.target, call.sdp or b"")
    request.max_forwards = MAX_FORWARDS
    if call.route:
        request.route = list(call.route)
    request.from_address = tagged(call.from_, local_tag)
    request.to_address = Address(uri=call.target)
    request.call_id = call_id
    request.cseq = CSeq(1, "INVITE")
    for name, value in call.headers:
        request.headers.add(name, value)
    if call.sdp:
        request.headers.set("Content-Type", SDP)
    return request


def _preference(contact: Address) -> float:
    try:
        return float(contact.parameters.get("q") or "1")
    except ValueError:
        return 0.0
