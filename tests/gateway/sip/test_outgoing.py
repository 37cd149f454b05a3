import pytest

from gateway.sip.call_events import Ended, Established, Offered, Progressed, Ringing
from gateway.sip.digest import Credentials
from gateway.sip.hop import Hop
from gateway.sip.message import Request
from gateway.sip.station import CallTerms
from gateway.sip.uri import URI
from tests.fakes.sip_network import ANSWER, OFFER, Habits, Network, Packet, Phone, Puppet, losing

EARLY = b"v=0\r\ns=early\r\n"


def us_and_puppet(network: Network, terms: CallTerms | None = None) -> tuple[Phone, Puppet]:
    return Phone(network, "192.0.2.1", terms=terms), Puppet(network, "192.0.2.2")


def dial(us: Phone, puppet: Puppet, sdp: bytes | None = OFFER) -> Request:
    """Call the puppet; gives the INVITE that it got."""
    us.dial(puppet, sdp)
    us.network.run(100)
    return puppet.latest("INVITE")


def test_every_repeated_200_gets_the_same_ack_and_nothing_else_happens() -> None:
    network = Network(losing("ACK", times=2))
    us, other = Phone(network, "192.0.2.1"), Phone(network, "192.0.2.2", Habits(answers=ANSWER))
    us.dial(other)
    network.run(5000)
    acks = network.messages("ACK")
    assert len(acks) == 3 and len({bytes(ack) for ack in acks}) == 1
    assert us.events == [Established(ANSWER)]


def test_the_first_of_several_who_answer_has_the_call_the_others_are_hung_up() -> None:
    network = Network()
    us, puppet = us_and_puppet(network)
    invite = dial(us, puppet)
    puppet.reply(invite, 180, tag="one")
    puppet.reply(invite, 180, tag="two")
    puppet.reply(invite, 200, tag="two", body=ANSWER)
    network.run(100)
    puppet.reply(invite, 200, tag="one", body=ANSWER)
    network.run(100)
    assert us.events == [Ringing(), Ringing(), Established(ANSWER)]
    assert puppet.lines() == ["INVITE", "ACK", "ACK", "BYE"]
    assert puppet.latest("BYE").to_address.tag == "one"
    puppet.reply(invite, 200, tag="one", body=ANSWER)
    network.run(100)
    assert puppet.lines()[4:] == ["ACK"], "a repeated 200 of the one hung up gets its ACK, no other BYE"


def test_a_reliable_response_gets_its_prack_and_its_answer_counts() -> None:
    network = Network()
    us, puppet = us_and_puppet(network)
    invite = dial(us, puppet)
    puppet.reply(invite, 183, ("Require", "100rel"), ("RSeq", "7"), body=EARLY)
    network.run(100)
    prack = puppet.latest("PRACK")
    assert prack.headers["RAck"] == f"7 {invite.cseq}"
    puppet.reply(prack, 200)
    puppet.reply(invite, 180, ("Require", "100rel"), ("RSeq", "9"))
    network.run(100)
    assert puppet.lines() == ["INVITE", "PRACK"], "one is missing: the 180 will be repeated after it"
    puppet.reply(invite, 200)
    network.run(100)
    assert us.events == [Progressed(EARLY), Established(EARLY)]


def test_a_200_may_say_something_else_than_the_early_media_before_it() -> None:
    network = Network()
    us, puppet = us_and_puppet(network)
    invite = dial(us, puppet)
    puppet.reply(invite, 183, ("Require", "100rel"), ("RSeq", "7"), body=EARLY)
    network.run(100)
    puppet.reply(invite, 200, body=ANSWER)
    network.run(100)
    assert us.events == [Progressed(EARLY), Established(ANSWER)]


def test_what_one_fork_agreed_to_does_not_count_for_another() -> None:
    network = Network()
    us, puppet = us_and_puppet(network)
    invite = dial(us, puppet)
    call = next(iter(us.agent.calls))
    reliable = ("Require", "100rel"), ("RSeq", "1"), ("Allow", "INVITE, UPDATE")
    puppet.reply(invite, 183, *reliable, tag="one", body=EARLY)
    network.run(100)
    puppet.reply(puppet.latest("PRACK"), 200)
    us.do(lambda now: call.update_media(OFFER + b"a=x\r\n", now))
    network.run(100)
    puppet.reply(invite, 200, tag="two", body=ANSWER)
    network.run(100)
    puppet.reply(puppet.latest("UPDATE"), 200, tag="one", body=EARLY)
    network.run(100)
    assert us.events == [Progressed(EARLY), Established(ANSWER)]
    us.do(lambda now: call.update_media(OFFER + b"a=y\r\n", now))
    network.run(100)
    assert puppet.latest("INVITE").to_address.tag == "two"


def test_early_media_stands_in_for_a_description_that_the_200_lacks() -> None:
    network = Network()
    us, puppet = us_and_puppet(network)
    invite = dial(us, puppet)
    puppet.reply(invite, 183, body=EARLY)
    puppet.reply(invite, 200)
    network.run(100)
    assert us.events == [Progressed(EARLY), Established(EARLY)]


