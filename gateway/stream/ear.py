"""What the caller says, as frames: one every 20 ms, whatever pieces the provider sends and when."""

from collections.abc import AsyncIterator

from gateway.leg import Channel, FrameClock
from gateway.stream.counts import Counts
from pipelines.audio import FRAME_MS, Frame, Framer, silence

FRAMES_WAITING = 25
"Half a second of what we heard."


class ChunkClock(FrameClock):
    """A frame clock for sound that comes `chunk` frames at a time: it waits for a piece that much longer."""

    def __init__(self, now_ms: int, chunk: int) -> None:
        super().__init__(now_ms - (chunk - 1) * FRAME_MS)
        self.SLACK = FrameClock.SLACK + chunk - 1


class Ear:
    """Frames pass the moment they come, so nothing is added to the delay; one reader."""

    def __init__(self, sample_rate: int, counts: Counts, now_ms: int) -> None:
        self._sample_rate = sample_rate
        self._counts = counts
        self._frames: Channel[Frame] = Channel("stream_in", FRAMES_WAITING)
        self._framer = Framer(sample_rate)
        self._clock = FrameClock(now_ms)
        self._chunk = 1

    def frames(self) -> AsyncIterator[Frame]:
        """What was heard, until `close`; 25 frames wait for a slow reader."""
        return self._frames

    def hear(self, pcm: bytes, now_ms: int) -> None:
        """A piece of sound came."""
        frames = self._framer.feed(pcm)
        if len(frames) > self._chunk:
            self._chunk = len(frames)
            self._clock = ChunkClock(now_ms, self._chunk)
        for frame in frames:
            if self._clock.admit(now_ms):
                self._frames.put(frame)
            else:
                self._counts.surplus()
        self._counts.heard(len(frames))

    def fill(self, now_ms: int) -> None:
        """Let silence stand for what did not come in time."""
        for _ in range(self._clock.overdue(now_ms)):
            self._frames.put(silence(self._sample_rate))

    def next_due_ms(self) -> int:
        """When `fill` must be called if nothing comes before."""
        return self._clock.next_overdue_ms()

    def close(self) -> None:
        """Nothing more is heard."""
        self._frames.close()
