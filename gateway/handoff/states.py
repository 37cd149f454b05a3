"""The words of a handoff: its states, what may happen to it, and what it wants done.  [core]"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Floor = Literal["bot", "human", "none"]
"Who may speak or write to the customer."


class State(StrEnum):
    """Where a handoff stands. Two of them are at rest; every other one ends by itself if nothing happens."""

    AI_ACTIVE = "ai_active"
    "At rest: the bot has the customer, before a handoff or again after it."
    SCREEN = "screen"
    "We find out who is there; until then nothing is promised."
    ALTERNATIVES = "alternatives"
    "Nobody is there, or it took too long: the customer is told what else there is."
    QUEUED = "queued"
    "In line; the customer has the bot meanwhile."
    OFFERED = "offered"
    "It rings at a desk, which holds a lease."
    DIALLING = "dialling"
    "An agent who is reached by telephone is being called."
    HUMAN_CHECK = "human_check"
    "Somebody or something has picked up there."
    BRIEFING = "briefing"
    "The agent reads or hears what it is about."
    BRIDGING = "bridging"
    "The agent is being connected; the bot still has the customer."
    HUMAN_ACTIVE = "human_active"
    "The agent has the customer, and the bot listens."
    RESCUE = "rescue"
    "The agent was lost: the bot has to say so at once."
    WRAP_UP = "wrap_up"
    "The contact is over; the agent writes down how it went."
    CALLER_GONE = "caller_gone"
    "The customer has left while somebody of ours was being brought in or is told so."
    CLOSED = "closed"
    "At rest: the contact is over."


class Sentence(StrEnum):
    """What a customer or an agent is told: fixed sentences, whose words are configured."""

    CONNECTING = "connecting"
    STILL_WAITING = "still_waiting"
    NOBODY = "nobody"
    WAITED_TOO_LONG = "waited_too_long"
    COMING = "coming"
    NOT_CONNECTED = "not_connected"
    LOST_AGENT = "lost_agent"
    BACK = "back"
    CANCELLED = "cancelled"
    ARRANGED = "arranged"
    MOVING_ON = "moving_on"
    CUSTOMER_LEFT = "customer_left"
    "To the agent."
    TAKEN = "taken"
    "To an agent on the telephone whose offer has ended."

    @property
    def for_agent(self) -> bool:
        """Whether customers never hear it."""
        return self in (Sentence.CUSTOMER_LEFT, Sentence.TAKEN)


Choice = Literal["callback", "message", "stay", "wait"]


@dataclass(frozen=True, slots=True)
class Agent:
    """A person of ours who may take the contact."""

    agent_id: str
    name: str
    "The one that customers are shown."
    phone: str | None = None
    "The configured key of their telephone, if they are reached by one."


# --- what may happen ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Requested:
    """Somebody or something asks for a person; whoever it is, this machine decides what comes of it."""

    reason: str
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Screened:
    """What the queue says of those who could come."""

    open: bool
    online: int
    wait_s: int | None = None


@dataclass(frozen=True, slots=True)
class Chose:
    """The customer picked one of the alternatives."""

    choice: Choice


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The customer does not want a person any more."""


@dataclass(frozen=True, slots=True)
class Offered:
    """The queue found an agent, who holds the lease now."""

    lease_id: str
    agent: Agent


@dataclass(frozen=True, slots=True)
class OfferOver:
    """The lease ended without the agent's yes."""

    lease_id: str
    why: Literal["declined", "missed", "offline", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The agent at the desk said yes, and the queue agreed."""

    lease_id: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The agent's telephone was picked up."""


@dataclass(frozen=True, slots=True)
class NotReached:
    """Their telephone was busy, not answered, or cannot be called."""

    why: str


@dataclass(frozen=True, slots=True)
class Moved:
    """The customer's own network has sent them on to where the agent is; they are not with us any more."""


@dataclass(frozen=True, slots=True)
class PickedUp:
    """Who or what picked up."""

    person: bool


@dataclass(frozen=True, slots=True)
class Connect:
    """The agent is ready for the customer: the rest of the briefing is skipped, or the telephone's yes."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The agent does not want the contact after all."""

    why: str = "declined"


@dataclass(frozen=True, slots=True)
class Bridged:
    """Agent and customer are connected."""


@dataclass(frozen=True, slots=True)
class BridgeFailed:
    """They could not be connected."""

    why: str


@dataclass(frozen=True, slots=True)
class Called:
    """The customer calls, who has been in the chat so far."""


@dataclass(frozen=True, slots=True)
class HandedBack:
    """The agent gives the customer back to the bot."""


@dataclass(frozen=True, slots=True)
class Transferred:
    """The agent sends the customer on to another queue or colleague; where to, the shell knows."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The agent ended the contact."""


@dataclass(frozen=True, slots=True)
class AgentLost:
    """The agent's connection is gone."""


@dataclass(frozen=True, slots=True)
class CustomerGone:
    """The customer hung up, or left for longer than we wait."""


@dataclass(frozen=True, slots=True)
class TakenOver:
    """A supervisor takes the customer."""

    agent: Agent


@dataclass(frozen=True, slots=True)
class WrappedUp:
    """The agent has written down how it went."""

    disposition: str


Input = (
    Requested
    | Screened
    | Chose
    | Cancelled
    | Offered
    | OfferOver
    | Accepted
    | Answered
    | NotReached
    | Moved
    | PickedUp
    | Connect
    | Refused
    | Bridged
    | BridgeFailed
    | Called
    | HandedBack
    | Transferred
    | Ended
    | AgentLost
    | CustomerGone
    | TakenOver
    | WrappedUp
)


# --- what is to be done -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Screen:
    """Ask the queue who is there; answer with `Screened`."""


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Put the customer in line, at the place that they had if they were in line before."""

    priority: int
    without: frozenset[str]
    "Agents who have had their turn."


@dataclass(frozen=True, slots=True)
class LeaveQueue:
    """Take the customer out of the line; an offer that rings ends."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Say a sentence to the customer."""

    sentence: Sentence


@dataclass(frozen=True, slots=True)
class TellAgent:
    """Say or show a sentence to the agent, who is not connected with the customer."""

    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Dial:
    """Call the agent's telephone; answer with `Answered` or `NotReached`."""

    agent: Agent


@dataclass(frozen=True, slots=True)
class HangUpAgent:
    """End the call to the agent's telephone, also one that rings."""


@dataclass(frozen=True, slots=True)
class Brief:
    """Tell the agent what it is about; answer with `Connect` or `Refused`."""

    agent: Agent


@dataclass(frozen=True, slots=True)
class Bridge:
    """Connect agent and customer, and only then take the floor from the bot; answer with `Bridged`."""

    agent: Agent


@dataclass(frozen=True, slots=True)
class Unbridge:
    """Part agent and customer."""


@dataclass(frozen=True, slots=True)
class Release:
    """The agent has a place free again."""

    agent: Agent


@dataclass(frozen=True, slots=True)
class Resume:
    """The bot has the customer again, knows what was said meanwhile, and begins with a sentence."""

    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Arrange:
    """Note that the customer is to be called back, or has left a message."""

    choice: Literal["callback", "message"]


@dataclass(frozen=True, slots=True)
class HangUpCustomer:
    """The contact is over: end the customer's call."""


Action = (
    Screen
    | Enqueue
    | LeaveQueue
    | Tell
    | TellAgent
    | Dial
    | HangUpAgent
    | Brief
    | Bridge
    | Unbridge
    | Release
    | Resume
    | Arrange
    | HangUpCustomer
)