def test_a_200_without_any_description_is_acknowledged_and_hung_up() -> None:
    network = Network()
    us, puppet = us_and_puppet(network)
    puppet.reply(dial(us, puppet), 200)
    network.run(100)
    assert us.events == [Ended("remote", 488, "answered without a session description")]
    assert puppet.lines() == ["INVITE", "ACK", "BYE"]


def test_an_offer_in_the_200_is_answered_in_the_ack() -> None:
    network = Network()
    us, puppet = us_and_puppet(network)
    us.habits.takes_offers = None
    invite = dial(us, puppet, None)
    puppet.reply(invite, 200, body=OFFER)
    network.run(100)
    [offered] = us.events
    assert isinstance(offered, Offered) and offered.sdp == OFFER
    puppet.reply(invite, 200, body=OFFER)
    network.run(100)
    assert puppet.lines() == ["INVITE"]
    call = next(iter(us.agent.calls))
    us.do(lambda now: call.answer_offer(offered.key, ANSWER, now))
    network.run(100)
    assert puppet.latest("ACK").body == ANSWER
    assert us.events[1:] == [Established(OFFER)]


def test_an_offer_in_the_200_that_is_not_wanted_ends_the_call() -> None:
    network = Network()
    us, puppet = us_and_puppet(network)
    us.habits.takes_offers = None
    puppet.reply(dial(us, puppet, None), 200, body=OFFER)
    network.run(100)
    [offered] = us.events
    assert isinstance(offered, Offered)
    call = next(iter(us.agent.calls))
    us.do(lambda now: call.refuse_offer(offered.key, 488, now))
    network.run(100)
    assert puppet.lines() == ["INVITE", "ACK", "BYE"]
    assert us.ended[0].by == "local"


def test_an_offer_in_a_reliable_response_is_answered_in_its_prack() -> None:
    network = Network()
    us, puppet = us_and_puppet(network)
    invite = dial(us, puppet, None)
    puppet.reply(invite, 183, ("Require", "100rel"), ("RSeq", "1"), body=OFFER)
    network.run(100)
    assert puppet.latest("PRACK").body == ANSWER
    puppet.reply(invite, 200)
    network.run(100)
    assert us.events[1:] == [Established(OFFER)]


def test_hanging_up_while_it_rings_cancels() -> None:
    network = Network()
    us, other = Phone(network, "192.0.2.1"), Phone(network, "192.0.2.2", Habits(rings=True))
    call = us.dial(other)
    network.run(100)
    us.do(call.hang_up)
    network.run(100)
    assert us.events == [Ringing(), Ended("local", 487, "")]
    assert network.lines()[3:] == ["CANCEL", "200 CANCEL", "487 INVITE", "ACK"]


def test_hanging_up_before_anything_was_heard_cancels_as_soon_as_something_is() -> None:
    network = Network()
    us, puppet = us_and_puppet(network)
    invite = dial(us, puppet)
    call = next(iter(us.agent.calls))
    us.do(call.hang_up)
    network.run(300)
    assert puppet.lines() == ["INVITE"]
    puppet.reply(invite, 100)
    network.run(100)
    assert puppet.lines()[-1] == "CANCEL"


def test_a_200_that_crosses_the_cancel_is_acknowledged_and_hung_up() -> None:
    def slow_cancel(packet: Packet) -> list[int]:
        return [300 if packet.line == "CANCEL" else 20]

    network = Network(slow_cancel)
    us, other = Phone(network, "192.0.2.1"), Phone(network, "192.0.2.2", Habits(rings=True))
    call = us.dial(other)
    network.run(100)
    us.do(call.hang_up)
    other.do(lambda now: other.call.answer(now, ANSWER))
    network.run(1000)
    assert {"200 INVITE", "ACK", "BYE", "200 BYE", "200 CANCEL"} <= set(network.lines())
    assert us.events == [Ringing(), Ended("local", 487, "")]
    assert other.events == [Established(OFFER), Ended("remote", 200, "")]


def test_a_bye_that_overtakes_the_200_ends_the_call() -> None:
    network = Network()
    us, puppet = us_and_puppet(network)
    invite = dial(us, puppet)
    ringing = puppet.reply(invite, 180)
    puppet.request("BYE", us, From=ringing.headers["To"], To=ringing.headers["From"], Call_ID=ringing.call_id)
    network.run(100)
    puppet.reply(invite, 200, body=ANSWER)
    network.run(100)
    assert us.events == [Ringing(), Ended("remote", 200, "")]
    assert "ACK" in puppet.lines()


@pytest.mark.parametrize(
    ("code", "ended"),
    [
        (486, Ended("remote", 486, "Busy Here")),
        (503, Ended("network", 503, "Service Unavailable")),
        (603, Ended("remote", 603, "Decline")),
        (407, Ended("remote", 407, "Proxy Authentication Required")),
        (302, Ended("remote", 302, "Moved Temporarily")),
    ],
)
def test_a_refusal_ends_the_call_with_its_code(code: int, ended: Ended) -> None:
    network = Network()
    us, puppet = us_and_puppet(network)
    puppet.reply(dial(us, puppet), code)
    network.run(100)
    assert us.events == [ended]
    assert puppet.lines() == ["INVITE", "ACK"]


