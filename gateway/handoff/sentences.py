"""Sentences of a handoff in a chat: each written after the reply that is under way, none beside a person."""

import asyncio
from contextlib import suppress

import structlog

from gateway.live import LiveSession
from pipelines.facts import ReplyDone, ReplyStarted, Unavailable, Words

log = structlog.get_logger(__name__)

MOST = 64
"That wait; further ones are left out."
LAST_WORDS_S = 4.0
"Sentences that are not in the chat yet may take so long."


class ChatSentences:
    """Those of one session; `run` must run beside the handoff."""

    def __init__(self, live: LiveSession) -> None:
        self._live = live
        self._waiting: asyncio.Queue[str] = asyncio.Queue(MOST)

    def put(self, text: str) -> None:
        """Write it when it is its turn."""
        if not self._waiting.full():
            self._waiting.put_nowait(text)

    async def run(self) -> None:
        """Write, until cancelled."""
        while True:
            text = await self._waiting.get()
            try:
                await self._live.silent()
                if not self._live.log.with_person:
                    await self._write(text)
            finally:
                self._waiting.task_done()

    async def written(self) -> None:
        """Wait until all are in the chat, for some seconds at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_S):
                await self._waiting.join()

    async def _write(self, text: str) -> None:
        session = self._live.log
        turn_id, words = session.new_id("r"), Words(text=text)
        for fact in (
            ReplyStarted(turn_id=turn_id, answers=None),
            ReplyDone(turn_id=turn_id, answers=None, source="fixed", pii=words),
        ):
            try:
                await session.emit(fact)
            except Unavailable as error:
                log.warning("sentence not stored", session_id=session.session_id, reason=str(error))
                session.show(fact)
        self._live.answer_owed()
