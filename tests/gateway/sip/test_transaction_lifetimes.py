"""No sequence of messages, answers, failures and time leaves a transaction behind for ever."""

from itertools import count

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from gateway.sip.hop import Hop
from gateway.sip.message import Request, parse, response
from gateway.sip.transaction import Transactions
from gateway.sip.transaction_events import (
    Cancelled,
    Requested,
    Responded,
    TimedOut,
    TransactionEvent,
    Unacknowledged,
    Unreachable,
)
from gateway.sip.transaction_table import Limits
from tests.gateway.sip.requests import request

HOPS = [
    Hop("udp", "192.0.2.1", 5060),
    Hop("udp", "192.0.2.2", 5060),
    Hop("tcp", "192.0.2.3", 40_000, 1),
    Hop("tcp", "192.0.2.3", 40_000),
    Hop("tls", "192.0.2.4", 5061, 2),
]
LIMITS = Limits(transactions=6, per_source=4)
LONGEST_MS = 600_000 + 2 * 32_000
"After the last thing that happened: a call that rings in silence, then its CANCEL."

pytestmark = pytest.mark.timeout(120)

hops = st.sampled_from(HOPS)
codes = st.sampled_from([100, 180, 200, 299, 302, 404, 487, 603])


class Lifetimes(RuleBasedStateMachine):
    """Everything that can be done to the layer, in any order."""

    asked = Bundle("asked")
    "Requests that came in."
    ours = Bundle("ours")
    "Requests that went out."

    @initialize()
    def begin(self) -> None:
        ids = count()
        self.layer = Transactions(lambda: f"id{next(ids)}", lambda hop: "203.0.113.9:5060", LIMITS)
        self.now_ms = 0
        self.clients: set[str] = set()
        self.ended: set[str] = set()
        self.servers: set[str] = set()

    def check(self, events: list[TransactionEvent]) -> list[TransactionEvent]:
        for event in events:
            match event:
                case Requested(key=key):
                    self.servers.add(key)
                case Cancelled(key=key) | Unacknowledged(key=key):
                    assert key in self.servers
                case TimedOut(key=key) if key in self.servers:
                    pass
                case Responded(key=key, response=answer):
                    assert key in self.clients
                    assert key not in self.ended or answer.code < 300 and answer.cseq.method == "INVITE"
                    if answer.code >= 200:
                        self.ended.add(key)
                case TimedOut(key=key) | Unreachable(key=key):
                    assert key in self.clients and key not in self.ended, "it ends once"
                    self.ended.add(key)
        return events

    @rule(target=ours, method=st.sampled_from(["INVITE", "OPTIONS", "BYE"]), hop=hops)
    def ask(self, method: str, hop: Hop) -> tuple[str, Request]:
        made = request(method)
        key = self.layer.request(made, hop, self.now_ms)
        self.clients.add(key)
        return key, made

    @rule(asked_for=ours, code=codes, hop=hops)
    def they_answer(self, asked_for: tuple[str, Request], code: int, hop: Hop) -> None:
        self.check(self.layer.receive(response(asked_for[1], code, to_tag="b"), hop, self.now_ms))

    @rule(asked_for=ours)
    def cancel(self, asked_for: tuple[str, Request]) -> None:
        self.layer.cancel(asked_for[0], self.now_ms)

    @rule(
        target=asked,
        method=st.sampled_from(["INVITE", "OPTIONS", "CANCEL", "ACK", "INVITE"]),
        branch=st.sampled_from(["", ";branch=z9hG4bK1", ";branch=z9hG4bK2", ";rport;branch=z9hG4bK3"]),
        hop=hops,
    )
    def they_ask(self, method: str, branch: str, hop: Hop) -> object:
        made = request(method)
        made.headers.set("Via", f"SIP/2.0/UDP client.example{branch}")
        told = self.check(self.layer.receive(made, hop, self.now_ms))
        return multiple(*(event for event in told if isinstance(event, Requested)))

    @rule(event=asked, code=codes)
    def answer(self, event: Requested, code: int) -> None:
        self.layer.respond(event.key, response(event.request, code, to_tag="a"), self.now_ms)

    @rule(event=consumes(asked))
    def ignore(self, event: Requested) -> None:
        self.layer.ignore(event.key)

    @rule(hop=hops)
    def fail(self, hop: Hop) -> None:
        self.check(self.layer.failed(hop, self.now_ms))

    @rule(ms=st.sampled_from([0, 1, 199, 500, 4_000, 32_000, 600_000]))
    def wait(self, ms: int) -> None:
        self.now_ms += ms
        self.check(self.layer.handle_timers(self.now_ms))

    @rule()
    def wait_for_the_next_timer(self) -> None:
        if (due_ms := self.layer.next_timer_ms()) is not None:
            self.now_ms = max(self.now_ms, due_ms)
            self.check(self.layer.handle_timers(self.now_ms))

    @invariant()
    def nothing_waits_without_a_timer(self) -> None:
        assert (self.layer.next_timer_ms() is None) == (len(self.layer._table) == 0)

    @invariant()
    def all_that_is_sent_can_be_read(self) -> None:
        for outgoing in self.layer.outgoing():
            parse(outgoing.data)

    def teardown(self) -> None:
        end_ms = self.now_ms + LONGEST_MS
        while (due_ms := self.layer.next_timer_ms()) is not None:
            assert self.now_ms <= due_ms <= end_ms
            self.now_ms = due_ms
            self.check(self.layer.handle_timers(due_ms))
        assert len(self.layer._table) == 0
        assert not self.layer._table._sources
        assert self.clients == self.ended, "every request of ours has an end, and its user knows it"


TestLifetimes = Lifetimes.TestCase
TestLifetimes.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
