from gateway.sip.call_events import Ended, Established
from tests.fakes.sip_network import ANSWER, OFFER, Habits, Network, Phone, Puppet


def test_an_ack_of_somebody_else_answers_nothing() -> None:
    network = Network()
    us, puppet = Phone(network, "192.0.2.2", Habits(answers=ANSWER)), Puppet(network, "192.0.2.1")
    puppet.request("INVITE", us, body=OFFER)
    network.run(100)
    to = puppet.heard[-1].headers["To"]
    forged = "<sip:puppet@192.0.2.1>;tag=forged"
    puppet.request("ACK", us, From=forged, To=to, CSeq="1 ACK")
    puppet.request("ACK", us, To=to, CSeq="7 ACK")
    network.run(3000)
    assert us.events == []
    assert puppet.lines().count("200 INVITE") > 2
    for _ in range(2):
        puppet.request("ACK", us, To=to, CSeq="1 ACK")
    network.run(100)
    assert us.events == [Established(OFFER)]


def test_a_call_that_is_over_is_remembered_just_as_long_as_something_of_it_may_come() -> None:
    network = Network()
    us, puppet = Phone(network, "192.0.2.1"), Puppet(network, "192.0.2.2")
    call = us.dial(puppet)
    network.run(100)
    invite = puppet.latest("INVITE")
    puppet.reply(invite, 200, body=ANSWER)
    network.run(100)
    us.do(call.hang_up)
    network.run(100)
    puppet.reply(puppet.latest("BYE"), 200)
    network.run(10_000)
    puppet.reply(invite, 200, body=ANSWER)
    network.run(100)
    assert puppet.lines() == ["INVITE", "ACK", "BYE", "ACK"]
    assert list(us.agent.calls) == [call] and not call.unsettled
    network.run(23_000)
    assert not us.agent.calls


def test_a_call_whose_bye_nobody_answers_is_forgotten_too() -> None:
    network = Network()
    us, puppet = Phone(network, "192.0.2.1"), Puppet(network, "192.0.2.2")
    call = us.dial(puppet)
    network.run(100)
    puppet.reply(puppet.latest("INVITE"), 200, body=ANSWER)
    network.run(100)
    us.do(call.hang_up)
    assert call.unsettled
    network.run(33_000)
    assert not us.agent.calls and not call.unsettled
    assert us.events == [Established(ANSWER), Ended("local", 200, "")]
