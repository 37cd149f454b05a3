"""A telephone network in memory: user agents joined by a wire that delays, loses, doubles and remembers.

Time is virtual and moves only in `Network.run`; the same network does the same every time.
"""

import hashlib
import heapq
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gateway.sip.address import Address
from gateway.sip.call_events import CallEvent, Ended, Offered
from gateway.sip.callers import Admitted, Verdict
from gateway.sip.dialog import next_hop
from gateway.sip.hop import Hop, Transport
from gateway.sip.invitation import Invitation
from gateway.sip.message import Message, Request, Response, encode, parse, response
from gateway.sip.outgoing import NewCall
from gateway.sip.station import CallTerms, Station
from gateway.sip.transaction import Transactions
from gateway.sip.uri import URI
from gateway.sip.user_agent import Invited, Told, UserAgent, UserAgentEvent
from gateway.trunks import Trunk

OFFER, ANSWER = b"v=0\r\ns=offer\r\n", b"v=0\r\ns=answer\r\n"
DELAY_MS = 20

Carry = Callable[["Packet"], Sequence[int]]
"Which copies of a packet arrive: the delay of each, in ms; nothing for one that is lost."


@dataclass(frozen=True)
class Packet:
    """One message on the wire."""

    number: int
    "Counts all packets, from 0."
    at_ms: int
    source: Hop
    target: Hop
    message: Message

    @property
    def line(self) -> str:
        """`INVITE`, `200 INVITE`."""
        message = self.message
        return message.method if isinstance(message, Request) else f"{message.code} {message.cseq.method}"


def steady(packet: Packet) -> Sequence[int]:
    """A wire that loses nothing."""
    return [DELAY_MS]


def losing(*lines: str, times: int = 1) -> Carry:
    """A wire that loses the first packets (`times` of each) that look like this: `losing("200 INVITE")`."""
    left = dict.fromkeys(lines, times)

    def carry(packet: Packet) -> Sequence[int]:
        if left.get(packet.line, 0) > 0:
            left[packet.line] -= 1
            return []
        return [DELAY_MS]

    return carry


class Network:
    """The wire and the time."""

    def __init__(self, carry: Carry = steady) -> None:
        self.now_ms = 1_000_000
        self.carry = carry
        self.packets: list[Packet] = []
        "Everything that was sent, lost or not."
        self._phones: dict[str, Phone | Puppet] = {}
        self._on_wire: list[tuple[int, int, Packet, bytes]] = []
        self._order = itertools.count()

    def add(self, phone: "Phone | Puppet") -> None:
        self._phones[phone.host] = phone

    def send(self, source: Hop, target: Hop, data: bytes) -> None:
        packet = Packet(len(self.packets), self.now_ms, source, target, parse(data))
        self.packets.append(packet)
        for delay_ms in self.carry(packet):
            heapq.heappush(self._on_wire, (self.now_ms + delay_ms, next(self._order), packet, data))

    def lines(self, source: str = "") -> list[str]:
        """What was sent (by one host), in order."""
        return [packet.line for packet in self.packets if source in ("", packet.source.host)]

    def messages(self, line: str) -> list[Message]:
        """The messages that look like this."""
        return [packet.message for packet in self.packets if packet.line == line]

    def run(self, duration_ms: int) -> None:
        """Let time pass."""
        end_ms = self.now_ms + duration_ms
        while (next_ms := self._next_ms()) is not None and next_ms <= end_ms:
            self.now_ms = max(next_ms, self.now_ms)
            self._step()
        self.now_ms = end_ms

    def _next_ms(self) -> int | None:
        times = [phone.next_timer_ms() for phone in self._phones.values()]
        if self._on_wire:
            times.append(self._on_wire[0][0])
        return min((time for time in times if time is not None), default=None)

    def _step(self) -> None:
        while self._on_wire and self._on_wire[0][0] <= self.now_ms:
            _, _, packet, data = heapq.heappop(self._on_wire)
            if phone := self._phones.get(packet.target.host):
                phone.receive(data, packet.source)
        for phone in self._phones.values():
            due_ms = phone.next_timer_ms()
            if due_ms is not None and due_ms <= self.now_ms:
                phone.handle_timers()


@dataclass
class Habits:
    """What a phone does by itself."""

    rings: bool = False
    answers: bytes | None = None
    takes_offers: bytes | None = ANSWER
    "Its answer to every offer in the middle of a call; None: whoever tests it says."


