"""What a store of contacts does, whichever database is behind it.

Errors::

    Unavailable          the store is down, full or slow: try later
     └─ SecondWriter     somebody else wrote this event of the session: read it again
"""

from typing import Protocol

from gateway.events import Event
from gateway.session import Session
from pipelines.facts import Unavailable


class SecondWriter(Unavailable):
    """Another process wrote to this session; what we hold in memory is out of date."""


class Store(Protocol):
    """Session records and their events. Every method raises `Unavailable` when it cannot do its work."""

    async def create(self, session: Session) -> None:
        """Store a new session's record."""

    async def session(self, session_id: str) -> Session | None:
        """The record, or None when there is no such session."""

    async def append(self, session_id: str, event: Event) -> None:
        """Store the next event of a session, all of it or nothing; durable when this returns.

        Raises `SecondWriter` when an event with this `seq`, or a customer's turn with this `client_id`,
        is there already. Cancelled, it may or may not have been stored.
        """

    async def events(self, session_id: str, *, after: int = 0, limit: int = 500) -> list[Event]:
        """At most `limit` events with a `seq` above `after`, in order."""

    async def check(self) -> None:
        """Return when the store can be written to."""
