"""The queues' part of the configuration: which there are, when they are open, who is reached by telephone.

Without any of it there is one queue, `general`, which is always open.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import tzinfo
from functools import cached_property
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from gateway.queue import hours
from gateway.queue.hours import Schedule
from gateway.queue.replies import CANNED, DISPOSITIONS, Canned, Disposition, Text
from gateway.queue.webhook import Webhook
from gateway.section import Section, split
from gateway.sip import numbers
from gateway.trunks import Label, Telephone

DEFAULT_QUEUE = "general"
Strategy = Literal["longest_idle", "best_skill"]


def _skill(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,31}", text, re.ASCII):
        raise _problem("skill_malformed", "a skill is small letters, digits, `_` and `-`", text)
    return text


def _language(text: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}", text, re.ASCII):
        raise _problem("language_malformed", "a language is two or three small letters, such as `en`", text)
    return text


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _problem("zone_unknown", "no such time zone; they look like `Europe/Berlin`", text) from None
    return text


def _opening(text: str) -> str:
    try:
        hours.weekly(text)
    except ValueError as error:
        raise _problem("hours_malformed", str(error), text) from None
    return text


def _holiday(text: str) -> str:
    try:
        hours.holiday(text)
    except ValueError as error:
        raise _problem("holiday_malformed", str(error), text) from None
    return text


def _by_skill(value: object) -> object:
    """`refunds, billing:8` as a mapping; a skill without a level has 5."""
    parts = split(value)
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        return value
    pairs = [part.partition(":") for part in parts]
    return {name.strip(): level.strip() or 5 for name, _, level in pairs}


Skill = Annotated[str, AfterValidator(_skill)]
Skills = Annotated[tuple[Skill, ...], BeforeValidator(split)]
Levels = Annotated[dict[Skill, Annotated[int, Field(ge=1, le=10)]], BeforeValidator(_by_skill)]
"Skills with levels, 1 to 10; a list gives each of them 5."
Languages = Annotated[tuple[Annotated[str, AfterValidator(_language)], ...], BeforeValidator(split)]
Zone = Annotated[str, AfterValidator(_zone)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class Overflow(Section):
    """Where a contact may be taken too when its own queue takes long; it keeps its place there as well.

    There the skills that were asked for count no more; the language does.
    """

    queue: Label
    after_s: Annotated[float, Field(ge=0, le=86_400)] = 60.0


class QueueSettings(Section):
    """One queue."""

    name: Label
    title: str = ""
    "As agents read it; by default the name."
    skills: Skills = ()
    "What contacts come here for: a wish for a person that names one of these goes to this queue."
    languages: Languages = ()
    "Only customers who speak one of these come here; by default all."
    time_zone: Zone | None = None
    "By default that of `queues`."
    hours: Annotated[tuple[Annotated[str, AfterValidator(_opening)], ...], BeforeValidator(split)] = ()
    "Such as `mon-fri 09:00-17:30`; without any it is always open."
    holidays: Annotated[tuple[Annotated[str, AfterValidator(_holiday)], ...], BeforeValidator(split)] = ()
    "Besides those of `queues`: `2026-12-25` or `12-25` (each year), with other hours after it if not closed."
    overflow: Overflow | None = None
    max_wait_s: Seconds = 900.0
    "Who has waited so long is told, and offered something else."
    offer_s: Seconds = 20.0
    "An offer rings so long at a desk."
    strategy: Strategy = "longest_idle"
    """Who of several gets a contact: who has had nothing to do for the longest time, or who is best at the
    skills that it needs."""
    most_waiting: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    "Further contacts are not taken."
    dispositions: tuple[Disposition, ...] = ()
    "By default those of `queues`."
    canned: tuple[Canned, ...] = ()
    "Besides those of `queues`."

    @property
    def shown(self) -> str:
        """Its name for people."""
        return self.title or self.name


class Phone(Section):
    """A person, or a group of them, who is reached by telephone."""

    key: Label
    "What everything else calls it: a transfer is to a key and never to a number."
    number: str
    "As it is dialled; `telephone.dial` must allow it."
    name: Text
    "As customers hear it."
    trunk: str | None = None
    "Through this one; by default any that can."
    queues: Annotated[tuple[Label, ...], BeforeValidator(split), Field(min_length=1)] = (DEFAULT_QUEUE,)
    skills: Levels = Field(default_factory=dict)
    languages: Languages = ("en",)
    lines: Annotated[int, Field(ge=1, le=1_000)] = 1
    "Calls that it takes at the same time."
    offer_s: Seconds = 75.0
    "From dialling to the key that accepts: ringing, telling a person from a machine, the briefing."
    rest_s: Annotated[float, Field(ge=0, le=86_400)] = 120.0
    "Nobody answered: it is not tried again for so long."
    whisper: bool = True
    "False for a contact center: whoever answers gets the customer, unasked; User-to-User says why they come."
    refer: bool = False
    "A customer on SIP is sent there by REFER, through their own trunk; others are connected here."


class Priorities(Section):
    """Points of a contact's priority; they add up."""

    vip: int = 10
    returning: int = 5
    "Was with a person shortly before."
    rescued: int = 100
    "Lost the person they were talking to."
    transferred: int = 20
    "Sent on by a person."
    called_back: int = 30
    "We called them, and somebody was free when we did."
    reasons: dict[str, int] = Field(default_factory=dict)
    "By why a person is wanted, such as `complaint`."

    def points(
        self,
        *,
        vip: bool = False,
        returning: bool = False,
        rescued: bool = False,
        transferred: bool = False,
        reason: str = "",
    ) -> int:
        """The priority of a contact of which this is known."""
        given = {"vip": vip, "returning": returning, "rescued": rescued, "transferred": transferred}
        given["called_back"] = reason == "callback"
        points: int = sum(getattr(self, name) for name, holds in given.items() if holds)
        return points + self.reasons.get(reason, 0)


