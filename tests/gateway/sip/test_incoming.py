from sipmessage import CSeq

from gateway.sip.call_events import Ended, Established, Progressed, Ringing
from gateway.sip.message import Request, Response
from gateway.sip.station import CallTerms
from tests.fakes.sip_network import ANSWER, OFFER, Habits, Network, Packet, Phone, Puppet, losing

EARLY = b"v=0\r\ns=early\r\n"
UNRELIABLE = CallTerms(trunk="test", session_expires_s=0, reliable=False)


def caller_and_us(network: Network, terms: CallTerms | None = None) -> tuple[Phone, Phone]:
    return Phone(network, "192.0.2.1"), Phone(network, "192.0.2.2", terms=terms)


def test_early_media_is_sent_reliably_to_whoever_can_and_once_agreed_not_again_in_the_200() -> None:
    network = Network()
    alice, us = caller_and_us(network)
    alice.dial(us)
    network.run(100)
    us.do(lambda now: us.call.ring(now, EARLY))
    network.run(1000)
    us.do(us.call.answer)
    network.run(1000)
    assert network.lines()[2:] == ["183 INVITE", "PRACK", "200 PRACK", "200 INVITE", "ACK"]
    assert alice.events == [Progressed(EARLY), Established(EARLY)]
    assert not network.messages("200 INVITE")[0].body


def test_a_lost_reliable_response_is_repeated_and_heard_once() -> None:
    network = Network(losing("183 INVITE", times=2))
    alice, us = caller_and_us(network)
    alice.dial(us)
    network.run(100)
    us.do(lambda now: us.call.ring(now, EARLY))
    network.run(5000)
    assert network.lines().count("183 INVITE") == 3
    assert alice.events == [Progressed(EARLY)]


def test_a_repeated_reliable_response_whose_prack_was_slow_acts_once() -> None:
    def slow_prack(packet: Packet) -> list[int]:
        return [1200 if packet.line == "PRACK" else 20]

    network = Network(slow_prack)
    alice, us = caller_and_us(network)
    alice.dial(us)
    network.run(100)
    us.do(lambda now: us.call.ring(now, EARLY))
    network.run(5000)
    assert network.lines().count("183 INVITE") > 1
    assert alice.events == [Progressed(EARLY)]
    assert set(network.lines("192.0.2.2")) == {"100 INVITE", "183 INVITE", "200 PRACK"}


def test_the_200_waits_for_the_prack_of_a_description() -> None:
    network = Network(losing("PRACK"))
    alice, us = caller_and_us(network)
    alice.dial(us)
    network.run(100)
    us.do(lambda now: us.call.ring(now, EARLY))
    us.do(us.call.answer)
    network.run(300)
    assert "200 INVITE" not in network.lines()
    network.run(2000)
    assert network.lines()[-2:] == ["200 INVITE", "ACK"]


def test_a_call_whose_prack_never_comes_is_refused() -> None:
    network = Network(losing("PRACK", times=99))
    alice, us = caller_and_us(network)
    alice.dial(us)
    network.run(100)
    us.do(lambda now: us.call.ring(now, EARLY))
    network.run(40_000)
    assert us.ended == [Ended("network", 504, "no PRACK came")]
    assert alice.ended[0].code == 504


def test_early_media_that_may_be_lost_is_said_again_in_the_200() -> None:
    network = Network()
    alice, us = caller_and_us(network, UNRELIABLE)
    alice.dial(us)
    network.run(100)
    us.do(lambda now: us.call.ring(now, EARLY))
    us.do(us.call.answer)
    network.run(1000)
    assert "PRACK" not in network.lines()
    assert network.messages("200 INVITE")[0].body == EARLY
    assert alice.events == [Progressed(EARLY), Established(EARLY)]


def test_whoever_requires_100rel_gets_even_a_bare_180_reliably() -> None:
    network = Network()
    us, puppet = Phone(network, "192.0.2.2", terms=UNRELIABLE), Puppet(network, "192.0.2.1")
    puppet.request("INVITE", us, ("Require", "100rel"), body=OFFER)
    network.run(100)
    us.do(us.call.ring)
    network.run(100)
    ringing = puppet.heard[-1]
    assert isinstance(ringing, Response) and ringing.code == 180
    assert ringing.require == ["100rel"] and ringing.headers.get("RSeq")


