from evals.briefing import READY_MS, Stopwatch, Timing
from pipelines.briefing_fold import BriefingFold
from pipelines.briefing_parts import Glossary
from pipelines.facts import HandoffRequested
from tests.pipelines.told import customer


def test_the_watch_runs_from_the_wish_for_a_person() -> None:
    watch = Stopwatch(BriefingFold(Glossary()))
    watch(customer("c1", "hello"))
    assert watch.ready_ms is None
    watch(HandoffRequested(reason="customer_asked"))
    first = watch.ready_ms
    assert first is not None and first > 0 and watch.facts == 2
    watch.finish()
    assert watch.ready_ms == first


def test_a_session_without_a_wish_is_taken_over_at_its_end() -> None:
    watch = Stopwatch(BriefingFold(Glossary()))
    watch.finish()
    assert watch.ready_ms is not None


def test_the_share_in_time_and_the_percentiles() -> None:
    timing = Timing([1.0] * 99 + [READY_MS + 1], 10.0, 100, 10)
    assert timing.in_time == 0.99
    assert (timing.percentile(0.5), timing.percentile(0.99), timing.percentile(1.0)) == (
        1.0,
        READY_MS + 1,
        READY_MS + 1,
    )
