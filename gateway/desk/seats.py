"""Everybody who is here, and what is told to them: the side of the desk that the conductor sees.

What changes on any node is told to the `Seats` of every node; each passes it to the agents it concerns.
"""

from collections.abc import Iterator

from gateway.accounts.permissions import DeskRole
from gateway.desk.messages import BriefingChanged, Consult, Contact, CustomerTyping
from gateway.desk.seat import Seat
from pipelines.briefing import Briefing


class Seats:
    """The agents at this node, by `agent_id`."""

    def __init__(self) -> None:
        self._seats: dict[str, Seat] = {}
        self.changed = True
        "What supervisors see of all sessions may have changed since this was last set to False."

    def __iter__(self) -> Iterator[Seat]:
        return iter(list(self._seats.values()))

    def get(self, agent_id: str) -> Seat | None:
        """The agent's seat, if they are here."""
        return self._seats.get(agent_id)

    def add(self, seat: Seat) -> None:
        """Somebody came."""
        self._seats[seat.agent_id] = seat

    def remove(self, seat: Seat) -> None:
        """They left."""
        if self._seats.get(seat.agent_id) is seat:
            del self._seats[seat.agent_id]

    def contact_changed(self, contact: Contact) -> None:
        """A contact came to another state: for its agent, the former one, and whoever watches the session."""
        self.changed = True
        for seat in self:
            seat.take(contact)

    def briefing_changed(self, session_id: str, briefing: Briefing) -> None:
        """More is known of a customer: for those who have, watch, are offered or asked about the session."""
        shown: dict[DeskRole, BriefingChanged] = {}
        for seat in self:
            role = seat.account.role
            offered = any(offer.session == session_id for offer in seat.offers.values())
            offered = offered or seat.consults_on(session_id)
            for tab in seat.tabs:
                if offered or seat.has(session_id) or session_id in tab.watched:
                    if role not in shown:
                        shown[role] = BriefingChanged(session=session_id, briefing=packet(briefing, role))
                    tab.outbox.replace(shown[role], session_id)

    def consult_changed(self, consult: Consult, briefing: Briefing | None) -> None:
        """A consult came to another state: for who asks and who is asked."""
        for agent_id in (consult.agent_id, consult.colleague_id):
            if (seat := self.get(agent_id)) is not None:
                shown = None if briefing is None else packet(briefing, seat.account.role)
                seat.take_consult(consult, shown)

    def customer_typing(self, session_id: str, on: bool) -> None:
        """A customer began or stopped typing: for those who have or watch the session."""
        message = CustomerTyping(session=session_id, on=on)
        for seat in self:
            for tab in seat.tabs:
                if seat.has(session_id) or session_id in tab.watched:
                    tab.outbox.replace(message, session_id)


def packet(briefing: Briefing, role: DeskRole) -> dict[str, object]:
    """The briefing as a JSON object, with what this role may see of it."""
    return briefing.for_role(role).model_dump(mode="json", exclude_none=True)
