"""`DeskRecords` in memory that can be told to fail; passes the same contract tests as the real ones.

It looks contacts up in a `MemoryStore`, as a database does by its keys.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from gateway.store.desk_records import (
    PAGE,
    AuditEntry,
    FollowUp,
    FollowUpKind,
    PastContact,
    UnknownContact,
    WrapUp,
)
from pipelines.facts import Unavailable
from tests.fakes.memory_store import MemoryStore


class MemoryDeskRecords:
    def __init__(self, store: MemoryStore | None = None) -> None:
        self.audit: list[AuditEntry] = []
        self.down = False
        "Set it, and every operation fails as if the database had gone."
        self._store = store or MemoryStore()
        self._wrap_ups: dict[tuple[str, str], WrapUp] = {}
        self._follow_ups: dict[str, FollowUp] = {}
        self._claims: dict[str, float] = {}
        self._summaries: dict[str, tuple[float, tuple[str, ...]]] = {}

    async def note(self, entry: AuditEntry) -> None:
        self._serve()
        self.audit.append(replace(entry, number=len(self.audit) + 1))

    async def entries(
        self, *, session_id: str | None = None, agent_id: str | None = None, before: int | None = None
    ) -> list[AuditEntry]:
        self._serve()
        found = [
            entry
            for entry in self.audit
            if session_id in (None, entry.session_id)
            and agent_id in (None, entry.agent_id)
            and (before is None or entry.number < before)
        ]
        return found[::-1][:PAGE]

    async def keep_wrap_up(self, wrap_up: WrapUp) -> None:
        self._check(wrap_up.session_id)
        key = (wrap_up.handoff_id, wrap_up.agent_id)
        if key not in self._wrap_ups or self._wrap_ups[key].at <= wrap_up.at:
            self._wrap_ups[key] = wrap_up

    async def wrap_ups(self, session_id: str) -> list[WrapUp]:
        self._serve()
        mine = (wrap_up for wrap_up in self._wrap_ups.values() if wrap_up.session_id == session_id)
        return sorted(mine, key=lambda wrap_up: wrap_up.at)

    async def add_follow_up(self, follow_up: FollowUp) -> None:
        self._check(follow_up.session_id)
        self._follow_ups.setdefault(follow_up.follow_up_id, follow_up)

    async def due_follow_ups(
        self, now: float, limit: int = PAGE, *, kind: FollowUpKind | None = None
    ) -> list[FollowUp]:
        self._serve()
        due = (f for f in self._open() if f.due_at <= now and self._is_free(f.follow_up_id, now))
        return _in_order(f for f in due if kind in (None, f.kind))[:limit]

    async def open_follow_ups(
        self, limit: int = PAGE, *, queues: Collection[str] | None = None
    ) -> list[FollowUp]:
        self._serve()
        return _in_order(f for f in self._open() if queues is None or f.queue in queues)[:limit]

    async def count_follow_ups(self, now: float, *, queues: Collection[str] | None = None) -> tuple[int, int]:
        self._serve()
        mine = [f for f in self._open() if queues is None or f.queue in queues]
        return len(mine), sum(f.due_at <= now for f in mine)

    async def follow_up(self, follow_up_id: str) -> FollowUp | None:
        self._serve()
        return self._follow_ups.get(follow_up_id)

    async def follow_ups_of(self, session_id: str) -> list[FollowUp]:
        self._serve()
        return _in_order(f for f in self._follow_ups.values() if f.session_id == session_id)

    async def claim_follow_up(self, follow_up_id: str, *, until: float, now: float) -> bool:
        follow_up = self._found(follow_up_id)
        if follow_up is None or not self._is_free(follow_up_id, now):
            return False
        self._claims[follow_up_id] = until
        self._follow_ups[follow_up_id] = replace(follow_up, attempts=follow_up.attempts + 1)
        return True

    async def put_off_follow_up(self, follow_up_id: str, due_at: float, *, tried: bool = True) -> bool:
        follow_up = self._found(follow_up_id)
        if follow_up is None:
            return False
        self._claims.pop(follow_up_id, None)
        attempts = follow_up.attempts - (not tried)
        self._follow_ups[follow_up_id] = replace(follow_up, due_at=due_at, attempts=attempts)
        return True

    async def leave_to_people(self, follow_up_id: str) -> bool:
        follow_up = self._found(follow_up_id)
        if follow_up is None:
            return False
        self._claims.pop(follow_up_id, None)
        self._follow_ups[follow_up_id] = replace(follow_up, kind="task")
        return True

    async def close_follow_up(self, follow_up_id: str, outcome: str, at: float) -> bool:
        follow_up = self._found(follow_up_id)
        if follow_up is None:
            return False
        self._follow_ups[follow_up_id] = replace(follow_up, state="closed", outcome=outcome)
        return True

    async def keep_summary(self, session_id: str, lines: Sequence[str], at: float) -> None:
        self._check(session_id)
        if session_id not in self._summaries or self._summaries[session_id][0] <= at:
            self._summaries[session_id] = (at, tuple(lines))

    async def summaries(self, session_ids: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        self._serve()
        return {
            session_id: lines
            for session_id, (_, lines) in self._summaries.items()
            if session_id in session_ids
        }

    async def history(
        self, customer_id: str, *, besides: str | None = None, limit: int = 20
    ) -> list[PastContact]:
        self._serve()
        mine = [s for s in self._store.records.values() if s.customer_id == customer_id]
        former = [s for s in mine if s.session_id != besides]
        newest = sorted(former, key=lambda s: (-s.started_at, s.session_id))[:limit]
        return [
            PastContact(
                session_id=session.session_id,
                channel=session.channel,
                started_at=session.started_at,
                ended_at=session.ended_at,
                outcome=session.disposition.outcome if session.disposition else None,
                disposition=next(
                    (w.disposition for w in (await self.wrap_ups(session.session_id))[::-1]), None
                ),
                summary=self._summaries.get(session.session_id, (0.0, ()))[1],
            )
            for session in newest
        ]

    def _open(self) -> Iterable[FollowUp]:
        return (f for f in self._follow_ups.values() if f.state == "open")

    def _found(self, follow_up_id: str) -> FollowUp | None:
        self._serve()
        return next((f for f in self._open() if f.follow_up_id == follow_up_id), None)

    def _is_free(self, follow_up_id: str, now: float) -> bool:
        return self._claims.get(follow_up_id, now) <= now

    def _check(self, session_id: str) -> None:
        self._serve()
        if session_id not in self._store.records:
            raise UnknownContact(session_id)

    def _serve(self) -> None:
        if self.down:
            raise Unavailable("the session store failed: down")


def _in_order(follow_ups: Iterable[FollowUp]) -> list[FollowUp]:
    return sorted(follow_ups, key=lambda f: (f.due_at, f.follow_up_id))
