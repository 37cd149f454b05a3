"""Messages that wait for the data channel: bounded, and what is worth least goes first.

A client that reads slowly loses passing messages (partial captions, text deltas), which the durable
ones that follow make up for. A client that does not even keep up with the durable ones is beyond help.
"""

from collections import deque

from gateway.leg import DROPPED

MOST_MESSAGES = 512
MOST_CHARACTERS = 1_048_576


class Outbox:
    """A queue of JSON texts between the call (writes) and the data channel (takes)."""

    def __init__(self) -> None:
        self._texts: deque[tuple[str, bool]] = deque()
        self._characters = 0
        self._dropped = DROPPED.labels("webrtc_out")

    def put(self, text: str, *, passing: bool) -> bool:
        """Queue a message; False when only durable messages are left and there is no room for another."""
        while self._overflows(text):
            if not self._drop_oldest_passing():
                if passing:
                    self._dropped.inc()
                return passing
        self._texts.append((text, passing))
        self._characters += len(text)
        return True

    def take(self) -> str | None:
        """The oldest message, or None."""
        if not self._texts:
            return None
        text, _ = self._texts.popleft()
        self._characters -= len(text)
        return text

    def _overflows(self, text: str) -> bool:
        return len(self._texts) >= MOST_MESSAGES or self._characters + len(text) > MOST_CHARACTERS

    def _drop_oldest_passing(self) -> bool:
        for index, (text, passing) in enumerate(self._texts):
            if passing:
                del self._texts[index]
                self._characters -= len(text)
                self._dropped.inc()
                return True
        return False