def test_an_offer_that_was_asked_for_is_answered_in_the_ack() -> None:
    network = Network()
    us, puppet = Phone(network, "192.0.2.2", Habits(answers=OFFER)), Puppet(network, "192.0.2.1")
    puppet.request("INVITE", us)
    network.run(100)
    accepted = puppet.heard[-1]
    assert accepted.body == OFFER
    puppet.request("ACK", us, To=accepted.headers["To"], CSeq="1 ACK", body=ANSWER)
    network.run(100)
    assert us.events == [Established(ANSWER)]


def test_an_offer_that_was_asked_for_and_is_not_answered_ends_the_call() -> None:
    network = Network()
    us, puppet = Phone(network, "192.0.2.2", Habits(answers=OFFER)), Puppet(network, "192.0.2.1")
    puppet.request("INVITE", us)
    network.run(100)
    puppet.request("ACK", us, To=puppet.heard[-1].headers["To"], CSeq="1 ACK")
    network.run(100)
    assert us.ended[0].code == 488
    assert puppet.lines()[-1] == "BYE"


def test_an_offer_made_with_early_media_is_answered_in_the_prack() -> None:
    network = Network()
    us, puppet = Phone(network, "192.0.2.2"), Puppet(network, "192.0.2.1")
    puppet.request("INVITE", us, ("Supported", "100rel"))
    network.run(100)
    us.do(lambda now: us.call.ring(now, OFFER))
    network.run(100)
    early = puppet.heard[-1]
    rack = ("RAck", f"{early.headers['RSeq']} 1 INVITE")
    puppet.request("PRACK", us, rack, To=early.headers["To"], body=ANSWER)
    us.do(us.call.answer)
    network.run(100)
    assert us.events == [Progressed(ANSWER)]
    accepted = puppet.heard[-1]
    assert puppet.lines()[-2:] == ["200 PRACK", "200 INVITE"] and not accepted.body
    puppet.request("ACK", us, To=early.headers["To"], CSeq="1 ACK")
    network.run(100)
    assert us.events == [Progressed(ANSWER), Established(ANSWER)]


def test_an_offer_is_never_made_in_what_may_be_lost() -> None:
    network = Network()
    us, puppet = Phone(network, "192.0.2.2"), Puppet(network, "192.0.2.1")
    puppet.request("INVITE", us)
    network.run(100)
    us.do(lambda now: us.call.ring(now, OFFER))
    us.do(us.call.answer)
    network.run(100)
    assert puppet.lines() == ["100 INVITE", "180 INVITE", "200 INVITE"]
    assert puppet.heard[-1].body == OFFER


def test_the_200_is_repeated_until_the_ack_comes() -> None:
    network = Network(losing("ACK", times=3))
    alice, us = Phone(network, "192.0.2.1"), Phone(network, "192.0.2.2", Habits(answers=ANSWER))
    alice.dial(us)
    network.run(30_000)
    assert network.lines().count("200 INVITE") == 4
    assert alice.events == [Established(ANSWER)] and us.events == [Established(OFFER)]


def test_without_any_ack_the_call_ends_with_a_bye() -> None:
    network = Network()
    us, puppet = Phone(network, "192.0.2.2", Habits(answers=ANSWER)), Puppet(network, "192.0.2.1")
    puppet.request("INVITE", us, body=OFFER)
    network.run(31_000)
    assert us.ended == []
    network.run(2000)
    assert us.ended == [Ended("network", 408, "no ACK came")]
    assert puppet.lines()[-1] == "BYE"


def test_hanging_up_before_the_ack_says_bye_only_after_it() -> None:
    network = Network(losing("ACK"))
    alice, us = Phone(network, "192.0.2.1"), Phone(network, "192.0.2.2", Habits(answers=ANSWER))
    alice.dial(us)
    network.run(100)
    us.do(us.call.hang_up)
    network.run(100)
    assert us.ended == [Ended("local", 200, "")]
    assert "BYE" not in network.lines()
    network.run(2000)
    assert network.lines()[-4:] == ["200 INVITE", "ACK", "BYE", "200 BYE"]
    assert alice.ended == [Ended("remote", 200, "")]


def test_their_bye_before_the_ack_ends_the_call() -> None:
    network = Network(losing("ACK", times=99))
    alice, us = Phone(network, "192.0.2.1"), Phone(network, "192.0.2.2", Habits(answers=ANSWER))
    call = alice.dial(us)
    network.run(100)
    alice.do(call.hang_up)
    network.run(40_000)
    assert us.events == [Ended("remote", 200, "")]
    assert network.lines().count("200 INVITE") == 1


