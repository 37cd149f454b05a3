from gateway.sip.call_events import Ended, Established, Ringing
from tests.fakes.sip_network import ANSWER, OFFER, Habits, Network, Phone


def pair(network: Network, habits: Habits | None = None) -> tuple[Phone, Phone]:
    """Somebody who calls, and somebody who rings and answers."""
    return Phone(network, "192.0.2.1"), Phone(
        network, "192.0.2.2", habits or Habits(rings=True, answers=ANSWER)
    )


def nothing_left(network: Network, *phones: Phone) -> bool:
    """Whether everybody has forgotten everything, some time after."""
    network.run(200_000)
    return not any(phone.agent.calls for phone in phones)


def test_a_call_rings_is_answered_and_hung_up() -> None:
    network = Network()
    alice, bob = pair(network)
    call = alice.dial(bob)
    network.run(1000)
    assert alice.events == [Ringing(), Established(ANSWER)]
    assert bob.events == [Established(OFFER)]
    alice.do(call.hang_up)
    network.run(1000)
    assert network.lines() == [
        "INVITE", "100 INVITE", "180 INVITE", "200 INVITE", "ACK", "BYE", "200 BYE",
    ]  # fmt: skip
    assert alice.ended == [Ended("local", 200, "")]
    assert bob.ended == [Ended("remote", 200, "")]
    assert nothing_left(network, alice, bob)
