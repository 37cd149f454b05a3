"""When calls are too many, and what one more costs."""

from dataclasses import replace

import pytest

from bench.capacity_ramp import Ramp, Step, most, slope

FINE = Step(
    calls=20,
    cpu=0.3,
    rss_mb=200.0,
    lag_p50_ms=0.2,
    lag_p99_ms=3.0,
    answers=20,
    answer_p50_ms=640.0,
    expected=20,
)


@pytest.mark.parametrize(
    "too_much",
    [
        replace(FINE, lag_p99_ms=20.1),
        replace(FINE, cpu=0.96),
        replace(FINE, answers=17),
    ],
)
def test_late_full_or_unanswered_is_too_much(too_much: Step) -> None:
    assert FINE.holds
    assert replace(FINE, answers=18).holds
    assert not too_much.holds


def test_the_most_is_the_last_step_that_held() -> None:
    steps = [FINE, replace(FINE, calls=30, expected=30, answers=30), replace(FINE, calls=40, cpu=0.99)]
    top = most(steps)
    assert top is not None and top.calls == 30
    assert most([replace(FINE, cpu=1.0)]) is None


def test_the_cost_of_a_call_leaves_out_the_step_that_broke() -> None:
    steps = [
        FINE,
        replace(FINE, calls=40, expected=40, answers=40, cpu=0.5, rss_mb=220.0),
        replace(FINE, calls=60, expected=60, answers=20, cpu=0.99, rss_mb=900.0),
    ]
    assert slope(steps, "cpu") == pytest.approx(0.01)
    assert slope(steps, "rss_mb") == pytest.approx(1.0)
    assert slope(steps[:1], "cpu") is None


def test_steps_go_upwards_and_end() -> None:
    assert list(Ramp(first=20, step=10).counts())[:3] == [20, 30, 40]
    assert list(Ramp(first=20, step=10).counts(coarser=2))[:3] == [20, 40, 60]
    assert max(Ramp(first=20, step=10).counts()) < 400
