"""The handoffs of the last day, for supervisors: what they took and how they went.  [core]

A rolling record in memory, of this process alone: the newest thousand that began within a day, those under
way too. What was longer ago is in the metrics.
"""

import math
import statistics
from collections import Counter, defaultdict, deque
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from gateway.handoff.measures import Measures
from gateway.handoff.states import State
from pipelines.facts import Channel

MOST = 1_000
"Handoffs that are kept; about 1 MB."
KEEP_S = 86_400.0
ABANDONED = "abandoned"
"Outcomes of customers who left before a person had them begin with it; the state comes after."

Line = tuple[str, Channel]
"Queue and channel."


class _Report(BaseModel):
    model_config = ConfigDict(frozen=True)


class Spread(_Report):
    """How long something took, in seconds."""

    count: int
    "Handoffs that came so far."
    median_s: float
    p95_s: float
    "Nineteen of twenty took no longer (nearest rank)."


class Times(_Report):
    """Of the handoffs to one queue by one channel, from the wish for a person; None: none came so far."""

    queue: str
    channel: Channel
    handoffs: int
    offer: Spread | None
    "To the first offer."
    yes: Spread | None
    "To the first agent who accepted."
    person: Spread | None
    "To the first moment with the person."
    words: Spread | None
    "To their first words: a voice in a call, a message in a chat."
    silence: Spread | None
    "The longest in which nobody was heard in the call, until their first words or the end."


class Cause(_Report):
    """How it went for those who wanted a person for one reason."""

    reason: str
    handoffs: int
    reached: int
    "Of these, with a person."


class Report(_Report):
    """What handoffs took and how they went."""

    since: float | None
    "When the oldest of them began, Unix time in seconds; None: there are none."
    handoffs: int
    under_way: int
    reached: int
    "Customers who were with a person."
    back_in_line: int
    "Times that a customer was in line again: nobody accepted, an agent was lost or sent them on."
    agents_lost: int
    times: tuple[Times, ...]
    causes: tuple[Cause, ...]
    outcomes: dict[str, int]
    "Of those that are over, the commonest first."
    abandoned: dict[str, int]
    "Customers who left before a person had them, by the state in which they did."


class Recent:
    """The newest handoffs."""

    def __init__(self, most: int = MOST, keep_s: float = KEEP_S) -> None:
        self._keep_s = keep_s
        self._kept: deque[Measures] = deque(maxlen=most)

    def begin(self, handoff_id: str, reason: str, queue: str, now: float) -> Measures:
        """A handoff begins at this Unix time: its measures, to be filled in as it goes on.

        The oldest makes room for it when there are too many.
        """
        self._forget(now)
        measures = Measures(handoff_id, reason, now, queue)
        self._kept.append(measures)
        return measures

    def report(self, now: float) -> Report:
        """What there is to say of them at this Unix time."""
        self._forget(now)
        kept = list(self._kept)
        lines, causes = defaultdict[Line, list[Measures]](list), defaultdict[str, list[Measures]](list)
        for each in kept:
            lines[each.queue, each.channel].append(each)
            causes[each.cause].append(each)
        outcomes = Counter(each.outcome for each in kept if each.outcome is not None).most_common()
        return Report(
            since=kept[0].began if kept else None,
            handoffs=len(kept),
            under_way=sum(each.outcome is None for each in kept),
            reached=_reached(kept),
            back_in_line=sum(each.returned for each in kept),
            agents_lost=sum(each.lost for each in kept),
            times=tuple(_times(*line, lines[line]) for line in sorted(lines)),
            causes=tuple(
                Cause(reason=reason, handoffs=len(those), reached=_reached(those))
                for reason, those in sorted(causes.items(), key=lambda cause: (-len(cause[1]), cause[0]))
            ),
            outcomes=dict(outcomes),
            abandoned={
                outcome.removeprefix(ABANDONED).lstrip("_") or State.WRAP_UP.value: count
                for outcome, count in outcomes
                if outcome.startswith(ABANDONED)
            },
        )

    def _forget(self, now: float) -> None:
        while self._kept and self._kept[0].began < now - self._keep_s:
            self._kept.popleft()


def _times(queue: str, channel: Channel, of: Sequence[Measures]) -> Times:
    def until(what: str) -> Spread | None:
        return _spread([each.first[what] for each in of if what in each.first])

    return Times(
        queue=queue,
        channel=channel,
        handoffs=len(of),
        offer=until("offer"),
        yes=until("yes"),
        person=until("person"),
        words=until("words"),
        silence=_spread([each.silence for each in of if each.silence is not None]),
    )


def _spread(seconds: Sequence[float]) -> Spread | None:
    if not seconds:
        return None
    took = sorted(seconds)
    p95 = took[math.ceil(0.95 * len(took)) - 1]
    return Spread(count=len(took), median_s=round(statistics.median(took), 1), p95_s=round(p95, 1))


def _reached(of: Sequence[Measures]) -> int:
    return sum("person" in each.first for each in of)
