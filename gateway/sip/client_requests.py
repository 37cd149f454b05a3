"""Our requests of one call: one after the other, and with credentials where they are asked for.  [core]

Inside a dialog a request goes out when the one before it has been heard of. Otherwise the loss of one would
let the next overtake it, and the other side had to refuse the first as out of order (RFC 3261, section
12.2.2): a digit or the news of a transfer would be gone.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sipmessage import CSeq

from gateway.sip import digest
from gateway.sip.body import SDP
from gateway.sip.dialog import Dialog
from gateway.sip.hop import Hop
from gateway.sip.message import Request, Response, response
from gateway.sip.station import CallTerms, Station

ALLOWED = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "PRACK", "UPDATE", "INFO", "REFER", "NOTIFY")
SUPPORTED = ("100rel", "timer", "replaces", "norefersub", "uui")
MOST_ATTEMPTS = 4
"Of one request, the first included: a server that finds every nonce stale is not followed for ever."
MOST_IN_LINE = 64
"Requests that wait for those before them; more fail as if nobody could be reached."
OF_THE_CALL = {"INVITE", "UPDATE", "INFO", "REFER"}
"A 481 to one of these inside the dialog means that the other side has no such call (RFC 5057, section 5.1)."

Headers = Iterable[tuple[str, str]]
Answered = Callable[[Request, Response, int], None]
"Is told every response to a request but 100 and those answered with credentials: the request, it, the time."


def unheard(request: Request, response: Response, now_ms: int) -> None:
    """For requests whose answer, whatever it is, changes nothing."""


@dataclass(slots=True)
class _Open:
    """A request of ours that waits for its final response, or an INVITE whose 2xx may come again."""

    request: Request
    answered: Answered
    dialog: Dialog | None
    attempt: int = 1
    heard: bool = False
    final: bool = False


class ClientRequests:
    """What one call has sent and not heard the end of."""

    def __init__(
        self, station: Station, terms: CallTerms, hop: Hop, gone: Callable[[Dialog, Response], None]
    ) -> None:
        """`gone` is told when the other side says that it knows no such dialog."""
        self.hop = hop
        "Where the other side's last message came from; at first, where the INVITE goes."
        self._station = station
        self._terms = terms
        self._gone = gone
        self._open: dict[str, _Open] = {}
        self._in_line: deque[_Open] = deque()

    def request(
        self,
        dialog: Dialog,
        method: str,
        answered: Answered,
        now_ms: int,
        *,
        body: bytes = b"",
        content_type: str = SDP,
        headers: Headers = (),
    ) -> Request:
        """Make a request inside a dialog and send it in its turn; it has its CSeq when it is sent."""
        request = dialog.request(method, body, content_type)
        for name, value in headers:
            request.headers.set(name, value)
        self.send(request, answered, now_ms, dialog)
        return request

    def send(self, request: Request, answered: Answered, now_ms: int, dialog: Dialog | None = None) -> None:
        """Send a request of a dialog, in its turn, or the INVITE, which has none; a BYE waits for nobody."""
        one = _Open(request, answered, dialog)
        if request.method == "BYE":
            self._in_line = deque(other for other in self._in_line if other.dialog is not dialog)
        elif dialog is not None and (self._in_line or self._unheard()):
            if len(self._in_line) < MOST_IN_LINE:
                self._in_line.append(one)
            else:
                answered(request, response(request, 503), now_ms)
            return
        self._send(one, now_ms)

    def acknowledge(self, request: Request, dialog: Dialog, body: bytes = b"") -> Request:
        """Send the ACK of a 2xx to `request`; the same message is to be sent for every repeated 2xx."""
        ack = dialog.acknowledgement(request.cseq.sequence, body, SDP)
        self._introduce(ack)
        for name in ("Authorization", "Proxy-Authorization"):
            for value in request.headers.getlist(name):
                ack.headers.add(name, value)
        self.acknowledge_again(ack, dialog)
        return ack

    def acknowledge_again(self, ack: Request, dialog: Dialog) -> None:
        """The 2xx came once more."""
        self._station.transactions.send(ack, self._next_hop(dialog))

    # --- what comes back ---

    def owns(self, key: str) -> bool:
        """Whether a client transaction is of this call."""
        return key in self._open

    @property
    def waiting(self) -> bool:
        """Whether a request of ours still waits for its final response."""
        return any(not one.final for one in self._open.values())

    def cancel(self, now_ms: int) -> None:
        """The call is over: CANCEL our INVITE, or re-INVITE, that has no final response yet."""
        self._in_line.clear()
        for key, one in self._open.items():
            if one.request.method == "INVITE" and not one.final:
                self._station.transactions.cancel(key, now_ms)

    def responded(self, key: str, response: Response, now_ms: int) -> None:
        """A response came, or stands for one that did not."""
        one = self._open[key]
        one.heard = True
        if response.code >= 200 and not one.final:
            one.final = True
            if one.request.method != "INVITE" or response.code >= 300:
                del self._open[key]
            if response.code in {401, 407} and self._authenticate(one, response, now_ms):
                return
            if response.code == 481 and one.dialog is not None and one.request.method in OF_THE_CALL:
                self._gone(one.dialog, response)
        if response.code > 100:
            one.answered(one.request, response, now_ms)
        while self._in_line and not self._unheard():
            self._send(self._in_line.popleft(), now_ms)

    def unanswered(self, key: str, code: int, now_ms: int) -> None:
        """Nothing came (408) or it could not be sent (503): RFC 3261, section 8.1.3.1."""
        one = self._open[key]
        if one.final:
            del self._open[key]
        else:
            self.responded(key, response(one.request, code), now_ms)

    def authenticated(self, request: Request, challenged: Response) -> Request | None:
        """A refused request once more, with the next CSeq and credentials; None when none of ours help."""
        if self._terms.credentials is None:
            return None
        again = repeated(request)
        helps = digest.authorise(again, challenged, self._terms.credentials, self._station.ids())
        return again if helps else None

    # --- how they go out ---

    def _unheard(self) -> bool:
        return any(one.dialog is not None and not one.heard for one in self._open.values())

    def _next_hop(self, dialog: Dialog) -> Hop:
        return self.hop if self._terms.symmetric else self._station.resolve(dialog.next_uri, self.hop)

    def _send(self, one: _Open, now_ms: int) -> None:
        request, hop = one.request, self.hop
        if one.dialog is not None:
            one.dialog.count(request)
            hop = self._next_hop(one.dialog)
        self._introduce(request)
        if request.method == "INVITE":
            self._open = {key: other for key, other in self._open.items() if not other.final}
        self._open[self._station.transactions.request(request, hop, now_ms)] = one

    def _introduce(self, request: Request) -> None:
        request.user_agent = self._station.product
        if request.method in {"INVITE", "UPDATE", "REFER", "NOTIFY"}:
            request.headers.set("Contact", f"<{self._station.contact(self.hop)}>")
        if request.method in {"INVITE", "UPDATE"}:
            request.headers.set("Allow", ", ".join(ALLOWED))
        if request.method in {"INVITE", "UPDATE", "REFER"}:
            request.supported = list(SUPPORTED)

    def _authenticate(self, one: _Open, challenged: Response, now_ms: int) -> bool:
        """Send a request inside the dialog again with credentials, if that can help."""
        if one.dialog is None or one.attempt >= MOST_ATTEMPTS:
            return False
        again = self.authenticated(one.request, challenged)
        if again is None:
            return False
        self._send(_Open(again, one.answered, one.dialog, one.attempt + 1), now_ms)
        return True


def repeated(request: Request) -> Request:
    """The same request with the next CSeq, for another transaction (RFC 3261, section 8.1.3.5)."""
    again = Request(request.method, request.uri, request.body)
    for name in request.headers.keys():
        if name.lower() not in {"via", "content-length"}:
            again.headers.setlist(name, list(request.headers.getlist(name)))
    again.cseq = CSeq(request.cseq.sequence + 1, request.method)
    return again
