import pytest

from gateway.sip.call_events import Digit, Ended
from gateway.sip.invitation import Invitation
from gateway.sip.message import Response
from tests.fakes.sip_network import ANSWER, OFFER, Habits, Network, Phone, Puppet


def in_a_call(network: Network) -> tuple[Phone, Puppet, Invitation, dict[str, str]]:
    """A puppet that called us, and the fields of its requests inside the dialog."""
    us, puppet = Phone(network, "192.0.2.2", Habits(answers=ANSWER)), Puppet(network, "192.0.2.1")
    puppet.request("INVITE", us, body=OFFER)
    network.run(100)
    fields = {"To": puppet.heard[-1].headers["To"]}
    puppet.request("ACK", us, CSeq="1 ACK", within=fields)
    network.run(100)
    us.events.clear()
    puppet.heard.clear()
    return us, puppet, us.call, fields


def last(puppet: Puppet) -> Response:
    puppet.network.run(100)
    answer = puppet.heard[-1]
    assert isinstance(answer, Response)
    return answer


def test_a_bye_with_another_tag_or_an_old_number_does_not_end_the_call() -> None:
    network = Network()
    us, puppet, call, fields = in_a_call(network)
    puppet.request("BYE", us, within=fields, From="<sip:puppet@192.0.2.1>;tag=forged")
    assert last(puppet).code == 481
    puppet.request("BYE", us, To=fields["To"] + "x")
    assert last(puppet).code == 481
    puppet.request("BYE", us, within=fields, Call_ID="another")
    assert last(puppet).code == 481
    puppet.request("BYE", us, within=fields, CSeq="1 BYE")
    assert last(puppet).code == 500
    assert not call.ended and us.events == []
    puppet.request("BYE", us, within=fields)
    assert last(puppet).code == 200
    assert us.events == [Ended("remote", 200, "")]


def test_a_forged_request_does_not_turn_our_messages_elsewhere() -> None:
    network = Network()
    us, _, call, fields = in_a_call(network)
    stranger = Puppet(network, "198.51.100.66")
    forged = "<sip:puppet@192.0.2.1>;tag=forged"
    stranger.request("UPDATE", us, within=fields, From=forged, Call_ID="call@192.0.2.1")
    assert last(stranger).code == 481
    assert call.hop.host == "192.0.2.1"


def test_requests_after_the_end_are_of_no_call() -> None:
    network = Network()
    us, puppet, _, fields = in_a_call(network)
    puppet.request("BYE", us, within=fields)
    for method in ("INFO", "BYE", "INVITE"):
        puppet.request(method, us, within=fields)
        assert last(puppet).code == 481
    assert us.events == [Ended("remote", 200, "")]


def test_two_byes_that_cross_are_both_answered() -> None:
    network = Network()
    us, puppet, call, fields = in_a_call(network)
    us.do(call.hang_up)
    puppet.request("BYE", us, within=fields)
    assert last(puppet).code == 200
    assert us.events == [Ended("local", 200, "")]


def test_a_bye_while_ours_waits_for_the_ack_makes_ours_needless() -> None:
    network = Network()
    us, puppet = Phone(network, "192.0.2.2", Habits(answers=ANSWER)), Puppet(network, "192.0.2.1")
    puppet.request("INVITE", us, body=OFFER)
    network.run(100)
    us.do(us.call.hang_up)
    puppet.request("BYE", us, To=puppet.heard[-1].headers["To"])
    network.run(60_000)
    assert puppet.lines() == ["100 INVITE", "200 INVITE", "200 BYE"]
    assert not us.agent.calls


def test_a_bye_may_say_why() -> None:
    network = Network()
    us, puppet, _, fields = in_a_call(network)
    puppet.request("BYE", us, ("Reason", 'Q.850;cause=16;text="Normal call clearing"'), within=fields)
    network.run(100)
    assert us.events == [Ended("remote", 200, "Normal call clearing")]


@pytest.mark.parametrize(
    ("kind", "body", "digit"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=250\r\n", Digit("5", 250)),
        ("application/dtmf", b"#", Digit("#", 160)),
    ],
)
def test_a_digit_comes_once_however_often_its_info_is_sent(kind: str, body: bytes, digit: Digit) -> None:
    network = Network()
    us, puppet, _, fields = in_a_call(network)
    info = puppet.request("INFO", us, ("Content-Type", kind), body=body, within=fields)
    for _ in range(3):
        puppet.send(info, us)
    network.run(100)
    assert us.events == [digit]
    assert puppet.lines() == ["200 INFO"] * 4


def test_an_info_that_is_not_understood_is_refused_with_what_would_be() -> None:
    network = Network()
    us, puppet, _, fields = in_a_call(network)
    puppet.request("INFO", us, ("Content-Type", "application/media_control+xml"), body=b"<x/>", within=fields)
    assert last(puppet).code == 415 and "dtmf-relay" in last(puppet).headers["Accept"]
    puppet.request("INFO", us, ("Info-Package", "conference"), within=fields)
    assert last(puppet).code == 469
    puppet.request("INFO", us, within=fields)
    assert last(puppet).code == 200
    assert us.events == []


def test_our_digits_go_out_as_info() -> None:
    network = Network()
    us, puppet, call, _ = in_a_call(network)
    us.do(lambda now: call.send_info("9", now))
    network.run(100)
    assert puppet.latest("INFO").body == b"Signal=9\r\nDuration=160\r\n"
    assert puppet.latest("INFO").headers["Content-Type"] == "application/dtmf-relay"


@pytest.mark.parametrize(("method", "code"), [("OPTIONS", 200), ("MESSAGE", 405), ("PRACK", 481)])
def test_other_requests_inside_a_call(method: str, code: int) -> None:
    network = Network()
    us, puppet, call, fields = in_a_call(network)
    puppet.request(method, us, ("RAck", "1 1 INVITE"), within=fields)
    assert last(puppet).code == code
    assert not call.ended


def test_what_is_required_and_unknown_is_refused_inside_a_call_too() -> None:
    network = Network()
    us, puppet, call, fields = in_a_call(network)
    puppet.request("UPDATE", us, ("Require", "teleport"), within=fields)
    assert last(puppet).code == 420 and last(puppet).unsupported == ["teleport"]
    puppet.request("INVITE", us, ("Content-Type", "text/plain"), body=b"hello", within=fields)
    assert last(puppet).code == 415
    assert not call.ended