class Phone:
    """One user agent on the network, with the events of all its calls."""

    def __init__(
        self,
        network: Network,
        host: str,
        habits: Habits | None = None,
        terms: CallTerms | None = None,
        transport: Transport = "udp",
        most_calls: int = 100,
    ) -> None:
        self.host = host
        self.network = network
        self.habits = habits or Habits()
        self.terms = terms or CallTerms(trunk="test", session_expires_s=0)
        self.hop = Hop(transport, host, 5060)
        self.events: list[CallEvent] = []
        self.others: list[UserAgentEvent] = []
        self.invited: list[Invited] = []
        self._drawn = itertools.count()
        self.transactions = Transactions(self.draw, lambda hop: f"{host}:5060")
        station = Station(self.transactions, lambda hop: self.uri, self.draw, next_hop)
        self.agent = UserAgent(station, self.authorise, lambda admitted: self.terms, most_calls)
        self.verdict: Verdict = Admitted(Trunk(name="test", address="192.0.2.9"), None, "", "")
        network.add(self)

    @property
    def uri(self) -> URI:
        return URI.parse(f"sip:{self.host}:5060;transport={self.hop.transport}")

    @property
    def call(self) -> Invitation:
        """The call to this phone."""
        return self.invited[-1].invitation

    @property
    def ended(self) -> list[Ended]:
        return [event for event in self.events if isinstance(event, Ended)]

    def draw(self) -> str:
        return hashlib.sha256(f"{self.host} {next(self._drawn)}".encode()).hexdigest()[:20]

    def authorise(self, request: Request, hop: Hop, now_ms: int) -> Verdict:
        return self.verdict

    def dial(self, other: "Phone | Puppet", sdp: bytes | None = OFFER, **more: object) -> Invitation:
        """Call another phone."""
        call = NewCall(other.uri, Address.parse(f"<sip:someone@{self.host}>"), sdp, **more)  # type: ignore[arg-type]
        invitation = self.agent.invite(call, other.hop, self.terms, self.network.now_ms)
        self.flush()
        return invitation

    def do(self, action: Callable[[int], None]) -> None:
        """Something that is given the time and done by whoever has the phone."""
        action(self.network.now_ms)
        self.flush()

    def next_timer_ms(self) -> int | None:
        return self.agent.next_timer_ms()

    def receive(self, data: bytes, source: Hop) -> None:
        self._note(self.agent.receive(data, source, self.network.now_ms))

    def handle_timers(self) -> None:
        self._note(self.agent.handle_timers(self.network.now_ms))

    def flush(self) -> None:
        for out in self.agent.outgoing():
            self.network.send(self.hop, out.hop, out.data)

    def _note(self, events: Sequence[UserAgentEvent]) -> None:
        self.flush()
        for event in events:
            match event:
                case Invited():
                    self.invited.append(event)
                    self._greet(event.invitation)
                case Told(invitation=invitation, event=told):
                    self.events.append(told)
                    self._respond(invitation, told)
                case _:
                    self.others.append(event)
        self.flush()

    def _greet(self, invitation: Invitation) -> None:
        if self.habits.rings:
            invitation.ring(self.network.now_ms)
        if self.habits.answers is not None:
            invitation.answer(self.network.now_ms, self.habits.answers)

    def _respond(self, invitation: Invitation, event: CallEvent) -> None:
        if isinstance(event, Offered) and self.habits.takes_offers is not None:
            invitation.answer_offer(event.key, self.habits.takes_offers, self.network.now_ms)


class Puppet:
    """An end that does only what it is told, right or wrong."""

    def __init__(self, network: Network, host: str) -> None:
        self.network = network
        self.host = host
        self.hop = Hop("udp", host, 5060)
        self.heard: list[Message] = []
        self.uri = URI.parse(f"sip:puppet@{host}:5060")
        self.contact = f"<{self.uri}>"
        self.routes: list[str] = []
        "Record-Route of its responses that make a dialog."
        self._sequence = itertools.count(1)
        network.add(self)

    def next_timer_ms(self) -> int | None:
        return None

    def handle_timers(self) -> None:
        """It never does anything by itself."""

    def receive(self, data: bytes, source: Hop) -> None:
        self.heard.append(parse(data))

    def latest(self, method: str) -> Request:
        """The last such request it was sent."""
        return [m for m in self.heard if isinstance(m, Request) and m.method == method][-1]

    def lines(self) -> list[str]:
        return [m.method if isinstance(m, Request) else f"{m.code} {m.cseq.method}" for m in self.heard]

    def reply(
        self, request: Request, code: int, *headers: tuple[str, str], tag: str = "puppet", body: bytes = b""
    ) -> Response:
        """Answer a request, again if need be."""
        made = response(request, code, to_tag=tag if code > 100 else "")
        if self.contact:
            made.headers.set("Contact", self.contact)
        for route in self.routes:
            made.headers.add("Record-Route", route)
        self._dress(made, headers, body)
        self.network.send(self.hop, _reply_hop(request), encode(made))
        return made

    def request(
        self,
        method: str,
        to: "Phone",
        *headers: tuple[str, str],
        body: bytes = b"",
        within: Mapping[str, str] | None = None,
        **more: str,
    ) -> Request:
        """A request; `within` and `more` are its Call-ID, From, To, CSeq (`_` for `-`) where unusual."""
        fields = {**(within or {}), **more}
        made = Request(method, to.uri)
        number = next(self._sequence)
        made.headers.add("Via", f"SIP/2.0/UDP {self.host}:5060;branch=z9hG4bK{self.host}{number}")
        made.headers.add("From", fields.get("From", f"{self.contact};tag=puppet"))
        made.headers.add("To", fields.get("To", f"<{to.uri}>"))
        made.headers.add("Call-ID", fields.get("Call_ID", f"call@{self.host}"))
        made.headers.add("CSeq", fields.get("CSeq", f"{number} {method}"))
        made.headers.add("Max-Forwards", "70")
        made.headers.set("Contact", self.contact)
        self._dress(made, headers, body)
        self.network.send(self.hop, to.hop, encode(made))
        return made

    def send(self, request: Request, to: "Phone") -> None:
        """A request made elsewhere."""
        self.network.send(self.hop, to.hop, encode(request))

    def _dress(self, made: Message, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        made.body = body
        if body:
            made.headers.set("Content-Type", "application/sdp")
        for name, value in headers:
            made.headers.set(name, value)


def _reply_hop(request: Request) -> Hop:
    via = request.via[0]
    return Hop("udp", via.host, via.port or 5060)
