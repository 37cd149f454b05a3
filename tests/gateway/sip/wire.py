"""Two transaction layers and a network between them that loses what it is told to, in virtual time."""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count, cycle

from gateway.sip.hop import Hop, Transport
from gateway.sip.message import parse
from gateway.sip.transaction import Transactions
from gateway.sip.transaction_events import TransactionEvent

DELAY_MS = 20


@dataclass
class End:
    """One side: its transactions, what it was told, and what it does about that."""

    name: str
    address: Hop
    "As the other side sees it."
    transactions: Transactions = field(init=False)
    told: list[TransactionEvent] = field(default_factory=list)
    react: Callable[[TransactionEvent, int], None] = lambda event, now_ms: None

    def __post_init__(self) -> None:
        ids = (f"{self.name}{number}" for number in count())
        self.transactions = Transactions(lambda: next(ids), lambda hop: f"{self.address.host}:5060")

    def of(self, kind: type[TransactionEvent]) -> list[TransactionEvent]:
        """What it was told of one kind."""
        return [event for event in self.told if isinstance(event, kind)]


class Wire:
    """`losses` is played round and round in each direction: True loses the next datagram.

    Streams lose nothing.
    """

    def __init__(self, losses: Sequence[bool] = (False,), transport: Transport = "udp") -> None:
        self.near = End("near", Hop(transport, "192.0.2.1", 5060, None if transport == "udp" else 1))
        self.far = End("far", Hop(transport, "192.0.2.2", 5060, None if transport == "udp" else 1))
        self.now_ms = 0
        self.arrived: list[bytes] = []
        self._losses = {end.name: cycle(losses) for end in (self.near, self.far)}
        self._under_way: list[tuple[int, int, End, Hop, bytes]] = []
        self._number = count()

    def run(self, until_ms: int) -> None:
        """Let everything happen until then."""
        self._collect()
        while (next_ms := self._next_ms()) is not None and next_ms <= until_ms:
            self.now_ms = next_ms
            self._deliver()
            for end in (self.near, self.far):
                self._tell(end, end.transactions.handle_timers(self.now_ms))
            self._collect()
        self.now_ms = until_ms

    @property
    def quiet(self) -> bool:
        """Whether nothing will ever happen any more."""
        return self._next_ms() is None

    def _next_ms(self) -> int | None:
        times = [end.transactions.next_timer_ms() for end in (self.near, self.far)]
        times += [arrival[0] for arrival in self._under_way[:1]]
        return min((time for time in times if time is not None), default=None)

    def _collect(self) -> None:
        for end, other in ((self.near, self.far), (self.far, self.near)):
            for outgoing in end.transactions.outgoing():
                if outgoing.hop.reliable or not next(self._losses[end.name]):
                    arrival = (self.now_ms + DELAY_MS, next(self._number), other, end.address, outgoing.data)
                    heapq.heappush(self._under_way, arrival)

    def _deliver(self) -> None:
        while self._under_way and self._under_way[0][0] <= self.now_ms:
            _, _, end, source, data = heapq.heappop(self._under_way)
            self.arrived.append(data)
            self._tell(end, end.transactions.receive(parse(data), source, self.now_ms))

    def _tell(self, end: End, events: list[TransactionEvent]) -> None:
        for event in events:
            end.told.append(event)
            end.react(event, self.now_ms)
