import re
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.sip.call_events import CallEvent, Ended, Established, Ringing, TransferAsked
from gateway.sip.invitation import Invitation
from gateway.sip.station import CallTerms
from gateway.sip.uri import URI
from tests.fakes.sip_network import ANSWER, OFFER, Carry, Habits, Network, Packet, Phone, steady


def pair(network: Network, habits: Habits | None = None) -> tuple[Phone, Phone]:
    """Somebody who calls, and somebody who rings and answers."""
    return Phone(network, "192.0.2.1"), Phone(
        network, "192.0.2.2", habits or Habits(rings=True, answers=ANSWER)
    )


def nothing_left(network: Network, *phones: Phone) -> bool:
    """Whether everybody has forgotten everything, some time after."""
    network.run(200_000)
    return not any(phone.agent.calls for phone in phones)


def test_a_call_rings_is_answered_and_hung_up() -> None:
    network = Network()
    alice, bob = pair(network)
    call = alice.dial(bob)
    network.run(1000)
    assert alice.events == [Ringing(), Established(ANSWER)]
    assert bob.events == [Established(OFFER)]
    alice.do(call.hang_up)
    network.run(1000)
    assert network.lines() == [
        "INVITE", "100 INVITE", "180 INVITE", "200 INVITE", "ACK", "BYE", "200 BYE",
    ]  # fmt: skip
    assert alice.ended == [Ended("local", 200, "")]
    assert bob.ended == [Ended("remote", 200, "")]
    assert nothing_left(network, alice, bob)


# --- the same call over networks that are worse and worse ---


def doubling(packet: Packet) -> list[int]:
    return [20, 30, 700, 5000]


def losing_the_first_of_each(packet: Packet, seen: set[tuple[str, str]]) -> list[int]:
    kind = packet.source.host, packet.line
    first = kind not in seen
    seen.add(kind)
    return [] if first else [20]


def a_whole_call(carry: Carry) -> tuple[list[CallEvent], list[CallEvent], int]:
    """Early media, an answer, holds, a digit, a transfer, the end, as both sides see it; how many packets."""
    network = Network(carry)
    terms = CallTerms(trunk="test", session_expires_s=200)
    alice, bob = Hasty(network, "192.0.2.1", terms=terms), Hasty(network, "192.0.2.2", terms=terms)
    call = alice.dial(bob)
    steps: list[tuple[Phone, str]] = [
        (bob, "early media"),
        (bob, "answer"),
        (alice, "hold"),
        (bob, "hold"),
        (alice, "resume"),
        (bob, "digit"),
        (alice, "refer"),
        (bob, "hang up"),
    ]
    for phone, what in steps:
        network.run(25_000)
        mine = call if phone is alice else bob.call
        phone.do(lambda now, act=ACTS[what], mine=mine: act(mine, now))  # type: ignore[misc]
    assert nothing_left(network, alice, bob)
    return alice.events, bob.events, len(network.packets)


def unkeyed(events: list[CallEvent]) -> list[str]:
    """What was told, without the keys: those differ from run to run."""
    return [re.sub("key='[^']*'", "", str(event)) for event in events]


@pytest.mark.parametrize("bad", [doubling, partial(losing_the_first_of_each, seen=set())])
def test_packets_that_are_doubled_or_lost_once_change_nothing_that_is_told(bad: Carry) -> None:
    alice, bob, packets = a_whole_call(steady)
    worse_alice, worse_bob, more_packets = a_whole_call(bad)
    assert unkeyed(worse_alice) == unkeyed(alice)
    assert unkeyed(worse_bob) == unkeyed(bob)
    assert more_packets > packets
    assert [type(event).__name__ for event in alice] == [
        "Progressed", "Established", "Answered", "Offered", "Answered", "Digit",
        "TransferProgress", "TransferProgress", "Ended",
    ]  # fmt: skip


# --- whatever both sides do, and whatever the network does to it ---

EARLY = b"v=0\r\ns=early\r\n"
Act = Callable[[Invitation, int], None]
ACTS: dict[str, Act] = {
    "ring": lambda call, now: call.ring(now),
    "early media": lambda call, now: call.ring(now, EARLY),
    "answer": lambda call, now: call.answer(now, ANSWER),
    "reject": lambda call, now: call.reject(486, now),
    "hold": lambda call, now: call.update_media(OFFER + b"a=sendonly\r\n", now),
    "resume": lambda call, now: call.update_media(OFFER + b"a=sendrecv\r\n", now),
    "digit": lambda call, now: call.send_info("5", now),
    "refer": lambda call, now: call.refer(URI.parse("sip:carol@192.0.2.3"), now),
    "hang up": lambda call, now: call.hang_up(now),
}
Step = tuple[str, str, int]
"Who, what, and how many ms after the step before."
acts = st.lists(
    st.tuples(st.sampled_from(["caller", "called"]), st.sampled_from(sorted(ACTS)), st.integers(0, 3000)),
    max_size=12,
)
fates = st.lists(st.lists(st.integers(1, 2500), max_size=2), min_size=1, max_size=20)
"What becomes of one packet after the other: the delays of its copies, none for one that is lost."


def fated(fates: list[list[int]]) -> Carry:
    return lambda packet: fates[packet.number % len(fates)]


class Hasty(Phone):
    """Does something with everything it is asked."""

    def _respond(self, invitation: Invitation, event: CallEvent) -> None:
        super()._respond(invitation, event)
        if isinstance(event, TransferAsked):
            invitation.accept_transfer(event.key, self.network.now_ms)
            invitation.report_transfer(event.key, 200, "OK", self.network.now_ms)


@settings(max_examples=150, deadline=None)
@given(
    acts=acts,
    fates=fates,
    ending=st.sampled_from(["healed", "dead"]),
    delayed=st.booleans(),
    patient=st.booleans(),
    begun=st.booleans(),
)
def test_both_ends_come_to_agree_that_the_call_is_over(
    acts: list[Step], fates: list[list[int]], ending: str, delayed: bool, patient: bool, begun: bool
) -> None:
    network = Network(steady if begun else fated(fates))
    terms = CallTerms(trunk="test", session_expires_s=90)
    alice, bob = Hasty(network, "192.0.2.1", terms=terms), Hasty(network, "192.0.2.2", terms=terms)
    bob.habits.takes_offers = None if patient else ANSWER
    call = alice.dial(bob, None if delayed else OFFER)
    if begun:
        network.run(1000)
        bob.do(lambda now: bob.call.answer(now, ANSWER))
        network.run(1000)
        network.carry = fated(fates)
    for who, what, wait_ms in acts:
        network.run(wait_ms)
        if who == "caller":
            alice.do(lambda now, act=ACTS[what]: act(call, now))  # type: ignore[misc]
        elif bob.invited:
            bob.do(lambda now, act=ACTS[what]: act(bob.call, now))  # type: ignore[misc]
    network.carry = steady if ending == "healed" else lambda packet: []
    network.run(1000)
    alice.do(call.hang_up)
    network.run(600_000)
    for phone, calls in ((alice, 1), (bob, len(bob.invited))):
        assert len(phone.ended) == calls
        assert not calls or isinstance(phone.events[-1], Ended)
        assert not phone.agent.calls
        assert phone.agent.next_timer_ms() is None
    assert len(bob.invited) <= 1
