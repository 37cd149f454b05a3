"""Places, the queue and the gate, without an event loop."""

import pytest

from gateway.admission import (
    CLOSE_AFTER_MS,
    HIGH,
    LOW,
    ONE_BY_ONE_MS,
    OPEN_AFTER_MS,
    RECOVERY_MS,
    Admission,
    AdmissionLimits,
    Admitted,
    Gate,
    Pressure,
    Refused,
    Waiting,
    places,
)

CALM = Pressure()
STRAINED = Pressure(waited_s=1.0)
BETWEEN = Pressure(waited_s=(LOW.waited_s + HIGH.waited_s) / 2)
TICK_MS = 250


def admission(calls: int = 1, waiting: int = 2, wait_ms: int = 60_000) -> Admission:
    return Admission(AdmissionLimits(calls, waiting, wait_ms))


def feel(gate: Gate | Admission, pressure: Pressure, since_ms: int, for_ms: int) -> int:
    """The same pressure for a while, as often as it is measured; returns the time then."""
    for now_ms in range(since_ms, since_ms + for_ms + 1, TICK_MS):
        gate.feel(pressure, now_ms)
    return since_ms + for_ms


def closed(calls: int = 10, waiting: int = 10) -> tuple[Admission, int]:
    """An admission whose gate has just closed, and the time."""
    one = admission(calls, waiting)
    return one, feel(one, STRAINED, 0, CLOSE_AFTER_MS)


# --- places and the queue ----------------------------------------------------------------------------


def test_the_first_get_places_the_next_wait_and_the_rest_is_turned_away() -> None:
    one = admission(calls=2, waiting=2)
    verdicts = [one.offer(call, 0) for call in "abcde"]
    assert verdicts == [Admitted(), Admitted(), Waiting(1), Waiting(2), Refused("lines_busy")]
    assert (one.talking, one.waiting) == (2, 2)


def test_a_free_place_goes_to_who_came_first() -> None:
    one = admission()
    for call in "abc":
        one.offer(call, 0)
    assert one.decide(1_000) == {}
    one.leave("a")
    assert one.decide(2_000) == {"b": Admitted()}
    assert one.position("c") == 1


def test_nobody_overtakes_the_queue() -> None:
    one = admission()
    one.offer("a", 0)
    one.offer("b", 0)
    one.leave("a")
    assert one.offer("c", 1) == Waiting(2)
    assert one.decide(2) == {"b": Admitted()}


def test_a_caller_who_gives_up_frees_their_place_in_the_queue() -> None:
    one = admission(waiting=2)
    for call in "abc":
        one.offer(call, 0)
    one.leave("b")
    assert one.position("c") == 1
    assert one.offer("d", 1) == Waiting(2)
    one.leave("a")
    assert one.decide(2) == {"c": Admitted()}


def test_nobody_waits_for_ever() -> None:
    one = admission(wait_ms=60_000)
    one.offer("a", 0)
    one.offer("b", 1_000)
    one.offer("c", 2_000)
    assert one.decide(60_999) == {}
    assert one.decide(61_000) == {"b": Refused("waited_too_long")}
    assert one.position("c") == 1


def test_a_place_that_becomes_free_at_the_last_moment_is_given() -> None:
    one = admission(wait_ms=60_000)
    one.offer("a", 0)
    one.offer("b", 0)
    one.leave("a")
    assert one.decide(60_000) == {"b": Admitted()}


def test_draining_turns_away_those_who_wait_and_those_who_come() -> None:
    one = admission()
    one.offer("a", 0)
    one.offer("b", 0)
    one.drain()
    assert one.decide(1) == {"b": Refused("draining")}
    assert one.offer("c", 2) == Refused("draining")
    assert one.talking == 1, "calls under way go on"


def test_leaving_twice_or_without_a_place_changes_nothing() -> None:
    one = admission(waiting=0)
    one.offer("a", 0)
    assert one.offer("b", 0) == Refused("lines_busy")
    one.leave("b")
    assert one.talking == 1
    one.leave("a")
    one.leave("a")
    assert one.offer("c", 1) == Admitted()


