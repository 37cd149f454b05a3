"""Floods, scans and guesses from one source and from thousands."""

from gateway.sip.flood import OFFENCE, SOURCES, TRUSTED_MS, Allowance, Flood, source

TRUNK = "192.0.2.1"


def flood() -> Flood:
    return Flood(Allowance(10, 20), Allowance(1000, 1000), 60_000, lambda host: host == TRUNK)


def admitted(guard: Flood, host: str, count: int, now_ms: int) -> int:
    return sum(guard.admits(host, now_ms) for _ in range(count))


def test_a_burst_is_let_through_and_then_nothing_for_a_while() -> None:
    guard = flood()
    assert admitted(guard, "203.0.113.1", 50, 0) == 20
    assert admitted(guard, "203.0.113.1", 1, 59_999) == 0
    assert admitted(guard, "203.0.113.1", 50, 120_000) == 20


def test_who_goes_on_is_ignored_on() -> None:
    guard = flood()
    admitted(guard, "203.0.113.1", 50, 0)
    assert [guard.admits("203.0.113.1", now_ms) for now_ms in range(30_000, 330_000, 30_000)] == [False] * 10


def test_the_steady_rate_is_never_too_much() -> None:
    guard = flood()
    assert all(guard.admits("203.0.113.1", now_ms) for now_ms in range(0, 60_000, 100))


def test_one_source_does_not_hurt_another_and_a_trunk_may_send_more() -> None:
    guard = flood()
    admitted(guard, "203.0.113.1", 1000, 0)
    assert guard.admits("203.0.113.2", 0)
    assert admitted(guard, TRUNK, 500, 0) == 500


def test_guessing_at_passwords_costs_more() -> None:
    guard = flood()
    guesses = 0
    while guard.admits("203.0.113.1", 0):
        guard.offended("203.0.113.1", 0)
        guesses += 1
    assert guesses <= 20 // OFFENCE + 1


def test_who_proved_to_be_a_trunk_may_send_as_much_as_one() -> None:
    guard = flood()
    admitted(guard, "203.0.113.1", 50, 0)
    guard.trust("203.0.113.1", 10)
    assert admitted(guard, "203.0.113.1", 500, 10) == 500
    assert admitted(guard, "203.0.113.1", 50, TRUSTED_MS + 20) == 20, "for an hour"


def test_memory_is_bounded_and_the_ignored_are_not_pushed_out_by_newcomers() -> None:
    guard = flood()
    admitted(guard, "203.0.113.1", 50, 0)
    for number in range(3 * SOURCES):
        guard.admits(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 1000)
    assert guard.remembered <= SOURCES
    assert not guard.admits("203.0.113.1", 2000)


def test_a_network_of_ipv6_is_one_source() -> None:
    assert source("2001:db8::1") == source("2001:db8::ffff") != source("2001:db8:0:1::1")
    assert source("::ffff:192.0.2.1") == source("192.0.2.1") == "192.0.2.1"
    assert source("not an address") == "not an address"
