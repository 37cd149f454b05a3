"""Which sender is believed: symmetric RTP (RFC 4961) with a lock, against what is known as RTP bleed.  [core]

Behind a NAT the address in SDP is not where packets come from, so the first plausible sender is taken, and
what we say goes there. It stays: nobody else gets in while it sends. The address in SDP, though, always wins.
"""

from dataclasses import dataclass

Address = tuple[str, int]
"Host, as the socket writes it, and port."

SSRC_SILENCE_MS = 100
"A sender that goes on under another SSRC is believed after its old one was silent for so long."
MOVED_SILENCE_MS = 500
"The same SSRC from another address, or another port of the host that was locked: a NAT's mapping changed."
STRANGER_SILENCE_MS = 3_000
"Another SSRC from another address."
IN_A_ROW = 2
"Packets with consecutive numbers that prove a sender (RFC 3550, A.1: MIN_SEQUENTIAL)."


@dataclass(slots=True)
class _Candidate:
    address: Address
    ssrc: int
    sequence: int
    in_a_row: int = 1


class SourceLock:
    """The lock of one stream. `authentic` packets (SRTP) need no proof by numbers."""

    __slots__ = ("_candidate", "_heard_ms", "address", "expected", "ssrc")

    def __init__(self) -> None:
        self.expected: Address | None = None
        "The address in SDP."
        self.address: Address | None = None
        "Whom we believe; None until somebody was."
        self.ssrc = 0
        self._heard_ms = 0
        self._candidate: _Candidate | None = None

    @property
    def destination(self) -> Address | None:
        """Where to send: to whom we hear, else to the address in SDP."""
        return self.address or self.expected

    def expect(self, address: Address | None) -> None:
        """The address in SDP, or None when it names none. Another than before: what we say goes there."""
        if address != self.expected:
            self.expected, self.address, self._candidate = address, None, None

    def admit(
        self, address: Address, ssrc: int, sequence: int, now_ms: int, *, authentic: bool = False
    ) -> bool:
        """Whether a valid packet of the agreed kind is taken. Look at `address` and `ssrc` for a change."""
        if ssrc == self.ssrc and address == self.address:
            self._heard_ms = now_ms
            return True
        if self._may_take_over(address, ssrc, now_ms) and (
            address == self.expected or authentic or self._is_proved(address, ssrc, sequence)
        ):
            self.address, self.ssrc, self._heard_ms, self._candidate = address, ssrc, now_ms, None
            return True
        return False

    def _may_take_over(self, address: Address, ssrc: int, now_ms: int) -> bool:
        if self.address is None:
            return True
        silent_ms = now_ms - self._heard_ms
        if address == self.address:
            return silent_ms >= SSRC_SILENCE_MS
        if address == self.expected:
            return True
        if ssrc == self.ssrc or address[0] == self.address[0]:
            return silent_ms >= MOVED_SILENCE_MS
        return silent_ms >= STRANGER_SILENCE_MS

    def _is_proved(self, address: Address, ssrc: int, sequence: int) -> bool:
        found = self._candidate
        if found is None or found.address != address or found.ssrc != ssrc:
            self._candidate = _Candidate(address, ssrc, sequence)
            return False
        found.in_a_row = found.in_a_row + 1 if sequence == (found.sequence + 1) & 0xFFFF else 1
        found.sequence = sequence
        return found.in_a_row >= IN_A_ROW
