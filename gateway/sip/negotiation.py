"""Where a call stands with offers and answers (RFC 3264; RFC 6337 for when they may be made).  [core]"""

from typing import Literal

State = Literal["stable", "offered", "asked"]


class Negotiation:
    """One exchange at a time: an offer by either side, then its answer, and until then nothing changes."""

    def __init__(self) -> None:
        self.state: State = "stable"
        "`offered`: our offer is out. `asked`: theirs has come and we owe the answer."
        self.local: bytes | None = None
        "Our description that is in force; None before the first exchange is complete."
        self.remote: bytes | None = None
        "Theirs."
        self._proposed = b""

    @property
    def complete(self) -> bool:
        """Whether an exchange has been completed at all."""
        return self.local is not None

    @property
    def unopened(self) -> bool:
        """Whether nobody has offered anything yet (a delayed offer)."""
        return self.state == "stable" and not self.complete

    def offer(self, sdp: bytes) -> None:
        """We offer."""
        self._expect("stable")
        self.state, self._proposed = "offered", sdp

    def receive_answer(self, sdp: bytes) -> None:
        """They answer."""
        self._expect("offered")
        self.state, self.local, self.remote = "stable", self._proposed, sdp

    def receive_offer(self, sdp: bytes) -> None:
        """They offer."""
        self._expect("stable")
        self.state, self._proposed = "asked", sdp

    def answer(self, sdp: bytes) -> None:
        """We answer."""
        self._expect("asked")
        self.state, self.local, self.remote = "stable", sdp, self._proposed

    def abandon(self) -> None:
        """The offer under way was refused, or its transaction failed; what was in force stays so."""
        self.state = "stable"

    def correct(self, sdp: bytes) -> None:
        """They said it again and differently (another description in the 200 than in the 183 before it)."""
        self.remote = sdp

    def _expect(self, state: State) -> None:
        if self.state != state:
            raise RuntimeError(f"the negotiation is {self.state}, not {state}")
