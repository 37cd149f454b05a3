"""A leg whose caller is a script: says what it is told, in the loop's time, and remembers what it heard.

Passes the same contract tests as the real legs (`tests/contracts/leg.py`). Under virtual time a
conversation of minutes takes milliseconds.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import replace

from gateway.events import Message
from gateway.leg import Channel, FrameClock, Hangup, Kind, Playout
from pipelines.audio import FRAME_MS, SAMPLE_RATE, Frame, silence

HUNG_UP = Hangup("remote", "hung up")


class ScriptedLeg:
    """A person on the phone, played by a test."""

    def __init__(self, leg_id: str = "scripted", sample_rate: int = SAMPLE_RATE) -> None:
        self._leg_id = leg_id
        self._sample_rate = sample_rate
        self._frames: Channel[Frame] = Channel("scripted_in", 25)
        self._messages: Channel[str] = Channel("scripted_messages", 64)
        self._digits: Channel[str] = Channel("scripted_digits", 32)
        self._playout = Playout()
        self._to_say: list[Frame | None] = []
        self._ended: Hangup | None = None
        self.connected_by: Kind = "webrtc"
        self.tells: dict[str, str] = {}
        self.heard: list[Frame] = []
        "What was played to the person, frame by frame, silence included."
        self.sent: list[Message] = []
        "Messages the person's client got."

    # --- the person's side ---

    def say(self, frames: Iterable[Frame | None]) -> None:
        """Speak, one frame every 20 ms; None is 20 ms in which the network delivers nothing."""
        self._to_say.extend(frames)

    def write(self, text: str) -> None:
        """Send a raw message."""
        self._messages.put(text)

    def press(self, digits: str) -> None:
        """Press keys of a telephone, one after the other."""
        for digit in digits:
            self._digits.put(digit)

    def leave(self, how: Hangup = HUNG_UP) -> None:
        """End the call from the person's side."""
        if self._ended is None:
            self._ended = how
        self._frames.close()
        self._messages.close()
        self._digits.close()
        self._playout.close()

    async def serve(self) -> None:
        """Be on the phone until the call is over."""
        loop = asyncio.get_running_loop()
        start, clock, count = loop.time(), FrameClock(0), 0
        quiet = replace(silence(self._sample_rate), filled=False)  # it came, and nobody spoke
        while self._ended is None:
            now_ms = count * FRAME_MS
            spoken = self._to_say.pop(0) if self._to_say else quiet
            if spoken is not None and clock.admit(now_ms):
                self._frames.put(spoken)
            for _ in range(clock.overdue(now_ms)):
                self._frames.put(silence(self._sample_rate))
            self.heard.append(self._playout.take() or silence(self._sample_rate))
            count += 1
            await asyncio.sleep(max(start + count * FRAME_MS / 1000 - loop.time(), 0))

    # --- what every leg offers ---

    @property
    def leg_id(self) -> str:
        return self._leg_id

    @property
    def kind(self) -> Kind:
        return self.connected_by

    @property
    def about(self) -> Mapping[str, str]:
        return self.tells

    @property
    def sample_rate(self) -> int:
        return self._sample_rate

    @property
    def ended(self) -> Hangup | None:
        return self._ended

    def frames(self) -> AsyncIterator[Frame]:
        return self._frames

    async def play(self, frame: Frame) -> None:
        if frame.sample_rate != self._sample_rate:
            raise ValueError(f"this leg plays {self._sample_rate} Hz, not {frame.sample_rate} Hz")
        await self._playout.put(frame)

    def relay(self, frame: Frame) -> None:
        if frame.sample_rate != self._sample_rate:
            raise ValueError(f"this leg plays {self._sample_rate} Hz, not {frame.sample_rate} Hz")
        self._playout.relay(frame)

    def clear(self) -> int:
        return self._playout.clear()

    def played_ms(self) -> int:
        return self._playout.played_ms

    async def send(self, message: Message) -> None:
        if self._ended is None:
            self.sent.append(message)

    def messages(self) -> AsyncIterator[str]:
        return self._messages

    def digits(self) -> AsyncIterator[str]:
        return self._digits

    async def hang_up(self, reason: str) -> None:
        self.leave(Hangup("local", reason))
