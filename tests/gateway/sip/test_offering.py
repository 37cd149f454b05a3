import pytest

from gateway.sip.call_events import Answered, Ended, Offered, OfferRefused, OfferWithdrawn
from gateway.sip.invitation import Invitation
from tests.fakes.sip_network import ANSWER, OFFER, Habits, Network, Phone, Puppet, losing

HOLD = b"v=0\r\ns=hold\r\na=sendonly\r\n"
HELD = b"v=0\r\ns=held\r\na=recvonly\r\n"


def in_a_call(network: Network) -> tuple[Phone, Phone, Invitation, Invitation]:
    """Two phones, and the call between them as either sees it."""
    alice = Phone(network, "192.0.2.1", Habits(takes_offers=HELD))
    bob = Phone(network, "192.0.2.2", Habits(answers=ANSWER, takes_offers=HELD))
    call = alice.dial(bob)
    network.run(1000)
    for phone in (alice, bob):
        phone.events.clear()
    network.packets.clear()
    return alice, bob, call, bob.call


@pytest.mark.parametrize("from_caller", [True, False])
def test_either_side_holds_and_resumes(from_caller: bool) -> None:
    network = Network()
    alice, bob, call, their_call = in_a_call(network)
    holder, held, invitation = (alice, bob, call) if from_caller else (bob, alice, their_call)
    for sdp in (HOLD, OFFER):
        holder.do(lambda now, sdp=sdp: invitation.update_media(sdp, now))  # type: ignore[misc]
        network.run(1000)
    assert holder.events == [Answered(HELD), Answered(HELD)]
    assert [event.sdp for event in held.events if isinstance(event, Offered)] == [HOLD, OFFER]
    assert network.lines(holder.host) == ["INVITE", "ACK"] * 2


def test_a_reinvite_survives_the_loss_of_every_one_of_its_messages() -> None:
    network = Network()
    alice, bob, call, _ = in_a_call(network)
    network.carry = losing("INVITE", "100 INVITE", "200 INVITE", "ACK", times=2)
    alice.do(lambda now: call.update_media(HOLD, now))
    network.run(20_000)
    assert alice.events == [Answered(HELD)]
    assert len(bob.events) == 1


def test_both_offering_at_once_is_settled_after_a_while() -> None:
    network = Network()
    alice, bob, call, their_call = in_a_call(network)
    alice.do(lambda now: call.update_media(HOLD, now))
    bob.do(lambda now: their_call.update_media(OFFER + b"a=x\r\n", now))
    network.run(10_000)
    assert network.lines().count("491 INVITE") == 2
    for phone in (alice, bob):
        assert sum(isinstance(event, Answered) for event in phone.events) == 1
        assert sum(isinstance(event, Offered) for event in phone.events) == 1
    retries = [p for p in network.packets if p.line == "INVITE"][2:]
    assert [p.source.host for p in retries] == ["192.0.2.2", "192.0.2.1"], "who called waits longer"


def test_a_newer_offer_takes_the_place_of_one_that_waits() -> None:
    network = Network()
    alice, bob, call, _ = in_a_call(network)
    for sdp in (HOLD, OFFER, HOLD + b"a=2\r\n", HOLD + b"a=3\r\n"):
        alice.do(lambda now, sdp=sdp: call.update_media(sdp, now))  # type: ignore[misc]
    network.run(1000)
    assert [event.sdp for event in bob.events if isinstance(event, Offered)] == [HOLD, HOLD + b"a=3\r\n"]


def test_a_refused_offer_changes_nothing() -> None:
    network = Network()
    alice, bob, call, their_call = in_a_call(network)
    bob.habits.takes_offers = None
    alice.do(lambda now: call.update_media(HOLD, now))
    network.run(100)
    [offered] = bob.events
    assert isinstance(offered, Offered)
    bob.do(lambda now: their_call.refuse_offer(offered.key, 488, now))
    bob.do(lambda now: their_call.answer_offer(offered.key, HELD, now))
    network.run(1000)
    assert alice.events == [OfferRefused(488)]
    assert not call.ended and not their_call.ended
    bob.habits.takes_offers = HELD
    alice.do(lambda now: call.update_media(HOLD, now))
    network.run(1000)
    assert alice.events[1:] == [Answered(HELD)]


def test_hanging_up_while_an_offer_is_unanswered_ends_everything() -> None:
    network = Network()
    alice, bob, call, _ = in_a_call(network)
    bob.habits.takes_offers = None
    alice.do(lambda now: call.update_media(HOLD, now))
    network.run(100)
    alice.do(call.hang_up)
    network.run(100_000)
    assert "487 INVITE" in network.lines()
    assert bob.ended == [Ended("remote", 200, "")]
    assert not alice.agent.calls and not bob.agent.calls


