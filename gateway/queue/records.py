"""What the queue remembers: contacts in line, agents, offers, places, and how long things took.  [core]

Records never change; a new one takes an old one's place. Each that matters to one node only names it, so that
it can be put back when the shared memory has lost it, and taken away when the node is gone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gateway.queue.contacts import News, Offer, Presence, Wanted
from gateway.queue.estimate import Figures
from pipelines.facts import Channel

Kind = Literal["entry", "seat", "lease", "place", "figures"]
Key = tuple[Kind, str]

SHARED = ""
"The node of what belongs to all of them: telephones."


@dataclass(frozen=True, slots=True)
class Entry:
    """A contact in line; by handoff."""

    wanted: Wanted
    node: str
    "Where its session lives."
    entered: float
    "When it came into line, unix s; later than `since` when it came back."
    lease_id: str | None = None
    "The offer that rings."
    tried: frozenset[str] = frozenset()
    "Who declined or missed it."
    again_at: float = 0.0
    offers: int = 0
    "How many it has had."


@dataclass(frozen=True, slots=True)
class Seat:
    """An agent who was announced; by agent."""

    presence: Presence
    node: str
    "Where they are connected."
    idle_since: float
    back_at: float | None = None
    "When a telephone that nobody answered is tried again."


@dataclass(frozen=True, slots=True)
class Lease:
    """An offer that rings; by its id."""

    offer: Offer
    begun: float


@dataclass(frozen=True, slots=True)
class Place:
    """What an accepted contact takes of an agent; by agent and handoff."""

    agent_id: str
    handoff_id: str
    queue: str
    channel: Channel
    node: str
    "Where the session lives."
    since: float
    token: str
    "Of the command that accepted: it may have to be repeated, and is then known again."
    offer: Offer


Record = Entry | Seat | Lease | Place | Figures


def place_key(agent_id: str, handoff_id: str) -> str:
    """The name of a place."""
    return f"{agent_id} {handoff_id}"


def figures_key(queue: str, channel: Channel) -> str:
    """The name of a queue's and channel's figures."""
    return f"{queue} {channel}"


@dataclass(frozen=True, slots=True)
class Measure:
    """A duration for the metrics."""

    what: Literal["offer", "accept", "handle"]
    queue: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Change:
    """What a command did: records put and dropped (None), what is to be told and what was measured."""

    records: Mapping[Key, Record | None] = field(default_factory=dict)
    news: tuple[News, ...] = ()
    measures: tuple[Measure, ...] = ()
    buried: tuple[str, ...] = ()
    "Nodes whose records were taken away because they were not heard of."

    def __bool__(self) -> bool:
        return bool(self.records or self.news)
