"""Keeps a customer who waits for a person informed of their place in line."""

import asyncio
from collections.abc import Callable

from gateway.events import QueuePosition
from gateway.handoff.house import House
from gateway.handoff.talk import Talk
from gateway.live import LiveSession
from pipelines.facts import Unavailable

LOOK_EVERY_S = 5.0
TELL_EVERY_S = 40.0
"A caller who says nothing, and is told nothing, hears how it stands."


class Place:
    """Of one handoff. `waits` and `talk` say how things stand now."""

    def __init__(
        self,
        handoff_id: str,
        live: LiveSession,
        house: House,
        waits: Callable[[], bool],
        talk: Callable[[], Talk | None],
    ) -> None:
        self._handoff_id = handoff_id
        self._live = live
        self._house = house
        self._waits = waits
        self._talk = talk
        self._words_at = 0.0
        self._shown: QueuePosition | None = None

    def words(self) -> None:
        """Somebody said something: they are not left alone."""
        self._words_at = asyncio.get_running_loop().time()

    async def run(self) -> None:
        """Tell, for as long as the handoff lasts."""
        clock = asyncio.get_running_loop().time
        told_at = clock()
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if not self._waits():
                told_at = clock()
                continue
            if (position := await self._look()) is None:
                continue
            talk = self._talk()
            if talk is not None and clock() - max(told_at, self._words_at) >= TELL_EVERY_S:
                told_at = clock()
                talk.tell(self._house.phrases.waiting(position.position, position.wait_s))

    async def _look(self) -> QueuePosition | None:
        """The place now, shown if it is another; None when it is not known."""
        try:
            stands = await self._house.queue.position(self._handoff_id)
        except Unavailable:
            return None
        if stands.position is None:
            return None
        position = QueuePosition(handoff_id=self._handoff_id, position=stands.position, wait_s=stands.wait_s)
        if position != self._shown:
            self._live.log.show(position)
            self._shown = position
        return position
