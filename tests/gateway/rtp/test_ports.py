import pytest

from gateway.rtp.ports import PORTS, Ports
from pipelines.facts import Unavailable


def test_ports_are_even_and_within_the_range() -> None:
    ports = Ports(4001, 4009)
    assert [ports.acquire(0) for _ in range(3)] == [4002, 4004, 4006]
    assert ports.acquire(0) == 4008
    with pytest.raises(Unavailable):
        ports.acquire(0)


def test_a_pair_rests_before_it_is_used_again() -> None:
    ports = Ports(4000, 4001, rest_ms=5000)
    port = ports.acquire(0)
    ports.release(port, 1000)
    with pytest.raises(Unavailable):
        ports.acquire(5999)
    assert ports.acquire(6000) == port


def test_the_one_that_rested_longest_comes_first() -> None:
    ports = Ports(4000, 4005, rest_ms=10)
    first, second = ports.acquire(0), ports.acquire(0)
    ports.release(second, 1)
    ports.release(first, 2)
    assert [ports.acquire(100) for _ in range(3)] == [4004, second, first]


def test_releasing_twice_gives_one_pair_back() -> None:
    ports = Ports(4000, 4001, rest_ms=0)
    port = ports.acquire(0)
    ports.release(port, 0)
    ports.release(port, 0)
    ports.release(1234, 0)
    ports.acquire(0)
    with pytest.raises(Unavailable):
        ports.acquire(0)


def test_the_metric_tells_where_they_are() -> None:
    ports = Ports(4000, 4005)
    ports.release(ports.acquire(0), 0)
    ports.acquire(0)
    states = {state: PORTS.labels(state)._value.get() for state in ("free", "used", "resting")}
    assert states == {"free": 1, "used": 1, "resting": 1}


@pytest.mark.parametrize("span", [(4000, 4000), (4001, 4002), (0, 1), (65_534, 65_536), (9, 3)])
def test_a_range_without_a_pair_is_refused(span: tuple[int, int]) -> None:
    with pytest.raises(ValueError):
        Ports(*span)


def test_the_smallest_range_is_one_pair() -> None:
    assert Ports(65_534, 65_535).acquire(0) == 65_534
