import re

import pytest
from sipmessage import CSeq

from gateway.sip.call_events import Ended
from gateway.sip.callers import Ignored, Refused
from gateway.sip.dialog import MAX_FORWARDS
from gateway.sip.message import Request, Response, response
from gateway.sip.station import CallTerms
from gateway.sip.transaction_events import Responded, TimedOut
from tests.fakes.sip_network import ANSWER, OFFER, Habits, Network, Phone, Puppet
from tests.gateway.sip.mutants import mutants


def us_and_puppet(network: Network, habits: Habits | None = None) -> tuple[Phone, Puppet]:
    return Phone(network, "192.0.2.2", habits), Puppet(network, "192.0.2.1")


def answer_to(puppet: Puppet) -> Response:
    answer = puppet.heard[-1]
    assert isinstance(answer, Response)
    return answer


def test_options_say_what_we_can() -> None:
    network = Network()
    us, puppet = us_and_puppet(network)
    puppet.request("OPTIONS", us)
    network.run(100)
    answer = answer_to(puppet)
    assert answer.code == 200
    assert "INVITE" in answer.headers["Allow"] and "timer" in answer.supported
    assert answer.headers["Accept"] == "application/sdp"
    assert answer.to_address.tag


@pytest.mark.parametrize("method", ["OPTIONS", "INVITE"])
def test_while_draining_nothing_new_is_taken(method: str) -> None:
    network = Network()
    us, puppet = us_and_puppet(network)
    us.agent.draining = True
    puppet.request(method, us, body=OFFER)
    network.run(100)
    assert answer_to(puppet).code == 503
    assert int(answer_to(puppet).headers["Retry-After"]) > 0


def test_calls_under_way_go_on_while_draining() -> None:
    network = Network()
    alice, bob = Phone(network, "192.0.2.1"), Phone(network, "192.0.2.2", Habits(answers=ANSWER))
    call = alice.dial(bob)
    network.run(100)
    bob.agent.draining = True
    alice.do(lambda now: call.update_media(OFFER, now))
    network.run(100)
    alice.do(call.hang_up)
    network.run(100)
    assert bob.ended == [Ended("remote", 200, "")]
    assert "503 INVITE" not in network.lines()


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("BYE", 481),
        ("UPDATE", 481),
        ("NOTIFY", 481),
        ("REFER", 405),
        ("SUBSCRIBE", 405),
        ("REGISTER", 405),
        ("MESSAGE", 405),
        ("BREW", 501),
    ],
)
def test_requests_that_make_no_sense_outside_a_call(method: str, code: int) -> None:
    network = Network()
    us, puppet = us_and_puppet(network)
    puppet.request(method, us)
    network.run(100)
    assert answer_to(puppet).code == code
    assert (code == 405) == ("INVITE" in (answer_to(puppet).headers.get("Allow") or ""))


def test_a_tag_that_we_did_not_give_is_of_no_call() -> None:
    network = Network()
    us, puppet = us_and_puppet(network)
    puppet.request("INVITE", us, body=OFFER, To=f"<{us.uri}>;tag=other")
    puppet.request("ACK", us, To=f"<{us.uri}>;tag=other")
    network.run(100)
    assert puppet.lines() == ["481 INVITE"]
    assert us.invited == []


def test_an_unknown_extension_that_is_required_is_refused_by_name() -> None:
    network = Network()
    us, puppet = us_and_puppet(network)
    puppet.request("INVITE", us, ("Require", "100rel, teleport, timer"), body=OFFER)
    network.run(100)
    assert answer_to(puppet).code == 420
    assert answer_to(puppet).unsupported == ["teleport"]


def test_the_same_invite_by_another_way_is_merged() -> None:
    network = Network()
    us, puppet = us_and_puppet(network)
    puppet.request("INVITE", us, CSeq="1 INVITE", body=OFFER)
    puppet.request("INVITE", us, CSeq="1 INVITE", body=OFFER)
    network.run(100)
    assert puppet.lines() == ["100 INVITE", "482 INVITE"]
    assert len(us.invited) == 1


def test_strangers_are_refused_or_ignored_as_they_are_judged() -> None:
    network = Network()
    us, puppet = us_and_puppet(network)
    us.verdict = Refused(401, [("WWW-Authenticate", 'Digest realm="a", nonce="1"')])
    puppet.request("INVITE", us, body=OFFER)
    network.run(100)
    assert answer_to(puppet).headers["WWW-Authenticate"] == 'Digest realm="a", nonce="1"'
    assert answer_to(puppet).server is None, "scanners look for names"
    network.run(40_000)
    puppet.heard.clear()
    us.verdict = Ignored()
    for method in ("INVITE", "OPTIONS", "BYE"):
        puppet.request(method, us)
    network.run(5000)
    assert puppet.heard == []
    assert us.invited == []
    assert us.agent.next_timer_ms() is None


def test_no_more_calls_are_taken_than_there_is_room_for() -> None:
    network = Network()
    us, puppet = Phone(network, "192.0.2.2", most_calls=3), Puppet(network, "192.0.2.1")
    for number in range(4):
        puppet.request("INVITE", us, Call_ID=f"call{number}", body=OFFER)
    network.run(100)
    assert puppet.lines().count("503 INVITE") == 1
    assert len(us.invited) == 3


