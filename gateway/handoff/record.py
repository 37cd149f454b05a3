"""A handoff in the session's log: what it came to is known at once and stored when the store can do it.

Who has the floor holds from the moment it is decided. No customer waits for a store that is slow or away,
none has two of us talk to them because of it, and the newest state is stored as soon as it is back.
"""

import asyncio

import structlog

from gateway.events import HandoffChanged
from gateway.session_log import SessionLog
from pipelines.facts import Fact, Unavailable

log = structlog.get_logger(__name__)

PATIENCE_S = 0.5
"Usually it is stored by then, and what follows comes after it in the log."
TRY_AGAIN_S = 1.0


class Record:
    """The facts of one handoff; `tasks` runs what takes longer."""

    def __init__(self, session: SessionLog, tasks: asyncio.TaskGroup) -> None:
        self._session = session
        self._tasks = tasks
        self._newest: HandoffChanged | None = None

    async def changed(self, fact: HandoffChanged) -> None:
        """Where the handoff stands from now on."""
        self._newest = fact
        self._session.assume(fact)
        storing = self._tasks.create_task(self._store(fact), name=f"store {fact.handoff_id}")
        await asyncio.wait([storing], timeout=PATIENCE_S)
        if not storing.done():
            self._session.show(fact)

    def note(self, fact: Fact) -> None:
        """Something else that happened; while the store is away it is shown and not kept."""
        self._tasks.create_task(self._note(fact), name=f"note in {self._session.session_id}")

    async def _store(self, fact: HandoffChanged) -> None:
        """Until it is stored, or another is newer, or the session has gone on in another process."""
        while fact is self._newest and not self._session.stale:
            try:
                await self._session.emit(fact)
                return
            except Unavailable as error:
                self._warn(error)
            await asyncio.sleep(TRY_AGAIN_S)

    async def _note(self, fact: Fact) -> None:
        try:
            await self._session.emit(fact)
        except Unavailable as error:
            self._warn(error)
            self._session.show(fact)

    def _warn(self, error: Unavailable) -> None:
        log.warning("fact of a handoff not stored", session_id=self._session.session_id, reason=str(error))
