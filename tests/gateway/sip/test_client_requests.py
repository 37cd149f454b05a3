from gateway.sip.call_events import Digit, OfferRefused
from gateway.sip.client_requests import MOST_IN_LINE, repeated
from gateway.sip.invitation import Invitation
from tests.fakes.sip_network import ANSWER, OFFER, Habits, Network, Packet, Phone, Puppet, losing
from tests.gateway.sip.requests import request


def in_a_call(network: Network) -> tuple[Phone, Phone, Invitation]:
    alice, bob = Phone(network, "192.0.2.1"), Phone(network, "192.0.2.2", Habits(answers=ANSWER))
    call = alice.dial(bob)
    network.run(1000)
    bob.events.clear()
    network.packets.clear()
    return alice, bob, call


def type_digits(phone: Phone, call: Invitation, digits: str) -> None:
    for digit in digits:
        phone.do(lambda now, digit=digit: call.send_info(digit, now))  # type: ignore[misc]


def test_digits_arrive_in_order_whatever_is_lost() -> None:
    network = Network()
    alice, bob, call = in_a_call(network)

    def two_of_three(packet: Packet) -> list[int]:
        return [20] if packet.number % 3 else []

    network.carry = two_of_three
    type_digits(alice, call, "12345#")
    network.run(60_000)
    assert [event.digit for event in bob.events if isinstance(event, Digit)] == list("12345#")
    assert "500 INFO" not in network.lines()


def test_a_reinvite_that_is_being_thought_about_holds_nothing_up() -> None:
    network = Network()
    alice, bob, call = in_a_call(network)
    bob.habits.takes_offers = None
    alice.do(lambda now: call.update_media(OFFER + b"a=x\r\n", now))
    type_digits(alice, call, "7")
    assert network.lines() == ["INVITE"]
    network.run(100)
    assert network.lines("192.0.2.1") == ["INVITE", "INFO"]
    assert Digit("7", 160) in bob.events


def test_a_bye_waits_for_nobody() -> None:
    network = Network()
    alice, bob, call = in_a_call(network)
    network.carry = losing("INFO", times=99)
    type_digits(alice, call, "123")
    alice.do(call.hang_up)
    network.run(1000)
    assert len(bob.ended) == 1
    network.run(100_000)
    assert {message.body for message in network.messages("INFO")} == {b"Signal=1\r\nDuration=160\r\n"}
    assert not alice.agent.calls


def test_requests_do_not_pile_up_where_nobody_answers() -> None:
    network = Network()
    us, puppet = Phone(network, "192.0.2.1"), Puppet(network, "192.0.2.2")
    call = us.dial(puppet)
    network.run(100)
    puppet.reply(puppet.latest("INVITE"), 200, body=ANSWER)
    network.run(100)
    us.events.clear()
    type_digits(us, call, "1" * (MOST_IN_LINE + 1))
    us.do(lambda now: call.update_media(OFFER, now))
    us.do(call.hang_up)
    assert us.network.lines("192.0.2.1")[-2:] == ["INFO", "BYE"]
    network.run(10)
    assert us.events[0] == OfferRefused(503)


def test_a_request_is_repeated_without_what_belonged_to_its_transaction() -> None:
    first = request(headers=(("X-A", "1"), ("X-A", "2")))
    again = repeated(first)
    assert again.headers.get("Via") is None
    assert again.headers.getlist("X-A") == ["1", "2"]
    assert (again.call_id, again.cseq.sequence) == (first.call_id, 2)
