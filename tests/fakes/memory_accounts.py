"""An `AccountStore` in memory that can be told to fail; passes the same contract tests as the real one."""

from dataclasses import replace

from gateway.accounts.account import Account
from gateway.accounts.desk_session import DeskSession, Signed
from gateway.store.account_store import Credentials, NameTaken
from pipelines.facts import Unavailable


class MemoryAccounts:
    def __init__(self) -> None:
        self.kept: dict[str, Credentials] = {}
        "By agent_id."
        self.sessions: dict[str, DeskSession] = {}
        self.down = False
        "Set it, and every operation fails as if the database had gone."

    async def add(self, account: Account, password_hash: str) -> None:
        if self._named(account.name) is not None:
            raise NameTaken(account.name)
        self.kept[account.agent_id] = Credentials(account, password_hash, 1)

    async def accounts(self) -> list[Account]:
        self._serve()
        return sorted((found.account for found in self.kept.values()), key=lambda account: account.name)

    async def credentials(self, name: str) -> Credentials | None:
        return self._named(name)

    async def change(self, account: Account) -> bool:
        self._serve()
        found = self.kept.get(account.agent_id)
        if found is None:
            return False
        before = found.account
        raised = (before.role, before.enabled) != (account.role, account.enabled)
        after = replace(account, name=before.name, created_at=before.created_at)
        self.kept[account.agent_id] = replace(found, account=after, generation=found.generation + raised)
        return True

    async def set_password(self, agent_id: str, password_hash: str) -> int | None:
        self._serve()
        found = self.kept.get(agent_id)
        if found is None:
            return None
        generation = found.generation + 1
        self.kept[agent_id] = replace(found, password_hash=password_hash, generation=generation)
        return generation

    async def renew_hash(self, agent_id: str, old_hash: str, new_hash: str) -> None:
        self._serve()
        found = self.kept[agent_id]
        if found.password_hash == old_hash:
            self.kept[agent_id] = replace(found, password_hash=new_hash)

    async def open_session(self, session: DeskSession, *, keep: int) -> None:
        self._serve()
        self.sessions[session.token_hash] = session
        self.sessions = {k: s for k, s in self.sessions.items() if not s.expired(session.opened_at)}
        mine = [s for s in self.sessions.values() if s.agent_id == session.agent_id]
        for former in sorted(mine, key=lambda s: (-s.opened_at, s.token_hash))[keep:]:
            del self.sessions[former.token_hash]

    async def session(self, token_hash: str) -> Signed | None:
        self._serve()
        session = self.sessions.get(token_hash)
        found = self.kept.get(session.agent_id) if session else None
        if session is None or found is None:
            return None
        counts = found.account.enabled and found.generation == session.generation
        return Signed(found.account, session) if counts else None

    async def touch_session(self, token_hash: str, at: float) -> None:
        self._serve()
        if (session := self.sessions.get(token_hash)) and session.seen_at < at:
            self.sessions[token_hash] = replace(session, seen_at=at)

    async def end_session(self, token_hash: str) -> None:
        self._serve()
        self.sessions.pop(token_hash, None)

    def _named(self, name: str) -> Credentials | None:
        self._serve()
        return next((found for found in self.kept.values() if found.account.name == name), None)

    def _serve(self) -> None:
        if self.down:
            raise Unavailable("the session store failed: down")