def in_a_call_with_a_puppet(network: Network) -> tuple[Phone, Puppet, Invitation, dict[str, str]]:
    """A puppet that called us, and the fields of its requests inside the dialog."""
    us, puppet = Phone(network, "192.0.2.2", Habits(answers=ANSWER)), Puppet(network, "192.0.2.1")
    puppet.request("INVITE", us, ("Allow", "INVITE, ACK, BYE, UPDATE"), body=OFFER)
    network.run(100)
    fields = {"To": puppet.heard[-1].headers["To"]}
    puppet.request("ACK", us, CSeq="1 ACK", within=fields)
    network.run(100)
    us.events.clear()
    puppet.heard.clear()
    us.habits.takes_offers = None
    return us, puppet, us.call, fields


def test_a_refresh_that_changes_nothing_is_answered_without_asking_anybody() -> None:
    network = Network()
    us, puppet, _, fields = in_a_call_with_a_puppet(network)
    puppet.request("INVITE", us, body=OFFER, within=fields)
    network.run(100)
    assert us.events == []
    assert puppet.lines() == ["200 INVITE"] and puppet.heard[-1].body == ANSWER


def test_a_reinvite_without_an_offer_is_given_one_and_its_ack_answers() -> None:
    network = Network()
    us, puppet, call, fields = in_a_call_with_a_puppet(network)
    invite = puppet.request("INVITE", us, within=fields)
    network.run(100)
    [offered] = us.events
    assert isinstance(offered, Offered) and offered.sdp is None
    us.do(lambda now: call.answer_offer(offered.key, OFFER, now))
    network.run(100)
    assert puppet.heard[-1].body == OFFER
    puppet.request("ACK", us, CSeq=f"{invite.cseq.sequence} ACK", body=ANSWER, within=fields)
    network.run(100)
    assert us.events[1:] == [Answered(ANSWER)]


def test_an_offer_asked_for_and_left_unanswered_leaves_the_call_as_it_was() -> None:
    network = Network()
    us, puppet, call, fields = in_a_call_with_a_puppet(network)
    us.habits.takes_offers = OFFER
    invite = puppet.request("INVITE", us, within=fields)
    network.run(100)
    puppet.request("ACK", us, CSeq=f"{invite.cseq.sequence} ACK", within=fields)
    network.run(100)
    assert us.events[1:] == [OfferRefused(488)]
    us.do(lambda now: call.update_media(HOLD, now))
    network.run(100)
    assert puppet.lines()[-1] == "INVITE", "the way is free for others"


def test_an_offer_may_be_withdrawn_before_it_is_answered() -> None:
    network = Network()
    us, puppet, call, fields = in_a_call_with_a_puppet(network)
    invite = puppet.request("INVITE", us, body=HOLD, within=fields)
    network.run(100)
    [offered] = us.events
    assert isinstance(offered, Offered)
    via = ("Via", invite.headers["Via"])
    puppet.request("CANCEL", us, via, CSeq=f"{invite.cseq.sequence} CANCEL", within=fields)
    network.run(100)
    us.do(lambda now: call.answer_offer(offered.key, HELD, now))
    network.run(100)
    assert us.events[1:] == [OfferWithdrawn(offered.key)]
    assert puppet.lines()[-2:] == ["200 CANCEL", "487 INVITE"]
    assert not call.ended


def test_update_offers_and_is_answered_and_without_an_offer_only_refreshes() -> None:
    network = Network()
    us, puppet, call, fields = in_a_call_with_a_puppet(network)
    puppet.request("UPDATE", us, within=fields)
    network.run(100)
    assert us.events == [] and puppet.lines() == ["200 UPDATE"]
    us.habits.takes_offers = HELD
    puppet.request("UPDATE", us, body=HOLD, within=fields)
    network.run(100)
    assert puppet.heard[-1].body == HELD
    assert not call.ended


def test_offers_that_come_too_early_are_told_to_wait() -> None:
    network = Network()
    us, puppet, call, fields = in_a_call_with_a_puppet(network)
    puppet.request("INVITE", us, body=HOLD, within=fields)
    puppet.request("UPDATE", us, body=OFFER, within=fields)
    puppet.request("INVITE", us, body=OFFER, within=fields)
    network.run(100)
    assert puppet.lines() == ["100 INVITE", "500 UPDATE", "500 INVITE"]
    assert 0 <= int(puppet.heard[-1].headers["Retry-After"]) <= 10
    [offered] = us.events
    assert isinstance(offered, Offered)
    us.do(lambda now: call.answer_offer(offered.key, HELD, now))
    network.run(100)
    assert "200 INVITE" in puppet.lines()


def test_an_offer_while_ours_is_out_is_glare() -> None:
    network = Network()
    us, puppet, call, fields = in_a_call_with_a_puppet(network)
    us.do(lambda now: call.update_media(HOLD, now))
    network.run(100)
    puppet.request("UPDATE", us, body=OFFER, within=fields)
    puppet.request("INVITE", us, within=fields)
    network.run(100)
    assert puppet.lines()[-2:] == ["491 UPDATE", "491 INVITE"]


