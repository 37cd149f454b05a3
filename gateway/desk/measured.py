"""What supervisors see of handoffs as a whole: what those of this node took, and who waits now.  [core]"""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from gateway.handoff.recent import Report
from gateway.queue.contacts import InLine
from pipelines.facts import Channel


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True)


class Waits(_Wire):
    """Customers in one line by one channel."""

    queue: str
    channel: Channel
    waiting: int
    ringing: int
    "Of these, at a desk or a telephone."
    longest_s: float


class Measured(_Wire):
    """The answer of `GET /api/desk/measures`."""

    node: str | None
    "Whose handoffs `recent` has; None: there is only this node."
    now: float
    waiting: tuple[Waits, ...]
    "At every node."
    recent: Report


def waits(line: Iterable[InLine], now: float) -> tuple[Waits, ...]:
    """Who waits, by queue and channel."""
    found: dict[tuple[str, Channel], list[InLine]] = {}
    for each in line:
        found.setdefault((each.wanted.queue, each.wanted.channel), []).append(each)
    return tuple(
        Waits(
            queue=queue,
            channel=channel,
            waiting=len(those),
            ringing=sum(each.offered_to is not None for each in those),
            longest_s=round(max(max(now - each.wanted.since, 0.0) for each in those), 1),
        )
        for (queue, channel), those in sorted(found.items())
    )
