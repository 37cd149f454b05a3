"""A `Leg` whose person says one level in real time, for `bench bridge`, and keeps when it heard which."""

import time
from collections.abc import AsyncIterator, Mapping

import numpy as np

from gateway.events import Message
from gateway.leg import Channel, Hangup, Kind, Playout
from pipelines.audio import Frame

LEVELS = {"customer": 1_000, "human": 2_000, "bot": 8_000}
"What somebody says is one number, so that whatever is heard tells whose it is."


def level(value: int, sample_rate: int) -> Frame:
    """Twenty milliseconds of it."""
    return Frame(np.full(sample_rate // 50, value, "<i2").tobytes(), sample_rate)


def who(frame: Frame | None) -> str:
    """Whose frame it is; empty for silence, `several` for a sum."""
    if frame is None:
        return ""
    heard = int.from_bytes(frame.pcm[-2:], "little", signed=True)
    names = [name for name, value in LEVELS.items() if abs(heard - value) < 200]
    return names[0] if names else "" if abs(heard) < 200 else "several"


class RealTimeLeg:
    """One person on the phone. `tick` is called every 20 ms, by whoever has the clock."""

    kind: Kind = "sip"
    about: Mapping[str, str] = {}
    ended: Hangup | None = None

    def __init__(self, leg_id: str, says: str, sample_rate: int) -> None:
        self.leg_id = leg_id
        self.sample_rate = sample_rate
        self._said = level(LEVELS[says], sample_rate)
        self._frames: Channel[Frame] = Channel("bench", 25)
        self._playout = Playout()
        self._nothing: Channel[str] = Channel("bench_nothing", 1)
        self.heard: list[tuple[float, str]] = []
        "The time of each tick and whose voice left in it."

    def tick(self, tick: int) -> None:
        """20 ms have passed."""
        self._frames.put(self._said)
        self.heard.append((time.monotonic(), who(self._playout.take())))

    def frames(self) -> AsyncIterator[Frame]:
        return self._frames

    async def play(self, frame: Frame) -> None:
        await self._playout.put(frame)

    def relay(self, frame: Frame) -> None:
        self._playout.relay(frame)

    def clear(self) -> int:
        return self._playout.clear()

    def played_ms(self) -> int:
        return self._playout.played_ms

    async def send(self, message: Message) -> None:
        """Nobody reads it."""

    def messages(self) -> AsyncIterator[str]:
        return self._nothing

    def digits(self) -> AsyncIterator[str]:
        return self._nothing

    async def hang_up(self, reason: str) -> None:
        self.ended = Hangup("local", reason)
        self._frames.close()
        self._nothing.close()
        self._playout.close()