def test_requests_outside_of_calls_bring_their_answers_or_that_there_is_none() -> None:
    network = Network()
    us, puppet = us_and_puppet(network)

    def options() -> Request:
        made = Request("OPTIONS", puppet.uri)
        made.max_forwards = MAX_FORWARDS
        made.headers.set("From", "<sip:us@192.0.2.2>;tag=1")
        made.headers.set("To", f"<{puppet.uri}>")
        made.call_id = "ping"
        made.cseq = CSeq(1, "OPTIONS")
        return made

    answered = us.agent.request(options(), puppet.hop, network.now_ms)
    us.flush()
    network.run(100)
    puppet.reply(puppet.latest("OPTIONS"), 200)
    unanswered = us.agent.request(options(), puppet.hop, network.now_ms)
    us.flush()
    network.run(40_000)
    first, second = us.others
    assert isinstance(first, Responded) and first.key == answered
    assert second == TimedOut(unanswered)


def test_a_response_to_nothing_of_ours_is_dropped() -> None:
    network = Network()
    us, puppet = us_and_puppet(network)
    request = puppet.request("OPTIONS", us)
    stray = response(request, 200)
    stray.headers.set("Via", "SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKnever")
    network.send(puppet.hop, us.hop, bytes(stray))
    network.run(100)
    assert us.others == [] and us.events == []


# --- Replaces (RFC 3891) ---


def in_a_call(network: Network, habits: Habits) -> tuple[Phone, Phone, Phone]:
    """Alice talks with Bob; Carol is there too."""
    alice, bob = Phone(network, "192.0.2.1"), Phone(network, "192.0.2.2", habits)
    alice.dial(bob)
    network.run(100)
    return alice, bob, Phone(network, "192.0.2.3")


def replaces(bob: Phone, more: str = "") -> list[tuple[str, str]]:
    dialog = bob.call.dialog
    assert dialog is not None
    value = f"{dialog.call_id};to-tag={dialog.local_tag};from-tag={dialog.remote_tag}{more}"
    return [("Replaces", value)]


def test_a_call_that_takes_the_place_of_another_ends_that_one_when_answered() -> None:
    network = Network()
    alice, bob, carol = in_a_call(network, Habits(answers=ANSWER))
    bob.habits = Habits()
    replaced = bob.call
    carol.dial(bob, headers=replaces(bob))
    network.run(100)
    assert bob.invited[-1].replaces is replaced
    assert replaced.ended is None
    bob.do(lambda now: bob.call.answer(now, ANSWER))
    network.run(100)
    assert replaced.ended is not None and replaced.ended.by == "local"
    assert alice.ended == [Ended("remote", 200, "replaced by another call")]
    assert bob.call.ended is None


@pytest.mark.parametrize(
    ("habits", "wanted", "code"),
    [
        (Habits(answers=ANSWER), "no-such-call;to-tag=1;from-tag=2", 481),
        (Habits(answers=ANSWER), "nonsense", 400),
        (Habits(answers=ANSWER), ";early-only", 486),
        (Habits(rings=True), "", 481),
    ],
)
def test_what_cannot_be_replaced_is_refused(habits: Habits, wanted: str, code: int) -> None:
    network = Network()
    _, bob, carol = in_a_call(network, habits)
    headers = replaces(bob, wanted) if wanted in ("", ";early-only") else [("Replaces", wanted)]
    carol.dial(bob, headers=headers)
    network.run(100)
    assert [ended.code for ended in carol.ended] == [code]
    assert bob.call.ended is None


def test_a_call_of_another_trunk_or_one_that_is_over_is_not_replaced() -> None:
    network = Network()
    _, bob, carol = in_a_call(network, Habits(answers=ANSWER))
    bob.terms = CallTerms(trunk="another")
    carol.dial(bob, headers=replaces(bob))
    network.run(100)
    bob.terms = CallTerms(trunk="test")
    bob.do(bob.call.hang_up)
    carol.dial(bob, headers=replaces(bob))
    network.run(100)
    assert [ended.code for ended in carol.ended] == [481, 603]


# --- bad input ---


def test_nothing_that_arrives_makes_it_raise_or_keep_anything() -> None:
    network = Network()
    us, puppet = us_and_puppet(network, Habits(rings=True, answers=ANSWER))
    puppet.request("INVITE", us, ("Supported", "100rel, timer"), ("Session-Expires", "600"), body=OFFER)
    network.run(100)
    fields = {"To": puppet.heard[-1].headers["To"]}
    puppet.request("ACK", us, CSeq="1 ACK", within=fields)
    puppet.request("INFO", us, ("Content-Type", "application/dtmf-relay"), body=b"Signal=1", within=fields)
    puppet.request(
        "REFER", us, ("Refer-To", "<sip:a@b?Replaces=x%3Bto-tag%3Dy%3Bfrom-tag%3Dz>"), within=fields
    )
    puppet.request("NOTIFY", us, ("Event", "refer"), body=b"SIP/2.0 200 OK", within=fields)
    puppet.request("PRACK", us, ("RAck", "1 1 INVITE"), within=fields)
    puppet.request("UPDATE", us, ("Session-Expires", "90;refresher=uas"), body=OFFER, within=fields)
    network.run(100)
    originals = [bytes(packet.message) for packet in network.packets]
    for number, mutant in enumerate(mutants(originals, 4000, seed=4)):
        anew = re.sub(rb"(branch=z9hG4bK)192", rb"\g<1>%d-" % number, mutant)  # or it is a retransmission
        anew = re.sub(rb"(CSeq: )\d+", rb"\g<1>%d" % (number + 100), anew)
        us.agent.receive(anew, puppet.hop, network.now_ms)
        us.agent.outgoing()
    for invitation in list(us.agent.calls):
        invitation.hang_up(network.now_ms)
    us.agent.outgoing()
    network.carry = lambda packet: []
    network.run(900_000)
    assert not us.agent.calls
    assert us.agent.next_timer_ms() is None
