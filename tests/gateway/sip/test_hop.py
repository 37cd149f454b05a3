"""Which hops share a fate."""

import pytest

from gateway.sip.hop import Hop

UDP = Hop("udp", "192.0.2.1", 5060)
TCP = Hop("tcp", "192.0.2.1", 5060)


def test_only_datagrams_are_unreliable() -> None:
    assert not UDP.reliable
    assert TCP.reliable and Hop("tls", "192.0.2.1", 5061).reliable


@pytest.mark.parametrize(
    ("lost", "waiting", "shared"),
    [
        (UDP, UDP, True),
        (UDP, TCP, False),
        (UDP, Hop("udp", "192.0.2.1", 5070), False),
        (UDP, Hop("udp", "192.0.2.2", 5060), False),
        (Hop("tcp", "192.0.2.1", 5060, 7), TCP, True),
        (TCP, Hop("tcp", "192.0.2.1", 5060, 7), True),
        (Hop("tcp", "192.0.2.1", 5060, 7), Hop("tcp", "192.0.2.1", 5060, 7), True),
        (Hop("tcp", "192.0.2.1", 5060, 7), Hop("tcp", "192.0.2.1", 5060, 8), False),
    ],
)
def test_a_lost_hop_takes_along_what_goes_over_it(lost: Hop, waiting: Hop, shared: bool) -> None:
    assert lost.serves(waiting) is shared
