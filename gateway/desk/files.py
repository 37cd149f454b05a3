"""Files at the desk: whether an agent may send one to a customer, and read those that were sent."""

from collections.abc import Awaitable, Callable

from gateway.accounts.account import Account
from gateway.accounts.audit import Audit
from gateway.accounts.permissions import Action
from gateway.desk.conductor import Conductor
from gateway.desk.dispatch import NOT_YOURS, not_allowed
from gateway.desk.seat import Seat
from gateway.desk.seats import Seats
from gateway.events import FileName, FileShared
from gateway.handoff.states import State
from gateway.protocol_error import ProtocolError
from gateway.store.file_store import StoredFile


class DeskFiles:
    """The files of customers, as far as this node's agents have to do with them."""

    def __init__(
        self,
        conductor: Conductor,
        audit: Audit,
        seats: Seats,
        look_up: Callable[[Seat], Awaitable[None]],
        admit: Callable[[Seat, str], Awaitable[bool]],
    ) -> None:
        """`look_up` finds out which contacts are an agent's; `admit` raises where they may not read one."""
        self._conductor = conductor
        self._audit = audit
        self._seats = seats
        self._look_up = look_up
        self._admit = admit

    async def begin(self, agent: Account, session_id: str, file_id: str) -> None:
        """An agent is about to send a file, which is written down.

        Raises `ProtocolError` (`not_allowed`, `not_yours`, `no_floor`) and `Unavailable`.
        """
        seat = self._seat(agent)
        if not seat.may(Action.MESSAGE):
            raise not_allowed(Action.MESSAGE)
        if not seat.has(session_id):
            await self._look_up(seat)
        states = [contact.state for contact in seat.contacts.values() if contact.session == session_id]
        if not states:
            raise ProtocolError("not_yours", NOT_YOURS, 403)
        if State.HUMAN_ACTIVE not in states:
            raise ProtocolError("no_floor", "You are not connected with this customer now.", 409)
        await self._audit.note(agent.agent_id, "send_file", session_id, file=file_id)

    async def share(self, agent: Account, file: StoredFile) -> None:
        """It is here: tell the customer. Raises `ProtocolError` and `Unavailable`."""
        await self._conductor.share_file(file.session_id, agent, file)

    async def read(self, agent: Account, session_id: str, file_id: str) -> None:
        """An agent is about to read a file, which is written down.

        Raises `ProtocolError` (`not_allowed`, `not_yours`) and `Unavailable`.
        """
        await self._admit(self._seat(agent), session_id)
        await self._audit.note(agent.agent_id, "read_file", session_id, file=file_id)

    def _seat(self, agent: Account) -> Seat:
        return self._seats.get(agent.agent_id) or Seat(agent)


def shared_by(agent: Account, file: StoredFile) -> FileShared:
    """What is told of an agent's file."""
    return FileShared(
        file_id=file.file_id,
        by="agent",
        agent_id=agent.agent_id,
        agent=agent.display_name,
        size=file.size,
        media_type=file.media_type,
        pii=FileName(name=file.name or ""),
    )
