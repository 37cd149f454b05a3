from gateway.sip.call_events import Answered, Ended
from gateway.sip.digest import Credentials
from gateway.sip.invitation import Invitation
from gateway.sip.station import CallTerms
from gateway.sip.usage import reason_header
from tests.fakes.sip_network import ANSWER, OFFER, Habits, Network, Phone, Puppet

CHALLENGE = ("WWW-Authenticate", 'Digest realm="them", nonce="n", qop="auth", algorithm=MD5')
LOGIN = CallTerms(trunk="test", session_expires_s=0, credentials=Credentials("me", "secret-secret"))


def in_a_call(
    network: Network, terms: CallTerms, *routes: str, contact: str = ""
) -> tuple[Phone, Puppet, Invitation]:
    """We called a puppet that answered."""
    us, puppet = Phone(network, "192.0.2.1", terms=terms), Puppet(network, "192.0.2.2")
    puppet.routes = list(routes)
    puppet.contact = contact or puppet.contact
    call = us.dial(puppet)
    network.run(100)
    puppet.reply(puppet.latest("INVITE"), 200, body=ANSWER)
    network.run(100)
    us.events.clear()
    return us, puppet, call


def test_requests_inside_a_call_are_sent_again_with_credentials() -> None:
    network = Network()
    us, puppet, call = in_a_call(network, LOGIN)
    us.do(lambda now: call.update_media(OFFER + b"a=x\r\n", now))
    network.run(100)
    first = puppet.latest("INVITE")
    puppet.reply(first, 401, CHALLENGE)
    network.run(100)
    second = puppet.latest("INVITE")
    assert second.cseq.sequence == first.cseq.sequence + 1
    puppet.reply(second, 200, body=ANSWER)
    network.run(100)
    assert us.events == [Answered(ANSWER)]
    ack = puppet.latest("ACK")
    assert ack.cseq.sequence == second.cseq.sequence
    assert ack.headers["Authorization"] == second.headers["Authorization"]
    us.do(call.hang_up)
    network.run(100)
    puppet.reply(puppet.latest("BYE"), 401, CHALLENGE)
    network.run(100)
    bye = puppet.latest("BYE")
    assert "Authorization" in bye.headers.keys()
    puppet.reply(bye, 401, CHALLENGE)
    network.run(100_000)
    assert puppet.lines().count("BYE") == 2 and not us.agent.calls


def test_without_credentials_a_challenge_is_a_refusal() -> None:
    network = Network()
    us, puppet, call = in_a_call(network, CallTerms(session_expires_s=0))
    us.do(call.hang_up)
    network.run(100)
    puppet.reply(puppet.latest("BYE"), 401, CHALLENGE)
    network.run(100)
    assert puppet.lines().count("BYE") == 1


def hang_up(us: Phone, call: Invitation) -> tuple[str, str, list[str]]:
    """Where our BYE went, its URI and its Route."""
    us.do(call.hang_up)
    [packet] = [packet for packet in us.network.packets if packet.line == "BYE"]
    message = packet.message
    return f"{packet.target.host}:{packet.target.port}", str(message.uri), message.headers.getlist("Route")  # type: ignore[union-attr]


PLAIN = CallTerms(session_expires_s=0)


def test_requests_go_to_the_contact() -> None:
    network = Network()
    us, _, call = in_a_call(network, PLAIN, contact="<sip:there@192.0.2.77:5070>")
    assert hang_up(us, call) == ("192.0.2.77:5070", "sip:there@192.0.2.77:5070", [])


def test_requests_go_through_the_proxies_that_stay_in_the_path() -> None:
    network = Network()
    routes = "<sip:192.0.2.30;lr>", "<sip:192.0.2.20:5071;lr>"
    us, _, call = in_a_call(network, PLAIN, *routes, contact="<sip:there@192.0.2.77>")
    assert hang_up(us, call) == ("192.0.2.20:5071", "sip:there@192.0.2.77", [routes[1], routes[0]])


