"""When a queue is open: weekly hours, holidays, time zones.  [core]

Hours are what a clock on the wall shows in the queue's time zone, so they last when summer time comes. An
opening that ends before it begins goes over midnight. A holiday takes the place of its day's weekly hours:
closed, or other hours.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT = 24 * 60
LOOK_AHEAD_DAYS = 400
"A queue that does not open within this time does not open."

_HOURS = r"(?P<begin>\d{1,2}:\d{2})-(?P<end>\d{1,2}:\d{2})"
_WEEKLY = re.compile(rf"(?P<first>[a-z]{{3}})(?:-(?P<last>[a-z]{{3}}))? {_HOURS}", re.ASCII)
_HOLIDAY = re.compile(rf"(?:(?P<year>\d{{4}})-)?(?P<month>\d{{2}})-(?P<day>\d{{2}})(?: {_HOURS})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """Minutes of a day; an `end` beyond midnight is on the next one."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Weekly:
    """An opening on some days of each week."""

    days: frozenset[int]
    "0: Monday."
    span: Span


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day that is not as its weekday; without a year it comes back."""

    year: int | None
    month: int
    day: int
    span: Span | None
    "None: closed."

    def covers(self, day: date) -> bool:
        """Whether it is this day."""
        return (self.month, self.day) == (day.month, day.day) and self.year in (None, day.year)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When one queue is open; without weekly hours it is on every day that is no holiday."""

    weekly: tuple[Weekly, ...]
    holidays: tuple[Holiday, ...]
    zone: tzinfo


def schedule(weekly_hours: Iterable[str], holidays: Iterable[str], zone: tzinfo) -> Schedule:
    """From the configuration's texts; raises `ValueError`."""
    return Schedule(tuple(map(weekly, weekly_hours)), tuple(map(holiday, holidays)), zone)


def weekly(text: str) -> Weekly:
    """`mon-fri 09:00-17:30` or `sat 10:00-14:00`; raises `ValueError` with what is wrong."""
    match = _WEEKLY.fullmatch(" ".join(text.lower().split()))
    if match is None or not {match["first"], match["last"] or "mon"} <= set(DAYS):
        raise ValueError("must be written as `mon-fri 09:00-17:30`")
    first, last = DAYS.index(match["first"]), DAYS.index(match["last"] or match["first"])
    length = (last - first) % 7
    return Weekly(frozenset((first + n) % 7 for n in range(length + 1)), _span(match))


def holiday(text: str) -> Holiday:
    """`2026-12-25`, `12-25`, or either with hours after it; raises `ValueError` with what is wrong."""
    match = _HOLIDAY.fullmatch(" ".join(text.split()))
    if match is None:
        raise ValueError("must be written as `2026-12-25`, `12-25` or `12-24 09:00-12:00`")
    year = int(match["year"]) if match["year"] else None
    month, day = int(match["month"]), int(match["day"])
    try:
        date(2024 if year is None else year, month, day)  # a leap year, so that 29 February may be one
    except ValueError:
        raise ValueError("there is no such day") from None
    return Holiday(year, month, day, _span(match) if match["begin"] else None)


def is_open(schedule: Schedule, now: float) -> bool:
    """Whether the queue is open at a unix time (s)."""
    today = _today(schedule, now)
    return any(begin <= now < end for begin, end in _openings(schedule, today - timedelta(1), 2))


def opens_at(schedule: Schedule, now: float) -> float | None:
    """The unix time (s) when it opens next; `now` if it is open; None: not in the next 400 days."""
    for begin, end in _openings(schedule, _today(schedule, now) - timedelta(1), LOOK_AHEAD_DAYS):
        if end > now:
            return max(begin, now)
    return None


def closes_at(schedule: Schedule, now: float) -> float | None:
    """When the opening that lasts at `now` ends; None: it is closed, or open for as long as we look ahead."""
    until = now
    for begin, end in _openings(schedule, _today(schedule, now) - timedelta(1), LOOK_AHEAD_DAYS):
        if begin > until:
            return until if until > now else None
        until = max(until, end)
    return None


def _today(schedule: Schedule, now: float) -> date:
    return datetime.fromtimestamp(now, schedule.zone).date()


def _openings(schedule: Schedule, first: date, days: int) -> Iterator[tuple[float, float]]:
    """From and until when it is open (unix s), in order of their beginnings; they may touch or overlap."""
    for day in (first + timedelta(n) for n in range(days)):
        for span in sorted(_spans(schedule, day), key=lambda each: each.begin):
            yield _moment(schedule, day, span.begin), _moment(schedule, day, span.end)


def _spans(schedule: Schedule, day: date) -> list[Span]:
    special = [holiday for holiday in schedule.holidays if holiday.covers(day)]
    if special:
        return [holiday.span for holiday in special if holiday.span is not None]
    if not schedule.weekly:
        return [Span(0, MIDNIGHT)]
    return [each.span for each in schedule.weekly if day.weekday() in each.days]


def _moment(schedule: Schedule, day: date, minutes: int) -> float:
    days, minutes = divmod(minutes, MIDNIGHT)
    wall = datetime.combine(day + timedelta(days), time(*divmod(minutes, 60)), schedule.zone)
    return wall.timestamp()


def _span(match: re.Match[str]) -> Span:
    begin, end = _minutes(match["begin"]), _minutes(match["end"])
    if begin == MIDNIGHT or begin == end:
        raise ValueError("must end after it begins; all day is `00:00-24:00`")
    return Span(begin, end if end > begin else end + MIDNIGHT)


def _minutes(text: str) -> int:
    hour, minute = map(int, text.split(":"))
    if minute > 59 or hour * 60 + minute > MIDNIGHT:
        raise ValueError("must be times between 00:00 and 24:00")
    return hour * 60 + minute
