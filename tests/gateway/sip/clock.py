"""Drives what has timers through virtual time, and keeps what it sends and tells."""

from dataclasses import dataclass, field
from typing import Protocol

from gateway.sip.hop import Hop
from gateway.sip.message import Request, Response, parse
from gateway.sip.timers import Timers
from gateway.sip.transaction_events import TransactionEvent

UDP = Hop("udp", "192.0.2.1", 5060)
TCP = Hop("tcp", "192.0.2.1", 40_000, 7)


class Machine(Protocol):
    """A client or server transaction."""

    timers: Timers

    @property
    def over(self) -> bool: ...

    def handle_timer(self, now_ms: int) -> list[TransactionEvent]: ...


@dataclass
class Clock:
    """One transaction's surroundings: the time, what it sent and when, what it told."""

    now_ms: int = 0
    sent: list[tuple[int, bytes]] = field(default_factory=list)
    told: list[tuple[int, TransactionEvent]] = field(default_factory=list)

    def send(self, data: bytes, hop: Hop) -> None:
        self.sent.append((self.now_ms, data))

    def run(self, machine: Machine, until_ms: int) -> None:
        """Let time pass, stopping exactly where a timer is due."""
        while not machine.over and (due_ms := machine.timers.next_ms()) is not None and due_ms <= until_ms:
            assert due_ms >= self.now_ms
            self.now_ms = due_ms
            self.told += [(due_ms, event) for event in machine.handle_timer(due_ms)]
        self.now_ms = until_ms

    def times(self, start: bytes = b"") -> list[int]:
        """When something that begins so was sent."""
        return [at_ms for at_ms, data in self.sent if data.startswith(start)]

    def last(self) -> Request | Response:
        """What was sent last."""
        return parse(self.sent[-1][1])
