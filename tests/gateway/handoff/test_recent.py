"""The rolling record of handoffs: what is kept, for how long, and what is said of it."""

import asyncio

from gateway.handoff.measures import Measures
from gateway.handoff.recent import KEEP_S, MOST, Cause, Recent, Spread
from gateway.handoff.states import State
from pipelines.facts import Channel
from tests.fakes.office import ALEX, Office


def begun(
    recent: Recent, now: float = 0.0, queue: str = "general", reason: str = "customer_asked"
) -> Measures:
    return recent.begin("h", reason, queue, now)


def reaches(measures: Measures, *after: float, channel: Channel = "chat", outcome: str = "talked") -> None:
    """An offer, a yes and the person, so many seconds after the wish; then it is over."""
    for state, seconds in zip((State.OFFERED, State.BRIEFING, State.HUMAN_ACTIVE), after, strict=False):
        measures.came_to(state, channel, measures.began + seconds)
    measures.ended(outcome, channel, measures.began + 100.0)


def test_before_the_first_handoff_there_is_nothing_to_say() -> None:
    report = Recent().report(5.0)
    assert (report.since, report.handoffs, report.under_way, report.reached) == (None, 0, 0, 0)
    assert (report.times, report.causes, report.outcomes, report.abandoned) == ((), (), {}, {})


def test_times_are_told_by_queue_and_channel_with_median_and_p95() -> None:
    recent = Recent()
    for seconds in range(1, 21):
        reaches(begun(recent), seconds, seconds + 10, seconds + 20)
    reaches(begun(recent, queue="billing"), 3.0, channel="voice", outcome="cancelled")
    billing, general = recent.report(200.0).times
    assert (billing.queue, billing.channel, billing.handoffs) == ("billing", "voice", 1)
    assert billing.offer == Spread(count=1, median_s=3.0, p95_s=3.0)
    assert (billing.yes, billing.person) == (None, None)
    assert (general.queue, general.channel, general.handoffs) == ("general", "chat", 20)
    assert general.offer == Spread(count=20, median_s=10.5, p95_s=19.0)
    assert general.person == Spread(count=20, median_s=30.5, p95_s=39.0)


def test_one_that_is_under_way_is_told_as_far_as_it_has_come() -> None:
    recent = Recent()
    measures = begun(recent, now=50.0)
    measures.came_to(State.OFFERED, "voice", 52.0)
    report = recent.report(60.0)
    assert (report.since, report.handoffs, report.under_way, report.outcomes) == (50.0, 1, 1, {})
    assert report.times[0].offer == Spread(count=1, median_s=2.0, p95_s=2.0)
    assert report.times[0].yes is None


def test_outcomes_are_counted_and_who_left_by_the_state_in_which_they_did() -> None:
    recent = Recent()
    for outcome in ("talked", "abandoned_queued", "talked", "abandoned_briefing", "abandoned_queued"):
        reaches(begun(recent), outcome=outcome)
    reaches(begun(recent), outcome="abandoned")
    report = recent.report(1.0)
    assert report.outcomes["talked"] == 2 and sum(report.outcomes.values()) == report.handoffs == 6
    assert report.abandoned == {"queued": 2, "briefing": 1, "wrap_up": 1}


def test_success_is_told_by_cause_and_made_up_causes_are_one() -> None:
    recent = Recent()
    for reason in ("legal", "customer_asked", "customer_asked", "made up 1", "made up 2"):
        reaches(begun(recent, reason=reason), 1.0, 2.0, *([3.0] if reason != "legal" else []))
    begun(recent, reason="customer_asked")
    assert recent.report(1.0).causes == (
        Cause(reason="customer_asked", handoffs=3, reached=2),
        Cause(reason="other", handoffs=2, reached=2),
        Cause(reason="legal", handoffs=1, reached=0),
    )


def test_the_longest_silence_is_told_of_calls() -> None:
    recent = Recent()
    for seconds in (2.0, 8.0):
        measures = begun(recent)
        reaches(measures, 1.0, channel="voice")
        measures.silent(seconds)
    reaches(begun(recent), 1.0, channel="voice")
    assert recent.report(1.0).times[0].silence == Spread(count=2, median_s=5.0, p95_s=8.0)


def test_customers_back_in_line_and_lost_agents_are_counted() -> None:
    recent = Recent()
    measures = begun(recent)
    for state in (State.QUEUED, State.OFFERED, State.QUEUED, State.HUMAN_ACTIVE, State.RESCUE, State.QUEUED):
        measures.came_to(state, "voice", 1.0)
    report = recent.report(2.0)
    assert (report.back_in_line, report.agents_lost) == (2, 1)


def test_the_record_is_of_a_day() -> None:
    recent = Recent()
    for now in (0.0, 10.0, 20.0):
        begun(recent, now)
    assert recent.report(KEEP_S).handoffs == 3
    assert (recent.report(KEEP_S + 10.5).handoffs, recent.report(KEEP_S + 10.5).since) == (1, 20.0)
    assert recent.report(KEEP_S * 9).handoffs == 0


def test_the_record_is_bounded_and_the_oldest_goes() -> None:
    recent = Recent()
    for number in range(MOST + 7):
        reaches(begun(recent, float(number)), 1.0)
    report = recent.report(float(MOST))
    assert (report.handoffs, report.since) == (MOST, 7.0)


def test_a_clock_that_is_set_back_loses_nothing() -> None:
    recent = Recent()
    begun(recent, 1_000.0)
    begun(recent, 10.0)
    assert recent.report(20.0).handoffs == 2


def test_a_handoff_of_the_office_is_in_it_from_the_wish_to_the_outcome() -> None:
    office = Office()

    async def main() -> None:
        await office.comes(ALEX)
        live = await office.chat("I want a person")
        report = office.handoffs.house.recent.report(office.now())
        assert (report.handoffs, report.under_way, report.reached) == (1, 1, 0)
        await office.takes(ALEX)
        report = office.handoffs.house.recent.report(office.now())
        assert (report.under_way, report.reached) == (1, 1)
        (line,) = report.times
        assert (line.queue, line.channel) == ("general", "chat")
        assert line.offer and line.yes and line.person and line.offer.median_s <= line.person.median_s
        assert report.causes == (Cause(reason="customer_asked", handoffs=1, reached=1),)
        assert line.words is None
        await asyncio.sleep(7)
        await office.desk.message(live.session_id, ALEX, "Hello, Alex here.", "m1")
        (line,) = office.handoffs.house.recent.report(office.now()).times
        assert line.words and line.person and line.words.median_s >= line.person.median_s + 7

    office.run(main)