def test_a_strict_proxy_gets_the_request_as_if_it_were_for_it() -> None:
    network = Network()
    routes = "<sip:192.0.2.30;lr>", "<sip:192.0.2.20>"
    us, _, call = in_a_call(network, PLAIN, *routes, contact="<sip:there@192.0.2.77>")
    assert hang_up(us, call) == (
        "192.0.2.20:5060",
        "sip:192.0.2.20",
        ["<sip:192.0.2.30;lr>", "<sip:there@192.0.2.77>"],
    )


def test_who_is_behind_a_nat_is_reached_where_the_messages_come_from() -> None:
    network = Network()
    terms = CallTerms(session_expires_s=0, symmetric=True)
    us, _, call = in_a_call(network, terms, contact="<sip:there@10.0.0.5:5070>")
    assert hang_up(us, call)[:2] == ("192.0.2.2:5060", "sip:there@10.0.0.5:5070")


def test_a_caller_is_reached_through_the_proxies_that_the_invite_came_through() -> None:
    network = Network()
    us, puppet = Phone(network, "192.0.2.1", Habits(answers=ANSWER)), Puppet(network, "192.0.2.2")
    invite = puppet.request("INVITE", us, ("Record-Route", "<sip:192.0.2.20;lr>"), body=OFFER)
    network.run(100)
    assert puppet.heard[-1].record_route == invite.record_route
    puppet.request("ACK", us, CSeq="1 ACK", To=puppet.heard[-1].headers["To"])
    network.run(100)
    target, uri, route = hang_up(us, us.call)
    assert (target, uri, route) == ("192.0.2.20:5060", str(puppet.uri), ["<sip:192.0.2.20;lr>"])


def test_a_hang_up_says_why() -> None:
    network = Network()
    us, puppet, call = in_a_call(network, PLAIN)
    us.do(lambda now: call.hang_up(now, 'done "here"\r\n', [("User-to-User", "00")]))
    network.run(100)
    bye = puppet.latest("BYE")
    assert bye.headers["Reason"] == 'SIP;cause=200;text="done here"'
    assert bye.headers["User-to-User"] == "00"


def test_a_reason_cannot_break_out_of_its_header() -> None:
    name, value = reason_header('a"b\\c\r\nVia: x')
    assert (name, value) == ("Reason", 'SIP;cause=200;text="abcVia: x"')


def test_what_was_handed_over_with_a_call_can_be_read() -> None:
    network = Network()
    terms = CallTerms(session_expires_s=0, context_headers=("X-Account",))
    us, puppet = Phone(network, "192.0.2.1", terms=terms), Puppet(network, "192.0.2.2")
    headers = ("User-to-User", "6869;encoding=hex"), ("X-Account", "42"), ("X-Other", "1")
    puppet.request("INVITE", us, *headers, body=OFFER)
    network.run(100)
    assert us.call.context == {"user-to-user": "hi", "x-account": "42"}
    call = us.dial(puppet, headers=[("X-Session", "s1")])
    network.run(100)
    assert puppet.latest("INVITE").headers["X-Session"] == "s1"
    assert call.context == {}
    puppet.reply(puppet.latest("INVITE"), 200, ("X-Account", "7"), body=ANSWER)
    network.run(100)
    assert call.context == {"x-account": "7"}


def test_a_side_that_knows_no_such_call_has_ended_it() -> None:
    network = Network()
    us, puppet, call = in_a_call(network, PLAIN)
    us.do(lambda now: call.send_info("1", now))
    network.run(100)
    puppet.reply(puppet.latest("INFO"), 481)
    network.run(100)
    assert us.ended[0].code == 481 and "BYE" not in puppet.lines()


def test_a_call_ends_once_whoever_else_says_so() -> None:
    network = Network()
    us, puppet, call = in_a_call(network, PLAIN)
    us.do(call.hang_up)
    us.do(call.hang_up)
    network.run(100)
    puppet.reply(puppet.latest("BYE"), 481)
    us.do(lambda now: call.update_media(OFFER, now))
    us.do(lambda now: call.send_info("1", now))
    network.run(100)
    assert us.events == [Ended("local", 200, "")]
    assert puppet.lines() == ["INVITE", "ACK", "BYE"]
