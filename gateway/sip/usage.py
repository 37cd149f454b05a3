"""What the parts of one call share: its dialog, its terms, its requests under way.  [core]

RFC 5057 calls that an invite usage.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sipmessage import CSeq

from gateway.sip import digest
from gateway.sip.body import SDP
from gateway.sip.call_events import CallEvent, Ended, refused
from gateway.sip.dialog import Dialog
from gateway.sip.hop import Hop
from gateway.sip.message import Request, Response, response
from gateway.sip.negotiation import Negotiation
from gateway.sip.station import CallTerms, Station

ALLOWED = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "PRACK", "UPDATE", "INFO", "REFER", "NOTIFY")
SUPPORTED = ("100rel", "timer", "replaces", "norefersub", "uui")
MOST_ATTEMPTS = 4
"Of one request, the first included: a server that finds every nonce stale is not followed for ever."

OF_THE_CALL = {"INVITE", "UPDATE", "INFO", "REFER"}
"A 481 to one of these inside the dialog means that the other side has no such call (RFC 5057, section 5.1)."

Headers = Iterable[tuple[str, str]]
Answered = Callable[[Request, Response, int], None]
"Is told every response to a request but 100 and those answered with credentials: the request, it, the time."


@dataclass(slots=True)
class _Open:
    """A request of ours that waits for its final response, or an INVITE whose 2xx may come again."""

    request: Request
    answered: Answered
    dialog: Dialog | None
    attempt: int = 1
    final: bool = False


class Usage:
    """The state of one call that more than one of its parts looks at."""

    def __init__(self, station: Station, terms: CallTerms, hop: Hop) -> None:
        self.station = station
        self.terms = terms
        self.hop = hop
        "Where the other side's last message came from; at first, where the INVITE goes."
        self.calling = False
        "Whether the INVITE, and so the Call-ID, is ours."
        self.dialog: Dialog | None = None
        self.negotiation = Negotiation()
        self.allowed: frozenset[str] = frozenset()
        "Methods that the other side takes (Allow)."
        self.ended: Ended | None = None
        self.bye: Headers | None = None
        "A BYE with these headers is still to be sent, as soon as it may be."
        self.events: list[CallEvent] = []
        self._open: dict[str, _Open] = {}

    # --- what happened ---

    def emit(self, event: CallEvent) -> None:
        """Tell whoever has the call; nothing after `Ended`."""
        if self.ended is None:
            self.events.append(event)

    def end(self, ended: Ended, bye: Headers | None = None) -> None:
        """The call is over, the other side is to be told with a BYE if given; the first to say so counts."""
        if self.ended is None:
            self.events.append(ended)
            self.ended = ended
            self.bye = bye

    def heard(self, message: Request | Response, hop: Hop) -> None:
        """A message of this call came."""
        self.hop = hop
        allow = message.headers.getlist("Allow")
        if allow:
            self.allowed = frozenset(m.strip().upper() for line in allow for m in line.split(","))

    # --- requests ---

    def request(
        self,
        method: str,
        answered: Answered,
        now_ms: int,
        *,
        body: bytes = b"",
        content_type: str = SDP,
        headers: Headers = (),
        dialog: Dialog | None = None,
    ) -> Request:
        """Send a request inside the dialog (or another fork's), with credentials if it is asked for them."""
        within = dialog or self._dialog()
        request = within.request(method, body, content_type)
        for name, value in headers:
            request.headers.set(name, value)
        self.send(request, answered, now_ms, within)
        return request

    def send(self, request: Request, answered: Answered, now_ms: int, dialog: Dialog | None = None) -> str:
        """Send a finished request, of a dialog or before there is one; gives the transaction's key."""
        return self._send(_Open(request, answered, dialog), now_ms)

    def acknowledge(self, request: Request, dialog: Dialog, body: bytes = b"") -> Request:
        """Send the ACK of a 2xx to `request`; the same message is to be sent for every repeated 2xx."""
        ack = dialog.acknowledgement(request.cseq.sequence, body, SDP)
        self._introduce(ack)
        for name in ("Authorization", "Proxy-Authorization"):
            for value in request.headers.getlist(name):
                ack.headers.add(name, value)
        self.station.transactions.send(ack, self.next_hop(dialog))
        return ack

    def next_hop(self, dialog: Dialog) -> Hop:
        """Where requests inside the dialog go."""
        if self.terms.symmetric:
            return self.hop
        return self.station.resolve(dialog.next_uri, self.hop)

    def owns(self, key: str) -> bool:
        """Whether a client transaction is of this call."""
        return key in self._open

    @property
    def waiting(self) -> bool:
        """Whether a request of ours still waits for its final response."""
        return any(not one.final for one in self._open.values())

    def cancel(self, now_ms: int) -> None:
        """The call is over: CANCEL our INVITE, or re-INVITE, that has no final response yet."""
        for key, one in self._open.items():
            if one.request.method == "INVITE" and not one.final:
                self.station.transactions.cancel(key, now_ms)

    def responded(self, key: str, response: Response, now_ms: int) -> None:
        """A response came, or stands for one that did not."""
        one = self._open[key]
        if response.code >= 200 and not one.final:
            one.final = True
            if not (one.request.method == "INVITE" and response.code < 300):
                del self._open[key]
            if response.code in {401, 407} and self._authenticate(one, response, now_ms):
                return
            if response.code == 481 and one.request.method in OF_THE_CALL and one.dialog is self.dialog:
                self.end(refused(response))
        if response.code > 100:
            one.answered(one.request, response, now_ms)

    def unanswered(self, key: str, code: int, now_ms: int) -> None:
        """Nothing came (408) or it could not be sent (503): RFC 3261, section 8.1.3.1."""
        one = self._open[key]
        if one.final:
            del self._open[key]
        else:
            self.responded(key, response(one.request, code), now_ms)

    # --- responses ---

    def response(self, request: Request, code: int, headers: Headers = (), body: bytes = b"") -> Response:
        """A response of ours to a request of this call."""
        tag = self.dialog.local_tag if self.dialog else ""
        made = response(request, code, to_tag=tag)
        made.server = self.station.product
        if code > 100 and request.method in {"INVITE", "UPDATE"}:
            made.headers.set("Allow", ", ".join(ALLOWED))
        if request.method in {"INVITE", "UPDATE", "REFER", "OPTIONS"} and 100 < code < 300:
            made.headers.set("Contact", f"<{self.station.contact(self.hop)}>")
            made.supported = list(SUPPORTED)
        for name, value in headers:
            made.headers.set(name, value)
        if body:
            made.body = body
            made.headers.set("Content-Type", SDP)
        return made

    def respond(
        self, key: str, request: Request, code: int, now_ms: int, headers: Headers = (), body: bytes = b""
    ) -> Response:
        """Send one; gives what was sent."""
        made = self.response(request, code, headers, body)
        self.station.transactions.respond(key, made, now_ms)
        return made

    # --- how requests go out ---

    def _dialog(self) -> Dialog:
        if self.dialog is None:
            raise RuntimeError("a request inside the dialog needs one")
        return self.dialog

    def _send(self, one: _Open, now_ms: int) -> str:
        self._introduce(one.request)
        if one.request.method == "INVITE":
            self._open = {key: other for key, other in self._open.items() if not other.final}
        hop = self.next_hop(one.dialog) if one.dialog else self.hop
        key = self.station.transactions.request(one.request, hop, now_ms)
        self._open[key] = one
        return key

    def _introduce(self, request: Request) -> None:
        request.user_agent = self.station.product
        if request.method in {"INVITE", "UPDATE", "REFER", "NOTIFY"}:
            request.headers.set("Contact", f"<{self.station.contact(self.hop)}>")
        if request.method in {"INVITE", "UPDATE"}:
            request.headers.set("Allow", ", ".join(ALLOWED))
        if request.method in {"INVITE", "UPDATE", "REFER"}:
            request.supported = list(SUPPORTED)

    def _authenticate(self, one: _Open, challenged: Response, now_ms: int) -> bool:
        """Send a request inside the dialog again with credentials, if that can help."""
        if one.dialog is None or one.attempt >= MOST_ATTEMPTS:
            return False
        again = self.authenticated(one.request, challenged, one.dialog.local_sequence + 1)
        if again is None:
            return False
        one.dialog.local_sequence += 1
        self._send(_Open(again, one.answered, one.dialog, one.attempt + 1), now_ms)
        return True

    def authenticated(self, request: Request, challenged: Response, sequence: int) -> Request | None:
        """A refused request once more, with that CSeq and credentials; None when we have none that help."""
        if self.terms.credentials is None:
            return None
        again = repeated(request, sequence)
        helps = digest.authorise(again, challenged, self.terms.credentials, self.station.ids())
        return again if helps else None


def repeated(request: Request, sequence: int) -> Request:
    """The same request with another CSeq, for another transaction (RFC 3261, section 8.1.3.5)."""
    again = Request(request.method, request.uri, request.body)
    for name in request.headers.keys():
        if name.lower() not in {"via", "content-length"}:
            again.headers.setlist(name, list(request.headers.getlist(name)))
    again.cseq = CSeq(sequence, request.method)
    return again


def unheard(request: Request, response: Response, now_ms: int) -> None:
    """For requests whose answer, whatever it is, changes nothing."""


def reason_header(text: str, cause: int = 200) -> tuple[str, str]:
    """A Reason header of ours."""
    plain = "".join(sign for sign in text if sign.isprintable() and sign not in '"\\\\')
    return "Reason", f'SIP;cause={cause};text="{plain}"'
