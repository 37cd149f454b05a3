"""Has the answerer get ready for a turn while it is being spoken: one thing at a time, newest words first.

Words that came meanwhile replace those that wait, so there is never more than one of each. What is under way
is broken off when the turn is over, for then the answer itself begins.
"""

import asyncio
from collections.abc import Awaitable, Callable


class Preparation:
    """Of one call. `listen` prepares for words heard so far; it is cancelled at any point."""

    def __init__(self, listen: Callable[[str], Awaitable[None]]) -> None:
        self._listen = listen
        self._words: str | None = None
        self._wanted = asyncio.Event()
        self._under_way: asyncio.Timeout | None = None

    def prepare(self, words: str) -> None:
        """These words were heard so far; none: somebody may begin to speak."""
        self._words = words
        self._wanted.set()

    def stop(self) -> None:
        """The turn is over, or was none."""
        self._words = None
        if self._under_way is not None and not self._under_way.expired():  # else it is breaking off already
            self._under_way.reschedule(asyncio.get_running_loop().time())

    async def run(self) -> None:
        """Prepare whenever there is something to prepare for, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            words, self._words = self._words, None
            if words is None:
                continue
            try:
                async with asyncio.timeout(None) as self._under_way:
                    await self._listen(words)
            except TimeoutError:
                continue  # it was stopped
            finally:
                self._under_way = None
