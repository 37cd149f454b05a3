"""The transaction layer of one endpoint (RFC 3261, chapter 17, with RFC 6026).  [core]"""

from collections.abc import Callable

from prometheus_client import Counter
from sipmessage import Headers

from gateway.sip import matching
from gateway.sip.client_transaction import InviteClientTransaction, NonInviteClientTransaction
from gateway.sip.hop import Hop
from gateway.sip.message import BadRequest, Message, Request, Response, encode, response
from gateway.sip.server_transaction import InviteServerTransaction, NonInviteServerTransaction
from gateway.sip.transaction_events import (
    Acknowledged,
    Cancelled,
    Outgoing,
    Requested,
    TransactionEvent,
)
from gateway.sip.transaction_table import Limits, Transaction, TransactionTable
from gateway.sip.via import MAGIC_COOKIE

RETRY_AFTER_S = 10
"Told to whom we turn away because too much is under way."

REFUSED = Counter("warmline_sip_refused_total", "SIP requests that got no transaction", ["why"])
REPEATED = Counter("warmline_sip_repeated_requests_total", "SIP requests that came again and were absorbed")


class Transactions:
    """All transactions of one endpoint. After every call the shell sends what `outgoing` gives.

    `ids` gives a new unguessable token for every call (branches, tags of responses made here). `sent_by`
    gives the `host:port` of ours for the Via of requests to a hop.
    """

    def __init__(
        self, ids: Callable[[], str], sent_by: Callable[[Hop], str], limits: Limits | None = None
    ) -> None:
        self._ids = ids
        self._sent_by = sent_by
        self._secret = ids()
        self._table = TransactionTable(limits or Limits())
        self._outgoing: list[Outgoing] = []

    # --- what comes in ---

    def receive(self, message: Message, hop: Hop, now_ms: int) -> list[TransactionEvent]:
        """A parsed message came from `hop`. A request's top Via gets `received` and `rport` (RFC 3581)."""
        if isinstance(message, Response):
            return self._receive_response(message, hop, now_ms)
        match message.method:
            case "ACK":
                return self._receive_ack(message, hop, now_ms)
            case "CANCEL":
                return self._receive_cancel(message, hop, now_ms)
            case _:
                return self._receive_request(message, hop, now_ms)

    def refuse(self, fault: BadRequest, hop: Hop) -> None:
        """Answer what could not be parsed, without a transaction; nothing where nothing can or may be."""
        request = fault.request
        REFUSED.labels("malformed").inc()
        if request is None or request.method == "ACK":
            return
        try:
            reply = matching.receive_via(request, hop)
        except ValueError:  # the Via is what is wrong with it
            reply = matching.ReplyPath(hop, hop)
        self._answer(request, fault.status, reply)

    def failed(self, hop: Hop, now_ms: int) -> list[TransactionEvent]:
        """Sending to `hop` failed or its connection is closed: requests waiting on it end as `Unreachable`.

        Responses due on a lost connection go to the port in the request's Via from now on (section 18.2.2).
        """
        events: list[TransactionEvent] = []
        for client in self._table.clients_over(hop):
            events += client.fail()
            self._table.settle(client)
        if hop.connection is not None:
            for server in self._table.servers_over(hop.connection):
                server.reply = server.reply.lost()
        return events

    def _receive_response(self, answer: Response, hop: Hop, now_ms: int) -> list[TransactionEvent]:
        vias = answer.via
        client = self._table.client(matching.client_key(vias[0].branch, answer.cseq.method))
        # With more than one Via it is for somebody behind us, with another address for somebody beside us.
        if client is None or len(vias) > 1 or vias[0].sent_by != self._sent_by(client.hop).lower():
            return []
        events = client.receive(answer, hop, now_ms)
        self._send_cancellation(client, now_ms)
        self._table.settle(client)
        return events

    def _receive_request(self, request: Request, hop: Hop, now_ms: int) -> list[TransactionEvent]:
        key = matching.server_key(request, request.method)
        if self._absorbed(key):
            return []
        reply = matching.receive_via(request, hop)
        if (why := self._table.full(hop.host)) is not None:
            REFUSED.labels(why).inc()
            self._answer(request, 503, reply)
            return []
        self._serve(key, request, reply, now_ms)
        return [Requested(key, request, hop)]

    def _receive_ack(self, ack: Request, hop: Hop, now_ms: int) -> list[TransactionEvent]:
        invite = self._table.invite_server(matching.server_key(ack, "INVITE"))
        if invite is not None and matching.acknowledges(ack, invite.to_tag):
            absorbed = invite.acknowledge(now_ms)
            self._table.settle(invite)
            if absorbed:
                return []
        return [Acknowledged(ack, hop)]

    def _receive_cancel(self, cancel: Request, hop: Hop, now_ms: int) -> list[TransactionEvent]:
        """Section 9.2. However much is under way: there is one for each INVITE, and it ends something."""
        key = matching.server_key(cancel, "CANCEL")
        if self._absorbed(key):
            return []
        invite = self._table.invite_server(matching.server_key(cancel, "INVITE"))
        reply = matching.receive_via(cancel, hop)
        if invite is None:
            self._answer(cancel, 481, reply)
            return []
        self._serve(key, cancel, reply, now_ms)
        self.respond(key, response(cancel, 200, to_tag=invite.to_tag), now_ms)
        return [Cancelled(invite.key, cancel)] if invite.waiting else []

    # --- what its user wants sent ---

    def request(self, request: Request, hop: Hop, now_ms: int) -> str:
        """Send a request (not ACK or CANCEL) in a new client transaction; gives its key.

        Sets the request's Via; a retry (after 401, 422 ...) is another `Request`.
        """
        key = matching.client_key(self._set_via(request, hop), request.method)
        kind = InviteClientTransaction if request.method == "INVITE" else NonInviteClientTransaction
        self._table.add(kind(key, request, hop, self._send, now_ms))
        return key

    def respond(self, key: str, answer: Response, now_ms: int) -> None:
        """Send a response to a `Requested` request.

        Nothing happens if the transaction is over or has its final response; but a 2xx to INVITE goes out as
        often as it is given, for the 32 s in which its ACK may come.
        """
        if server := self._table.server(key):
            server.respond(answer, now_ms)
            self._table.settle(server)

    def ignore(self, key: str) -> None:
        """Forget a `Requested` request and never answer it. When it comes again it is a new one."""
        self._table.remove(key)

    def send(self, message: Message, hop: Hop) -> None:
        """Send without a transaction: the ACK of a 2xx, a stateless response.

        A request without Via gets one and keeps it: sending the same ACK again sends the same bytes.
        """
        if isinstance(message, Request) and not message.headers.getlist("Via"):
            self._set_via(message, hop)
        self._send(encode(message), hop)

    def cancel(self, key: str, now_ms: int) -> None:
        """CANCEL our INVITE: now if a provisional response has come, else when one comes.

        Nothing happens after the final response. The outcome is a `Responded` (487, or a 2xx that was faster)
        or, 64*T1 after the CANCEL, `TimedOut`.
        """
        client = self._table.client(key)
        if isinstance(client, InviteClientTransaction):
            client.cancel()
            self._send_cancellation(client, now_ms)
            self._table.settle(client)

    def outgoing(self) -> list[Outgoing]:
        """What is to be sent now, in order; it is handed out once."""
        handed_out, self._outgoing = self._outgoing, []
        return handed_out

    # --- time ---

    def handle_timers(self, now_ms: int) -> list[TransactionEvent]:
        """Do what is due at `now_ms`."""
        events: list[TransactionEvent] = []
        while (transaction := self._table.due(now_ms)) is not None:
            events += transaction.handle_timer(now_ms)
            self._send_cancellation(transaction, now_ms)
            self._table.settle(transaction)
        return events

    def next_timer_ms(self) -> int | None:
        """When `handle_timers` has something to do, if nothing else happens before; None for never."""
        return self._table.next_timer_ms()

    # --- how ---

    def _absorbed(self, key: str) -> bool:
        """Whether a request with this key came before; then its response is sent again if there is one."""
        if server := self._table.server(key):
            REPEATED.inc()
            server.repeat()
        return server is not None

    def _serve(self, key: str, request: Request, reply: matching.ReplyPath, now_ms: int) -> None:
        if request.method == "INVITE":
            self._table.add(InviteServerTransaction(key, request, reply, self._send, now_ms, self._ids()))
        else:
            self._table.add(NonInviteServerTransaction(key, reply, self._send, now_ms))

    def _send_cancellation(self, client: Transaction, now_ms: int) -> None:
        if not isinstance(client, InviteClientTransaction):
            return
        if (cancel := client.cancellation_due(now_ms)) is not None:
            key = matching.client_key(cancel.via[0].branch, "CANCEL")
            self._table.add(
                NonInviteClientTransaction(key, cancel, client.hop, self._send, now_ms, quiet=True)
            )

    def _answer(self, request: Request, status: int, reply: matching.ReplyPath) -> None:
        """A response without a transaction (section 8.2.7)."""
        answer = response(request, status, to_tag=matching.stateless_tag(request, self._secret))
        if status == 503:
            answer.headers.set("Retry-After", str(RETRY_AFTER_S))
        self._send(encode(answer), reply.hop)

    def _set_via(self, request: Request, hop: Hop) -> str:
        """Put our Via in front of all header fields, alone; gives its branch."""
        branch = MAGIC_COOKIE + self._ids()
        via = f"SIP/2.0/{hop.transport.upper()} {self._sent_by(hop)};branch={branch}"
        headers = Headers()
        headers.add("Via", via if hop.reliable else f"{via};rport")
        for name in request.headers.keys():
            if name.lower() != "via":
                headers.setlist(name, request.headers.getlist(name))
        request.headers = headers
        return branch

    def _send(self, data: bytes, hop: Hop) -> None:
        self._outgoing.append(Outgoing(data, hop))
