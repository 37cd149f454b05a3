from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.handoff.when import LONGEST_DAYS, named_time, said
from gateway.queue.hours import is_open, schedule

PACIFIC = ZoneInfo("America/Los_Angeles")
OFFICE = schedule(["mon-sat 08:00-20:00"], ["12-25"], PACIFIC)
ALWAYS = schedule([], [], PACIFIC)
NOON = datetime(2026, 11, 26, 11, 40, tzinfo=PACIFIC).timestamp()
"A Thursday, 11:40."


def understood(words: str, now: float = NOON) -> str | None:
    at = named_time(words, now, OFFICE)
    return None if at is None else said(at, now, PACIFIC)


@pytest.mark.parametrize(
    ("words", "when"),
    [
        ("call me back at 3 pm", "today at 3 PM"),
        ("At three o'clock, please.", "today at 3 PM"),
        ("at 3:30 p.m.", "today at 3:30 PM"),
        ("half past two", "today at 2:30 PM"),
        ("15:00", "today at 3 PM"),
        ("at noon", "today at 12 PM"),
        ("in 20 minutes", "today at 12 PM"),
        ("in half an hour", "today at 12:10 PM"),
        ("in two hours", "today at 1:40 PM"),
        ("this evening", "today at 6 PM"),
        ("Tomorrow morning.", "tomorrow at 9 AM"),
        ("tomorrow", "tomorrow at 9 AM"),
        ("tomorrow evening at 7", "tomorrow at 7 PM"),
        ("tomorrow at 14h30", "tomorrow at 2:30 PM"),
        ("on Monday at ten", "on Monday at 10 AM"),
        ("Monday afternoon", "on Monday at 2 PM"),
        ("tomorrow on 206-555-0100", "tomorrow at 9 AM"),
        ("my order is 10437, call me tomorrow", "tomorrow at 9 AM"),
        ("at 9 am", "tomorrow at 9 AM"),  # today's nine o'clock is over
        ("at 8", "tomorrow at 8 AM"),  # at eight in the evening nobody is there
        ("on Sunday", "on Monday at 8 AM"),  # closed: the next opening
    ],
)
def test_a_time_that_nobody_can_misunderstand(words: str, when: str) -> None:
    assert understood(words) == when


@pytest.mark.parametrize(
    "words",
    [
        "",
        "call me back",
        "as soon as possible",
        "later today",
        "Thursday",  # it is one
        "today at 9 am",  # over
        "between 3 and 5",
        "3 pm or 4 pm",
        "at 3 pm, or tomorrow morning",
        "not tomorrow",
        "before 3 pm",
        "next week",
        "next Monday",
        "the day after tomorrow",
        "in an hour and a half",
        "in 5 days",
        "at 25",
        "at 13 pm",
        "tomorrow at 7 45",
        "5",
        "206 555 0100",
        "quarter past three",
    ],
)
def test_whatever_is_in_doubt_is_no_time(words: str) -> None:
    assert understood(words) is None


def test_a_bare_hour_that_could_be_morning_or_evening_is_none() -> None:
    early = datetime(2026, 11, 26, 6, 0, tzinfo=PACIFIC).timestamp()
    assert named_time("at 8", early, ALWAYS) is None
    assert named_time("at 3", early, ALWAYS) == early + 9 * 3600, "nobody means three in the night"


def test_a_holiday_is_passed_over() -> None:
    eve = datetime(2026, 12, 24, 12, 0, tzinfo=PACIFIC).timestamp()
    assert understood("tomorrow morning", eve) == "on Saturday at 8 AM"


def test_summer_time_begins_between_now_and_then() -> None:
    saturday = datetime(2026, 3, 7, 12, 0, tzinfo=PACIFIC).timestamp()
    at = named_time("tomorrow at 3 pm", saturday, ALWAYS)
    assert at is not None and at - saturday == 26 * 3600, "26 hours on clocks that lost one"


def test_far_days_are_said_with_their_date() -> None:
    assert said(NOON + 10 * 86_400, NOON, PACIFIC) == "on Sunday, December 6 at 11:40 AM"


WORDS = (
    "call me at in on tomorrow today monday sunday 3 10 15:30 pm am noon half past an hour minutes".split()
)


@given(st.lists(st.sampled_from(WORDS), max_size=9), st.integers(0, 400 * 24))
def test_a_time_is_in_the_future_and_somebody_is_there(words: list[str], hours: int) -> None:
    now = NOON + hours * 3600
    at = named_time(" ".join(words), now, OFFICE)
    if at is not None:
        assert now < at <= now + (LONGEST_DAYS + 4) * 86_400 and is_open(OFFICE, at)


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    named_time(text, NOON, OFFICE)
