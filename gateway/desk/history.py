"""What is known of a customer from before: their earlier sessions, for whoever talks with them now."""

from gateway.desk.messages import FormerContact, History
from gateway.store.desk_records import DeskRecords, PastContact
from gateway.store.store import Store


class CustomerHistory:
    """Looks it up in the store."""

    def __init__(self, store: Store, records: DeskRecords) -> None:
        self._store = store
        self._records = records

    async def of(self, session_id: str) -> History:
        """Earlier sessions of the customer; none while nobody knows who they are. Raises `Unavailable`."""
        session = await self._store.session(session_id)
        if session is None or session.customer_id is None:
            return History(session=session_id, contacts=())
        past = await self._records.history(session.customer_id, besides=session_id)
        return History(session=session_id, contacts=tuple(_shown(contact) for contact in past))


def _shown(contact: PastContact) -> FormerContact:
    return FormerContact(
        session=contact.session_id,
        at=contact.started_at,
        channel=contact.channel,
        outcome=contact.disposition or contact.outcome,
        summary=" ".join(contact.summary) or None,
    )
