import pytest

from gateway.protocol_error import ProtocolError
from gateway.sip.call_events import Ended
from gateway.sip.session_timer import SessionTimer
from gateway.sip.station import CallTerms
from tests.fakes.sip_network import ANSWER, OFFER, Habits, Network, Phone, Puppet
from tests.gateway.sip.requests import request, response

TERMS = CallTerms(trunk="test", session_expires_s=600)


def test_who_called_refreshes_and_both_keep_the_call() -> None:
    network = Network()
    alice = Phone(network, "192.0.2.1", terms=TERMS)
    bob = Phone(network, "192.0.2.2", Habits(answers=ANSWER), terms=TERMS)
    call = alice.dial(bob)
    network.run(3_600_000)
    assert not call.ended and not bob.call.ended
    refreshes = network.lines("192.0.2.1").count("UPDATE")
    assert refreshes == 11, "every 300 s"
    assert network.lines("192.0.2.2").count("UPDATE") == 0


def test_when_the_one_who_refreshes_is_gone_the_other_ends_the_call_in_time() -> None:
    network = Network()
    alice = Phone(network, "192.0.2.1", terms=TERMS)
    bob = Phone(network, "192.0.2.2", Habits(answers=ANSWER), terms=TERMS)
    call = alice.dial(bob)
    network.run(1000)
    network.carry = lambda packet: []
    network.run(560_000)
    assert call.ended == Ended("network", 408, "Request Timeout"), "its refresh was not answered"
    assert not bob.call.ended
    network.run(10_000)
    assert bob.call.ended == Ended("network", 408, "nobody refreshed the session")
    assert network.lines("192.0.2.2")[-1] == "BYE"


def called(network: Network, *headers: tuple[str, str]) -> tuple[Phone, Puppet, dict[str, str]]:
    us = Phone(network, "192.0.2.2", Habits(answers=ANSWER), terms=TERMS)
    puppet = Puppet(network, "192.0.2.1")
    puppet.request("INVITE", us, *headers, body=OFFER)
    network.run(100)
    fields = {"To": puppet.heard[-1].headers["To"]}
    puppet.request("ACK", us, CSeq="1 ACK", within=fields)
    network.run(100)
    return us, puppet, fields


def test_whoever_cannot_do_timers_is_refreshed_by_us_with_an_invite() -> None:
    network = Network()
    us, puppet, _ = called(network)
    assert puppet.heard[-1].headers["Session-Expires"] == "600;refresher=uas"
    network.run(300_000)
    refresh = puppet.latest("INVITE")
    assert refresh.body == ANSWER and refresh.headers["Session-Expires"] == "600;refresher=uac"
    puppet.reply(refresh, 200, ("Session-Expires", "600;refresher=uac"), body=OFFER)
    network.run(300_100)
    assert puppet.lines().count("INVITE") == 2
    assert us.events == [us.events[0]] and not us.call.ended


def test_an_update_that_is_not_taken_after_all_is_followed_by_an_invite() -> None:
    network = Network()
    us, puppet, _ = called(network, ("Allow", "INVITE, UPDATE"))
    network.run(300_000)
    puppet.reply(puppet.latest("UPDATE"), 405)
    network.run(100)
    assert puppet.lines()[-1] == "INVITE" and not us.call.ended


def test_a_refresh_by_the_other_side_keeps_the_call() -> None:
    network = Network()
    us, puppet, fields = called(network, ("Supported", "timer"), ("Session-Expires", "300"))
    accepted = puppet.heard[-1]
    assert accepted.headers["Session-Expires"] == "300;refresher=uac"
    assert accepted.headers["Require"] == "timer"
    network.run(150_000)
    supported = ("Supported", "timer")
    puppet.request("UPDATE", us, supported, ("Session-Expires", "300;refresher=uac"), within=fields)
    network.run(200_000)
    assert not us.call.ended
    network.run(80_000)
    assert us.call.ended is not None


def test_an_interval_that_is_too_brief_is_refused() -> None:
    network = Network()
    us, puppet = Phone(network, "192.0.2.2", terms=TERMS), Puppet(network, "192.0.2.1")
    puppet.request("INVITE", us, ("Supported", "timer"), ("Session-Expires", "45"), body=OFFER)
    network.run(100)
    assert puppet.lines() == ["422 INVITE"]
    assert puppet.heard[-1].headers["Min-SE"] == "90"
    assert us.invited == []


def test_a_refresh_that_is_too_brief_for_them_is_sent_again_with_more() -> None:
    network = Network()
    us, puppet, _ = called(network)
    network.run(300_000)
    puppet.reply(puppet.latest("INVITE"), 422, ("Min-SE", "1200"))
    network.run(100)
    assert puppet.latest("INVITE").headers["Session-Expires"] == "1200;refresher=uac"
    assert not us.call.ended


@pytest.mark.parametrize(
    ("wanted", "supported", "agreed", "ours"),
    [
        ("1800", True, "600;refresher=uac", False),
        ("300", True, "300;refresher=uac", False),
        ("300;refresher=uas", True, "300;refresher=uas", True),
        ("300 ; refresher=UAC", True, "300;refresher=uac", False),
        ("300", False, "300;refresher=uas", True),
        (None, True, "600;refresher=uac", False),
        ("rubbish", False, "600;refresher=uas", True),
    ],
)
def test_what_is_agreed(wanted: str | None, supported: bool, agreed: str, ours: bool) -> None:
    timer = SessionTimer(600)
    headers = (("Session-Expires", wanted),) if wanted else ()
    asked = request(headers=(*headers, ("Supported", "timer" if supported else "path")))
    answer = response(200)
    timer.check(asked)
    timer.answer(asked, answer, 0)
    assert answer.headers["Session-Expires"] == agreed
    assert timer.refreshes is ours
    assert timer.next_timer_ms() == timer.interval_s * (500 if ours else 1000) - (0 if ours else 32_000)


def test_without_a_wish_of_either_side_there_is_no_timer() -> None:
    timer = SessionTimer(0)
    answer = response(200)
    timer.answer(request(), answer, 0)
    assert timer.next_timer_ms() is None and timer.due(10**9) is None
    assert answer.headers.get("Session-Expires") is None
    made = request()
    timer.ask(made)
    assert made.headers.get("Session-Expires") is None
    timer.agreed(response(200), 0)
    assert timer.interval_s == 0


def test_their_wish_is_honoured_where_we_have_none() -> None:
    timer = SessionTimer(0)
    answer = response(200)
    timer.answer(request(headers=(("Session-Expires", "900"), ("Supported", "timer"))), answer, 0)
    assert answer.headers["Session-Expires"] == "900;refresher=uac"


def test_a_minimum_of_theirs_is_kept() -> None:
    timer = SessionTimer(600)
    answer = response(200)
    asked = request(headers=(("Session-Expires", "3600"), ("Min-SE", "1000"), ("Supported", "timer")))
    timer.answer(asked, answer, 0)
    assert timer.interval_s == 1000


def test_a_brief_interval_is_only_refused_to_whoever_could_ask_for_another() -> None:
    timer = SessionTimer(600, least_s=300)
    with pytest.raises(ProtocolError) as refusal:
        timer.check(request(headers=(("Session-Expires", "200"), ("Supported", "timer"))))
    assert refusal.value.status == 422
    timer.check(request(headers=(("Session-Expires", "200"),)))
