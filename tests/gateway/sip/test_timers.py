"""Timers of one transaction, and whose turn it is among many."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sip.timers import Agenda, Timers, doubled


def test_timers_come_in_the_order_in_which_they_are_due() -> None:
    timers = Timers()
    assert timers.next_ms() is None
    for name, at_ms in (("B", 300), ("A", 100), ("C", 200)):
        timers.start(name, at_ms)
    assert timers.next_ms() == 100
    assert timers.take(99) is None
    assert [timers.take(250) for _ in range(3)] == ["A", "C", None]
    assert timers.next_ms() == 300


def test_a_timer_can_be_started_again_and_stopped() -> None:
    timers = Timers()
    timers.start("A", 100)
    timers.start("B", 150)
    timers.start("A", 200)
    assert timers.take(120) is None
    timers.stop("B", "never started")
    assert timers.next_ms() == 200
    timers.start("C", 1)
    timers.stop()
    assert timers.next_ms() is None


def test_intervals_double_up_to_t2() -> None:
    assert [doubled(ms) for ms in (500, 1000, 2000, 4000)] == [1000, 2000, 4000, 4000]


def test_whoever_is_due_longest_comes_first_and_once() -> None:
    agenda = Agenda()
    for key, at_ms in (("late", 30), ("early", 10), ("middle", 20)):
        agenda.set(key, at_ms)
    assert agenda.next_ms() == 10
    assert agenda.take(5) is None
    assert [agenda.take(20) for _ in range(3)] == ["early", "middle", None]


def test_only_the_last_wish_counts() -> None:
    agenda = Agenda()
    agenda.set("a", 10)
    agenda.set("b", 20)
    agenda.set("a", 30)
    assert [agenda.take(100) for _ in range(3)] == ["b", "a", None]
    agenda.set("a", 40)
    agenda.set("a", None)
    agenda.set("never there", None)
    assert agenda.next_ms() is None


def test_what_is_out_of_date_does_not_pile_up() -> None:
    agenda = Agenda()
    agenda.set("a", 1_000_000)
    for at_ms in range(10_000):
        agenda.set("b", 500_000 + at_ms)
    assert len(agenda._heap) < 100
    assert [agenda.take(2_000_000) for _ in range(3)] == ["b", "a", None]


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.none() | st.integers(0, 50))))
def test_an_agenda_is_what_a_plain_table_would_be(wishes: list[tuple[str, int | None]]) -> None:
    agenda, table = Agenda(), dict[str, int]()
    for key, at_ms in wishes:
        agenda.set(key, at_ms)
        if at_ms is None:
            table.pop(key, None)
        else:
            table[key] = at_ms
        assert agenda.next_ms() == min(table.values(), default=None)
    taken = [agenda.take(25) for _ in table]
    assert {key for key in taken if key} == {key for key, at_ms in table.items() if at_ms <= 25}


@pytest.mark.parametrize("now_ms", [10, 11])
def test_due_is_when_the_time_has_come(now_ms: int) -> None:
    agenda, timers = Agenda(), Timers()
    agenda.set("a", 10)
    timers.start("A", 10)
    assert (agenda.take(now_ms), timers.take(now_ms)) == ("a", "A")
