"""A `Store` in memory that can be told to fail; passes the same contract tests as the real one."""

import asyncio
from dataclasses import replace

from gateway.events import Event, SessionEnded
from gateway.session import Disposition, Session
from gateway.store.store import SecondWriter
from pipelines.facts import CustomerTurn, IdentityVerified, Unavailable


class MemoryStore:
    def __init__(self) -> None:
        self.records: dict[str, Session] = {}
        self.log: dict[str, list[Event]] = {}
        self.down = False
        "Set it, and every operation fails as if the database had gone."
        self.fails_after_s = 0.0
        "While it is down an event waits so long in vain."

    async def create(self, session: Session) -> None:
        self._serve()
        if session.session_id in self.records:
            raise SecondWriter("the row is there already")
        self.records[session.session_id] = session
        self.log[session.session_id] = []

    async def session(self, session_id: str) -> Session | None:
        self._serve()
        return self.records.get(session_id)

    async def append(self, session_id: str, event: Event) -> None:
        if self.down:
            await asyncio.sleep(self.fails_after_s)
        self._serve()
        if session_id not in self.log or self._taken(session_id, event):
            raise SecondWriter("the row is there already")
        self.log[session_id].append(event)
        self.records[session_id] = _follow(self.records[session_id], event)

    async def events(self, session_id: str, *, after: int = 0, limit: int = 500) -> list[Event]:
        self._serve()
        return sorted(
            (e for e in self.log.get(session_id, []) if e.seq > after), key=lambda event: event.seq
        )[:limit]

    async def check(self) -> None:
        self._serve()

    def _serve(self) -> None:
        if self.down:
            raise Unavailable("the session store failed: down")

    def _taken(self, session_id: str, event: Event) -> bool:
        client_id = event.fact.client_id if isinstance(event.fact, CustomerTurn) else None
        return any(
            e.seq == event.seq
            or (client_id and isinstance(e.fact, CustomerTurn) and e.fact.client_id == client_id)
            for e in self.log[session_id]
        )


def _follow(session: Session, event: Event) -> Session:
    match event.fact:
        case IdentityVerified(customer_id=customer_id):
            return replace(session, customer_id=customer_id)
        case SessionEnded(outcome=outcome, reason=reason, by=by):
            return replace(session, ended_at=event.at, disposition=Disposition(outcome, reason, by))
    return session
