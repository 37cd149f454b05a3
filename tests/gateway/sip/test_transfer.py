import pytest

from gateway.protocol_error import ProtocolError
from gateway.sip.call_events import Ended, TransferAsked, TransferProgress
from gateway.sip.invitation import Invitation
from gateway.sip.transfer import Replaces, parse_refer_to, refer_to
from gateway.sip.uri import URI
from tests.fakes.sip_network import ANSWER, OFFER, Habits, Network, Phone, Puppet, losing

CAROL = URI.parse("sip:carol@192.0.2.3:5060")


def two_in_a_call(network: Network) -> tuple[Phone, Phone, Invitation, Invitation]:
    alice, bob = Phone(network, "192.0.2.1"), Phone(network, "192.0.2.2", Habits(answers=ANSWER))
    call = alice.dial(bob)
    network.run(100)
    for phone in (alice, bob):
        phone.events.clear()
    network.packets.clear()
    return alice, bob, call, bob.call


def asked(phone: Phone) -> TransferAsked:
    [event] = [event for event in phone.events if isinstance(event, TransferAsked)]
    return event


@pytest.mark.parametrize("lost", [(), ("REFER", "202 REFER", "NOTIFY", "200 NOTIFY")])
def test_a_blind_transfer_reports_how_it_goes(lost: tuple[str, ...]) -> None:
    network = Network()
    alice, bob, call, their_call = two_in_a_call(network)
    network.carry = losing(*lost)
    alice.do(lambda now: call.refer(CAROL, now))
    network.run(1000)
    event = asked(bob)
    assert (event.target, event.replaces) == (CAROL, None)
    assert event.referred_by == "<sip:someone@192.0.2.1>"
    bob.do(lambda now: their_call.accept_transfer(event.key, now))
    network.run(2000)
    bob.do(lambda now: their_call.report_transfer(event.key, 180, "Ringing", now))
    network.run(2000)
    bob.do(lambda now: their_call.report_transfer(event.key, 200, "OK", now))
    network.run(2000)
    assert alice.events == [
        TransferProgress(100, "Trying", False),
        TransferProgress(180, "Ringing", False),
        TransferProgress(200, "OK", True),
    ]
    assert not call.ended and not their_call.ended
    states = [message.headers["Subscription-State"] for message in network.messages("NOTIFY")]
    assert states[-1] == "terminated;reason=noresource"


def test_a_transfer_may_be_refused_and_asked_for_again() -> None:
    network = Network()
    alice, bob, call, their_call = two_in_a_call(network)
    alice.do(lambda now: call.refer(CAROL, now))
    network.run(100)
    key = asked(bob).key
    bob.do(lambda now: their_call.refuse_transfer(key, 603, now))
    bob.do(lambda now: their_call.report_transfer(key, 200, "OK", now))
    network.run(100)
    assert alice.events == [TransferProgress(603, "Decline", True)]
    bob.events.clear()
    alice.do(lambda now: call.refer(CAROL, now))
    network.run(100)
    bob.do(lambda now: their_call.accept_transfer(asked(bob).key, now))
    network.run(100)
    assert alice.events[1:] == [TransferProgress(100, "Trying", False)]
    [notify] = network.messages("NOTIFY")
    assert ";id=" in notify.headers["Event"], "a second REFER needs one (RFC 3515, section 2.4.6)"


def test_an_attended_transfer_puts_one_call_in_the_place_of_another() -> None:
    network = Network()
    alice, bob, call, their_call = two_in_a_call(network)
    carol = Phone(network, "192.0.2.3", Habits(answers=ANSWER))
    consultation = alice.dial(carol)
    network.run(100)
    alice.do(lambda now: call.refer(carol.uri, now, consultation))
    network.run(100)
    event = asked(bob)
    bob.do(lambda now: their_call.accept_transfer(event.key, now))
    bob.dial(carol, headers=[("Replaces", event.replaces or "")])
    network.run(100)
    assert carol.invited[-1].replaces is carol.invited[0].invitation
    assert consultation.ended == Ended("remote", 200, "replaced by another call")
    bob.do(lambda now: their_call.report_transfer(event.key, 200, "OK", now))
    network.run(100)
    alice.do(call.hang_up)
    network.run(100)
    assert TransferProgress(200, "OK", True) in alice.events
    assert carol.call.ended is None


def with_a_puppet(network: Network) -> tuple[Phone, Puppet, Invitation, dict[str, str]]:
    us, puppet = Phone(network, "192.0.2.2", Habits(answers=ANSWER)), Puppet(network, "192.0.2.1")
    puppet.request("INVITE", us, body=OFFER)
    network.run(100)
    fields = {"To": puppet.heard[-1].headers["To"]}
    puppet.request("ACK", us, CSeq="1 ACK", within=fields)
    network.run(100)
    us.events.clear()
    return us, puppet, us.call, fields


