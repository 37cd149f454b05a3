"""Provisional responses that must arrive: 100rel and PRACK, both ways (RFC 3262).  [core]"""

import re
from collections import deque

from gateway.sip.message import Request, Response
from gateway.sip.timers import T1_MS, TRANSACTION_MS

OPTION = "100rel"
MOST_WAITING = 8
"Provisional responses that wait for the PRACK of an earlier one; more are dropped, they say less and less."
_RACK = re.compile(r"(\d{1,10})\s+(\d{1,10})\s+(\S+)")


class ReliableResponses:
    """As the end that was called: one at a time, repeated until its PRACK comes, the next one after it."""

    def __init__(self, first: int) -> None:
        """`first` RSeq, 1 to 2**31 - 1; to be random."""
        self._next = first
        self._waiting: deque[Response] = deque(maxlen=MOST_WAITING)
        self._interval_ms = T1_MS
        self._again_ms = 0
        self._give_up_ms = 0

    @property
    def describing(self) -> bool:
        """Whether one with a session description waits for its PRACK: no 2xx before that (section 3)."""
        return any(response.body for response in self._waiting)

    def add(self, response: Response, now_ms: int) -> Response | None:
        """Give a response its RSeq; returned if it is to be sent now, else `acknowledged` will bring it."""
        if len(self._waiting) == MOST_WAITING:
            return None
        response.require = [*response.require, OPTION]
        response.headers.set("RSeq", str(self._next))
        self._next += 1
        self._waiting.append(response)
        return self._start(now_ms) if len(self._waiting) == 1 else None

    def acknowledged(self, prack: Request, now_ms: int) -> tuple[bool, Response | None]:
        """A PRACK came: whether it is for the one under way, and the one to be sent next."""
        if not self._waiting or _rack(prack) != _expected(self._waiting[0]):
            return False, None
        self._waiting.popleft()
        return True, self._start(now_ms) if self._waiting else None

    def clear(self) -> None:
        """The INVITE has its final response: none is repeated any more."""
        self._waiting.clear()

    def next_timer_ms(self) -> int | None:
        """When `due` or `given_up` has something, or None."""
        return min(self._again_ms, self._give_up_ms) if self._waiting else None

    def due(self, now_ms: int) -> Response | None:
        """The one to be sent once more now."""
        if not self._waiting or now_ms < self._again_ms:
            return None
        self._interval_ms *= 2
        self._again_ms = now_ms + self._interval_ms
        return self._waiting[0]

    def given_up(self, now_ms: int) -> bool:
        """No PRACK came: the INVITE is to be refused (section 3)."""
        return bool(self._waiting) and now_ms >= self._give_up_ms

    def _start(self, now_ms: int) -> Response:
        self._interval_ms = T1_MS
        self._again_ms = now_ms + T1_MS
        self._give_up_ms = now_ms + TRANSACTION_MS
        return self._waiting[0]


class ReliableReceived:
    """As the end that called: which of one dialog's reliable responses is new."""

    def __init__(self) -> None:
        self._latest: int | None = None

    def rack(self, response: Response) -> str | None:
        """The RAck of the PRACK that a response wants now; None for repeated ones and those out of order."""
        text = response.headers.get("RSeq", "")
        if not text or not text.isdecimal() or len(text) > 10:
            return None
        sequence = int(text)
        if self._latest is not None and sequence != self._latest + 1:
            return None
        self._latest = sequence
        return f"{sequence} {response.cseq}"


def is_reliable(response: Response) -> bool:
    """Whether a provisional response wants a PRACK."""
    return 100 < response.code < 200 and OPTION in response.require


def _rack(prack: Request) -> tuple[int, int, str] | None:
    match = _RACK.fullmatch((prack.headers.get("RAck") or "").strip())
    return (int(match[1]), int(match[2]), match[3]) if match else None


def _expected(response: Response) -> tuple[int, int, str]:
    cseq = response.cseq
    return int(response.headers["RSeq"]), cseq.sequence, cseq.method
