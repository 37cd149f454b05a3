"""What the desk asks of whoever conducts the handoffs (`gateway/handoff`), wherever the session lives.

Every command comes from a signed-in agent whose role allows it. Whether the customer is theirs, and whether
it is still the time for it, the conductor decides.

Errors::

    ProtocolError     not done, and the same will not work again; `code` goes to the desk as it is:
                        too_late       the offer has ended, or another took it
                        not_yours      the session is not this agent's, or there is none
                        no_floor       somebody else talks with the customer now
                        wrong_state    not while the handoff stands where it stands
                        no_audio       the agent's audio is not connected
                        colleague_busy who is to be asked is in a call, or something rings there
                        unknown_target, unknown_tool, unknown_disposition
    Unavailable       a dependency is down or full: later
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from gateway.accounts.account import Account
from gateway.desk.commands import FollowUp, How, Mode
from gateway.desk.messages import Answer, Contact, ToolRan
from gateway.events import Event
from gateway.leg import Leg
from gateway.store.file_store import StoredFile
from pipelines.briefing import Briefing


@dataclass(frozen=True, slots=True)
class Target:
    """Where a customer is handed on to: exactly one of the two."""

    queue: str | None = None
    agent_id: str | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """How a contact ended, in the agent's words."""

    disposition: str
    notes: str
    follow_up: FollowUp | None


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """A tool that an agent wants to run for the customer."""

    request_id: str
    tool: str
    arguments: Mapping[str, Any]
    confirmed: bool
    "The customer said yes to exactly this."


class Watching(Protocol):
    """The events of one session, for one listener: first `history`, then the iteration, without a gap."""

    @property
    def seq(self) -> int:
        """The newest stored event when this began."""

    @property
    def behind(self) -> bool:
        """Whether the iteration ended because the listener was too slow."""

    def history(self, after: int) -> AsyncIterator[Event]:
        """Stored events with `after` < seq <= `self.seq`. Raises `Unavailable`."""

    def __aiter__(self) -> AsyncIterator[Event]:
        """Everything after `self.seq`, passing facts too, until it ends."""

    def close(self) -> None:
        """Listen no more. Safe to call twice."""


class Conductor(Protocol):
    """Does what agents ask; tells `Seats` on every node what comes of it.

    `agent` is who asks. All raise `ProtocolError` and `Unavailable`.
    """

    async def accept(self, lease_id: str, agent: Account) -> None:
        """Take the offer, if it is still this agent's."""

    async def decline(self, lease_id: str, agent: Account, reason: str) -> None:
        """Leave it to the next."""

    async def connect(self, session_id: str, agent: Account) -> None:
        """End the briefing now; nothing when it is over."""

    async def message(self, session_id: str, agent: Account, text: str, client_id: str) -> None:
        """Write to the customer; the same `client_id` again changes nothing."""

    async def typing(self, session_id: str, agent: Account, on: bool) -> None:
        """Show the customer that the agent types, or no longer."""

    async def share_file(self, session_id: str, agent: Account, file: StoredFile) -> None:
        """Tell the customer of a file that the agent sends them, and that is kept already."""

    async def note(self, session_id: str, agent: Account, text: str) -> None:
        """Keep a private note."""

    async def hold(self, session_id: str, agent: Account, on: bool) -> None:
        """Give the customer music, or take it away."""

    async def mute(self, session_id: str, agent: Account, on: bool) -> None:
        """Keep the agent's voice from the customer, or no longer."""

    async def press(self, session_id: str, agent: Account, digits: str) -> None:
        """Send keys to the customer's side."""

    async def transfer(self, session_id: str, agent: Account, target: Target, note: str) -> None:
        """Hand the customer on."""

    async def consult(self, session_id: str, agent: Account, colleague_id: str) -> None:
        """Ask a colleague at this session's node about the customer of a call."""

    async def consult_answer(self, session_id: str, agent: Account, consult_id: str, accept: bool) -> None:
        """Say yes or no to a colleague who asks."""

    async def consult_end(self, session_id: str, agent: Account, how: How) -> None:
        """Go back to the customer or hand them over; who was asked leaves."""

    async def hand_back(self, session_id: str, agent: Account, note: str) -> None:
        """Give the customer back to the bot."""

    async def end(self, session_id: str, agent: Account) -> None:
        """End the conversation with the customer."""

    async def wrap_up(self, session_id: str, agent: Account, closing: Closing) -> None:
        """Close the agent's contact."""

    async def ask(self, session_id: str, agent: Account, question_id: str, text: str) -> Answer:
        """The bot's answer to a question that the customer never sees."""

    async def run_tool(self, session_id: str, agent: Account, request: ToolRequest) -> ToolRan:
        """Run a tool through the policy gate; a refusal is an answer, not an error."""

    async def supervise(self, session_id: str, agent: Account, mode: Mode) -> None:
        """Let a supervisor listen, whisper, barge in, take over or leave."""

    async def contacts_of(self, agent_id: str) -> Sequence[Contact]:
        """The contacts this agent has, those in wrap-up too, on every node."""

    async def live_sessions(self, most: int) -> Sequence[Contact]:
        """Sessions that somebody is in, on every node; at most so many, those with or for people first."""

    async def watch(self, session_id: str) -> Watching:
        """Listen to a session."""

    async def briefing(self, session_id: str) -> Briefing:
        """What is known now."""

    async def agent_leg(self, agent_id: str, leg: Leg) -> None:
        """The agent's audio is here, perhaps anew. It is to be kept: end a call without hanging it up."""

    async def agent_leg_lost(self, agent_id: str) -> None:
        """The agent's audio is gone, and does not come back by itself."""

    async def agent_gone(self, agent_id: str) -> None:
        """The agent has been away for longer than the grace: customers who type with them are alone."""
