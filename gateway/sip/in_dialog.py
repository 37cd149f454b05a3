"""Requests that the other side sends inside the dialog of a call: each to the part that it is for.  [core]"""

from gateway.protocol_error import ProtocolError
from gateway.sip import info
from gateway.sip.body import SDP, session_description
from gateway.sip.call_events import Ended, reason_text
from gateway.sip.client_requests import ALLOWED, SUPPORTED
from gateway.sip.incoming import IncomingInvite
from gateway.sip.message import Request
from gateway.sip.offering import RETRY_AFTER_S, Offering
from gateway.sip.outgoing import OutgoingInvite
from gateway.sip.session_timer import LEAST_S
from gateway.sip.station import CallTerms, Station
from gateway.sip.transaction_events import Requested
from gateway.sip.transfer import Transfers
from gateway.sip.usage import Usage

FULL_RETRY_AFTER_S = 30
"When a caller for whom there is no room may come back."

Invite = IncomingInvite | OutgoingInvite


class InDialog:
    """The requests that come inside one dialog."""

    def __init__(self, usage: Usage, offering: Offering, transfers: Transfers) -> None:
        self._usage = usage
        self._offering = offering
        self._transfers = transfers

    def receive(self, requested: Requested, invite: Invite, now_ms: int) -> None:
        """Do what a request asks for, or refuse it with the status that its fault calls for."""
        request = requested.request
        try:
            if self._usage.dialog is None:
                raise ProtocolError("no_dialog", "there is no dialog yet", 481)
            self._usage.dialog.accept(request)
            if self._usage.ended is not None:
                self._receive_after_end(requested, self._usage.ended, now_ms)
                return
            self._usage.heard(request, requested.hop)
            if unsupported(request):
                raise ProtocolError("extension", "an extension is required that is not known", 420)
            self._dispatch(requested, invite, now_ms)
        except ProtocolError as error:
            self._refuse(requested, error.status, now_ms)

    def _receive_after_end(self, requested: Requested, ended: Ended, now_ms: int) -> None:
        """Their BYE may cross ours, or come while ours waits for an ACK; all else is of no call any more."""
        if requested.request.method != "BYE" or ended.by == "remote":
            raise ProtocolError("no_dialog", "the call is over", 481)
        self._usage.bye = None
        self._respond(requested, 200, now_ms)

    def _dispatch(self, requested: Requested, invite: Invite, now_ms: int) -> None:
        match requested.request.method:
            case "BYE":
                self._respond(requested, 200, now_ms)
                self._usage.end(Ended("remote", 200, reason_text(requested.request)))
            case "INVITE" | "UPDATE":
                self._offering.requested(requested, invite.answered, now_ms)
            case "PRACK":
                self._prack(requested, invite, now_ms)
            case "INFO":
                digit = info.digit(requested.request)
                self._respond(requested, 200, now_ms)
                if digit is not None:
                    self._usage.emit(digit)
            case "REFER":
                self._transfers.asked(requested)
            case "NOTIFY":
                self._transfers.notified(requested, now_ms)
            case "OPTIONS":
                self._respond(requested, 200, now_ms, ("Accept", SDP))
            case _:
                raise ProtocolError("method", "the method means nothing inside a call", 405)

    def _prack(self, requested: Requested, invite: Invite, now_ms: int) -> None:
        """Its answer completes our offer; its offer is answered in its 200 (RFC 3262, section 5)."""
        prack = requested.request
        if not isinstance(invite, IncomingInvite) or not invite.acknowledged(prack, now_ms):
            raise ProtocolError("no_such_response", "no provisional response waits for this", 481)
        if session_description(prack) is not None and self._usage.negotiation.state == "stable":
            self._offering.requested(requested, invite.answered, now_ms)
            return
        invite.completed(prack)
        self._respond(requested, 200, now_ms)

    def _respond(self, requested: Requested, code: int, now_ms: int, *headers: tuple[str, str]) -> None:
        self._usage.respond(requested.key, requested.request, code, now_ms, headers)

    def _refuse(self, requested: Requested, code: int, now_ms: int) -> None:
        headers = hints(requested.request, code, self._usage.station, self._usage.terms)
        self._usage.respond(requested.key, requested.request, code, now_ms, headers)


def hints(request: Request, code: int, station: Station, terms: CallTerms) -> list[tuple[str, str]]:
    """What else a refusal must say, by its code."""
    match code:
        case 405:
            return [("Allow", ", ".join(ALLOWED))]
        case 415:
            return [("Accept", info.ACCEPTED if request.method == "INFO" else SDP)]
        case 420:
            return [("Unsupported", ", ".join(unsupported(request)))]
        case 422:
            return [("Min-SE", str(max(terms.min_session_expires_s, LEAST_S)))]
        case 469:
            return [("Recv-Info", "")]
        case 489:
            return [("Allow-Events", "refer")]
        case 500 if request.method in {"INVITE", "UPDATE"}:
            return [("Retry-After", str(station.draw(*RETRY_AFTER_S)))]
        case 503:
            return [("Retry-After", str(FULL_RETRY_AFTER_S))]
    return []


def unsupported(request: Request) -> list[str]:
    """What a request requires and we cannot do (RFC 3261, section 8.2.2.3)."""
    return [option for option in request.require if option not in SUPPORTED]
