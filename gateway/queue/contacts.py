"""The words of the queue, and what a queue does, whichever memory is behind it.

Errors::

    Unavailable       the queue's memory cannot be reached: try later
     └─ QueueFull     too many wait already
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pipelines.facts import Channel, Unavailable

State = Literal["available", "away", "offline"]
Why = Literal["accepted", "declined", "missed", "withdrawn", "offline"]


class QueueFull(Unavailable):
    """As many contacts wait as may."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A customer who waits for a person."""

    handoff_id: str
    session_id: str
    queue: str
    channel: Channel
    skills: frozenset[str]
    "What the person must know, all of it."
    language: str
    "Such as `en`; empty: any."
    priority: int
    "Higher goes first; a point is worth `queues.priority_s` seconds of waiting."
    since: float
    "Unix time, s; kept when it goes back in line."
    not_agents: frozenset[str] = frozenset()
    "Never offered to these."
    only_agent: str | None = None
    "Offered to this one alone, whatever their queues and skills."
    reason: str = ""
    "Why a person is wanted: a stable code."


@dataclass(frozen=True, slots=True)
class Presence:
    """An agent as routing sees them."""

    agent_id: str
    name: str
    "As customers may read it."
    state: State
    queues: frozenset[str]
    skills: Mapping[str, int]
    "Levels, 1 to 10."
    languages: frozenset[str]
    capacity: Mapping[Channel, int]
    'Contacts at the same time, such as `{"voice": 1, "chat": 3}`.'
    phone: str | None = None
    "Key of a configured phone target: reached by telephone, not at a desk."


@dataclass(frozen=True, slots=True)
class Offer:
    """A contact that rings at one agent."""

    lease_id: str
    wanted: Wanted
    agent_id: str
    agent_name: str
    phone: str | None
    until: float
    "Unix time, s: not accepted by then, it is missed."


@dataclass(frozen=True, slots=True)
class Offered:
    """An offer began to ring."""

    offer: Offer


@dataclass(frozen=True, slots=True)
class OfferEnded:
    """An offer does not ring any more."""

    lease_id: str
    agent_id: str
    handoff_id: str
    why: Why
    reason: str
    """A stable code. `accepted`: empty. `declined`: the agent's, or `away`. `missed`: `timeout`, or what
    `miss` was told. `withdrawn`: `customer_left`, `node_lost`, `queue_unreachable`, `queue_restarted`.
    `offline`: `agent_left`, `node_lost`."""


News = Offered | OfferEnded


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a contact stands in its queue."""

    position: int | None
    "1: the next one; None: it is not in line."
    wait_s: int | None
    "How long it will take; None: not enough is known."


@dataclass(frozen=True, slots=True)
class Availability:
    """Who could take a contact."""

    online: int
    "Agents at work, busy or not, there and in the queues that it flows over into."
    free: int
    "Of these, who could take it now."
    wait_s: int | None
    "How long one that came now would wait; None: not enough is known."


@dataclass(frozen=True, slots=True)
class InLine:
    """A contact that waits or rings."""

    wanted: Wanted
    position: int
    offered_to: str | None


@dataclass(frozen=True, slots=True)
class OnDuty:
    """An agent whom the queue knows, and what they have to do."""

    presence: Presence
    contacts: Mapping[str, Channel]
    "Accepted and not finished, by handoff."
    ringing: str | None
    "The lease of an offer."
    idle_since: float

    @property
    def busy(self) -> Mapping[Channel, int]:
        """How many contacts of each channel they have."""
        held = list(self.contacts.values())
        return {channel: held.count(channel) for channel in dict.fromkeys(held)}


class ContactQueue(Protocol):
    """Contacts in line, agents, and offers between them.

    Commands raise `Unavailable` when the queue's memory cannot be reached for some seconds; `leave`,
    `absent`, `finish` and `vacate` are then carried out as soon as it can. Commands about what is gone change
    nothing.
    """

    async def enqueue(self, wanted: Wanted) -> None:
        """Put a contact in line; one that is there is updated, and keeps the earlier `since`.

        Raises `QueueFull`.
        """

    async def leave(self, handoff_id: str) -> None:
        """The contact waits no longer; an offer of it that rings is withdrawn."""

    async def announce(self, presence: Presence) -> None:
        """An agent is there, or changed. Who goes away while an offer rings declines it."""

    async def absent(self, agent_id: str) -> None:
        """The agent left this node; an offer that rings ends as `offline`. Places stay until `finish`."""

    async def alive(self, agent_id: str) -> bool:
        """Whether the queue knows the agent; else they have to be announced again."""

    async def accept(self, lease_id: str, agent_id: str) -> Offer | None:
        """Take an offer; it occupies a place until `finish`. One winner; None: too late, or not theirs."""

    async def decline(self, lease_id: str, agent_id: str, reason: str) -> bool:
        """Refuse an offer; False: it was not there any more, or not theirs."""

    async def miss(self, lease_id: str, reason: str = "timeout") -> bool:
        """Nobody answered, which is known before the offer's time is over; the agent is away from now on."""

    async def finish(self, handoff_id: str, agent_id: str) -> None:
        """The agent is through with the contact, wrap-up included."""

    async def rebook(self, handoff_id: str, agent_id: str, channel: Channel) -> None:
        """The agent's contact goes on by another channel, and takes a place of that one."""

    async def occupy(self, wanted: Wanted, agent_id: str) -> None:
        """The agent has this contact without an offer, and a place is taken until `finish` or `vacate`.

        An offer that rings at them ends as `offline`.
        """

    async def vacate(self, handoff_id: str, agent_id: str) -> None:
        """As `finish`, for what was no contact of the queue and is to count in no figure."""

    async def position(self, handoff_id: str) -> Standing:
        """Where a contact stands."""

    async def availability(
        self, queue: str, skills: frozenset[str], language: str, channel: Channel
    ) -> Availability:
        """Who could take such a contact of this node."""

    async def agents(self) -> Sequence[OnDuty]:
        """Everybody announced, by id."""

    async def waiting(self) -> Sequence[InLine]:
        """Contacts in line, the next one first."""

    async def offers(self) -> Sequence[Offer]:
        """What rings now."""

    async def changed(self) -> None:
        """Return once anything has changed since this was called."""

    def news(self) -> AsyncIterator[News]:
        """Everything from now on, on every node in the same order.

        Bounded: a reader that falls far behind comes to the end; it begins again, and looks at `offers()`.
        """

    async def check(self) -> None:
        """Return when the queue works; raises `Unavailable`."""

    async def run(self) -> None:
        """Let offers expire, and follow what other nodes do, until cancelled. Runs once, in a task."""
