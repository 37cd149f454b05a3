"""Our 2xx to an INVITE, sent until its ACK comes (RFC 3261, section 13.3.1.4).  [core]"""

from dataclasses import dataclass

from gateway.sip.message import Response
from gateway.sip.timers import T1_MS, TRANSACTION_MS, doubled


@dataclass(slots=True)
class Acceptance:
    """One 2xx under way."""

    key: str
    "Of the INVITE's server transaction."
    response: Response
    interval_ms: int
    again_ms: int
    give_up_ms: int


class Acceptances:
    """The 2xx of one dialog whose ACK has not come: by CSeq number, since an ACK names nothing else.

    They are repeated over TCP and TLS too: the ACK is end to end, a proxy's hop may have lost it.
    """

    def __init__(self) -> None:
        self._waiting: dict[int, Acceptance] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, key: str, response: Response, now_ms: int) -> None:
        """A 2xx was sent."""
        self._waiting[response.cseq.sequence] = Acceptance(
            key, response, T1_MS, now_ms + T1_MS, now_ms + TRANSACTION_MS
        )

    def acknowledged(self, sequence: int) -> bool:
        """An ACK came; whether it is the first for its 2xx."""
        return self._waiting.pop(sequence, None) is not None

    def clear(self) -> None:
        """The call is over: nobody waits for an ACK any more."""
        self._waiting.clear()

    def next_timer_ms(self) -> int | None:
        """When `due` has something, or None."""
        return min((min(a.again_ms, a.give_up_ms) for a in self._waiting.values()), default=None)

    def due(self, now_ms: int) -> list[Acceptance]:
        """Those to be sent once more now."""
        again = [a for a in self._waiting.values() if a.again_ms <= now_ms < a.give_up_ms]
        for acceptance in again:
            acceptance.interval_ms = doubled(acceptance.interval_ms)
            acceptance.again_ms = now_ms + acceptance.interval_ms
        return again

    def given_up(self, now_ms: int) -> bool:
        """Whether an ACK is overdue for good; all are forgotten then."""
        if any(a.give_up_ms <= now_ms for a in self._waiting.values()):
            self._waiting.clear()
            return True
        return False
