"""The time that a customer names for a call back, in the queue's time zone.  [core]

A few phrases that nobody can misunderstand: "in 20 minutes", "at 3 pm", "tomorrow morning", "on Monday at
ten". Whatever else is said about time names none, and the customer is called when the queue opens next. What
was understood is said back to them either way.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo

from gateway.queue.hours import Schedule, is_open, opens_at

LONGEST_DAYS = 14
"Whoever means a later day is called at the next opening, and told so."
DAY_S = 86_400.0
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PARTS = {"morning": 9, "afternoon": 14, "evening": 18, "tonight": 18}
"The hour at which a part of the day is tried."
BY_DAY = range(7, 22)
"Hours that a bare number may mean: nobody asks to be called at four in the morning."

_SMALL = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_WORDS = {word: str(value) for value, word in enumerate(_SMALL, 1)}
_WORDS |= {
    "fifteen": "15",
    "twenty": "20",
    "thirty": "30",
    "forty": "40",
    "fifty": "50",
    "noon": "12 pm",
    "midday": "12 pm",
}
_DAY = re.compile(rf"\b(today|tomorrow|{'|'.join(WEEKDAYS)})\b")
_PART = re.compile(rf"\b({'|'.join(PARTS)})\b")
_IN = re.compile(r"\bin (half an|an?|\d{1,3}) ?(min(?:ute)?s?|hours?)\b(?! and)")
_CLOCK = re.compile(
    r"(?<![\d:])(?P<lead>(?:at|around|about|by|after|past) )?(?P<hour>\d{1,2})(?::(?P<minute>[0-5]\d))?"
    r" ?(?P<half>am|pm|o'?clock)?\b(?![ :.-]*\d)"
)
_TELEPHONE = re.compile(r"\+?\d(?:[ ().-]{0,2}\d){6,}")
_LEFT = re.compile(r"(?<!\d)\d{1,4}(?!\d)")
"A short number that is no time we can read: then what stands beside it is none either."
_DOUBTFUL = re.compile(
    r"\b(not?|never|don't|cannot|can't|except|before|until|unless|between|or|either|next|last|week|weekend"
    r"|month|yesterday|after tomorrow|quarter|earlier|later than)\b"
)


def named_time(text: str, now: float, schedule: Schedule) -> float | None:
    """When the customer wants to be called: a unix time (s) at which the queue is open; None: they name none.

    A time at which it is closed stands for the next opening after it.
    """
    words = _plain(text)
    if _DOUBTFUL.search(words):
        return None
    wanted = _wanted(words, now, schedule)
    if wanted is None or not now < wanted <= now + LONGEST_DAYS * DAY_S:
        return None
    return opens_at(schedule, wanted)


def said(at: float, now: float, zone: tzinfo) -> str:
    """A time as it is said to a customer: `today at 3 PM`, `on Monday at 9:30 AM`."""
    moment, today = datetime.fromtimestamp(at, zone), datetime.fromtimestamp(now, zone).date()
    days = (moment.date() - today).days
    if days <= 1:
        day = "tomorrow" if days == 1 else "today"
    else:
        day = f"on {moment:%A}" if days < 7 else f"on {moment:%A}, {moment:%B} {moment.day}"
    minutes = f":{moment:%M}" if moment.minute else ""
    return f"{day} at {moment.hour % 12 or 12}{minutes} {'AM' if moment.hour < 12 else 'PM'}"


def _plain(text: str) -> str:
    """Small letters, numbers as digits, `a.m.` as `am`."""
    words = text.lower().replace("\u2019", "'")
    words = re.sub(r"\b([ap])\.? ?m\b\.?", r"\1m", words)
    words = re.sub(r"\b(\d{1,2})h(\d\d)?\b", lambda match: f"{match[1]}:{match[2] or '00'}", words)
    words = _TELEPHONE.sub(" ", words)
    words = re.sub(r"[^\w':. -]+", " ", words)
    words = re.sub(r"[a-z]+", lambda match: _WORDS.get(match[0], match[0]), words)
    words = re.sub(r"\bhalf past (\d{1,2})\b", r"at \1:30", words)
    return " ".join(words.split())


def _wanted(words: str, now: float, schedule: Schedule) -> float | None:
    spans, clocks = list(_IN.finditer(words)), list(_clocks(words))
    days = {match[1] for match in _DAY.finditer(words)}
    parts = {match[1] for match in _PART.finditer(words)}
    if spans:
        alone = len(spans) == 1 and not (clocks or days or parts)
        return now + _seconds(*spans[0].group(1, 2)) if alone else None
    if len(clocks) > 1 or len(days) > 1 or len(parts) > 1 or not (clocks or days or parts):
        return None
    day, part = next(iter(days), None), next(iter(parts), None)
    if _LEFT.search(_CLOCK.sub(" ", words) if clocks else words):
        return None
    if not clocks:
        return _by_part(day, part, now, schedule.zone)
    return _by_clock(clocks[0], day, part, now, schedule)


def _clocks(words: str) -> Iterator[re.Match[str]]:
    """Numbers that are times of day by what stands around them."""
    for match in _CLOCK.finditer(words):
        if match["lead"] or match["minute"] or match["half"]:
            yield match


def _seconds(count: str, unit: str) -> float:
    length = 3600.0 if unit.startswith("hour") else 60.0
    if count == "half an":
        return length / 2
    return length * (1 if count in ("a", "an") else int(count))


def _by_part(day: str | None, part: str | None, now: float, zone: tzinfo) -> float | None:
    """A day or a part of one; `today` alone says nothing, and of a weekday that is today none is meant."""
    offset = _offset(day, now, zone)
    if offset is None or (part is None and offset == 0) or (part == "tonight" and offset):
        return None
    return _moment(now, zone, offset, PARTS[part or "morning"], 0)


def _by_clock(
    clock: re.Match[str], day: str | None, part: str | None, now: float, schedule: Schedule
) -> float | None:
    minute = int(clock["minute"] or 0)
    hours = _hours(int(clock["hour"]), clock["half"], part)
    offset = _offset(day, now, schedule.zone)
    if offset is None:
        return None
    found = []
    for hour in hours:
        at = _moment(now, schedule.zone, offset, hour, minute)
        if at <= now and day is None and part is None:
            at = _moment(now, schedule.zone, 1, hour, minute)
        found.append(at)
    if len(found) > 1:  # morning or evening: the one at which somebody is there
        found = [at for at in found if is_open(schedule, at)]
    return found[0] if len(found) == 1 else None


def _hours(hour: int, half: str | None, part: str | None) -> list[int]:
    """Which hours of the day it may be, 0-23; none for what is no hour."""
    if half in ("am", "pm") or (part is not None and hour <= 12):
        if not 1 <= hour <= 12 or (half == "pm" and part == "morning"):
            return []
        after_noon = half == "pm" if half in ("am", "pm") else part != "morning"
        return [hour % 12 + (12 if after_noon else 0)]
    if hour > 12:
        return [hour] if hour < 24 and half is None else []
    return [each for each in (hour, hour + 12) if each in BY_DAY] if hour else []


def _offset(day: str | None, now: float, zone: tzinfo) -> int | None:
    """Days from today; None for a weekday that is today."""
    if day in (None, "today"):
        return 0
    if day == "tomorrow":
        return 1
    return ((WEEKDAYS.index(str(day)) - datetime.fromtimestamp(now, zone).weekday()) % 7) or None


def _moment(now: float, zone: tzinfo, offset: int, hour: int, minute: int) -> float:
    day = datetime.fromtimestamp(now, zone).date() + timedelta(days=offset)
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).timestamp()