class Queues(Section):
    """Queues for people, and how contacts get to them."""

    time_zone: Zone = "UTC"
    holidays: Annotated[tuple[Annotated[str, AfterValidator(_holiday)], ...], BeforeValidator(split)] = ()
    "Of all queues."
    named: tuple[QueueSettings, ...] = ()
    "The queues. There is always a `general`."
    phones: tuple[Phone, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    "Other systems that are told of handoffs."
    priority: Priorities = Priorities()
    priority_s: Annotated[float, Field(ge=0, le=86_400)] = 60.0
    """A point of priority counts as so many seconds of waiting: an important contact overtakes many others,
    and nobody is overtaken for ever."""
    dispositions: tuple[Disposition, ...] = Field(default=DISPOSITIONS, min_length=1)
    canned: tuple[Canned, ...] = CANNED

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        _check_once("two queues have the same `name`", (queue.name for queue in self.named))
        _check_once("two phones have the same `key`", (phone.key for phone in self.phones))
        _check_once("two webhooks have the same `key`", (webhook.key for webhook in self.webhooks))
        _check_once("two dispositions have the same `code`", (each.code for each in self.dispositions))
        known = {queue.name for queue in self.all}
        for queue in self.named:
            flows = queue.overflow
            if flows and flows.queue not in known:
                raise _problem("queue_unknown", f"`{queue.name}` flows over into no queue here", flows.queue)
            if flows and flows.queue == queue.name:
                raise _problem("overflow_circular", "a queue cannot flow over into itself", queue.name)
        for hook in self.webhooks:
            if strange := set(hook.queues) - known:
                raise _problem("queue_unknown", f"the webhook `{hook.key}` has no queue here", min(strange))
        for phone in self.phones:
            if strange := set(phone.queues) - known:
                raise _problem("queue_unknown", f"the phone `{phone.key}` is in no queue here", min(strange))
            if not numbers.is_diallable(numbers.normalised(phone.number)):
                raise _problem("number_malformed", "cannot be dialled", phone.number)
        return self

    @property
    def all(self) -> tuple[QueueSettings, ...]:
        """Those that are configured, and the default one."""
        if any(queue.name == DEFAULT_QUEUE for queue in self.named):
            return self.named
        return (*self.named, QueueSettings(name=DEFAULT_QUEUE))

    @cached_property
    def by_name(self) -> Mapping[str, QueueSettings]:
        """All of them."""
        return {queue.name: queue for queue in self.all}

    def of(self, name: str) -> QueueSettings:
        """The settings of a queue; usual ones for a name that is not configured here (any more)."""
        return self.by_name.get(name) or QueueSettings.model_construct(name=name)

    def course(self, name: str) -> tuple[tuple[str, float], ...]:
        """Where a contact of this queue may be taken, and from which waiting time (s) on; itself first."""
        return self._courses.get(name) or ((name, -math.inf),)

    @cached_property
    def _courses(self) -> Mapping[str, tuple[tuple[str, float], ...]]:
        return {name: self._course(name) for name in self.by_name}

    def _course(self, name: str) -> tuple[tuple[str, float], ...]:
        course, after_s = {name: -math.inf}, 0.0
        while (flows := self.of(name).overflow) and flows.queue not in course:
            name, after_s = flows.queue, after_s + flows.after_s
            course[name] = after_s
        return tuple(course.items())

    def serving(self, skill: str | None, language: str) -> QueueSettings:
        """The queue for who wants a person with this skill: the first that fits, else the default one."""
        spoken = language.partition("-")[0].lower()
        for queue in self.all:
            understood = not queue.languages or not spoken or spoken in queue.languages
            if understood and (skill in queue.skills or skill == queue.name):
                return queue
        return self.of(DEFAULT_QUEUE)

    def phone(self, key: str) -> Phone | None:
        """A phone target; None: there is no such key."""
        return next((phone for phone in self.phones if phone.key == key), None)

    def schedule(self, name: str) -> Schedule:
        """When a queue is open."""
        queue = self.of(name)
        zone: tzinfo = ZoneInfo(queue.time_zone or self.time_zone)
        return hours.schedule(queue.hours, (*self.holidays, *queue.holidays), zone)

    def dispositions_of(self, name: str) -> tuple[Disposition, ...]:
        """What agents choose from at the end of a contact of this queue."""
        return self.of(name).dispositions or self.dispositions

    def canned_of(self, names: Iterable[str]) -> tuple[Canned, ...]:
        """The replies for agents of these queues; a queue's own go before the others with the same key."""
        own = [reply for name in names for reply in self.of(name).canned]
        return tuple({reply.key: reply for reply in (*self.canned, *own)}.values())


def check_phones(queues: Queues, telephone: Telephone) -> None:
    """Whether phone targets can be called at all; raises what pydantic's validators raise."""
    if queues.phones and not telephone.listen:
        raise _problem("telephone_missing", "`queues.phones` need a telephone; see `telephone.listen`")
    trunks = {trunk.name for trunk in telephone.trunks if trunk.address}
    dial = telephone.dial
    for phone in queues.phones:
        number = numbers.normalised(phone.number)
        if phone.trunk is not None and phone.trunk not in trunks:
            raise _problem("trunk_unknown", f"`{phone.key}` needs a trunk that can call", phone.trunk)
        allowed = any(numbers.fits(pattern, number) for pattern in dial.allowed)
        if not allowed or any(numbers.fits(pattern, number) for pattern in dial.refused):
            raise _problem("number_not_allowed", "`telephone.dial` does not allow the number of", phone.key)


def _check_once(message: str, names: Iterable[str]) -> None:
    if twice := next((name for name, count in Counter(names).items() if count > 1), None):
        raise _problem("name_twice", message, twice)


def _problem(code: str, message: str, about: str | None = None) -> PydanticCustomError:
    text = f"{message}: `{about}`" if about is not None else message
    return PydanticCustomError(code, "{text}", {"text": text})
