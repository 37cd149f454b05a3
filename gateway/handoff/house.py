"""What every handoff of this process shares, and what it asks of the rest of the gateway."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from gateway.desk.messages import Consult
from gateway.desk.messages import Contact as ContactView
from gateway.handoff.arrangements import WantedCall
from gateway.handoff.machine import HandoffLimits
from gateway.handoff.phrases import HandoffPhrases
from gateway.handoff.recent import Recent
from gateway.handoff.states import Agent, Choice, Input
from gateway.leg import Leg
from gateway.queue.contacts import ContactQueue
from gateway.queue.settings import Queues
from pipelines.briefing import Briefing
from pipelines.conversation import Conversation
from pipelines.facts import Channel, Emit


class Desks(Protocol):
    """The agents' desks of this node: `gateway.desk.desk.Desk`."""

    def contact_changed(self, contact: ContactView) -> None:
        """Show where a contact stands to whom it concerns."""

    def briefing_changed(self, session_id: str, briefing: Briefing) -> None:
        """Show what is known now to those who watch the session."""

    def consult_changed(self, consult: Consult, briefing: Briefing | None) -> None:
        """Show where a consult stands to the two; the briefing, while it lasts, to who is asked."""


class Telephones(Protocol):
    """Agents who are reached by telephone: `gateway.handoff.telephone.AgentTelephones`."""

    async def call(
        self, agent: Agent, lease_id: str, briefing: Briefing, put: Callable[[Input], None]
    ) -> None:
        """Call the agent and tell them what it is about; lasts as long as the connection.

        `put` gets `Answered`, `NotReached`, `PickedUp`, `Connect`, `Refused` and `AgentLost`. Cancel it to
        hang up at once.
        """

    def refers(self, agent: Agent, customer: Leg) -> bool:
        """Whether the customer is to be sent there, rather than connected here."""

    async def send(
        self, customer: Leg, agent: Agent, briefing: Briefing, put: Callable[[Input], None]
    ) -> None:
        """Have the customer's own network call the agent's number in our place.

        `put` gets `Moved`, and the customer's leg has ended; or `NotReached`, and they are still there.
        """

    def dismiss(self, lease_id: str, text: str) -> None:
        """Tell the agent this, in a few seconds, and hang up; nothing when their connection is gone."""

    def leg(self, lease_id: str) -> Leg | None:
        """The connection to an agent who was called, while it lasts."""


class Suggests(Protocol):
    """Proposes to the agent what to say: `pipelines.suggestions.Suggestions`."""

    def turn_finished(self, conversation: Conversation, turn_id: str, channel: Channel) -> None:
        """The customer's turn is complete."""

    async def run(self) -> None:
        """Propose until cancelled."""


class Arranges(Protocol):
    """Keeps what was promised to customers: `gateway.handoff.arrangements.Arrangements`."""

    async def summarise(self, session_id: str, lines: Sequence[str]) -> None:
        """Keep the newest summary of a session. Raises `Unavailable`."""

    def wanted_call(self, words: str, queue: str, known: str | None) -> WantedCall:
        """The number and the time in a customer's words; `known`: the number that they call from."""

    async def arrange(
        self,
        session_id: str,
        choice: Choice,
        queue: str,
        contact: Mapping[str, str],
        chosen: Mapping[str, Any],
    ) -> str:
        """Note a callback or a message; the sentence that tells the customer. Raises `Unavailable`."""


@dataclass(slots=True)
class House:
    """Made once by the composition root; `desks`, `telephones` are set as they come up."""

    queue: ContactQueue
    settings: Queues
    now: Callable[[], float]
    "Unix time, seconds."
    arranges: Arranges
    language: str = "en"
    phrases: HandoffPhrases = field(default_factory=HandoffPhrases)
    limits: HandoffLimits = field(default_factory=HandoffLimits)
    desks: Desks | None = None
    telephones: Telephones | None = None
    make_suggestions: Callable[[Emit], Suggests] | None = None
    "For one contact, whose facts it emits."
    legs: dict[str, Leg] = field(default_factory=dict)
    "Agents' audio, by agent id."
    recent: Recent = field(default_factory=Recent)
    "What the handoffs of this process took, for supervisors."
