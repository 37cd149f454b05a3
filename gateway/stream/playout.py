"""What was sent to a provider, and how much of it the caller has been given.  [core]

The provider plays from a buffer that we do not see. Marks that come back say what it has played; between two
of them time is counted, but never past a mark that is still out: a provider that starts late or stalls is not
credited with what it has not played. Times are `now_ms`, a monotonic clock; places are milliseconds of sound
since the start.
"""

from collections import deque
from dataclasses import dataclass

from gateway.mixing import FULL, MOST_MS, Slack
from pipelines.audio import FRAME_MS, Frame

MARK_EVERY_MS = 100
MARK_PATIENCE_MS = 2_000
"A mark that is so much overdue is given up, and time counts alone until a mark comes back again."
MOST_MARKS = 32
"Of those that do not come back, so many are remembered."
GROUP_WAIT_MS = 60
"Frames wait so long for others to go into one message with them."


@dataclass(frozen=True, slots=True)
class _Mark:
    name: str
    place_ms: int


class RemotePlayout:
    """Frames on their way to the caller's ear, ours and those that the provider holds.

    `ahead_ms`: at most so much may be sent and not played yet. `group`: frames sent together where possible.
    """

    def __init__(self, *, marks: bool, ahead_ms: int, group: int = 1) -> None:
        self._marks = marks
        self._ahead_ms = ahead_ms
        self._group = group
        self._waiting: deque[Frame] = deque()
        self._since_ms = 0
        "When the oldest frame that waits was written."
        self._sent_ms = 0
        self._played_ms = 0
        self._looked_ms = 0
        "When `_played_ms` was counted."
        self._out: deque[_Mark] = deque()
        "Marks that have not come back."
        self._believed = True
        "Whether marks come back."
        self._stalled_since_ms: int | None = None
        "Since when the oldest of them holds the count."
        self._marked_ms = 0
        "The place of the last mark that was sent."
        self._epoch = 0
        self._slack = Slack()
        self._relayed_until_ms = 0
        "When the last relayed frame will have been played, if the provider plays at once what it gets."
        self._relays: deque[int] = deque()
        "The places where relayed frames end that were not played yet."
        self._relayed_ms = 0
        "Of what was played."

    @property
    def waiting(self) -> bool:
        """Whether frames wait to be sent."""
        return bool(self._waiting)

    @property
    def marks_out(self) -> int:
        """Marks that have not come back."""
        return len(self._out)

    def write(self, frame: Frame, now_ms: int) -> None:
        """Queue a frame."""
        if not self._waiting:
            self._since_ms = now_ms
        self._waiting.append(frame)

    def relay(self, frame: Frame, now_ms: int) -> bool:
        """Queue a live frame; False if it is left out, because enough of them is on its way.

        What the provider holds cannot be taken back, so it is the newest that is left out.
        """
        self.said_ms(now_ms)
        waiting_ms = max(self._relayed_until_ms - now_ms, 0)
        if self._slack.leaves_out(frame, waiting_ms):
            return False
        held_up = len(self._waiting) >= max(MOST_MS // FRAME_MS, self._group)
        if held_up or waiting_ms > MOST_MS - FRAME_MS:
            FULL.inc()
            return False
        self._relayed_until_ms = now_ms + waiting_ms + FRAME_MS
        self.write(frame, now_ms)
        self._relays.append(self._sent_ms + len(self._waiting) * FRAME_MS)
        return True

    def said_ms(self, now_ms: int) -> int:
        """Milliseconds that the caller has been given of what was written, without what was relayed."""
        played_ms = self.played_ms(now_ms)
        while self._relays and self._relays[0] <= played_ms:
            self._relays.popleft()
            self._relayed_ms += FRAME_MS
        return played_ms - self._relayed_ms

    def queued_ms(self, now_ms: int) -> int:
        """Written and not played: what `play` bounds."""
        return len(self._waiting) * FRAME_MS + self._sent_ms - self.played_ms(now_ms)

    def take(self, now_ms: int) -> list[Frame]:
        """The frames for the next message; none when nothing is to be sent now."""
        room_ms = self._ahead_ms - (self._sent_ms - self.played_ms(now_ms))
        count = min(len(self._waiting), self._group, max(-(-room_ms // FRAME_MS), 0))
        if not count or (count < self._group and now_ms - self._since_ms < GROUP_WAIT_MS):
            return []
        self._sent_ms += count * FRAME_MS
        self._since_ms = now_ms
        return [self._waiting.popleft() for _ in range(count)]

    def mark(self) -> str | None:
        """The mark that must follow what was just sent, if it is time for one."""
        if not self._marks or self._sent_ms - self._marked_ms < MARK_EVERY_MS:
            return None
        self._marked_ms = self._sent_ms
        self._out.append(_Mark(f"w{self._epoch}-{self._sent_ms}", self._sent_ms))
        if not self._believed and len(self._out) > MOST_MARKS:
            self._out.popleft()
        return self._out[-1].name

    def marked(self, name: str, now_ms: int) -> None:
        """A mark came back. One that is not ours, or was sent before a `clear`, says nothing."""
        self._count(now_ms)
        if any(mark.name == name for mark in self._out):
            while (mark := self._out.popleft()).name != name:
                pass
            self._played_ms = max(self._played_ms, mark.place_ms)
            self._stalled_since_ms = None
            self._believed = True

    def played_ms(self, now_ms: int) -> int:
        """Milliseconds that the caller has been given."""
        self._count(now_ms)
        return self._played_ms

    def give_up(self, now_ms: int) -> bool:
        """Whether a mark is long overdue; from then on time counts alone."""
        self._count(now_ms)
        since = self._stalled_since_ms
        if since is None or now_ms - since < MARK_PATIENCE_MS:
            return False
        self._believed = False
        self._stalled_since_ms = None
        return True

    def clear(self, now_ms: int) -> int:
        """Forget what was not played; return how many ms of it were written."""
        self.said_ms(now_ms)
        dropped_ms = max(self.queued_ms(now_ms) - len(self._relays) * FRAME_MS, 0)
        self._relays.clear()
        self._relayed_until_ms = 0
        self._waiting.clear()
        self._out.clear()
        self._stalled_since_ms = None
        self._sent_ms = self._marked_ms = self._played_ms
        self._epoch += 1
        return dropped_ms

    def _count(self, now_ms: int) -> None:
        """Let time pass: the provider plays on, up to the next mark that is out or the end of what it has."""
        held = self._believed and bool(self._out)
        end_ms = self._out[0].place_ms if held else self._sent_ms
        passed_ms = max(now_ms - self._looked_ms, 0)
        reached_ms = min(self._played_ms + passed_ms, end_ms)
        if held and reached_ms == end_ms and self._stalled_since_ms is None:
            self._stalled_since_ms = self._looked_ms + reached_ms - self._played_ms
        self._played_ms, self._looked_ms = reached_ms, now_ms