def test_an_offer_that_they_have_no_time_for_is_repeated_when_they_say() -> None:
    network = Network()
    us, puppet, call, _ = in_a_call_with_a_puppet(network)
    us.do(lambda now: call.update_media(HOLD, now))
    network.run(100)
    puppet.reply(puppet.latest("INVITE"), 500, ("Retry-After", "3"))
    network.run(2900)
    assert puppet.lines() == ["INVITE", "ACK"]
    network.run(300)
    puppet.reply(puppet.latest("INVITE"), 200, body=HELD)
    network.run(100)
    assert us.events == [Answered(HELD)]


@pytest.mark.parametrize(("code", "bye"), [(481, False), (408, True)])
def test_a_side_that_does_not_know_the_call_has_ended_it(code: int, bye: bool) -> None:
    network = Network()
    us, puppet, call, _ = in_a_call_with_a_puppet(network)
    us.do(lambda now: call.update_media(HOLD, now))
    network.run(100)
    puppet.reply(puppet.latest("INVITE"), code)
    network.run(100)
    assert us.ended[0].code == code
    assert ("BYE" in puppet.lines()) is bye


def test_a_repeated_200_to_our_reinvite_gets_its_ack_again() -> None:
    network = Network()
    us, puppet, call, _ = in_a_call_with_a_puppet(network)
    us.do(lambda now: call.update_media(HOLD, now))
    network.run(100)
    for _ in range(3):
        puppet.reply(puppet.latest("INVITE"), 200, body=HELD)
        network.run(100)
    assert puppet.lines() == ["INVITE", "ACK", "ACK", "ACK"]
    assert us.events == [Answered(HELD)]


def test_before_the_answer_an_offer_goes_into_an_update() -> None:
    network = Network()
    alice, bob = Phone(network, "192.0.2.1"), Phone(network, "192.0.2.2", Habits(takes_offers=HELD))
    call = alice.dial(bob)
    network.run(100)
    bob.do(lambda now: bob.call.ring(now, ANSWER))
    network.run(100)
    alice.do(lambda now: call.update_media(HOLD, now))
    network.run(100)
    bob.do(lambda now: bob.call.update_media(OFFER + b"a=x\r\n", now))
    network.run(100)
    bob.do(bob.call.answer)
    network.run(100)
    assert "UPDATE" in network.lines("192.0.2.1") and "UPDATE" in network.lines("192.0.2.2")
    assert Answered(HELD) in alice.events and Answered(ANSWER) in bob.events
    assert network.lines().count("INVITE") == 1
    assert call.answered and bob.call.answered


def test_an_update_that_is_not_taken_waits_for_the_answer() -> None:
    network = Network()
    us, puppet = Phone(network, "192.0.2.1"), Puppet(network, "192.0.2.2")
    call = us.dial(puppet)
    network.run(100)
    invite = puppet.latest("INVITE")
    reliable = ("Require", "100rel"), ("RSeq", "1"), ("Allow", "INVITE, UPDATE")
    puppet.reply(invite, 183, *reliable, body=ANSWER)
    network.run(100)
    puppet.reply(puppet.latest("PRACK"), 200)
    us.do(lambda now: call.update_media(HOLD, now))
    network.run(100)
    puppet.reply(puppet.latest("UPDATE"), 405)
    network.run(10_000)
    assert puppet.lines() == ["INVITE", "PRACK", "UPDATE"]
    puppet.reply(invite, 200)
    network.run(100)
    assert puppet.latest("INVITE").body == HOLD


def test_an_offer_before_the_answer_waits_where_update_is_not_known() -> None:
    network = Network()
    us, puppet = Phone(network, "192.0.2.1"), Puppet(network, "192.0.2.2")
    call = us.dial(puppet)
    network.run(100)
    invite = puppet.latest("INVITE")
    puppet.reply(invite, 183, body=ANSWER)
    us.do(lambda now: call.update_media(HOLD, now))
    network.run(100)
    assert puppet.lines() == ["INVITE"]
    puppet.reply(invite, 200, body=ANSWER)
    network.run(100)
    assert puppet.lines() == ["INVITE", "ACK", "INVITE"]


def test_a_reinvite_that_never_got_its_answer_is_not_kept_after_the_end() -> None:
    network = Network()
    us, puppet, call, _ = in_a_call_with_a_puppet(network)
    us.do(lambda now: call.update_media(HOLD, now))
    network.run(100)
    puppet.reply(puppet.latest("INVITE"), 100)
    network.run(100)
    us.do(call.hang_up)
    network.run(100)
    puppet.reply(puppet.latest("BYE"), 200)
    assert "CANCEL" in puppet.lines()
    network.run(100_000)
    assert not us.agent.calls
