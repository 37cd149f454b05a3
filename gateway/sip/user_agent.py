"""All calls of one endpoint: finds whose a message is, answers what is nobody's.  [core]"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from gateway.protocol_error import ProtocolError
from gateway.sip.body import SDP
from gateway.sip.call_events import CallEvent
from gateway.sip.callers import Admitted, Ignored, Refused, Verdict
from gateway.sip.client_requests import ALLOWED, SUPPORTED
from gateway.sip.hop import Hop
from gateway.sip.in_dialog import hints, unsupported
from gateway.sip.invitation import Invitation
from gateway.sip.message import BadRequest, Message, Request, parse, response
from gateway.sip.outgoing import NewCall
from gateway.sip.station import CallTerms, Station
from gateway.sip.timers import Agenda
from gateway.sip.transaction_events import (
    Acknowledged,
    Cancelled,
    Outgoing,
    Requested,
    Responded,
    TimedOut,
    TransactionEvent,
    Unreachable,
)
from gateway.sip.transfer import Replaces

IN_DIALOG_ONLY = {"BYE", "PRACK", "UPDATE", "INFO", "NOTIFY"}
NOT_HERE = {"REGISTER", "SUBSCRIBE", "MESSAGE", "PUBLISH", "REFER"}
"Methods that we know, and do not take outside of a call."


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


class UserAgent:
    """Everything over one `Transactions`: bytes in, events and bytes out."""

    def __init__(
        self,
        station: Station,
        authorise: Callable[[Request, Hop, int], Verdict],
        terms: Callable[[Admitted], CallTerms],
        most_calls: int = 2000,
    ) -> None:
        self.draining = False
        "No new calls: INVITE and OPTIONS get 503 with Retry-After."
        self._station = station
        self._transactions = station.transactions
        self._authorise = authorise
        self._terms = terms
        self._most_calls = most_calls
        self._calls: dict[str, Invitation] = {}  # by our tag, which nobody else has
        self._invites: dict[tuple[str, str, int], tuple[str, Invitation]] = {}
        self._others: set[str] = set()
        self._touched: dict[Invitation, None] = {}
        self._agenda = Agenda()
        self._server = ("Server", station.product)  # for those who are let in: scanners look for names

    @property
    def calls(self) -> Collection[Invitation]:
        """Calls that are not over, and those that are over but still owe the network something."""
        return self._calls.values()

    # --- out ---

    def invite(self, call: NewCall, hop: Hop, terms: CallTerms, now_ms: int) -> Invitation:
        """Call somebody. `hop`: where the INVITE goes."""
        invitation = Invitation.outgoing(self._station, terms, call, hop, self._touch, now_ms)
        self._calls[invitation.local_tag] = invitation
        return invitation

    def request(self, request: Request, hop: Hop, now_ms: int) -> str:
        """Send a request outside of any call (REGISTER, OPTIONS); its events bear the returned key."""
        key = self._transactions.request(request, hop, now_ms)
        self._others.add(key)
        return key

    def outgoing(self) -> list[Outgoing]:
        """What is to be sent, in order; to be asked after every call of anything here."""
        return self._transactions.outgoing()

    # --- in ---

    def receive(self, data: bytes, hop: Hop, now_ms: int) -> list[UserAgentEvent]:
        """One datagram, or one message off a stream. Never raises: what is bad is answered or dropped."""
        try:
            message = parse(data)
        except BadRequest as fault:
            self._transactions.refuse(fault, hop)
            return []
        return self._handle(self._transactions.receive(message, hop, now_ms), now_ms)

    def failed(self, hop: Hop, now_ms: int) -> list[UserAgentEvent]:
        """Nothing can be sent to `hop`, or its connection closed."""
        return self._handle(self._transactions.failed(hop, now_ms), now_ms)

    def handle_timers(self, now_ms: int) -> list[UserAgentEvent]:
        """To be called when `next_timer_ms` has come (early calls do no harm)."""
        while (tag := self._agenda.take(now_ms)) is not None:
            self._calls[tag].course.handle_timers(now_ms)
        return self._handle(self._transactions.handle_timers(now_ms), now_ms)

    def next_timer_ms(self) -> int | None:
        """When `handle_timers` is due; to be asked after every call of anything here."""
        if any(invitation.untold for invitation in self._touched):
            return 0
        self._look_after_touched()
        times = (self._agenda.next_ms(), self._transactions.next_timer_ms())
        return min((time for time in times if time is not None), default=None)

    # --- what happened ---

    def _handle(self, events: Iterable[TransactionEvent], now_ms: int) -> list[UserAgentEvent]:
        told: list[UserAgentEvent] = []
        for event in events:
            match event:
                case Requested():
                    told += self._requested(event, now_ms)
                case Acknowledged(request=ack):
                    if invitation := self._call(ack, ack.to_address.tag):
                        invitation.course.acknowledged(event, now_ms)
                case Cancelled():
                    self._cancelled(event, now_ms)
                case Responded(key=key, response=answer):
                    invitation = self._call(answer, answer.from_address.tag)
                    if invitation and invitation.course.owns(key):
                        invitation.course.responded(event, now_ms)
                    else:
                        told += self._other(event, final=answer.code >= 200)
                case TimedOut(key=key) | Unreachable(key=key):
                    told += self._unanswered(event, now_ms)
        for invitation in self._touched:
            told += [Told(invitation, what) for what in invitation.events()]
        self._look_after_touched()
        return told

    def _other(self, event: Responded | TimedOut | Unreachable, *, final: bool) -> list[UserAgentEvent]:
        if event.key not in self._others:
            return []
        if final:
            self._others.discard(event.key)
        return [event]

    def _unanswered(self, event: TimedOut | Unreachable, now_ms: int) -> list[UserAgentEvent]:
        for invitation in self._calls.values():
            if invitation.course.owns(event.key):
                invitation.course.unanswered(event.key, 408 if isinstance(event, TimedOut) else 503, now_ms)
                return []
        return self._other(event, final=True)

    def _cancelled(self, event: Cancelled, now_ms: int) -> None:
        """The CANCEL of a re-INVITE bears our tag; that of the INVITE that began the call does not."""
        cancel = event.request
        known = self._call(cancel, cancel.to_address.tag)
        began = self._invites.get((cancel.call_id, cancel.from_address.tag, cancel.cseq.sequence))
        invitation = known or (began[1] if began else None)
        if invitation is not None:
            invitation.course.cancelled(event, now_ms)

    # --- requests ---

    def _requested(self, event: Requested, now_ms: int) -> Sequence[UserAgentEvent]:
        request = event.request
        invitation = self._call(request, request.to_address.tag)
        if invitation is not None:
            invitation.course.requested(event, now_ms)
            return ()
        verdict = self._authorise(request, event.hop, now_ms)
        if isinstance(verdict, Ignored):
            self._transactions.ignore(event.key)
        elif isinstance(verdict, Refused):
            self._respond(event, verdict.code, now_ms, verdict.headers)
        else:
            terms = self._terms(verdict)
            try:
                self._check(request)
                if request.method == "OPTIONS":
                    self._options(event, now_ms)
                else:
                    return [self._invited(event, verdict, terms, now_ms)]
            except ProtocolError as error:
                headers = hints(request, error.status, self._station, terms)
                self._respond(event, error.status, now_ms, [*headers, self._server])
        return ()

    def _check(self, request: Request) -> None:
        """Raises for what makes no sense outside a dialog (RFC 3261, sections 8.2.1, 8.2.2, 12.2.2)."""
        if request.to_address.tag or request.method in IN_DIALOG_ONLY:
            raise ProtocolError("no_dialog", "there is no such call", 481)
        if request.method in NOT_HERE:
            raise ProtocolError("method", "the method is not allowed here", 405)
        if request.method not in ALLOWED:
            raise ProtocolError("unknown_method", "the method is not known", 501)
        if self.draining or (request.method == "INVITE" and len(self._calls) >= self._most_calls):
            raise ProtocolError("full", "no new calls are taken now", 503)
        if unsupported(request):
            raise ProtocolError("extension", "an extension is required that is not known", 420)

    def _options(self, event: Requested, now_ms: int) -> None:
        headers = [("Allow", ", ".join(ALLOWED)), ("Accept", SDP), ("Supported", ", ".join(SUPPORTED))]
        self._respond(event, 200, now_ms, [*headers, self._server])

    def _invited(self, event: Requested, admitted: Admitted, terms: CallTerms, now_ms: int) -> Invited:
        request = event.request
        merging = (request.call_id, request.from_address.tag, request.cseq.sequence)
        if merging in self._invites:
            raise ProtocolError("merged", "the same request came another way already", 482)
        replaces = self._replaced(request, terms)
        invitation = Invitation.incoming(self._station, terms, event, self._touch, now_ms)
        invitation.replaces = replaces
        self._calls[invitation.local_tag] = invitation
        self._invites[merging] = (event.key, invitation)
        return Invited(invitation, request, admitted, replaces)

    def _replaced(self, request: Request, terms: CallTerms) -> Invitation | None:
        """The call that a Replaces header means. Raises `ProtocolError` as RFC 3891, section 3, says."""
        values = request.headers.getlist("Replaces")
        if not values:
            return None
        if len(values) > 1:
            raise ProtocolError("bad_replaces", "there must be one Replaces header", 400)
        wanted = Replaces.parse(values[0])
        found = self._calls.get(wanted.to_tag)
        dialog = found.dialog if found else None
        if found is None or dialog is None or (dialog.call_id, dialog.remote_tag) != wanted.far_end:
            raise ProtocolError("nothing_to_replace", "there is no such call", 481)
        if found.terms.trunk != terms.trunk:  # who must not replace it need not know of it
            raise ProtocolError("not_to_replace", "there is no such call of this trunk", 481)
        if found.ended is not None:
            raise ProtocolError("over", "the call is over", 603)
        if not found.answered and not found.calling:
            raise ProtocolError("nothing_to_replace", "the call is not answered yet", 481)
        if found.answered and wanted.early_only:
            raise ProtocolError("answered", "the call is answered already", 486)
        return found

    def _respond(
        self, event: Requested, code: int, now_ms: int, headers: Iterable[tuple[str, str]] = ()
    ) -> None:
        made = response(event.request, code, to_tag=self._station.ids())
        for name, value in headers:
            made.headers.add(name, value)
        self._transactions.respond(event.key, made, now_ms)

    # --- looking after calls ---

    def _call(self, message: Message, tag: str) -> Invitation | None:
        """The call whose end here has that tag."""
        invitation = self._calls.get(tag)
        known = invitation is not None and invitation.request.call_id == message.call_id
        return invitation if known else None

    def _touch(self, invitation: Invitation) -> None:
        self._touched[invitation] = None

    def _look_after_touched(self) -> None:
        """Note when each call that something happened to wants to be looked at next; forget finished ones."""
        for invitation in self._touched:
            if invitation.course.finished:
                self._forget(invitation)
            else:
                self._agenda.set(invitation.local_tag, invitation.course.next_timer_ms())
        self._touched.clear()

    def _forget(self, invitation: Invitation) -> None:
        self._agenda.set(invitation.local_tag, None)
        self._calls.pop(invitation.local_tag, None)
        request = invitation.request
        if not invitation.calling:
            self._invites.pop((request.call_id, request.from_address.tag, request.cseq.sequence), None)
