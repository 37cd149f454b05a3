"""When a filler is said: once the silence is getting long, and nothing else has come by then.

An answerer that knows that its words will be long in coming offers a `Filler` before them. Whether it is said
is decided here, late: a draft may be confirmed so late that its answer is there by then.
"""

import asyncio
from collections.abc import Callable

from pipelines.answer import Filler

SILENCE_MS = 600
"""After the customer's last voiced sample. A longer gap is taken for trouble (Roberts and Francis,
"Identifying a temporal threshold of tolerance for silent gaps after requests", 2013)."""


class Gap:
    """The silence before one reply. `silent_ms` says how long it lasts already; None: since it began."""

    def __init__(self, silent_ms: Callable[[], int] | None, confirmed: asyncio.Event | None) -> None:
        self._silent_ms = silent_ms
        self._confirmed = confirmed
        self._offered: asyncio.Queue[tuple[Filler, float]] = asyncio.Queue(1)
        "A reply has one gap: a second offer is for nothing."

    def offer(self, filler: Filler) -> None:
        """Take a filler, for when it is due."""
        if self._offered.empty():
            self._offered.put_nowait((filler, asyncio.get_running_loop().time()))

    async def filler(self) -> str:
        """Wait until there is one and it is due; cancel it when there are words."""
        filler, offered = await self._offered.get()
        if self._confirmed is not None:
            await self._confirmed.wait()
        now = asyncio.get_running_loop().time()
        silent_ms = self._silent_ms() if self._silent_ms else (now - offered) * 1_000
        await asyncio.sleep(max(0.0, offered + filler.after_s - now, (SILENCE_MS - silent_ms) / 1_000))
        return filler.text
