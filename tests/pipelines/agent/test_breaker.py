from pipelines.agent.breaker import Breaker


def failed(breaker: Breaker, times: int, now: float = 0.0) -> None:
    for _ in range(times):
        assert breaker.allows(now)
        breaker.failed(now)


def test_opens_after_so_many_failures_in_a_row() -> None:
    breaker = Breaker(threshold=3, cool_down_s=10)
    failed(breaker, 2)
    assert breaker.allows(0) and not breaker.open
    failed(breaker, 1)
    assert breaker.open and not breaker.allows(9.9)


def test_a_success_between_failures_starts_the_count_again() -> None:
    breaker = Breaker(threshold=2)
    failed(breaker, 1)
    breaker.succeeded()
    failed(breaker, 1)
    assert not breaker.open


def test_one_probe_passes_after_the_cool_down_and_closes_it() -> None:
    breaker = Breaker(threshold=1, cool_down_s=10)
    failed(breaker, 1)
    assert breaker.allows(10)
    assert not breaker.allows(10), "a second call may not ride along with the probe"
    breaker.succeeded()
    assert breaker.allows(10) and breaker.allows(10)


def test_a_failed_probe_opens_it_for_another_while() -> None:
    breaker = Breaker(threshold=3, cool_down_s=10)
    failed(breaker, 3)
    assert breaker.allows(10)
    breaker.failed(10)
    assert not breaker.allows(19.9)
    assert breaker.allows(20)


def test_an_abandoned_probe_leaves_room_for_the_next() -> None:
    breaker = Breaker(threshold=1, cool_down_s=10)
    failed(breaker, 1)
    assert breaker.allows(10)
    breaker.abandoned()
    assert breaker.allows(10)
