"""`CallerIndex` in memory that can be told to fail; passes the same contract tests as the real one."""

from gateway.store.caller_index import MOST
from gateway.store.desk_records import UnknownContact
from pipelines.facts import Unavailable
from tests.fakes.memory_store import MemoryStore


class MemoryCallerIndex:
    def __init__(self, store: MemoryStore) -> None:
        self.down = False
        "Set it, and every operation fails as if the database had gone."
        self.noted: dict[str, tuple[str, float]] = {}
        self._store = store

    async def note(self, caller_key: str, session_id: str, at: float) -> None:
        self._serve()
        if session_id not in self._store.records:
            raise UnknownContact(session_id)
        self.noted[session_id] = (caller_key, at)

    async def sessions(self, caller_key: str, *, since: float) -> list[str]:
        self._serve()
        found = [(-at, session) for session, (key, at) in self.noted.items() if key == caller_key]
        return [session for at, session in sorted(found) if -at >= since][:MOST]

    def _serve(self) -> None:
        if self.down:
            raise Unavailable("the session store failed: down")