def notify(
    puppet: Puppet, us: Phone, fields: dict[str, str], body: str, event: str = "refer", state: str = "active"
) -> None:
    puppet.request(
        "NOTIFY",
        us,
        ("Event", event),
        ("Content-Type", "message/sipfrag"),
        ("Subscription-State", state),
        body=body.encode(),
        within=fields,
    )
    puppet.network.run(100)


def test_a_transfer_of_which_nothing_is_heard_is_over_after_a_while() -> None:
    network = Network()
    us, puppet, call, _ = with_a_puppet(network)
    us.do(lambda now: call.refer(CAROL, now))
    network.run(100)
    puppet.reply(puppet.latest("REFER"), 202)
    network.run(31_000)
    assert us.events == []
    network.run(2000)
    assert us.events == [TransferProgress(408, "nothing more was heard of the transfer", True)]
    assert not call.ended


def test_a_notify_may_come_before_the_202_and_the_end_without_an_outcome() -> None:
    network = Network()
    us, puppet, call, fields = with_a_puppet(network)
    us.do(lambda now: call.refer(CAROL, now))
    network.run(100)
    notify(puppet, us, fields, "SIP/2.0 100 Trying\r\n", state="active;expires=60")
    puppet.reply(puppet.latest("REFER"), 202)
    notify(puppet, us, fields, "", state="terminated;reason=giveup")
    assert us.events == [
        TransferProgress(100, "Trying", False),
        TransferProgress(500, "the transfer's outcome is not known", True),
    ]
    notify(puppet, us, fields, "SIP/2.0 200 OK")
    assert puppet.lines()[-1] == "481 NOTIFY"


def test_an_accepted_transfer_without_a_subscription_is_over_at_once() -> None:
    network = Network()
    us, puppet, call, _ = with_a_puppet(network)
    us.do(lambda now: call.refer(CAROL, now))
    network.run(100)
    puppet.reply(puppet.latest("REFER"), 202, ("Refer-Sub", "false"))
    network.run(100)
    assert us.events == [TransferProgress(202, "Accepted", True)]


@pytest.mark.parametrize(("event", "code"), [("presence", 489), ("refer;id=999", 481)])
def test_a_notify_of_something_else_is_refused(event: str, code: int) -> None:
    network = Network()
    us, puppet, call, fields = with_a_puppet(network)
    us.do(lambda now: call.refer(CAROL, now))
    notify(puppet, us, fields, "SIP/2.0 200 OK", event)
    assert puppet.lines()[-1] == f"{code} NOTIFY"
    assert us.events == []


def test_whoever_wants_no_notifications_gets_none() -> None:
    network = Network()
    us, puppet, call, fields = with_a_puppet(network)
    puppet.request("REFER", us, ("Refer-To", str(CAROL)), ("Refer-Sub", "false"), within=fields)
    network.run(100)
    us.do(lambda now: call.accept_transfer(asked(us).key, now))
    network.run(100)
    assert puppet.lines()[-1] == "202 REFER"
    assert puppet.heard[-1].headers["Refer-Sub"] == "false"


def test_refers_that_nobody_can_follow_are_refused() -> None:
    network = Network()
    us, puppet, call, fields = with_a_puppet(network)
    for value in ("<https://example.org/>", "<sip:a@b;method=BYE>", "<sip:a@b", ""):
        headers = [("Refer-To", value)] if value else []
        puppet.request("REFER", us, *headers, within=fields)
        network.run(100)
        assert puppet.lines()[-1] == "400 REFER"
    for _ in range(5):
        puppet.request("REFER", us, ("Refer-To", f"<{CAROL}>"), within=fields)
        network.run(100)
    assert puppet.lines()[-1] == "500 REFER"
    us.do(call.hang_up)
    network.run(100)
    assert puppet.lines().count("487 REFER") == 4


def test_a_transfer_is_written_so_that_it_can_be_read() -> None:
    replaces = Replaces("1@host;x", "a", "b", early_only=True)
    target, header = parse_refer_to(refer_to(CAROL, Replaces("1@host", "a", "b", early_only=True)))
    assert (target, header) == (CAROL, "1@host;to-tag=a;from-tag=b;early-only")
    assert header is not None and Replaces.parse(header) == Replaces("1@host", "a", "b", early_only=True)
    assert str(replaces).startswith("1@host;x;")


def test_what_the_new_call_is_to_carry_is_written_into_the_address() -> None:
    uui = {"User-to-User": "726566756e64;encoding=hex"}
    assert refer_to(CAROL, None, uui) == f"<{CAROL}?User-to-User=726566756e64%3Bencoding%3Dhex>"
    both = refer_to(CAROL, Replaces("1@host", "a", "b"), uui)
    assert both.index("?Replaces=") < both.index("&User-to-User=")
    assert parse_refer_to(both) == (CAROL, "1@host;to-tag=a;from-tag=b")


@pytest.mark.parametrize("value", ["", "call", "call;to-tag=a", "call;from-tag=a", ";to-tag=a;from-tag=b"])
def test_a_replaces_header_must_name_a_dialog(value: str) -> None:
    with pytest.raises(ProtocolError) as refusal:
        Replaces.parse(value)
    assert refusal.value.status == 400
