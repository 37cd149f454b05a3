"""Who did what to which contact, and when: written before it is done, and never changed.

An entry names people and contacts by id and holds codes, counts and flags; words, names and numbers of
customers stay in the session's own events.
"""

import re
import time
from collections.abc import Callable

from gateway.store.desk_records import AuditEntry, AuditLog

CONSOLE = "console"
"The `agent_id` of whoever runs the gateway at its own machine."
MOST_DETAILS = 16
LONGEST_DETAIL = 120

_CODE = re.compile(r"[a-z][a-z0-9_.]{0,31}\Z")


class Audit:
    """Writes entries, and reads them."""

    def __init__(self, log: AuditLog, now: Callable[[], float] = time.time) -> None:
        self._log = log
        self._now = now

    async def note(
        self, agent_id: str, action: str, session_id: str | None = None, **details: str | int | bool | None
    ) -> None:
        """Write down that this person does this now; durable when it returns.

        `details` have no personal data. Raises `Unavailable` when it cannot be written, and then the action
        must not be done; `ValueError` for what can be no entry, which is our own fault.
        """
        if not _CODE.match(action) or len(details) > MOST_DETAILS:
            raise ValueError(f"no entry of the audit: {action[:40]!r} with {len(details)} details")
        for key, value in details.items():
            if "pii" in key or (isinstance(value, str) and len(value) > LONGEST_DETAIL):
                raise ValueError(f"details of the audit are short codes without personal data: {key!r}")
        await self._log.note(AuditEntry(self._now(), agent_id, action, session_id, details))

    def now(self) -> float:
        """Unix time, s, as entries have it."""
        return self._now()

    async def entries(
        self, *, session_id: str | None = None, agent_id: str | None = None, before: int | None = None
    ) -> list[AuditEntry]:
        """The newest entries first, a page of them, of one contact or one person if asked so.

        `before`: the `number` of the last entry of the page before this one. Raises `Unavailable`.
        """
        return await self._log.entries(session_id=session_id, agent_id=agent_id, before=before)
