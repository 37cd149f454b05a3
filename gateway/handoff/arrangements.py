"""Keeps what was promised to customers who did not wait for a person: a call back, or a reader."""

import secrets
from collections.abc import Callable, Mapping, Sequence

from gateway.handoff.states import Choice
from gateway.queue.hours import opens_at
from gateway.queue.settings import Queues
from gateway.store.desk_records import DeskRecords, FollowUp


class Arrangements:
    """Follow-ups in the store, due when the queue's people are there again."""

    def __init__(self, records: DeskRecords, settings: Queues, now: Callable[[], float]) -> None:
        self._records = records
        self._settings = settings
        self._now = now

    async def summarise(self, session_id: str, lines: Sequence[str]) -> None:
        """Keep the newest summary of a session. Raises `Unavailable`."""
        await self._records.keep_summary(session_id, lines, self._now())

    async def arrange(self, session_id: str, choice: Choice, queue: str, contact: Mapping[str, str]) -> None:
        """Note a callback or a message, by what the customer can be reached. Raises `Unavailable`."""
        now = self._now()
        kind = "callback" if choice == "callback" and "phone" in contact else "message"
        await self._records.add_follow_up(
            FollowUp(
                f"f_{secrets.token_hex(8)}",
                session_id,
                "callback" if kind == "callback" else "message",
                queue,
                due_at=opens_at(self._settings.schedule(queue), now) or now,
                created_at=now,
                created_by="customer",
                number=contact.get("phone"),
                words=", ".join(contact[key] for key in ("name", "email") if key in contact),
            )
        )
