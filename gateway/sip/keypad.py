"""The keys of a telephone: pressed by RTP or by INFO, heard once.

Some telephones send a key both ways, whatever was agreed.
"""

import asyncio
from collections.abc import AsyncIterator

from gateway.leg import Channel
from gateway.rtp.dtmf import Digit

SAME_PRESS_MS = 1000
"A key that comes by RTP and by INFO within this time was pressed once."


class _ByInfo(Digit):
    """A key that came by INFO; the others come by RTP."""

    __slots__ = ()


class Keypad:
    """Puts keys of both kinds into the channel of a stream, and gives them out without doubles."""

    def __init__(self, digits: Channel[Digit]) -> None:
        self._digits = digits

    def informed(self, digit: str, duration_ms: int) -> None:
        """A key came by INFO."""
        self._digits.put(_ByInfo(digit, duration_ms))

    async def pressed(self) -> AsyncIterator[str]:
        """The keys, until the stream is closed. One reader."""
        last: tuple[Digit, int] | None = None
        async for digit in self._digits:
            now_ms = int(asyncio.get_running_loop().time() * 1000)
            if last is not None and _is_same_press(digit, last[0]) and now_ms - last[1] < SAME_PRESS_MS:
                last = None
                continue
            last = digit, now_ms
            yield digit.digit


def _is_same_press(one: Digit, other: Digit) -> bool:
    return one.digit == other.digit and isinstance(one, _ByInfo) != isinstance(other, _ByInfo)
