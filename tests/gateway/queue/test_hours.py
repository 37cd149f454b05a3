"""Opening hours as people know them, in time zones, over midnights and changes of the clock."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.queue.hours import Schedule, closes_at, holiday, is_open, opens_at, schedule, weekly

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = schedule(["mon-fri 09:00-17:30", "sat 10:00-14:00"], ["12-25", "2026-12-24 09:00-12:00"], BERLIN)
NIGHT = schedule(["fri-sat 22:00-06:00"], [], BERLIN)
ALWAYS = schedule([], [], BERLIN)


def at(text: str, zone: ZoneInfo = BERLIN) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def when(moment: float | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, BERLIN).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("hours", "moment", "open_"),
    [
        (OFFICE, "2026-11-26 09:00", True),
        (OFFICE, "2026-11-26 08:59:59", False),
        (OFFICE, "2026-11-26 17:30", False),
        (OFFICE, "2026-11-28 13:59", True),
        (OFFICE, "2026-11-29 12:00", False),
        (OFFICE, "2026-12-24 11:00", True),
        (OFFICE, "2026-12-24 13:00", False),
        (OFFICE, "2025-12-24 13:00", True),
        (OFFICE, "2028-12-25 11:00", False),
        (NIGHT, "2026-11-28 05:59", True),
        (NIGHT, "2026-11-29 05:59", True),
        (NIGHT, "2026-11-29 22:30", False),
        (NIGHT, "2026-11-27 21:59", False),
        (ALWAYS, "2026-11-29 03:00", True),
    ],
)
def test_open_or_not(hours: Schedule, moment: str, open_: bool) -> None:
    assert is_open(hours, at(moment)) is open_


@pytest.mark.parametrize(
    ("hours", "moment", "opens", "closes"),
    [
        (OFFICE, "2026-11-26 08:00", "2026-11-26 09:00", None),
        (OFFICE, "2026-11-26 12:00", "2026-11-26 12:00", "2026-11-26 17:30"),
        (OFFICE, "2026-11-28 15:00", "2026-11-30 09:00", None),
        (OFFICE, "2026-12-24 12:00", "2026-12-26 10:00", None),
        (NIGHT, "2026-11-28 05:00", "2026-11-28 05:00", "2026-11-28 06:00"),
        (ALWAYS, "2026-11-29 03:00", "2026-11-29 03:00", None),
    ],
)
def test_when_it_opens_and_closes(hours: Schedule, moment: str, opens: str, closes: str | None) -> None:
    assert when(opens_at(hours, at(moment))) == opens
    assert when(closes_at(hours, at(moment))) == closes


def test_hours_that_touch_are_one() -> None:
    whole_week = schedule(["mon-sun 00:00-24:00"], ["2026-11-29"], BERLIN)
    assert when(closes_at(whole_week, at("2026-11-26 12:00"))) == "2026-11-29 00:00"
    assert when(opens_at(whole_week, at("2026-11-29 12:00"))) == "2026-11-30 00:00"


def test_the_clock_on_the_wall_counts_when_summer_time_comes_and_goes() -> None:
    daily = schedule(["mon-sun 09:00-17:00"], [], BERLIN)
    for day in ("2026-03-29", "2026-10-25"):
        assert when(opens_at(daily, at(f"{day} 00:00"))) == f"{day} 09:00"
        assert when(closes_at(daily, at(f"{day} 10:00"))) == f"{day} 17:00"


def test_a_queue_that_never_opens_says_so() -> None:
    closed = schedule(
        ["mon 09:00-10:00"], [f"{m:02}-{d:02}" for m in range(1, 13) for d in range(1, 29)], BERLIN
    )
    assert opens_at(closed, at("2026-01-01 00:00")) is not None, "the 29th to the 31st are left"
    never = schedule([], [f"{m:02}-{d:02}" for m in range(1, 13) for d in _days(m)], BERLIN)
    assert opens_at(never, at("2026-01-01 00:00")) is None
    assert not is_open(never, at("2026-06-01 12:00")) and closes_at(never, at("2026-06-01 12:00")) is None


def _days(month: int) -> range:
    return range(1, {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}.get(month, 31) + 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mon-fri",
        "09:00-17:00",
        "mon–fri 09:00-17:00",
        "mo-fr 09:00-17:00",
        "mon 9-17",
        "mon 24:00-25:00",
        "mon 09:60-10:00",
        "mon 09:00-09:00",
        "mon 24:00-06:00",
        "xyz 09:00-10:00",
        "mon-xyz 09:00-10:00",
    ],
)
def test_hours_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        weekly(text)


@pytest.mark.parametrize(
    "text", ["", "2026-13-01", "02-30", "25.12.", "12-25 closed", "2026-02-29", "0000-01-01"]
)
def test_holidays_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"must|no such day"):
        holiday(text)


def test_a_week_may_go_round() -> None:
    assert weekly("Sat - mon 1:00-2:00".replace(" - ", "-")).days == {5, 6, 0}
    assert holiday("02-29").year is None


zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"])
minutes = st.integers(0, 24 * 60 - 1).map(lambda m: f"{m // 60:02}:{m % 60:02}")
days = st.sampled_from(["mon", "wed-sat", "sun-mon", "mon-sun"])


@given(
    st.lists(st.tuples(days, minutes, minutes).filter(lambda each: each[1] != each[2]), max_size=4),
    zones,
    st.integers(1_600_000_000, 2_000_000_000),
)
@settings(max_examples=150, deadline=None)
def test_it_is_open_exactly_from_opening_to_closing(
    parts: list[tuple[str, str, str]], zone: str, now: int
) -> None:
    hours = schedule([f"{day} {begin}-{end}" for day, begin, end in parts], [], ZoneInfo(zone))
    opens = opens_at(hours, now)
    assert opens is not None
    assert is_open(hours, now) == (opens == now)
    assert is_open(hours, opens)
    closes = closes_at(hours, opens)
    if closes is not None:
        assert closes > opens and not is_open(hours, closes) and is_open(hours, closes - 1)