def test_nobody_there_is_a_timeout() -> None:
    network = Network(lambda packet: [])
    us, puppet = us_and_puppet(network)
    us.dial(puppet)
    network.run(40_000)
    assert us.events == [Ended("network", 408, "Request Timeout")]


def test_a_connection_that_fails_ends_the_new_call() -> None:
    network = Network()
    us, puppet = us_and_puppet(network)
    dial(us, puppet)
    us.agent.failed(puppet.hop, network.now_ms)
    assert [call.ended for call in us.agent.calls] == [Ended("network", 503, "Service Unavailable")]


CHALLENGE = ("Proxy-Authenticate", 'Digest realm="trunk", nonce="n1", qop="auth", algorithm=SHA-256')
LOGIN = CallTerms(trunk="test", session_expires_s=0, credentials=Credentials("me", "secret-secret"))


def test_a_call_is_made_again_with_credentials_when_asked_for_them() -> None:
    network = Network()
    us, puppet = us_and_puppet(network, LOGIN)
    first = dial(us, puppet)
    puppet.reply(first, 407, CHALLENGE)
    network.run(100)
    second = puppet.latest("INVITE")
    assert second.cseq.sequence == first.cseq.sequence + 1
    assert (second.call_id, second.from_address.tag) == (first.call_id, first.from_address.tag)
    assert 'username="me"' in second.headers["Proxy-Authorization"]
    assert second.body == OFFER
    puppet.reply(second, 200, body=ANSWER)
    network.run(100)
    assert us.events == [Established(ANSWER)]
    assert puppet.latest("ACK").headers["Proxy-Authorization"] == second.headers["Proxy-Authorization"]
    assert puppet.latest("ACK").cseq.sequence == second.cseq.sequence


def test_credentials_that_are_refused_are_not_offered_for_ever() -> None:
    network = Network()
    us, puppet = us_and_puppet(network, LOGIN)
    puppet.reply(dial(us, puppet), 407, CHALLENGE)
    network.run(100)
    puppet.reply(puppet.latest("INVITE"), 407, CHALLENGE)
    network.run(100)
    assert us.events == [Ended("remote", 407, "Proxy Authentication Required")]
    for stale in range(20):
        challenge = ("Proxy-Authenticate", f'Digest realm="trunk", nonce="s{stale}", qop="auth", stale=true')
        us.events.clear()
        if stale == 0:
            dial(us, puppet)
        puppet.reply(puppet.latest("INVITE"), 407, challenge)
        network.run(100)
        if us.events:
            break
    assert stale < 12 and us.ended


def test_a_redirection_is_followed_only_to_where_the_terms_allow() -> None:
    allowed = URI.parse("sip:good@192.0.2.3")
    network = Network()
    terms = CallTerms(
        trunk="test",
        session_expires_s=0,
        redirect=lambda uri: Hop("udp", uri.host, 5060) if uri.host == allowed.host else None,
    )
    us, puppet = us_and_puppet(network, terms)
    there = Puppet(network, "192.0.2.3")
    invite = dial(us, puppet)
    puppet.contact = f"<sip:premium@198.51.100.66>;q=1.0, <{allowed}>;q=0.5"
    puppet.reply(invite, 302)
    network.run(100)
    again = there.latest("INVITE")
    assert str(again.uri) == str(allowed) and again.body == OFFER
    there.reply(again, 302, ("Contact", f"<{allowed}>"))
    network.run(100)
    assert us.events == [Ended("remote", 302, "Moved Temporarily")], "not in a circle"
    assert {packet.target.host for packet in network.packets} == {"192.0.2.1", "192.0.2.2", "192.0.2.3"}


def test_a_longer_session_is_asked_for_when_ours_is_too_brief() -> None:
    network = Network()
    us, puppet = us_and_puppet(network, CallTerms(session_expires_s=120))
    first = dial(us, puppet)
    assert first.headers["Session-Expires"] == "120"
    puppet.reply(first, 422, ("Min-SE", "600"))
    network.run(100)
    second = puppet.latest("INVITE")
    assert second.headers["Session-Expires"] == "600"
    puppet.reply(second, 422, ("Min-SE", "600"))
    network.run(100)
    assert us.ended[0].code == 422


def test_a_200_without_contact_or_tag_or_with_a_strange_body_does_no_harm() -> None:
    network = Network()
    us, puppet = us_and_puppet(network)
    invite = dial(us, puppet)
    puppet.contact = ""
    puppet.reply(invite, 183, ("Content-Type", "image/png"), body=b"?")
    puppet.reply(invite, 180, tag="")
    network.run(100)
    assert us.events == [Ringing()]


def test_responses_of_too_many_forks_are_left_alone() -> None:
    network = Network()
    us, puppet = us_and_puppet(network)
    invite = dial(us, puppet)
    for number in range(50):
        puppet.reply(invite, 180, tag=f"fork{number}")
    network.run(100)
    assert len(us.events) == 16
