"""One agent who is here: their presence, what rings for them, what is theirs, and the tabs they have open."""

import asyncio
from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from gateway.accounts.account import Account
from gateway.accounts.permissions import Action, allows
from gateway.desk.conductor import Watching
from gateway.desk.messages import Consult, ConsultChanged, Contact, ContactChanged, Me, Offered
from gateway.desk.messages import State as PresenceState
from gateway.desk.outbox import Goodbye, Outbox
from gateway.handoff.states import State
from gateway.queue.contacts import Presence

UNANSWERED = frozenset((State.OFFERED, State.DIALLING))
"A contact in these states names an agent, whose it is not yet."


class Tab:
    """One connection of an agent."""

    def __init__(self, seat: "Seat") -> None:
        self.seat = seat
        self.outbox = Outbox()
        self.watched: dict[str, Watching] = {}
        "By session."
        self.shown: dict[type[BaseModel], BaseModel] = {}
        "The snapshots it got last."

    def stop_watching(self, session_id: str) -> None:
        """Send no more events of a session."""
        if (watching := self.watched.pop(session_id, None)) is not None:
            watching.close()


class Seat:
    """An agent at this node's desk, for as long as they are here and a grace beyond."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.state: PresenceState = "away"
        self.voice = True
        self.audio = False
        self.tabs: list[Tab] = []
        self.offers: dict[str, Offered] = {}
        "That ring, by lease."
        self.contacts: dict[str, Contact] = {}
        "Theirs, by handoff."
        self.consults: dict[str, ConsultChanged] = {}
        "In which they ask or are asked, by id."
        self.visits = 0
        "How often somebody came or the last tab left: a grace that began before is over."
        self.announcing = asyncio.Lock()
        "What two tabs say of their presence must reach the queue in the order in which it was said."

    @property
    def agent_id(self) -> str:
        """The agent's."""
        return self.account.agent_id

    def may(self, action: Action) -> bool:
        """Whether their role allows it."""
        return allows(self.account.role, action)

    def has(self, session_id: str) -> bool:
        """Whether the customer of this session is, or just was, theirs."""
        return any(contact.session == session_id for contact in self.contacts.values())

    def consults_on(self, session_id: str) -> bool:
        """Whether they ask a colleague, or are asked by one, about the customer of this session."""
        return any(consult.session == session_id for consult in self.consults.values())

    def is_consulted(self, session_id: str) -> bool:
        """Whether they have said yes to a colleague who asks about this session: they may read it."""
        return any(
            consult.session == session_id and consult.state == "talking" and not consult.mine
            for consult in self.consults.values()
        )

    def may_read(self, session_id: str) -> bool:
        """Whether they may watch what happens in a session just now."""
        return self.may(Action.SEE_ALL) or self.has(session_id) or self.is_consulted(session_id)

    def tell(self, message: BaseModel) -> None:
        """Send it to every tab."""
        for tab in self.tabs:
            tab.outbox.push(message)

    def dismiss(self, goodbye: Goodbye) -> None:
        """Close every tab."""
        for tab in self.tabs:
            tab.outbox.close(goodbye)

    def me(self, *, missed: bool = False) -> Me:
        """Their presence, as they see it."""
        return Me(state=self.state, voice=self.voice, audio=self.audio, reason="missed" if missed else None)

    def presence(self) -> Presence:
        """Their presence, as routing is to see it: without audio there are no calls for them."""
        account, calls = self.account, self.voice and self.audio
        capacity = {
            channel: places if channel != "voice" or calls else 0
            for channel, places in account.capacity.items()
        }
        return Presence(
            agent_id=account.agent_id,
            name=account.display_name,
            state=self.state,
            queues=account.queues,
            skills=account.skills,
            languages=account.languages,
            capacity=capacity,
        )

    def settle(self, contacts: Sequence[Contact], before: Mapping[str, Contact]) -> None:
        """These were asked for when they were `before`; what has changed meanwhile is newer and stays."""
        asked = {contact.handoff_id or "": contact for contact in contacts}
        for handoff_id, contact in asked.items():
            if self.contacts.get(handoff_id) is before.get(handoff_id) != contact:
                self.take(contact)
        for handoff_id, contact in before.items():
            if handoff_id not in asked and self.contacts.get(handoff_id) is contact:
                self.take(contact.model_copy(update={"state": State.CLOSED.value}))

    def take(self, contact: Contact) -> None:
        """A contact came to another state: it is theirs now, still or no longer. Tell who needs to know."""
        handoff_id = contact.handoff_id or ""
        was_mine = self.contacts.pop(handoff_id, None) is not None
        mine = self._is_mine(contact)
        if mine and contact.state != State.CLOSED:
            self.contacts[handoff_id] = contact
        elif self.has(contact.session):
            return  # the end of an earlier handoff of a customer who is theirs again
        for tab in self.tabs:
            if mine or was_mine or contact.session in tab.watched:
                tab.outbox.push(self.view(contact))
        self._stop_watching(contact.session)

    def take_consult(self, consult: Consult, briefing: Mapping[str, object] | None) -> None:
        """A consult in which they take part came to another state; `briefing` as their role may see it."""
        mine = consult.agent_id == self.agent_id
        fields = consult.model_dump(exclude=None if self.may(Action.SEE_PII) else {"customer"})
        packet = None if mine or briefing is None else dict(briefing)
        shown = ConsultChanged(**fields, mine=mine, briefing=packet)
        if consult.state == "over":
            if self.consults.pop(consult.consult, None) is None:
                return  # they never heard of it
        else:
            self.consults[consult.consult] = shown
        self.tell(shown)
        self._stop_watching(consult.session)

    def _stop_watching(self, session_id: str) -> None:
        """Unless they may read it still."""
        if not self.may_read(session_id):
            for tab in self.tabs:
                tab.stop_watching(session_id)

    def view(self, contact: Contact) -> ContactChanged:
        """A contact as this agent may see it."""
        fields = contact.model_dump(exclude=None if self.may(Action.SEE_PII) else {"customer"})
        return ContactChanged(**fields, mine=self._is_mine(contact))

    def _is_mine(self, contact: Contact) -> bool:
        """Whether the agent has it: one that is over still names who had it last."""
        over = contact.outcome is not None and contact.state != State.CLOSED
        return contact.agent_id == self.agent_id and contact.state not in UNANSWERED and not over
