"""Whom we may call, and how often: what stands between a mistake and a telephone bill.  [core]

Asked before every call out and every transfer, whoever wishes it: a person, a program, the other side of a
call by REFER, or the language model.
"""

from collections import deque

from gateway.protocol_error import ProtocolError
from gateway.sip import numbers
from gateway.trunks import Dial

WINDOW_MS = 60_000


class Destinations:
    """The rules of one gateway and the calls it placed within the last minute."""

    def __init__(self, dial: Dial) -> None:
        self._dial = dial
        self._placed_ms: deque[int] = deque()

    def check(self, number: str) -> str:
        """The number as it is to be dialled. Raises `ProtocolError`: `destination_not_allowed` (403)."""
        wanted = numbers.normalised(number)
        dial = self._dial
        if not numbers.is_diallable(wanted) or not any(numbers.fits(p, wanted) for p in dial.allowed):
            raise _not_allowed()
        if any(numbers.fits(p, wanted) for p in dial.refused):
            raise _not_allowed()
        return wanted

    def allows(self, number: str) -> bool:
        """The same as a question."""
        try:
            self.check(number)
        except ProtocolError:
            return False
        return True

    def place(self, number: str, running: int, now_ms: int) -> str:
        """The same for a call that is placed now, while `running` others of ours are; it counts.

        Raises `too_many_calls` (429) too.
        """
        wanted = self.check(number)
        while self._placed_ms and self._placed_ms[0] <= now_ms - WINDOW_MS:
            self._placed_ms.popleft()
        if running >= self._dial.calls or len(self._placed_ms) >= self._dial.per_minute:
            raise ProtocolError("too_many_calls", "No more calls can be placed now. Try again later.", 429)
        self._placed_ms.append(now_ms)
        return wanted


def _not_allowed() -> ProtocolError:
    return ProtocolError("destination_not_allowed", "Calls to this number are not allowed.", 403)