def test_a_caller_who_hangs_up_while_it_rings_gets_487() -> None:
    network = Network()
    alice, us = Phone(network, "192.0.2.1"), Phone(network, "192.0.2.2", Habits(rings=True))
    call = alice.dial(us)
    network.run(1000)
    alice.do(call.hang_up)
    network.run(1000)
    us.do(lambda now: us.call.answer(now, ANSWER))
    network.run(1000)
    assert network.lines()[-4:] == ["CANCEL", "200 CANCEL", "487 INVITE", "ACK"]
    assert us.ended == [Ended("remote", 487, "")]


def test_a_caller_may_say_why_it_cancels() -> None:
    network = Network()
    us, puppet = Phone(network, "192.0.2.2"), Puppet(network, "192.0.2.1")
    invite = puppet.request("INVITE", us, body=OFFER)
    network.run(100)
    cancel = Request("CANCEL", invite.uri)
    for name in ("Via", "From", "To", "Call-ID", "Max-Forwards"):
        cancel.headers.set(name, invite.headers[name])
    cancel.cseq = CSeq(1, "CANCEL")
    cancel.headers.set("Reason", 'SIP;cause=200;text="Call completed elsewhere"')
    puppet.send(cancel, us)
    network.run(100)
    assert us.ended == [Ended("remote", 487, "Call completed elsewhere")]


def test_a_refusal_carries_what_it_is_given() -> None:
    network = Network()
    alice, us = caller_and_us(network)
    alice.dial(us)
    network.run(100)
    us.do(lambda now: us.call.reject(486, now, [("Retry-After", "60")]))
    us.do(us.call.ring)
    us.do(lambda now: us.call.answer(now, ANSWER))
    network.run(1000)
    assert us.ended == [Ended("local", 486, "")]
    assert alice.ended == [Ended("remote", 486, "Busy Here", 60)]
    assert network.lines() == ["INVITE", "100 INVITE", "486 INVITE", "ACK"]


def test_hanging_up_before_answering_is_a_refusal() -> None:
    network = Network()
    alice, us = caller_and_us(network)
    alice.dial(us)
    network.run(100)
    us.do(us.call.hang_up)
    network.run(1000)
    assert alice.ended == [Ended("remote", 480, "Temporarily Unavailable")]


def test_ringing_is_said_again_every_minute_and_given_up_after_three() -> None:
    network = Network()
    alice, us = Phone(network, "192.0.2.1"), Phone(network, "192.0.2.2", Habits(rings=True))
    alice.dial(us)
    network.run(181_000)
    assert network.lines().count("180 INVITE") == 3
    assert us.ended == [Ended("limit", 480, "nobody answered in time")]
    assert alice.events == [Ringing()] * 3 + [Ended("remote", 480, "Temporarily Unavailable")]


def test_the_caller_may_set_a_shorter_limit() -> None:
    network = Network()
    us, puppet = Phone(network, "192.0.2.2"), Puppet(network, "192.0.2.1")
    puppet.request("INVITE", us, ("Expires", "10"), body=OFFER)
    network.run(11_000)
    assert puppet.lines()[-1] == "487 INVITE"
    assert us.ended == [Ended("limit", 487, "nobody answered in time")]


def test_a_body_that_is_no_description_is_refused_with_what_would_do() -> None:
    network = Network()
    us, puppet = Phone(network, "192.0.2.2"), Puppet(network, "192.0.2.1")
    puppet.request("INVITE", us, ("Content-Type", "text/plain"), body=b"hello")
    network.run(100)
    assert puppet.lines()[-1] == "415 INVITE"
    assert puppet.heard[-1].headers["Accept"] == "application/sdp"
    assert us.invited == []


def test_a_bye_before_the_answer_is_taken_as_a_cancel() -> None:
    network = Network()
    us, puppet = Phone(network, "192.0.2.2", Habits(rings=True)), Puppet(network, "192.0.2.1")
    puppet.request("INVITE", us, body=OFFER)
    network.run(100)
    puppet.request("BYE", us, To=puppet.heard[-1].headers["To"])
    network.run(100)
    assert puppet.lines()[-2:] == ["200 BYE", "487 INVITE"]
    assert us.ended == [Ended("remote", 200, "")]
