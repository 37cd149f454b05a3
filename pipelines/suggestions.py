"""While a person talks with the customer: what they could say next, for each turn of the customer's.

One turn at a time; a newer one takes the place of one that still waits or is being thought about, because
what the customer said before is answered or stale by then. So nothing piles up however fast they write.
"""

import asyncio
from contextlib import aclosing, suppress
from typing import NamedTuple

from prometheus_client import Counter

from pipelines.advisor import Advisor
from pipelines.conversation import Conversation
from pipelines.facts import Channel, Emit, Unavailable

SUGGESTED = Counter(
    "warmline_suggestions_total",
    "Customers' turns that suggestions were made for, by what came of it",
    ["end"],
)


class _Heard(NamedTuple):
    conversation: Conversation
    turn_id: str
    channel: Channel


class Suggestions:
    """Makes suggestions for one contact. `run` is a task of the contact's group; cancel it to stop."""

    def __init__(self, advisor: Advisor, emit: Emit) -> None:
        self._advisor = advisor
        self._emit = emit
        self._next: _Heard | None = None
        self._wake = asyncio.Event()
        self._thinking: asyncio.Task[int] | None = None

    def turn_finished(self, conversation: Conversation, turn_id: str, channel: Channel) -> None:
        """The customer's turn `turn_id` is complete and in the conversation. Returns at once."""
        if self._next is not None:
            SUGGESTED.labels("superseded").inc()
        # A copy: by the time it is thought about the conversation has gone on.
        self._next = _Heard(conversation.copy(), turn_id, channel)
        if self._thinking is not None and not self._thinking.done():
            self._thinking.cancel()
        self._wake.set()

    async def run(self) -> None:
        """Suggest until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            heard, self._next = self._next, None
            if heard is None:
                continue
            async with asyncio.TaskGroup() as tasks:
                self._thinking = tasks.create_task(self._suggest(heard), name="suggestions")
            if self._thinking.cancelled():
                SUGGESTED.labels("superseded").inc()
            else:
                SUGGESTED.labels("made" if self._thinking.result() else "none").inc()

    async def _suggest(self, heard: _Heard) -> int:
        made = 0
        with suppress(Unavailable):
            suggestions = self._advisor.suggest(heard.conversation, heard.turn_id, heard.channel)
            async with aclosing(suggestions) as each:  # type: ignore[type-var]
                async for suggestion in each:
                    await self._emit(suggestion)
                    made += 1
        return made