def test_a_thousand_calls_at_once_leave_the_limits_as_they_are() -> None:
    one = admission(calls=4, waiting=4)
    verdicts = [one.offer(f"c{number}", 0) for number in range(1_000)]
    assert verdicts.count(Admitted()) == 4
    assert [v for v in verdicts if isinstance(v, Waiting)] == [Waiting(n) for n in range(1, 5)]
    assert verdicts.count(Refused("lines_busy")) == 992
    for number in range(1_000):
        one.leave(f"c{number}")
    assert (one.talking, one.waiting, one.full) == (0, 0, False)


def test_full_is_said_as_long_as_a_new_call_would_not_get_a_place_at_once() -> None:
    one = admission()
    assert not one.full
    one.offer("a", 0)
    assert one.full
    one.offer("b", 0)
    one.leave("a")
    assert one.full, "somebody waits"
    one.decide(1)
    one.leave("b")
    assert not one.full
    one.drain()
    assert one.full


# --- the gate ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pressure", [Pressure(waited_s=0.3), Pressure(worked_s=2.0), Pressure(lag_s=0.06)], ids=str
)
def test_each_kind_of_pressure_closes_the_gate_when_it_lasts(pressure: Pressure) -> None:
    gate = Gate()
    feel(gate, pressure, 0, CLOSE_AFTER_MS - TICK_MS)
    assert gate.is_open
    gate.feel(pressure, CLOSE_AFTER_MS)
    assert not gate.is_open


def test_a_peak_does_not_close_it() -> None:
    gate, now = Gate(), 0
    for _ in range(10):
        now = feel(gate, STRAINED, now, CLOSE_AFTER_MS - TICK_MS)
        gate.feel(CALM, now + TICK_MS)
        now += 2 * TICK_MS
    assert gate.is_open


def test_it_opens_only_at_a_much_lower_pressure_that_lasts() -> None:
    gate = Gate()
    now = feel(gate, STRAINED, 0, CLOSE_AFTER_MS)
    now = feel(gate, BETWEEN, now + TICK_MS, 10 * OPEN_AFTER_MS)
    assert not gate.is_open
    now = feel(gate, CALM, now + TICK_MS, OPEN_AFTER_MS - TICK_MS)
    assert not gate.is_open
    gate.feel(CALM, now + TICK_MS)
    assert gate.is_open


def test_low_pressure_counts_anew_once_it_has_closed() -> None:
    gate = Gate()
    now = feel(gate, STRAINED, 0, CLOSE_AFTER_MS)
    feel(gate, CALM, now + TICK_MS, OPEN_AFTER_MS - TICK_MS)
    assert not gate.is_open


def test_between_the_marks_it_stays_as_it_is() -> None:
    gate = Gate()
    feel(gate, BETWEEN, 0, 10 * CLOSE_AFTER_MS)
    assert gate.is_open


def test_while_it_is_closed_callers_wait_though_there_are_places() -> None:
    one, now = closed()
    assert one.full
    assert one.offer("a", now) == Waiting(1)
    assert one.decide(now) == {}


def test_after_it_opened_callers_are_let_in_one_by_one_and_later_as_they_come() -> None:
    one, now = closed(calls=20)
    for call in "abc":
        one.offer(call, now)
    now = feel(one, CALM, now + TICK_MS, OPEN_AFTER_MS)
    assert one.decide(now) == {"a": Admitted()}
    assert one.decide(now + ONE_BY_ONE_MS - 1) == {}
    assert one.decide(now + ONE_BY_ONE_MS) == {"b": Admitted()}
    later = now + RECOVERY_MS
    assert one.decide(later) == {"c": Admitted()}
    assert [one.offer(call, later) for call in "def"] == [Admitted()] * 3


# --- how many ----------------------------------------------------------------------------------------


def test_the_embedded_recogniser_takes_the_cores_that_calls_need() -> None:
    assert places(2, embedded_recogniser=True) == 4
    assert places(2, embedded_recogniser=False) == 40
