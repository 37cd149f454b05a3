"""The two ends of a call's pipeline: the port's frames in, our voice out, with exact accounting.

`LegTransport` is a pipecat transport over an `AudioPort`. Pipecat's own transports keep queues without
bounds and do not know what was heard; here the port's frames drive everything. Playout is paced by the
frames that come in (audio is the clock), so nothing ever waits inside the port, and what was handed over
but not played can be taken back: speech that was only held goes on where it stopped.
"""

import asyncio
from collections import deque
from dataclasses import dataclass

from pipecat.frames.frames import InputAudioRawFrame, OutputAudioRawFrame
from pipecat.transports.base_transport import BaseTransport

from pipelines.audio import FRAME_MS, AudioPort, Frame, silence
from pipelines.processor import DirectProcessor, FrameProcessor, PipecatFrame

AHEAD_MS = 240
"So much sound lies in the port at most: enough for the network's and our own unevenness."
RECENT_FRAMES = 50


@dataclass
class LegAudioFrame(InputAudioRawFrame):  # type: ignore[misc] # pipecat carries no types
    """A frame of the port on its way through the pipeline."""

    leg: Frame = silence()


class LegOutput(DirectProcessor):
    """Plays what reaches the end of the pipeline, and knows how much of it was heard."""

    def __init__(self, port: AudioPort) -> None:
        super().__init__()
        self._port = port
        self._waiting: deque[Frame] = deque()
        self._recent: deque[Frame] = deque(maxlen=RECENT_FRAMES)
        self._queued_ms = port.played_ms()
        self._told_ms = port.played_ms()
        self._held = False
        self._ticked = asyncio.Event()

    @property
    def remaining_ms(self) -> int:
        """Sound that was handed to us and has not been played."""
        return len(self._waiting) * FRAME_MS + self._queued_ms - self._port.played_ms()

    def mark(self) -> int:
        """Where the next frame will stand in all that is ever played, in ms; for `heard_ms`."""
        return self._queued_ms + len(self._waiting) * FRAME_MS

    def heard_ms(self, mark: int) -> int:
        """How much was played since the mark."""
        return max(0, self._port.played_ms() - mark)

    def just_played(self) -> Frame | None:
        """The next frame that was played and not yet asked for; None: none was. Ask once every 20 ms.

        Of sound older than a second it tells nothing.
        """
        unplayed = (self._queued_ms - self._port.played_ms()) // FRAME_MS
        untold = (self._port.played_ms() - self._told_ms) // FRAME_MS
        if untold <= 0:
            return None
        place = len(self._recent) - unplayed - untold
        self._told_ms += FRAME_MS
        return self._recent[place] if 0 <= place < len(self._recent) else None

    def tick(self) -> None:
        """A frame came in: 20 ms have passed."""
        self._ticked.set()

    async def take(self, frame: PipecatFrame) -> bool:
        """Play sound, waiting while enough of it lies in the port or we are held."""
        if not isinstance(frame, OutputAudioRawFrame):
            return False
        self._waiting.append(Frame(frame.audio, frame.sample_rate))
        await self._hand_over()
        return True

    async def finish(self) -> None:
        """Wait until everything was played."""
        while self.remaining_ms > 0:
            await self._hand_over()
            await self._tick()

    def hold(self) -> None:
        """Fall silent at once; what was not played is kept and goes first after `release`."""
        self._held = True
        before = self._queued_ms
        self._port.clear()
        self._queued_ms = self._port.played_ms()
        unplayed = round((before - self._queued_ms) / FRAME_MS)
        for _ in range(min(unplayed, len(self._recent))):
            self._waiting.appendleft(self._recent.pop())

    def drop(self) -> None:
        """Fall silent at once and forget what was not played. Held stays held, and free free."""
        held = self._held
        self.hold()
        self._held = held
        self._waiting.clear()
        self._recent.clear()

    def release(self) -> None:
        """Speech may go on."""
        self._held = False

    async def _hand_over(self) -> None:
        while self._waiting:
            while self._held or self._queued_ms - self._port.played_ms() >= AHEAD_MS:
                await self._tick()
            if not self._waiting:
                return
            frame = self._waiting.popleft()
            self._recent.append(frame)
            self._queued_ms += FRAME_MS
            await self._port.play(frame)

    async def _tick(self) -> None:
        self._ticked.clear()
        await self._ticked.wait()


class LegInput(DirectProcessor):
    """Pushes the port's frames into the pipeline, in the task that runs `listen`."""

    def __init__(self, port: AudioPort, output: LegOutput) -> None:
        super().__init__()
        self._port = port
        self._output = output

    async def listen(self) -> None:
        """Until the port ends."""
        async for frame in self._port.frames():
            self._output.tick()
            await self.push_sound(LegAudioFrame(frame.pcm, frame.sample_rate, 1, leg=frame))


class LegTransport(BaseTransport):  # type: ignore[misc] # pipecat carries no types
    """A port as both ends of a pipeline."""

    def __init__(self, port: AudioPort) -> None:
        super().__init__()
        self.leg_output = LegOutput(port)
        self.leg_input = LegInput(port, self.leg_output)

    def input(self) -> FrameProcessor:
        """Where the pipeline begins."""
        return self.leg_input

    def output(self) -> FrameProcessor:
        """Where it ends."""
        return self.leg_output
