from hypothesis import given
from hypothesis import strategies as st

from pipelines.agent.breaker import Breaker


def opened(at: float = 0.0) -> Breaker:
    breaker = Breaker(threshold=2, cool_down_s=10)
    breaker.failed(at)
    breaker.failed(at)
    return breaker


def test_one_failure_less_than_the_threshold_changes_nothing() -> None:
    breaker = Breaker(threshold=2, cool_down_s=10)
    breaker.failed(0)
    assert breaker.allows(0)
    assert not breaker.open


def test_failures_in_a_row_open_it() -> None:
    breaker = opened()
    assert breaker.open
    assert not breaker.allows(9.9)


def test_a_success_in_between_forgets_the_failures_before() -> None:
    breaker = Breaker(threshold=2, cool_down_s=10)
    breaker.failed(0)
    breaker.succeeded()
    breaker.failed(1)
    assert breaker.allows(1)


def test_after_the_cool_down_one_probe_passes_and_only_one() -> None:
    breaker = opened()
    assert [breaker.allows(10), breaker.allows(10), breaker.allows(1000)] == [True, False, False]
    assert breaker.open


def test_a_probe_that_succeeds_closes_it() -> None:
    breaker = opened()
    assert breaker.allows(10)
    breaker.succeeded()
    assert not breaker.open
    assert breaker.allows(10)
    assert breaker.allows(10)


def test_a_probe_that_fails_starts_the_cool_down_again() -> None:
    breaker = opened()
    assert breaker.allows(10)
    breaker.failed(12)
    assert not breaker.allows(21.9)
    assert breaker.allows(22)


def test_a_probe_that_we_gave_up_says_nothing_and_leaves_room_for_the_next() -> None:
    breaker = opened()
    assert breaker.allows(10)
    breaker.abandoned()
    assert breaker.open
    assert breaker.allows(10)


def test_calls_that_we_gave_up_never_open_it() -> None:
    breaker = Breaker(threshold=1)
    for _ in range(10):
        breaker.abandoned()
    assert breaker.allows(0)


def test_late_failures_of_calls_that_began_before_it_opened_keep_it_open() -> None:
    breaker = opened()
    breaker.failed(5)
    assert not breaker.allows(10)
    assert breaker.allows(15)


@given(st.lists(st.sampled_from(["succeeded", "failed", "abandoned"]), max_size=30))
def test_it_never_refuses_for_longer_than_one_cool_down(ends: list[str]) -> None:
    breaker = Breaker(threshold=3, cool_down_s=10)
    for now, end in enumerate(ends):
        breaker.allows(now)
        breaker.failed(now) if end == "failed" else getattr(breaker, end)()
    assert breaker.allows(len(ends) + 10)
