"""Keeps what was promised to customers who did not wait for a person: a call back, or a reader."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from gateway.handoff.phrases import HandoffPhrases
from gateway.handoff.said_number import InFull, as_written, said_numbers
from gateway.handoff.states import Choice
from gateway.handoff.when import named_time, said
from gateway.queue.hours import opens_at
from gateway.queue.settings import Queues
from gateway.store.desk_records import DeskRecords, FollowUp


@dataclass(frozen=True, slots=True)
class WantedCall:
    """What a customer says of the call that they want."""

    number: str | None
    "As it is dialled; None: they have to be asked for one."
    at: float | None
    "Unix time, s; None: they named none."
    said_another: bool = False
    "They named a number, which we cannot call."

    def values(self) -> dict[str, Any]:
        """As the fact of their choice has it."""
        found = {"number": self.number, "at": self.at}
        return {key: value for key, value in found.items() if value is not None}


class Arrangements:
    """Follow-ups in the store, due when the queue's people are there again, or when the customer wants."""

    def __init__(
        self,
        records: DeskRecords,
        settings: Queues,
        now: Callable[[], float],
        in_full: InFull = as_written,
        phrases: HandoffPhrases | None = None,
    ) -> None:
        self._records = records
        self._settings = settings
        self._now = now
        self._in_full = in_full
        self._phrases = phrases or HandoffPhrases()

    async def summarise(self, session_id: str, lines: Sequence[str]) -> None:
        """Keep the newest summary of a session. Raises `Unavailable`."""
        await self._records.keep_summary(session_id, lines, self._now())

    def wanted_call(self, words: str, queue: str, known: str | None) -> WantedCall:
        """The number and the time in a customer's words; `known`: the number that they call from."""
        at = named_time(words, self._now(), self._settings.schedule(queue))
        named = said_numbers(words)
        number = next(filter(None, map(self._in_full, named or [known or ""])), None)
        return WantedCall(number, at, said_another=bool(named) and number is None)

    async def arrange(
        self,
        session_id: str,
        choice: Choice,
        queue: str,
        contact: Mapping[str, str],
        chosen: Mapping[str, Any] = MappingProxyType({}),
    ) -> str:
        """Note a callback or a message, and give the sentence that tells the customer. Raises `Unavailable`.

        `contact`: by what they can be reached (`phone`, `email`, `name`); `chosen`: a `WantedCall`'s values.
        """
        now = self._now()
        number = chosen.get("number") or self._in_full(contact.get("phone", ""))
        calls = choice == "callback" and number is not None
        opens = opens_at(self._settings.schedule(queue), now) or now
        at = chosen.get("at") if calls else None
        due_at = max(float(at), now) if at is not None else opens
        await self._records.add_follow_up(
            FollowUp(
                f"f_{secrets.token_hex(8)}",
                session_id,
                "callback" if calls else "message",
                queue,
                due_at=due_at,
                created_at=now,
                created_by="customer",
                number=number,
                words=", ".join(contact[key] for key in ("name", "email") if key in contact),
            )
        )
        if not calls:
            return self._phrases.arranged
        when = said(due_at, now, self._settings.schedule(queue).zone) if due_at > now else None
        return self._phrases.called_back(when)
