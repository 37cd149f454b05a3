"""A reply begun before the turn is known to be over: made in full, heard and recorded by nobody yet.

When the words of a pause are there but the pause may still be a breath, the answer is begun all the same.
It reads a conversation of its own, and what it states is kept here, in order. Confirmed, that is stated at
once and the rest goes its usual way; dropped, nothing of it ever was. A tool that only reads may run in a
draft; any other waits until the customer's turn is over.
"""

import asyncio
from collections import deque

from prometheus_client import Counter

from pipelines.conversation import Conversation
from pipelines.facts import Emit, Fact, ToolCalled

DRAFTS = Counter(
    "warmline_drafts_total", "Replies begun before the end of a turn, by what became of them", ["end"]
)


class Draft:
    """What one drafted reply states. `emit` is the reply's, `conversation` the answerer's."""

    def __init__(self, conversation: Conversation, emit: Emit) -> None:
        self.conversation = conversation.copy()
        self.confirmed = asyncio.Event()
        self._emit = emit
        self._kept: deque[Fact] = deque()
        "Bounded by what a reply reads ahead of its voice."

    async def emit(self, fact: Fact) -> None:
        """Keep a fact, or state it once the draft is confirmed. What has an effect waits for that here."""
        if isinstance(fact, ToolCalled) and fact.effect != "read":
            await self.confirmed.wait()
        if self.confirmed.is_set():
            await self._emit(fact)
        else:
            self._kept.append(fact)
        self.conversation.apply(fact)

    async def confirm(self) -> None:
        """State everything that was kept, in order. Raises `Unavailable` when a fact could not be stored."""
        DRAFTS.labels("confirmed").inc()
        while self._kept:
            await self._emit(self._kept.popleft())
        self.confirmed.set()
