"""What the parts of one call share: its dialog, its terms, what happened, its requests under way.  [core]

RFC 5057 calls that an invite usage.
"""

from gateway.sip.body import SDP
from gateway.sip.call_events import CallEvent, Ended, refused
from gateway.sip.client_requests import ALLOWED, SUPPORTED, Answered, ClientRequests, Headers
from gateway.sip.dialog import Dialog
from gateway.sip.hop import Hop
from gateway.sip.message import Request, Response, response
from gateway.sip.negotiation import Negotiation
from gateway.sip.station import CallTerms, Station


class Usage:
    """The state of one call that more than one of its parts looks at."""

    def __init__(self, station: Station, terms: CallTerms, hop: Hop) -> None:
        self.station = station
        self.terms = terms
        self.calling = False
        "Whether the INVITE, and so the Call-ID, is ours."
        self.requests = ClientRequests(station, terms, hop, self._gone)
        self.dialog: Dialog | None = None
        self.negotiation = Negotiation()
        self.allowed: frozenset[str] = frozenset()
        "Methods that the other side takes (Allow)."
        self.ended: Ended | None = None
        self.bye: Headers | None = None
        "A BYE with these headers is still to be sent, as soon as it may be."
        self.events: list[CallEvent] = []

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
        self.requests.hop = hop
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
    ) -> Request:
        """A request inside the dialog, which must be there; see `ClientRequests.request`."""
        if self.dialog is None:
            raise RuntimeError("a request inside the dialog needs one")
        return self.requests.request(
            self.dialog, method, answered, now_ms, body=body, content_type=content_type, headers=headers
        )

    def _gone(self, dialog: Dialog, response: Response) -> None:
        if dialog is self.dialog:
            self.end(refused(response))

    # --- responses ---

    def response(self, request: Request, code: int, headers: Headers = (), body: bytes = b"") -> Response:
        """A response of ours to a request of this call."""
        tag = self.dialog.local_tag if self.dialog else ""
        made = response(request, code, to_tag=tag)
        made.server = self.station.product
        if code > 100 and request.method in {"INVITE", "UPDATE"}:
            made.headers.set("Allow", ", ".join(ALLOWED))
        if request.method in {"INVITE", "UPDATE", "REFER", "OPTIONS"} and 100 < code < 300:
            made.headers.set("Contact", f"<{self.station.contact(self.requests.hop)}>")
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


def reason_header(text: str, cause: int = 200) -> tuple[str, str]:
    """A Reason header of ours."""
    plain = "".join(sign for sign in text if sign.isprintable() and sign not in '"\\')
    return "Reason", f'SIP;cause={cause};text="{plain}"'
